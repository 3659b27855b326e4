package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the fields of a request do to the pictures. */
@NativeTest
@Timeout(120)
class RequestFieldsTest {
  private static final Request REQUEST =
      Request.of("a red apple").steps(2).guidance(5).size(64, 64).seed(7);

  private static Pipeline pipeline;

  @BeforeAll
  static void open() {
    pipeline =
        Pipeline.builder()
            .model(Repository.TINY_MODEL)
            .device(Device.cpu())
            .fp32()
            .threads(1)
            .build();
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  @Test
  void every_field_of_a_request_reaches_the_picture() {
    Conditioning sizes = Conditioning.defaults().originalSize(640, 320).targetSize(96, 192);
    Request plain = REQUEST.negativePrompt("blurry");
    byte[] expected = pipeline.generate(plain).rgb();
    List<Request> others =
        List.of(
            plain.prompt2("a castle"),
            plain.negativePrompt2("a castle"),
            plain.clipSkip(1),
            plain.guidanceRescale(0.7),
            plain.conditioning(Conditioning.defaults().originalSize(640, 320)),
            plain.conditioning(Conditioning.defaults().targetSize(640, 320)),
            plain.conditioning(Conditioning.defaults().crop(32, 0)),
            plain.conditioning(Conditioning.defaults().crop(0, 32)),
            plain.negativeConditioning(sizes));
    for (Request other : others) {
      assertFalse(Arrays.equals(expected, pipeline.generate(other).rgb()), other::toString);
    }
  }

  @Test
  void draws_pictures_together_that_each_seed_draws_alone() {
    List<Image> images = pipeline.generateAll(REQUEST.seeds(7, 8));
    assertEquals(2, images.size());
    for (Image image : images) {
      assertEquals(REQUEST.seed(7 + image.index()), image.request());
      assertNearlyEqual(image.rgb(), pipeline.generate(image.request()).rgb());
    }
    assertFalse(Arrays.equals(images.get(0).rgb(), images.get(1).rgb()));
  }

  @Test
  void draws_several_pictures_from_one_seed_as_the_same_request_does_again() {
    List<Image> images = pipeline.generateAll(REQUEST.images(2));
    assertEquals(REQUEST.images(2), images.get(1).request());
    Image again = pipeline.generateAll(images.get(1).request()).get(images.get(1).index());
    assertArrayEquals(images.get(1).rgb(), again.rgb());
  }

  @Test
  void chooses_a_seed_for_each_picture() {
    Request unseeded = Request.of("a red apple").steps(1).size(64, 64).images(2);
    List<Image> images = pipeline.generateAll(unseeded);
    assertNotEquals(images.get(0).request().seed(), images.get(1).request().seed());
    Image second = images.get(1);
    assertNearlyEqual(second.rgb(), pipeline.generate(second.request()).rgb());
  }

  /** Together and alone, the last bits of the numbers differ. */
  private static void assertNearlyEqual(byte[] ours, byte[] theirs) {
    assertEquals(ours.length, theirs.length);
    for (int i = 0; i < ours.length; i++) {
      assertTrue(Math.abs((ours[i] & 0xff) - (theirs[i] & 0xff)) <= 1, "byte " + i);
    }
  }

  @Test
  void refuses_to_draw_several_pictures_as_one() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> pipeline.generate(REQUEST.images(4)));
    assertEquals(
        "generate draws one picture, the request is for 4; use generateAll", e.getMessage());
  }

  @Test
  void encodes_a_prompt_once() {
    Request request = REQUEST.steps(1);
    pipeline.generate(request);
    String json = pipeline.generate(request).report().json();
    assertTrue(json.contains("\"prompt_cache\":{\"hits\":2,\"misses\":0}"), json);
  }

  @Test
  void tells_the_words_that_had_no_effect() {
    Request request = Request.of("a ".repeat(75) + "Red dragon").steps(1).size(64, 64);
    assertEquals(
        List.of(new DroppedWords("prompt", List.of("red", "dragon"))),
        pipeline.generate(request).report().dropped());
  }
}
