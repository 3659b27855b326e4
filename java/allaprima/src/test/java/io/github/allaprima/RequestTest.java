package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RequestTest {
  private final Request request = Request.of("an apple");

  @Test
  void leaves_to_the_model_what_was_not_asked_for() {
    assertEquals(OptionalInt.empty(), request.steps());
    assertEquals(OptionalDouble.empty(), request.guidance());
    assertEquals(Optional.empty(), request.size());
    assertEquals(OptionalLong.empty(), request.seed());
  }

  @Test
  void changes_one_value_and_keeps_the_others() {
    Conditioning sizes = Conditioning.defaults().originalSize(640, 480).targetSize(96, 64);
    Request changed =
        request
            .prompt2("a castle")
            .negativePrompt("blurry")
            .negativePrompt2("text")
            .clipSkip(1)
            .size(128, 64)
            .conditioning(sizes.crop(8, 16))
            .negativeConditioning(sizes)
            .steps(3)
            .guidance(7.5)
            .guidanceRescale(0.7)
            .images(2)
            .seed(-1)
            .latents(Path.of("noise.safetensors"));
    Request expected =
        new Request(
            "an apple",
            Optional.of("a castle"),
            Optional.of("blurry"),
            Optional.of("text"),
            1,
            Optional.of(new Size(128, 64)),
            new Conditioning(Optional.of(new Size(640, 480)), 8, 16, Optional.of(new Size(96, 64))),
            Optional.of(sizes),
            OptionalInt.of(3),
            OptionalDouble.of(7.5),
            0.7,
            2,
            OptionalLong.of(-1),
            List.of(),
            Optional.of(Path.of("noise.safetensors")));
    assertEquals(expected, changed);
    assertEquals(Request.of("an apple"), request);
  }

  @Test
  void tells_no_negative_prompt_from_an_empty_one() {
    assertNotEquals(request, request.negativePrompt(""));
  }

  @Test
  void refuses_steps_out_of_range() {
    assertThrows(IllegalArgumentException.class, () -> request.steps(0));
    assertThrows(IllegalArgumentException.class, () -> request.steps(1001));
  }

  @Test
  void refuses_a_size_below_one_pixel() {
    assertThrows(IllegalArgumentException.class, () -> request.size(0, 8));
    assertThrows(IllegalArgumentException.class, () -> request.size(8, -8));
  }

  @Test
  void refuses_guidance_that_is_not_finite() {
    assertThrows(IllegalArgumentException.class, () -> request.guidance(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> request.guidance(Double.POSITIVE_INFINITY));
  }

  @Test
  void draws_as_many_pictures_as_there_are_seeds() {
    Request seeded = request.seed(7).seeds(1, 2, 3);
    assertEquals(3, seeded.images());
    assertEquals(List.of(1L, 2L, 3L), seeded.seeds());
    assertEquals(OptionalLong.empty(), seeded.seed());
    assertEquals(request.images(3).seed(7), seeded.seed(7));
    assertThrows(IllegalArgumentException.class, () -> seeded.images(2));
    assertThrows(IllegalArgumentException.class, () -> request.seeds(new long[0]));
    assertThrows(IllegalArgumentException.class, () -> request.images(65));
  }

  @Test
  void refuses_shares_layers_and_crops_out_of_range() {
    assertThrows(IllegalArgumentException.class, () -> request.guidanceRescale(1.1));
    assertThrows(IllegalArgumentException.class, () -> request.guidanceRescale(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> request.clipSkip(-1));
    assertThrows(IllegalArgumentException.class, () -> Conditioning.defaults().crop(0, -1));
  }

  @Test
  void refuses_negative_sizes_that_would_have_no_effect() {
    Conditioning half = Conditioning.defaults().originalSize(64, 64);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> request.negativeConditioning(half));
    assertTrue(e.getMessage().contains("target size"), e.getMessage());
  }

  @Test
  void refuses_null() {
    assertThrows(NullPointerException.class, () -> Request.of(null));
    assertThrows(NullPointerException.class, () -> request.negativePrompt(null));
  }
}
