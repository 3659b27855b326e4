package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.internal.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The flags that make it faster, and the command that tells what they do. */
@Tag("native")
class PlanTest {
  @TempDir private Path folder;

  private static Cli.Result run(String command, String... flags) {
    String[] always = {command, "--model", Cli.TINY.toString(), "--precision", "fp32"};
    return Cli.run(join(always, flags));
  }

  private static List<String> transforms(String json) {
    List<?> entries = (List<?>) Json.object(json).get("entries");
    return entries.stream().map(e -> String.valueOf(((Map<?, ?>) e).get("transform"))).toList();
  }

  @Test
  void every_flag_is_in_the_plan_in_its_order() {
    Cli.Result result =
        run(
            "plan",
            "--compile",
            "--attention=math",
            "--channels-last",
            "--int8-dynamic=diffusion-fast",
            "--int8-scheme=torchao",
            "--swap-conv1x1=all",
            "--fuse-qkv",
            "--json");
    assertEquals(0, result.code(), result::err);
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
        transforms(result.out()));
  }

  @Test
  void a_prompt_behind_a_flag_without_a_value_stays_a_prompt() throws IOException {
    Path plan = folder.resolve("plan.json"), picture = folder.resolve("a.png");
    String[] size = {"--width", "64", "--height", "64", "--steps", "2", "--seed", "7"};
    String[] flags = {"--int8-dynamic", "an apple", "-o", picture.toString(), "--compile"};
    Cli.Result first = run("generate", join(join(flags, size), "--save-plan", plan.toString()));
    assertEquals(0, first.code(), first::err);
    Path again = folder.resolve("b.png");
    String[] repeat = {"an apple", "-o", again.toString(), "--plan", plan.toString()};
    Cli.Result second = run("generate", join(repeat, size));
    assertEquals(0, second.code(), second::err);
    assertArrayEquals(Cli.pixels(picture), Cli.pixels(again));
    assertTrue(Files.readString(plan).contains("\"compile\":true"));
  }

  private static String[] join(String[] first, String... second) {
    return Stream.concat(Stream.of(first), Stream.of(second)).toArray(String[]::new);
  }

  @Test
  void what_cannot_be_meant_is_bad_input() throws IOException {
    Path noPlan = Files.writeString(folder.resolve("x.json"), "{}");
    Map<List<String>, String> cases =
        Map.of(
            List.of("--int8-dynamic=some"), "expected auto, diffusion-fast or all",
            List.of("--swap-conv1x1=3"), "expected diffusion-fast or all",
            List.of("--fp8-dynamic=auto"), "--fp8-dynamic=auto: expected diffusion-fast or all",
            List.of("--fp8-dynamic", "--device=cpu"), "compute capability 8.9",
            List.of("--attention=flash"), "neither sdpa nor math",
            List.of("--compile", "--eager"), "exclude each other",
            List.of("--plan", noPlan.toString()), "is no plan",
            List.of("--plan", noPlan.toString(), "--fuse-qkv"), "leave out the flags",
            List.of("--plan", noPlan.toString(), "--fp8-dynamic"), "leave out the flags");
    cases.forEach(
        (flags, text) -> {
          Cli.Result result = run("plan", flags.toArray(String[]::new));
          assertEquals(2, result.code(), flags::toString);
          assertTrue(result.err().contains(text), result::err);
        });
  }
}
