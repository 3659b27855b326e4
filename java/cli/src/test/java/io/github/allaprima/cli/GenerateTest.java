package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

  @TempDir Path folder;

  private final StringWriter errors = new StringWriter();

  private int generate(String... options) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "generate",
                "a red apple",
                "--steps",
                "2",
                "--seed",
                "7",
                "--device",
                "cpu",
                "--precision",
                "fp32"));
    args.addAll(List.of(options));
    CommandLine command = Main.commandLine().setErr(new PrintWriter(errors, true));
    return command.execute(args.toArray(new String[0]));
  }

  @Test
  void writes_picture_latents_and_report() throws IOException {
    Path picture = folder.resolve("apple.png");
    Path latents = folder.resolve("apple.safetensors");
    Path report = folder.resolve("apple.json");
    int code =
        generate(
            "--model",
            MODEL,
            "--width",
            "64",
            "--height",
            "32",
            "-o",
            picture.toString(),
            "--save-latents",
            latents.toString(),
            "--report",
            report.toString());
    assertEquals(0, code, errors::toString);
    assertEquals(64, ImageIO.read(picture.toFile()).getWidth());
    assertEquals(32, ImageIO.read(picture.toFile()).getHeight());
    assertTrue(Files.size(latents) > 0);
    String json = Files.readString(report);
    for (String field :
        new String[] {
          "version",
          "commit",
          "device",
          "precision",
          "seed",
          "plan",
          "timings",
          "load_s",
          "prepare_s",
          "encode_s",
          "steps_s",
          "decode_s",
          "total_s",
          "peak_rss_bytes",
        }) {
      assertTrue(json.contains("\"" + field + "\""), field + " in " + json);
    }
  }

  @Test
  void draws_with_the_model_that_ships_when_none_is_named() throws IOException {
    Path shipped = folder.resolve("shipped.png");
    Path named = folder.resolve("named.png");
    assertEquals(0, generate("-o", shipped.toString()), errors::toString);
    assertEquals(0, generate("-o", named.toString(), "--model", MODEL), errors::toString);
    assertArrayEquals(Files.readAllBytes(named), Files.readAllBytes(shipped));
  }

  @Test
  void says_what_is_wrong_with_a_model_in_one_sentence() {
    Path nothing = folder.resolve("nothing");
    Path picture = folder.resolve("apple.png");
    int code = generate("--model", nothing.toString(), "-o", picture.toString());
    assertEquals(ExitCode.BAD_INPUT, code);
    assertEquals(1, errors.toString().lines().count(), errors::toString);
    assertTrue(errors.toString().startsWith("error: "), errors::toString);
    assertTrue(Files.notExists(picture));
  }
}
