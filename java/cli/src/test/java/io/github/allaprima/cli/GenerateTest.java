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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
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

  private int[] pixels(String picture) throws IOException {
    return Cli.pixels(folder.resolve(picture));
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
  void takes_no_finished_latents_for_noise() {
    assertEquals(0, draw("first.png", "--save-latents", path("a.safetensors")), errors::toString);
    assertRefused("holds the finished latents", "--latents", path("a.safetensors"));
  }

  @Test
  void draws_with_a_variant_in_fp16() {
    Path model = Path.of(System.getProperty("allaprima.root"), "native/tests/data/pipelines/d");
    String[] options = {"--model", model.toString(), "--precision", "fp16", "--variant", "fp16"};
    assertEquals(0, draw("apple.png", and(options, "--report", path("a.json"))), errors::toString);
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
    assertEquals(0, generate("-o", shipped.toString()), errors::toString);
    String emoji = Path.of(System.getProperty("allaprima.root"), "models", "emoji").toString();
    assertEquals(0, draw("named.png", "--model", emoji), errors::toString);
    assertArrayEquals(pixels("named.png"), pixels("shipped.png"));
  }

  /** Each does harm to a copy of the model; the sentence must hold what stands last. */
  static Stream<Arguments> bad_models() {
    return Stream.of(
        badModel("there is no such folder", model -> delete(model.resolve("unet"))),
        badModel("no diffusers folder", model -> Files.delete(model.resolve("model_index.json"))),
        badModel("is not valid JSON", model -> write(model, "vae/config.json", "{\"act_fn\":")),
        badModel(
            "NoSuchScheduler",
            model ->
                write(
                    model,
                    "scheduler/scheduler_config.json",
                    "{\"_class_name\": \"NoSuchScheduler\"}")),
        badModel("too short", model -> write(model, "vae/" + WEIGHTS, "cut")),
        badModel("9223372036854775808", model -> write(model, "vae/" + WEIGHTS, HUGE_HEADER)),
        badModel("\"shards/1.safetensors\"", GenerateTest::makeShardsOfAnotherFolder));
  }

  private static final String WEIGHTS = "diffusion_pytorch_model.safetensors";
  private static final String HUGE_HEADER = "\0\0\0\0\0\0\0\u0080{}";

  private interface Harm {
    void to(Path model) throws IOException;
  }

  private static Arguments badModel(String said, Harm harm) {
    return Arguments.of(said, harm);
  }

  private static void write(Path model, String file, String text) throws IOException {
    Files.writeString(model.resolve(file), text, StandardCharsets.ISO_8859_1);
  }

  private static void makeShardsOfAnotherFolder(Path model) throws IOException {
    Files.delete(model.resolve("unet").resolve(WEIGHTS));
    write(
        model,
        "unet/" + WEIGHTS + ".index.json",
        "{\"weight_map\":{\"conv_in.bias\":\"shards/1.safetensors\"}}");
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("bad_models")
  void says_what_is_wrong_with_a_model_in_one_sentence(String said, Harm harm) throws IOException {
    Path model = folder.resolve("model");
    try (Stream<Path> files = Files.walk(Path.of(MODEL))) {
      for (Path file : files.toList()) {
        Files.copy(file, model.resolve(Path.of(MODEL).relativize(file)));
      }
    }
    harm.to(model);
    assertRefused(said, "--model", model.toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nowhere                | --model nowhere",
        "is a file              | --model pom.xml",
        "no component has       | --variant fp16",
        "\"../fp16\"            | --variant ../fp16",
        "width is 13            | --width 13",
        "is 268435456 pixels    | --width 16384 --height 16384",
        "from 0 to 18446744     | --seed -1",
        "PNG only               | -o apple.jpg",
      })
  void refuses_bad_options_in_one_sentence(String said, String options) {
    assertEquals(ExitCode.BAD_INPUT, draw("apple.png", options.split(" ")), errors::toString);
    assertTrue(errors.toString().startsWith("error: "), errors::toString);
    assertTrue(errors.toString().contains(said), errors::toString);
    assertFalse(errors.toString().contains("\tat "), errors::toString);
    assertTrue(Files.notExists(folder.resolve("apple.png")));
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
