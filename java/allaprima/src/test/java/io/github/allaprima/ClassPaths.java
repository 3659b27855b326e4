package io.github.allaprima;

import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The class path of these tests, for other processes. */
final class ClassPaths {
  private ClassPaths() {}

  static String all() {
    return System.getProperty("java.class.path");
  }

  static List<Path> entries() {
    return Arrays.stream(all().split(File.pathSeparator)).map(Path::of).toList();
  }

  /** Without the entries whose file name starts so. */
  static String without(String... names) {
    return entries().stream()
        .filter(entry -> Arrays.stream(names).noneMatch(entry.getFileName().toString()::startsWith))
        .map(Path::toString)
        .collect(Collectors.joining(File.pathSeparator));
  }

  static String join(String... parts) {
    return String.join(File.pathSeparator, parts);
  }
}
