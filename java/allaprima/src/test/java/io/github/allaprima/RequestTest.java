package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RequestTest {
  private final Request request = Request.of("an apple");

  @Test
  void has_the_defaults_of_the_published_model() {
    assertEquals(30, request.steps());
    assertEquals(5.0, request.guidance());
    assertEquals(Optional.empty(), request.size());
    assertEquals(OptionalLong.empty(), request.seed());
  }

  @Test
  void changes_one_value_and_keeps_the_others() {
    Request changed =
        request
            .negativePrompt("blurry")
            .size(128, 64)
            .steps(3)
            .guidance(7.5)
            .seed(-1)
            .latents(Path.of("noise.safetensors"));
    Request expected =
        new Request(
            "an apple",
            Optional.of("blurry"),
            Optional.of(new Size(128, 64)),
            3,
            7.5,
            OptionalLong.of(-1),
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
  void refuses_null() {
    assertThrows(NullPointerException.class, () -> Request.of(null));
    assertThrows(NullPointerException.class, () -> request.negativePrompt(null));
  }
}
