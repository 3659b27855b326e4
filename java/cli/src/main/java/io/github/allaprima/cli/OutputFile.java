package io.github.allaprima.cli;

import io.github.allaprima.AllaPrimaException;
import io.github.allaprima.ErrorCode;
import io.github.allaprima.internal.WholeFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Files that the user asked for. */
final class OutputFile {
  private OutputFile() {}

  /**
   * Fails before any work is done for a file that cannot be written, and for one that is named
   * twice.
   */
  static void check(List<Path> files) {
    Set<Path> named = new HashSet<>();
    for (Path file : files) {
      WholeFile.check(file);
      if (!named.add(file.toAbsolutePath().normalize())) {
        throw new AllaPrimaException(
            ErrorCode.INVALID_ARGUMENT,
            "%s is named for two results; give each a file of its own".formatted(file),
            null);
      }
    }
  }

  /** Fails for a file that is there. */
  static void checkAbsent(Path file) {
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new AllaPrimaException(
          ErrorCode.INVALID_ARGUMENT,
          "%s is there already; name another file, or leave --no-clobber out to replace it"
              .formatted(file),
          null);
    }
  }

  /** The file's name with a number before its ending. */
  static Path numbered(Path file, int number) {
    String name = file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    int end = dot > 0 ? dot : name.length();
    return file.resolveSibling(name.substring(0, end) + "-" + number + name.substring(end));
  }

  /** Fails for a name that promises another format than the one that is written. */
  static void checkPicture(Path file) {
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    if (dot > 0 && !name.substring(dot).equalsIgnoreCase(".png")) {
      throw new AllaPrimaException(
          ErrorCode.INVALID_ARGUMENT,
          "%s ends in %s, but pictures are written as PNG only; end its name in .png"
              .formatted(file, name.substring(dot)),
          null);
    }
  }

  static void write(Path file, String text) {
    WholeFile.write(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
