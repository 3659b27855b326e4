package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.cli.Cli.Result;
import io.github.allaprima.internal.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several prompts, several pictures of each, and what is told of them. */
@Tag("native")
class GenerateManyTest {
  @TempDir Path folder;

  private Result draw(String output, String... args) {
    Result result = Cli.draw(folder.resolve(output), args);
    assertEquals(0, result.code(), result::err);
    return result;
  }

  private int[] pixels(String name) throws IOException {
    return Cli.pixels(folder.resolve(name));
  }

  private Set<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  @Test
  void counts_seeds_up_so_that_each_picture_can_be_drawn_alone() throws IOException {
    Result result = draw("a.png", "a cat", "--seed", "7", "--count", "3");
    assertEquals(Set.of("a-1.png", "a-2.png", "a-3.png"), files());
    assertEquals(3, result.out().lines().count());
    assertTrue(result.out().contains("a-3.png: 64x32, seed 9, 2 steps"), result::out);
    draw("alone.png", "a cat", "--seed", "9");
    assertArrayEquals(pixels("alone.png"), pixels("a-3.png"));
    assertFalse(Arrays.equals(pixels("a-1.png"), pixels("a-3.png")));
  }

  @Test
  void draws_every_prompt_with_the_same_seeds() throws IOException {
    Result result = draw("a.png", "a cat", "a key", "--seed", "7", "--count", "2");
    assertEquals(Set.of("a-1.png", "a-2.png", "a-3.png", "a-4.png"), files());
    draw("key.png", "a key", "--seed", "8");
    assertArrayEquals(pixels("key.png"), pixels("a-4.png"));
    assertTrue(result.out().lines().toList().get(3).endsWith(", \"a key\""), result::out);
  }

  @Test
  void reads_prompts_from_a_file_and_from_standard_input() throws IOException {
    String text = "# two\n\n  a cat \nein Schlüssel\n";
    Path prompts = Files.writeString(folder.resolve("p.txt"), text);
    draw("file.png", "--seed", "7", "--prompts-file", prompts.toString());
    draw("named.png", "--seed", "7", "a cat", "ein Schlüssel");
    assertArrayEquals(pixels("named-2.png"), pixels("file-2.png"));
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    try {
      draw("input.png", "--seed", "7", "--prompts-file", "-");
    } finally {
      System.setIn(before);
    }
    assertArrayEquals(pixels("file-1.png"), pixels("input-1.png"));
    assertArrayEquals(pixels("file-2.png"), pixels("input-2.png"));
    assertFalse(Arrays.equals(pixels("file-1.png"), pixels("file-2.png")));
  }

  @Test
  void draws_a_list_of_seeds_together() throws IOException {
    Result result = draw("a.png", "a cat", "--seeds", "9,18446744073709551615");
    assertEquals(Set.of("a-1.png", "a-2.png"), files());
    assertTrue(result.out().contains("a-2.png: 64x32, seed 18446744073709551615,"), result::out);
    draw("alone.png", "a cat", "--seed", "9");
    int[] alone = pixels("alone.png");
    int[] together = pixels("a-1.png");
    for (int i = 0; i < alone.length; i++) {
      for (int shift = 0; shift < 24; shift += 8) {
        int distance = (alone[i] >> shift & 255) - (together[i] >> shift & 255);
        assertTrue(Math.abs(distance) <= 1, "the same but for rounding");
      }
    }
  }

  @Test
  void counts_batches_of_images() throws IOException {
    draw("a.png", "a cat", "--seed", "7", "--images", "2", "--count", "2");
    assertEquals(Set.of("a-1.png", "a-2.png", "a-3.png", "a-4.png"), files());
    draw("b.png", "a cat", "--seed", "8", "--images", "2");
    assertArrayEquals(pixels("b-2.png"), pixels("a-4.png"));
  }

  @Test
  void numbers_reports_and_latents_of_several_generations() throws IOException {
    String report = folder.resolve("r.json").toString();
    String latents = folder.resolve("l.safetensors").toString();
    String[] more = {"--report", report, "--save-latents", latents};
    draw(
        "a.png",
        Stream.concat(Stream.of("a cat", "a key"), Stream.of(more)).toArray(String[]::new));
    assertTrue(
        files().containsAll(Set.of("r-1.json", "r-2.json", "l-1.safetensors")), files()::toString);
    draw("a.png", "a cat", "--seed", "7", "--report", report);
    assertEquals(7L, Json.object(Files.readString(folder.resolve("r.json"))).get("seed"));
  }

  @Test
  void prints_the_seed_that_it_chose() throws IOException {
    Result result = draw("a.png", "a cat");
    Matcher seed = Pattern.compile(", seed (\\d+),").matcher(result.out());
    assertTrue(seed.find(), result::out);
    draw("again.png", "a cat", "--seed", seed.group(1));
    assertArrayEquals(pixels("again.png"), pixels("a.png"));
  }

  @Test
  void names_files_after_the_first_seed_when_it_must() {
    Path here = Path.of("allaprima-123456789123-1.png");
    try {
      Result result =
          Cli.run(
              "generate",
              "--model",
              Cli.TINY.toString(),
              "--device",
              "cpu",
              "--steps",
              "1",
              "--width",
              "64",
              "--height",
              "32",
              "--seed",
              "123456789123",
              "--count",
              "2",
              "a cat");
      assertEquals(0, result.code(), result::err);
      assertTrue(Files.exists(here));
    } finally {
      here.toFile().delete();
      Path.of("allaprima-123456789123-2.png").toFile().delete();
    }
  }

  @Test
  void tells_pictures_as_one_json_document() throws IOException {
    Result result =
        draw("a.png", "a \"cat\"", "--seed", "18446744073709551615", "--count", "2", "--json");
    assertTrue(result.out().contains("\"seed\":18446744073709551615,"), result::out);
    Map<String, Object> document = Json.object(result.out());
    assertEquals(Set.of("pipeline", "pictures"), document.keySet());
    assertEquals("cpu", ((Map<?, ?>) document.get("pipeline")).get("device"));
    List<?> pictures = (List<?>) document.get("pictures");
    Map<?, ?> second = (Map<?, ?>) pictures.get(1);
    assertEquals(2, pictures.size());
    assertEquals(folder.resolve("a-2.png").toString(), second.get("file"));
    assertEquals("a \"cat\"", second.get("prompt"));
    assertEquals(0L, second.get("seed")); // after the largest comes the smallest
    assertEquals(1L, second.get("image"));
    assertEquals(1L, second.get("images"));
    assertEquals(2L, second.get("steps"));
    assertTrue(((Map<?, ?>) second.get("report")).containsKey("timings"), result::out);
  }

  @Test
  void tells_failures_as_json_with_what_was_drawn_before() {
    Path file = folder.resolve("a.png");
    Result result = Cli.draw(file, "a cat", "--json", "--width", "13");
    assertEquals(ExitCode.BAD_INPUT, result.code());
    Map<String, Object> document = Json.object(result.out());
    Map<?, ?> error = (Map<?, ?>) document.get("error");
    assertEquals("INVALID_ARGUMENT", error.get("code"));
    assertEquals(2L, error.get("exit_code"));
    assertTrue(error.get("message").toString().contains("width is 13"), result::out);
    assertEquals(List.of(), document.get("pictures"));
    assertTrue(result.err().contains("error: width is 13"), result::err);
    assertTrue(result.err().contains("the seed was "), result::err);
  }

  @Test
  void tells_which_components_have_not_the_variant() {
    Result asked = draw("a.png", "a cat", "--model", Cli.VARIANTS.toString(), "--variant", "fp16");
    assertEquals(
        "note: vae was loaded from diffusion_pytorch_model.safetensors: there is no variant fp16 of"
            + " this component\n",
        asked.err());
    Result quiet =
        draw("b.png", "-q", "a cat", "--model", Cli.VARIANTS.toString(), "--variant", "fp16");
    assertEquals("", quiet.err());
    assertEquals(1, quiet.out().lines().count());
  }

  @Test
  void warns_of_prompts_without_quotes() {
    Result result = draw("a.png", "a", "red", "apple");
    assertTrue(result.err().contains("3 prompts of a word each"), result::err);
    assertEquals("", draw("b.png", "apple", "red key").err());
  }

  @Test
  void says_where_a_picture_went_whose_name_has_no_ending() {
    Result result = draw("apple", "an apple");
    Path file = folder.resolve("apple");
    assertTrue(result.out().startsWith(file + ": "), result::out);
    assertTrue(result.err().contains(file + " will be a PNG file"), result::err);
  }

  @Test
  void overwrites_unless_told_not_to() throws IOException {
    Path file = Files.writeString(folder.resolve("a-2.png"), "mine");
    Result refused = Cli.draw(folder.resolve("a.png"), "a cat", "--count", "2", "--no-clobber");
    assertEquals(ExitCode.BAD_INPUT, refused.code());
    assertTrue(refused.err().contains(file + " is there already"), refused::err);
    assertEquals("mine", Files.readString(file));
    assertEquals(Set.of("a-2.png"), files());
    draw("a.png", "a cat", "--count", "2");
    assertEquals(64, ImageIO.read(file.toFile()).getWidth());
  }

  @Test
  void passes_the_negative_sizes_on() throws IOException {
    draw("a.png", "a cat", "--seed", "7", "--negative-prompt", "a key");
    String[] sizes = {"--negative-original-size", "512x512", "--negative-target-size", "1024x1024"};
    String[] args = {"a cat", "--seed", "7", "--negative-prompt", "a key"};
    draw("b.png", Stream.of(args, sizes).flatMap(Stream::of).toArray(String[]::new));
    String[] crop = {"--negative-crop", "32,8"};
    draw("c.png", Stream.of(args, sizes, crop).flatMap(Stream::of).toArray(String[]::new));
    assertFalse(Arrays.equals(pixels("a.png"), pixels("b.png")));
    assertFalse(Arrays.equals(pixels("b.png"), pixels("c.png")));
  }
}
