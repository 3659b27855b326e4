package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Draws sheets with the tiny model, whose pictures are 128 pixels wide and high. */
@Tag("native")
class GalleryTest {
  private static final int SIDE = 128;
  private static final Path MODELS = Path.of(System.getProperty("allaprima.root"), "models");

  @TempDir Path folder;

  private final StringWriter errors = new StringWriter();

  private int run(String command, String output, String... options) {
    String[] always = {
      command,
      "--model",
      MODELS.resolve("tiny").toString(),
      "--device",
      "cpu",
      "--precision",
      "fp32",
      "-o",
      folder.resolve(output).toString()
    };
    CommandLine line = Main.commandLine().setErr(new PrintWriter(errors, true));
    return line.execute(Stream.of(always, options).flatMap(Stream::of).toArray(String[]::new));
  }

  private int[] part(String picture, int column, int row) throws IOException {
    BufferedImage image = ImageIO.read(folder.resolve(picture).toFile());
    return image.getRGB(column * SIDE, row * SIDE, SIDE, SIDE, null, 0, SIDE);
  }

  @Test
  void draws_the_pictures_of_generate_in_rows() throws IOException {
    assertEquals(
        0, run("gallery", "s.png", "--steps", "1", "--columns", "2", "a cat", "a key", "a dog"));
    assertEquals(0, run("generate", "key.png", "--steps", "1", "--seed", "7", "a key"));
    assertEquals(0, run("generate", "dog.png", "--steps", "1", "--seed", "7", "a dog"));
    assertArrayEquals(part("key.png", 0, 0), part("s.png", 1, 0));
    assertArrayEquals(part("dog.png", 0, 0), part("s.png", 0, 1));
    int[] empty = part("s.png", 1, 1);
    assertTrue(Arrays.stream(empty).allMatch(pixel -> pixel == 0xffffffff));
  }

  @Test
  void draws_a_row_for_each_variant() throws IOException {
    Path prompts = folder.resolve("prompts.txt");
    Files.writeString(prompts, "# two\n\na cat\n  a key\n");
    String[] options = {"--steps", "1", "--prompts", prompts.toString(), "--vary", "guidance=2,6"};
    assertEquals(0, run("gallery", "s.png", options));
    String[] second = {"--steps", "1", "--seed", "7", "--guidance", "6", "a key"};
    assertEquals(0, run("generate", "key.png", second));
    assertArrayEquals(part("key.png", 0, 0), part("s.png", 1, 1));
    assertFalse(Arrays.equals(part("s.png", 1, 0), part("s.png", 1, 1)));
  }

  @Test
  void says_what_it_cannot_vary() {
    for (String wrong : new String[] {"size=1,2", "steps", "steps=", "steps=0", "guidance=x"}) {
      assertEquals(ExitCode.BAD_INPUT, run("gallery", "s.png", "--vary", wrong, "a cat"), wrong);
    }
    assertTrue(errors.toString().contains("'0' is no value of steps"), errors.toString());
    assertFalse(Files.exists(folder.resolve("s.png")));
  }

  @Test
  void refuses_a_sheet_that_is_too_large_before_it_draws() throws IOException {
    Path prompts = folder.resolve("prompts.txt");
    Files.writeString(prompts, "a cat\n".repeat(200_000));
    String[] options = {"--steps", "1", "--prompts", prompts.toString()};
    assertEquals(ExitCode.BAD_INPUT, run("gallery", "s.png", options));
    assertTrue(errors.toString().contains("8 x 25000 pictures"), errors.toString());
    assertFalse(Files.exists(folder.resolve("s.png")));
  }

  @Test
  void tells_the_sheet_as_json() {
    StringWriter output = new StringWriter();
    CommandLine line = Main.commandLine().setOut(new PrintWriter(output, true));
    String sheet = folder.resolve("s.png").toString();
    String tiny = MODELS.resolve("tiny").toString();
    String[] args = {"gallery", "--json", "--steps", "1", "--model", tiny, "-o", sheet};
    String[] prompts = {"--vary", "seed=1,2", "a cat", "a key", "a dog"};
    assertEquals(
        0, line.execute(Stream.of(args, prompts).flatMap(Stream::of).toArray(String[]::new)));
    Map<String, Object> document = Json.object(output.toString());
    assertEquals(sheet, document.get("file"));
    assertEquals(2L, document.get("rows"));
    assertEquals(3L, document.get("columns"));
    Map<?, ?> fifth = (Map<?, ?>) ((List<?>) document.get("pictures")).get(4);
    assertEquals(
        List.of(2L, 2L, "a key", 2L),
        Stream.of("row", "column", "prompt", "seed").map(fifth::get).toList());
  }

  @Test
  void says_where_prompts_were_looked_for() {
    assertEquals(ExitCode.BAD_INPUT, run("gallery", "s.png"));
    assertTrue(errors.toString().contains("gallery.txt"), errors.toString());
  }
}
