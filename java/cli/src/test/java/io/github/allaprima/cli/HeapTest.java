package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.cli.Cli.Result;
import io.github.allaprima.internal.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Too many pictures for Java's heap: the code of memory that ran out, one sentence, no file. */
@Tag("native")
@Timeout(180)
class HeapTest {
  @TempDir Path folder;

  @Test
  void exits_with_3_when_the_heap_is_too_small() throws Exception {
    String output = folder.resolve("a.png").toString();
    Result result =
        Cli.runProcess(
            List.of("-Xmx24m"),
            Map.of(),
            "generate",
            "a cat",
            "--model",
            Cli.TINY.toString(),
            "--device",
            "cpu",
            "--steps",
            "1",
            "--width",
            "320",
            "--height",
            "320",
            "--images",
            "64",
            "-o",
            output,
            "--json");
    assertEquals(ExitCode.OUT_OF_MEMORY, result.code(), result::err);
    assertTrue(result.err().contains("error: the Java heap is too small"), result::err);
    Map<?, ?> error = (Map<?, ?>) Json.object(result.out()).get("error");
    assertEquals("OUT_OF_MEMORY", error.get("code"));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(), files.toList());
    }
  }
}
