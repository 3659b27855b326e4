package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.Image;
import io.github.allaprima.LinearFilter;
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

  @Test
  void all_optimisations_in_one_chain() {
    LinearFilter filter = LinearFilter.diffusionFast();
    try (Pipeline pipeline = Pipeline.builder().bf16().fuseQkv().int8Dynamic(filter).compile()) {
      Image image = pipeline.generate(Request.of("a red apple on blue").steps(2).seed(7));
      assertEquals(128, image.width());
      assertTrue(pipeline.plan().int8().orElseThrow().layers().size() > 0);
    }
  }
}
