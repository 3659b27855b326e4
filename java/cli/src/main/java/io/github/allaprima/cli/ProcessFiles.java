package io.github.allaprima.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What Linux tells of this process and machine in files. */
final class ProcessFiles {
  private static final Pattern RELEASE =
      Pattern.compile("GNU C Library[^\\n]*? version (\\d+\\.\\d+)");

  private ProcessFiles() {}

  static List<String> lines(String file) {
    try {
      return new String(Files.readAllBytes(Path.of(file)), StandardCharsets.ISO_8859_1)
          .lines()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The value of the first line "name : value". */
  static Optional<String> value(String file, String name) {
    return lines(file).stream()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst();
  }

  /** Of /proc/meminfo, in bytes. */
  static long memory(String name) {
    String kilobytes = value("/proc/meminfo", name).orElseThrow().replaceAll("\\D", "");
    return 1024 * Long.parseLong(kilobytes);
  }

  /** The file from which this process has a library whose name matches. */
  static Optional<Path> library(String name) {
    Pattern wanted = Pattern.compile(name);
    return lines("/proc/self/maps").stream()
        .filter(line -> line.indexOf('/') > 0)
        .map(line -> Path.of(line.substring(line.indexOf('/'))))
        .filter(path -> wanted.matcher(path.getFileName().toString()).matches())
        .findFirst();
  }

  /** Version of the GNU C library that this process runs on; empty when it is another. */
  static Optional<String> glibc() throws IOException {
    Optional<Path> library = library("libc\\.so\\.6|libc-2\\.\\d+\\.so");
    if (library.isEmpty()) {
      return Optional.empty();
    }
    byte[] bytes = Files.readAllBytes(library.get());
    Matcher release = RELEASE.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
    return release.find() ? Optional.of(release.group(1)) : Optional.empty();
  }
}
