package io.github.allaprima.internal;

import io.github.allaprima.AllaPrimaException;
import io.github.allaprima.ErrorCode;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Writes files that are there as a whole or not at all. */
public final class WholeFile {
  private WholeFile() {}

  /**
   * Writes beside {@code file} first, then moves over it.
   *
   * @throws AllaPrimaException with {@link ErrorCode#IO}
   */
  public static void write(Path file, byte[] content) {
    Path target = file.toAbsolutePath();
    String unique = Long.toHexString(System.nanoTime() ^ ProcessHandle.current().pid() << 40);
    Path part = target.resolveSibling(target.getFileName() + "." + unique + ".part");
    try {
      try {
        Files.write(part, content, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      throw new AllaPrimaException(
          ErrorCode.IO, "%s could not be written: %s".formatted(file, reason(target, e)), e);
    }
  }

  private static String reason(Path target, IOException e) {
    Path folder = target.getParent();
    if (folder != null && !Files.isDirectory(folder)) {
      return "there is no folder " + folder;
    }
    if (folder != null && !Files.isWritable(folder)) {
      return "no permission to write into " + folder;
    }
    boolean hasReason = e instanceof FileSystemException f && f.getReason() != null;
    return hasReason ? ((FileSystemException) e).getReason() : e.toString();
  }
}
