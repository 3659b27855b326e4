package io.github.allaprima.cli;

import io.github.allaprima.AllaPrimaException;
import io.github.allaprima.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/** Files that the user asked for. */
final class OutputFile {
  private OutputFile() {}

  /**
   * Fails before any work is done for a file that cannot be written, and for one that is named
   * twice. Null is none.
   */
  static void check(Path... files) {
    Set<Path> named = new HashSet<>();
    for (Path file : files) {
      if (file != null) {
        checkWritable(file);
        if (!named.add(file.toAbsolutePath().normalize())) {
          throw new AllaPrimaException(
              ErrorCode.INVALID_ARGUMENT,
              "%s is named for two results; give each a file of its own".formatted(file),
              null);
        }
      }
    }
  }

  private static void checkWritable(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    String problem =
        folder == null || Files.isDirectory(file)
            ? "it is a folder"
            : !Files.isDirectory(folder)
                ? "there is no folder " + folder
                : !Files.isWritable(folder) ? "no permission to write into " + folder : null;
    if (problem != null) {
      throw new AllaPrimaException(
          ErrorCode.IO, "%s could not be written: %s".formatted(file, problem), null);
    }
  }

  static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new AllaPrimaException(
          ErrorCode.IO, "%s could not be written: %s".formatted(file, e), e);
    }
  }
}
