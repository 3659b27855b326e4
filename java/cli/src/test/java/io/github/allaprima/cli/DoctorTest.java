package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.cli.Cli.Result;
import io.github.allaprima.internal.Json;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Looks at this machine, and at ones that were spoilt. */
@Tag("native")
@Timeout(180)
class DoctorTest {
  @TempDir Path folder;

  private static Map<String, Map<?, ?>> checks(Result result) {
    Map<String, Map<?, ?>> checks = new LinkedHashMap<>();
    for (Object check : (List<?>) Json.object(result.out()).get("checks")) {
      Map<?, ?> fields = (Map<?, ?>) check;
      checks.put(String.valueOf(fields.get("name")), fields);
    }
    return checks;
  }

  @Test
  void finds_that_pictures_can_be_made_here() {
    Result result = Cli.run("doctor", "--json");
    assertEquals(0, result.code(), result::out);
    assertEquals(true, Json.object(result.out()).get("works"));
    Map<String, Map<?, ?>> checks = checks(result);
    assertEquals(
        List.of(
            "java",
            "system",
            "glibc",
            "processor",
            "memory",
            "names",
            "native cache",
            "native library",
            "libtorch",
            "device cpu",
            "device cuda",
            "model cache",
            "model",
            "picture"),
        List.copyOf(checks.keySet()));
    assertEquals("ok", checks.get("picture").get("state"));
    assertEquals(System.getProperty("java.version"), checks.get("java").get("version"));
    assertTrue(Files.exists(Path.of((String) checks.get("libtorch").get("file"))), result::out);
    assertTrue(((String) checks.get("glibc").get("version")).matches("2\\.\\d+"), result::out);
    assertTrue((Long) checks.get("native cache").get("bytes") > 0, result::out);
  }

  @Test
  void tells_people_in_lines() {
    Result result = Cli.run("doctor");
    assertEquals(0, result.code(), result::out);
    assertTrue(result.out().endsWith("Pictures can be made here.\n"), result::out);
    assertTrue(result.out().lines().anyMatch(line -> line.startsWith("ok    libtorch")));
    assertEquals("", result.err());
  }

  @Test
  void says_that_no_folder_can_be_written() throws Exception {
    String file = Files.createFile(folder.resolve("file")).toString();
    List<String> flags =
        List.of(
            "-Dorg.bytedeco.javacpp.cachedir=" + file,
            "-Duser.home=" + file,
            "-Djava.io.tmpdir=" + file);
    Result result = Cli.runProcess(flags, Map.of(), "doctor", "--json");
    assertEquals(ExitCode.FAILURE, result.code(), result::out);
    assertEquals("fail", checks(result).get("native cache").get("state"));
    assertEquals("fail", checks(result).get("native library").get("state"));
    assertTrue(
        String.valueOf(checks(result).get("native cache").get("advice")).contains("cachedir"));
    Result text = Cli.runProcess(flags, Map.of(), "doctor");
    assertEquals(ExitCode.FAILURE, text.code());
    assertTrue(text.out().contains("Pictures cannot be made here"), text::out);
    assertFalse((text.out() + text.err()).contains("\tat "), text::err);
  }

  @Test
  void names_the_jar_that_is_missing() throws Exception {
    String classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(jar -> !jar.contains("pytorch"))
            .collect(Collectors.joining(File.pathSeparator));
    // An empty cache: what was unpacked before would be found there.
    List<String> flags = List.of("-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("cache"));
    ProcessBuilder process = Cli.process(flags, classPath, "doctor", "--json");
    Result result = Cli.finish(process, Map.of());
    assertEquals(ExitCode.FAILURE, result.code(), result::out);
    Map<?, ?> library = checks(result).get("native library");
    assertEquals("fail", library.get("state"));
    assertTrue(library.get("detail").toString().contains("org.bytedeco:pytorch"), result::out);
  }

  @Test
  void works_without_the_model_that_ships() throws Exception {
    String file = Files.createFile(folder.resolve("file")).toString();
    Map<String, String> environment = Map.of("ALLAPRIMA_CACHE", file);
    Result result = Cli.runProcess(List.of(), environment, "doctor", "--json");
    assertEquals(0, result.code(), result::out);
    assertEquals("warn", checks(result).get("model cache").get("state"));
    assertEquals("warn", checks(result).get("model").get("state"));
    assertEquals("warn", checks(result).get("picture").get("state"));
  }
}
