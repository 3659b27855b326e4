package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.internal.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The flags that make it faster, and the command that tells what they do. */
@Tag("native")
class PlanTest {
  private static final String MODEL =
      Path.of(System.getProperty("allaprima.root"), "models", "tiny").toString();

  private final StringWriter output = new StringWriter();
  private final StringWriter errors = new StringWriter();
  @TempDir private Path folder;

  private int run(String command, String... flags) {
    CommandLine program =
        Main.commandLine().setOut(new PrintWriter(output)).setErr(new PrintWriter(errors));
    return program.execute(
        Stream.concat(Stream.of(command, "--model", MODEL, "--precision", "fp32"), Stream.of(flags))
            .toArray(String[]::new));
  }

  private List<String> transforms() {
    List<?> entries = (List<?>) Json.object(output.toString()).get("entries");
    return entries.stream().map(e -> String.valueOf(((Map<?, ?>) e).get("transform"))).toList();
  }

  @Test
  void every_flag_is_in_the_plan_in_its_order() {
    assertEquals(
        0,
        run(
            "plan",
            "--compile",
            "--attention=math",
            "--channels-last",
            "--int8-dynamic=diffusion-fast",
            "--int8-scheme=torchao",
            "--swap-conv1x1=all",
            "--fuse-qkv",
            "--json"),
        errors::toString);
    assertEquals(
        List.of(
            "precision",
            "attention_math",
            "fuse_qkv",
            "swap_conv1x1",
            "int8_dynamic",
            "channels_last",
            "conv1x1_as_product",
            "pack",
            "prepare_once"),
        transforms());
  }

  @Test
  void a_prompt_behind_a_flag_without_a_value_stays_a_prompt() throws IOException {
    Path plan = folder.resolve("plan.json"), picture = folder.resolve("a.png");
    String[] size = {"--width", "64", "--height", "64", "--steps", "2", "--seed", "7"};
    String[] flags = {"--int8-dynamic", "an apple", "-o", picture.toString(), "--compile"};
    assertEquals(
        0,
        run("generate", join(join(flags, size), "--save-plan", plan.toString())),
        errors::toString);
    Path again = folder.resolve("b.png");
    String[] repeat = {"an apple", "-o", again.toString(), "--plan", plan.toString()};
    assertEquals(0, run("generate", join(repeat, size)), errors::toString);
    assertArrayEquals(pixels(picture), pixels(again));
    assertTrue(Files.readString(plan).contains("\"compile\":true"));
  }

  private static String[] join(String[] first, String... second) {
    return Stream.concat(Stream.of(first), Stream.of(second)).toArray(String[]::new);
  }

  private static int[] pixels(Path file) throws IOException {
    var image = ImageIO.read(file.toFile());
    return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
  }

  @Test
  void what_cannot_be_meant_is_bad_input() throws IOException {
    Path noPlan = Files.writeString(folder.resolve("x.json"), "{}");
    Map<List<String>, String> cases =
        Map.of(
            List.of("--int8-dynamic=some"), "expected auto, diffusion-fast or all",
            List.of("--swap-conv1x1=3"), "expected diffusion-fast or all",
            List.of("--attention=flash"), "neither sdpa nor math",
            List.of("--compile", "--eager"), "exclude each other",
            List.of("--plan", noPlan.toString()), "is no plan",
            List.of("--plan", noPlan.toString(), "--fuse-qkv"), "leave out the flags");
    cases.forEach(
        (flags, text) -> {
          errors.getBuffer().setLength(0);
          assertEquals(2, run("plan", flags.toArray(String[]::new)), flags::toString);
          assertTrue(errors.toString().contains(text), errors::toString);
        });
  }
}
