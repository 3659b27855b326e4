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
   * Finds out whether {@link #write} can write {@code file}, and leaves nothing behind.
   *
   * @throws AllaPrimaException with {@link ErrorCode#IO}
   */
  public static void check(Path file) {
    Path target = file.toAbsolutePath();
    try {
      refuseOthers(target);
      Files.delete(Files.createFile(partOf(target)));
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  /**
   * Writes beside {@code file} first, then moves over it.
   *
   * @throws AllaPrimaException with {@link ErrorCode#IO}
   */
  public static void write(Path file, byte[] content) {
    Path target = file.toAbsolutePath();
    try {
      refuseOthers(target);
      Path part = partOf(target);
      try {
        Files.write(part, content, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  /** A move would put a file in the place of a device. */
  private static void refuseOthers(Path target) throws IOException {
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      String found = Files.isDirectory(target) ? "it is a folder" : "it is there and no file";
      throw new FileSystemException(target.toString(), null, found);
    }
  }

  private static Path partOf(Path target) {
    String unique = "%016x".formatted(System.nanoTime() ^ ProcessHandle.current().pid() << 40);
    return target.resolveSibling(target.getFileName() + "." + unique + ".part");
  }

  private static AllaPrimaException failure(Path file, IOException e) {
    return new AllaPrimaException(
        ErrorCode.IO,
        "%s could not be written: %s".formatted(file, reason(file.toAbsolutePath(), e)),
        e);
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
