package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The example of the README, as it stands there. */
@NativeTest
class QuickstartTest {
  @Test
  void draws_a_picture() {
    // README: begin
    try (Pipeline pipeline = Pipeline.builder().model(Path.of("models/tiny")).fp32().build()) {
      Image image = pipeline.generate(Request.of("a red apple").steps(4).seed(7));
      image.writePng(Path.of("target/apple.png"));
    }
    // README: end
    assertTrue(Files.exists(Path.of("target/apple.png")));
  }
}
