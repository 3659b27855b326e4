package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.internal.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ctrl-C: the signal of a terminal, to a process of its own, at chosen moments. */
@Tag("native")
@Timeout(180)
class InterruptTest {
  @TempDir Path folder;

  private String told = "";

  /** Exit code after an interrupt as soon as the progress bar says {@code awaited}. */
  private int interruptAt(String awaited, String... args) throws Exception {
    String[] always = {
      "generate",
      "a cat",
      "--model",
      Cli.TINY.toString(),
      "--device",
      "cpu",
      "--precision",
      "fp32",
      "--seed",
      "7",
      "-o",
      folder.resolve("a.png").toString()
    };
    String[] all = Stream.of(always, args).flatMap(Stream::of).toArray(String[]::new);
    Process process =
        Cli.process(
                List.of("-Dallaprima.terminal=true"), System.getProperty("java.class.path"), all)
            .redirectOutput(folder.resolve("out").toFile())
            .start();
    // Ready to go: starting a program takes longer than some of the moments last.
    Process interrupter =
        new ProcessBuilder("bash", "-c", "read; kill -INT $0", Long.toString(process.pid()))
            .start();
    try (InputStream errors = process.getErrorStream()) {
      StringBuilder text = new StringBuilder();
      while (text.indexOf(awaited) < 0) {
        int next = errors.read();
        assertNotEquals(-1, next, () -> "ended without saying it: " + text);
        text.append((char) next);
      }
      interrupter.getOutputStream().close();
      told = text + new String(errors.readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor();
    } finally {
      interrupter.destroyForcibly();
      process.destroyForcibly();
    }
  }

  private List<Path> pictures() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> !file.endsWith("out")).toList();
    }
  }

  @Test
  void leaves_nothing_behind_while_it_loads() throws Exception {
    assertEquals(ExitCode.CANCELLED, interruptAt("loading"));
    assertEquals(List.of(), pictures());
  }

  @Test
  void ends_between_two_steps() throws Exception {
    assertEquals(ExitCode.CANCELLED, interruptAt("] 3/1000", "--steps", "1000"));
    assertEquals(List.of(), pictures());
    assertTrue(told.endsWith("cancelled\n"), told);
    assertFalse(told.contains("] 900/1000"), told);
  }

  @Test
  void ends_in_the_middle_of_decoding() throws Exception {
    String[] large = {"--steps", "1", "--width", "1024", "--height", "1024"};
    assertEquals(ExitCode.CANCELLED, interruptAt("decoding", large));
    assertEquals(List.of(), pictures());
    assertFalse(told.contains("writing"), told);
    assertTrue(told.endsWith("cancelled\n"), told);
  }

  @Test
  void leaves_the_whole_picture_or_none_while_it_writes() throws Exception {
    // A second one, so that there is something left to interrupt when the first is written.
    String[] two = {"--steps", "1", "--width", "768", "--height", "768", "--count", "2"};
    assertEquals(ExitCode.CANCELLED, interruptAt("writing", two));
    for (Path picture : pictures()) {
      assertEquals(folder.resolve("a-1.png"), picture);
      assertEquals(768, ImageIO.read(picture.toFile()).getWidth());
    }
  }

  @Test
  void keeps_the_pictures_that_were_done() throws Exception {
    String[] many = {"--steps", "2", "--count", "1000", "--json"};
    assertEquals(ExitCode.CANCELLED, interruptAt("3 of 1000: [", many));
    List<Path> pictures = pictures();
    assertTrue(pictures.size() >= 2 && pictures.size() < 1000, pictures::toString);
    for (Path picture : pictures) {
      assertEquals(128, ImageIO.read(picture.toFile()).getWidth());
    }
    assertTrue(told.contains(pictures.size() + " of 1000 pictures were written"), told);
    Map<String, Object> document = Json.object(Files.readString(folder.resolve("out")));
    assertEquals("CANCELLED", ((Map<?, ?>) document.get("error")).get("code"));
    assertEquals(pictures.size(), ((List<?>) document.get("pictures")).size());
  }
}
