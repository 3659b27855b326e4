package io.github.allaprima.cli;

import io.github.allaprima.AllaPrimaException;
import io.github.allaprima.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that the user asked for. */
final class OutputFile {
  private OutputFile() {}

  /** Fails before any work is done for a file that cannot be written. Null is none. */
  static void check(Path file) {
    if (file == null) {
      return;
    }
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
