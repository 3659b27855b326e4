package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Homes, caches and paths as they occur in containers and elsewhere; one process for each. */
@NativeTest
@Timeout(240)
class EnvironmentsTest {
  private static final String ODD = "Bücher und кошки 猫";

  private static final String TORCH =
      "-Dallaprima.torch=" + Path.of(System.getProperty("allaprima.native.build"), "lib");

  @TempDir Path folder;

  @Test
  void an_empty_cache_and_paths_with_spaces_and_letters_beyond_ascii() throws Exception {
    Path odd = Files.createDirectory(folder.resolve(ODD));
    StringJoiner classPath = new StringJoiner(File.pathSeparator);
    for (Path entry : ClassPaths.entries()) {
      Path place = Files.createDirectory(odd.resolve("entry " + classPath.length()));
      classPath.add(Files.createSymbolicLink(place.resolve(entry.getFileName()), entry).toString());
    }
    Path model = Files.createSymbolicLink(odd.resolve("model"), Repository.TINY_MODEL);
    Path cache = odd.resolve("cache");
    Path png = odd.resolve("a picture ♥.png");
    assertDrawn(
        run(
            Map.of("LC_ALL", "C.UTF-8"),
            classPath.toString(),
            List.of("-Dorg.bytedeco.javacpp.cachedir=" + cache),
            model.toString(),
            png.toString()));
    assertTrue(Files.size(png) > 0);
    assertUnpackedBelow(cache, "libtorch_cpu.so");
  }

  @Test
  void a_home_that_cannot_be_written() throws Exception {
    // Not even root can make folders in /proc.
    assertDrawn(runWithHome("/proc"));
    assertUnpackedBelow(folder, "liballaprima.so");
  }

  @Test
  void no_home_at_all() throws Exception {
    assertDrawn(runWithHome("?"));
    assertUnpackedBelow(folder, "liballaprima.so");
  }

  @Test
  void no_place_to_unpack_to_is_an_error_that_names_the_option() throws Exception {
    String output =
        run(
            Map.of(),
            ourJarAlone(),
            List.of(TORCH, "-Duser.home=/proc", "-Djava.io.tmpdir=/proc"),
            Repository.TINY_MODEL.toString());
    assertTrue(output.startsWith("NativeLibraryException: lib"), output);
    assertTrue(output.contains("-Dorg.bytedeco.javacpp.cachedir=DIR"), output);
  }

  @Test
  void java_that_checks_each_jni_call_has_nothing_to_say() throws Exception {
    String output =
        run(Map.of(), ClassPaths.all(), List.of("-Xcheck:jni"), Repository.TINY_MODEL.toString());
    assertDrawn(output);
    assertEquals(4, output.lines().count(), output);
  }

  /** Half a megabyte to unpack, where bytedeco's jars have 350. */
  private String ourJarAlone() throws IOException {
    Path natives =
        ClassPaths.entries().stream().filter(e -> e.endsWith("natives")).findFirst().orElseThrow();
    Path jar = NativesJar.of(natives, folder.resolve("natives.jar"));
    return ClassPaths.join(ClassPaths.without("natives", "pytorch-", "openblas-"), jar.toString());
  }

  private String runWithHome(String home) throws Exception {
    return run(
        Map.of("HOME", "", "XDG_CACHE_HOME", "", "ALLAPRIMA_CACHE", ""),
        ourJarAlone(),
        List.of(TORCH, "-Duser.home=" + home, "-Djava.io.tmpdir=" + folder),
        Repository.TINY_MODEL.toString());
  }

  private static String run(
      Map<String, String> environment, String classPath, List<String> options, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(options);
    command.add(Drawing.class.getName());
    command.addAll(List.of(arguments));
    return ChildJvm.run(environment, classPath, command);
  }

  private static void assertDrawn(String output) throws Exception {
    assertEquals(Drawing.expected(), output.lines().findFirst().orElse(""), output);
  }

  private static void assertUnpackedBelow(Path folder, String library) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      assertTrue(files.anyMatch(file -> file.endsWith(library)), "nothing in " + folder);
    }
  }
}
