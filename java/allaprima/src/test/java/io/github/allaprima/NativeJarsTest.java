package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What our native jar holds, and what a user reads who lacks one. */
@NativeTest
@Timeout(120)
class NativeJarsTest {
  private static final String LIBRARY =
      "/io/github/allaprima/internal/linux-x86_64/liballaprima.so";

  /** Runs in the other process. */
  static final class Main {
    public static void main(String[] args) {
      try {
        SystemInfo.get();
        System.out.print("loaded");
      } catch (NativeLibraryException e) {
        System.out.print(e.getMessage());
      }
    }
  }

  @Test
  void ours_holds_our_libraries_and_none_of_the_build_machine() throws Exception {
    Path folder = Path.of(NativeJarsTest.class.getResource(LIBRARY).toURI()).getParent();
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(
          List.of("liballaprima.so", "liballaprimawait.so", "libjniallaprima.so"),
          files.map(file -> file.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  void are_enough_to_load() throws Exception {
    assertEquals("loaded", loadWithout("no such jar"));
  }

  @Test
  void are_named_when_libtorch_is_missing() throws Exception {
    assertNames("org.bytedeco:pytorch:linux-x86_64", loadWithout("pytorch"));
  }

  @Test
  void are_named_when_ours_is_missing() throws Exception {
    assertNames("io.github.allaprima:allaprima:linux-x86_64", loadWithout("natives"));
  }

  private static String loadWithout(String name) throws Exception {
    String classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> !Path.of(entry).getFileName().toString().startsWith(name))
            .collect(Collectors.joining(File.pathSeparator));
    return ChildJvm.run(classPath, List.of(Main.class.getName()));
  }

  private static void assertNames(String artifact, String message) {
    assertTrue(
        message.contains("Neither on the class path nor on the module path: " + artifact + ". "),
        message);
    assertTrue(message.contains("io.github.allaprima:allaprima-platform:0."), message);
  }
}
