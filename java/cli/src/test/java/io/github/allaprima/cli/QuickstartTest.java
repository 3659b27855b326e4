package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.Image;
import io.github.allaprima.Pipeline;
import io.github.allaprima.Request;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The example of the README, as it stands there, with the model that ships. */
@Tag("native")
class QuickstartTest {
  @Test
  void draws_a_picture() {
    // README: begin
    try (Pipeline pipeline = Pipeline.builder().build()) { // .model(Path.of("…")): your checkpoint
      Image image = pipeline.generate(Request.of("a red apple on blue").seed(7));
      image.writePng(Path.of("target/apple.png"));
    }
    // README: end
    assertTrue(Files.exists(Path.of("target/apple.png")));
  }
}
