package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.github.allaprima.SystemInfo;
import io.github.allaprima.internal.Json;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Draws with the tiny model, as the program does. */
@Tag("native")
class GenerateTest {
  private static final String MODEL =
      Path.of(System.getProperty("allaprima.root"), "models", "tiny").toString();

  /** Pixels of the picture for one of the latents. */
  private static final int FACTOR = 8;

  @TempDir Path folder;

  private final StringWriter errors = new StringWriter();

  /** The small model on the processor, unless {@code options} say otherwise. */
  private int draw(String picture, String... options) {
    return generate(and(new String[] {"--model", MODEL, "-o", path(picture)}, options));
  }

  private int generate(String... options) {
    String[] always = {"generate", "a red apple", "--steps", "2", "--seed", "7", "--device", "cpu"};
    CommandLine command = Main.commandLine().setErr(new PrintWriter(errors, true));
    command.setOverwrittenOptionsAllowed(true);
    return command.execute(and(and(always, "--precision", "fp32"), options));
  }

  private static String[] and(String[] options, String... more) {
    return Stream.of(options, more).flatMap(Stream::of).toArray(String[]::new);
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  /** The file itself also tells the request. */
  private int[] pixels(String picture) throws IOException {
    BufferedImage image = ImageIO.read(folder.resolve(picture).toFile());
    return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
  }

  @Test
  void writes_a_picture_of_the_size_asked_for() throws IOException {
    assertEquals(0, draw("apple.png", "--width", "64", "--height", "32"), errors::toString);
    BufferedImage picture = ImageIO.read(folder.resolve("apple.png").toFile());
    assertEquals(64, picture.getWidth());
    assertEquals(32, picture.getHeight());
    assertEquals("", errors.toString());
  }

  @Test
  void writes_latents_and_picture_as_safetensors() throws IOException {
    String latents = path("apple.safetensors");
    int code = draw("apple.png", "--width", "64", "--height", "32", "--save-latents", latents);
    assertEquals(0, code, errors::toString);
    SafetensorsFile file = SafetensorsFile.read(Path.of(latents));
    assertEquals("F32", file.dtype("latents"));
    assertEquals(List.of(1L, 4L, 32L / FACTOR, 64L / FACTOR), file.shape("latents"));
    assertEquals("F32", file.dtype("image"));
    assertEquals(List.of(1L, 3L, 32L, 64L), file.shape("image"));
    float[] image = file.values("image");
    int red = ImageIO.read(folder.resolve("apple.png").toFile()).getRGB(5, 9) >> 16 & 255;
    assertEquals(red, Math.round(255 * image[9 * 64 + 5]));
  }

  @Test
  void writes_several_pictures_under_numbered_names() throws IOException {
    String[] size = {"--width", "64", "--height", "32"};
    assertEquals(0, draw("apple.png", and(size, "--images", "2")), errors::toString);
    assertTrue(Files.notExists(folder.resolve("apple.png")));
    assertFalse(Arrays.equals(pixels("apple-1.png"), pixels("apple-2.png")));
  }

  @Test
  void passes_the_rarer_flags_on() throws IOException {
    String[] size = {"--width", "64", "--height", "32", "--negative-prompt", "blurry"};
    assertEquals(0, draw("plain.png", size), errors::toString);
    String[][] flags = {
      {"--prompt-2", "a castle"},
      {"--negative-prompt-2", "a castle"},
      {"--clip-skip", "1"},
      {"--guidance-rescale", "0.7"},
      {"--original-size", "640x320"},
      {"--target-size", "320x640"},
      {"--crop", "32,8"},
    };
    for (String[] flag : flags) {
      assertEquals(0, draw("other.png", and(size, flag)), errors::toString);
      assertFalse(Arrays.equals(pixels("plain.png"), pixels("other.png")), flag[0]);
    }
    assertEquals(0, draw("threads.png", and(size, "--threads", "1")), errors::toString);
    assertArrayEquals(pixels("plain.png"), pixels("threads.png"));
  }

  @Test
  void starts_from_the_noise_it_is_given() throws IOException {
    List<Long> shape = List.of(1L, 4L, 32L / FACTOR, 64L / FACTOR);
    float[] noise = new float[4 * 32 / FACTOR * 64 / FACTOR];
    Random random = new Random(1);
    for (int i = 0; i < noise.length; i++) {
      noise[i] = (float) random.nextGaussian();
    }
    SafetensorsFile.write(folder.resolve("noise.safetensors"), "latents", shape, noise);
    String[] options = {"--width", "64", "--height", "32", "--latents", path("noise.safetensors")};
    assertEquals(0, draw("first.png", options), errors::toString);
    assertEquals(0, draw("second.png", and(options, "--seed", "8")), errors::toString);
    assertArrayEquals(pixels("first.png"), pixels("second.png"));
  }

  @Test
  void goes_on_from_latents_that_it_saved() throws IOException {
    assertEquals(0, draw("first.png", "--save-latents", path("a.safetensors")), errors::toString);
    String[] options = {
      "--latents", path("a.safetensors"), "--save-latents", path("b.safetensors")
    };
    assertEquals(0, draw("second.png", options), errors::toString);
    SafetensorsFile first = SafetensorsFile.read(folder.resolve("a.safetensors"));
    SafetensorsFile second = SafetensorsFile.read(folder.resolve("b.safetensors"));
    assertEquals(first.shape("latents"), second.shape("latents"));
    assertFalse(Arrays.equals(first.values("latents"), second.values("latents")));
  }

  @Test
  void reports_how_the_picture_was_made() throws IOException {
    assertEquals(0, draw("apple.png", "--report", path("apple.json")), errors::toString);
    Map<String, Object> report = Json.object(Files.readString(folder.resolve("apple.json")));
    Set<String> fields =
        Set.of(
            "version",
            "commit",
            "device",
            "precision",
            "seed",
            "plan",
            "timings",
            "peak_rss_bytes");
    assertTrue(report.keySet().containsAll(fields), report::toString);
    assertEquals("cpu", report.get("device"));
    assertEquals("fp32", report.get("precision"));
    assertEquals(7L, report.get("seed"));
    assertTrue((Long) report.get("peak_rss_bytes") > 0, report::toString);
    Map<?, ?> timings = (Map<?, ?>) report.get("timings");
    assertEquals(
        Set.of("load_s", "prepare_s", "encode_s", "steps_s", "decode_s", "total_s"),
        timings.keySet());
    assertEquals(2, ((List<?>) timings.get("steps_s")).size());
  }

  @Test
  void draws_with_the_model_that_ships_when_none_is_named() throws IOException {
    Path shipped = folder.resolve("shipped.png");
    Path named = folder.resolve("named.png");
    assertEquals(0, generate("-o", shipped.toString()), errors::toString);
    assertEquals(0, draw("named.png"), errors::toString);
    assertArrayEquals(Files.readAllBytes(named), Files.readAllBytes(shipped));
  }

  @Test
  void says_what_is_wrong_with_a_model_in_one_sentence() {
    assertRefused("nothing", "--model", path("nothing"));
  }

  @Test
  void refuses_a_size_that_the_model_cannot_draw() {
    assertRefused("13", "--width", "13");
  }

  @Test
  void refuses_latents_that_are_no_safetensors_file() throws IOException {
    Files.writeString(folder.resolve("junk"), "this is no safetensors file");
    assertRefused("junk", "--latents", path("junk"));
  }

  @Test
  void refuses_latents_that_are_not_there() {
    assertRefused("nowhere", "--latents", path("nowhere"));
  }

  @Test
  void refuses_a_device_that_is_not_here() {
    assumeFalse(SystemInfo.get().cuda());
    assertRefused("CUDA", "--device", "cuda");
  }

  private void assertRefused(String named, String... options) {
    assertEquals(ExitCode.BAD_INPUT, draw("apple.png", options), errors::toString);
    assertEquals(1, errors.toString().lines().count(), errors::toString);
    assertTrue(errors.toString().startsWith("error: "), errors::toString);
    assertTrue(errors.toString().contains(named), errors::toString);
    assertTrue(Files.notExists(folder.resolve("apple.png")));
  }
}
