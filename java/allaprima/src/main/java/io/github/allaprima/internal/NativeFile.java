package io.github.allaprima.internal;

import io.github.allaprima.NativeLibraryException;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;

/** A library on disk. One that cannot be loaded is an error at once, with the reason. */
record NativeFile(Path file) {
  /** From a jar that is there. */
  static NativeFile in(Jar jar, String name) {
    URL place =
        jar.find(name)
            .orElseThrow(
                () ->
                    new NativeLibraryException(
                        "%s holds no %s; it is of another version than this library."
                            .formatted(jar.artifact(), name),
                        null));
    try {
      return new NativeFile(Jar.unpacked(place));
    } catch (IOException e) {
      throw new NativeLibraryException(
          ("%s could not be unpacked: %s. Name a folder that can be written, with space for 350 MB:"
                  + " -Dorg.bytedeco.javacpp.cachedir=DIR")
              .formatted(name, e.getMessage()),
          e);
    }
  }

  /** For a library that serves all class loaders of the process. */
  void loadShared() {
    try {
      System.load(file.toString());
    } catch (UnsatisfiedLinkError e) {
      if (!isLoadedElsewhere(e)) {
        throw LoadFailure.of(file, e);
      }
    }
  }

  /**
   * For the library with the native methods: Java lets one class loader have it, so that another
   * one gets a copy. The copy finds {@code liballaprima.so} in the process.
   */
  void loadForThisClassLoader() {
    try {
      System.load(file.toString());
    } catch (UnsatisfiedLinkError e) {
      if (!isLoadedElsewhere(e)) {
        throw LoadFailure.of(file, e);
      }
      loadCopy();
    }
  }

  private void loadCopy() {
    try {
      Path copy = Files.createTempFile("allaprima", ".so");
      try {
        Files.write(copy, Files.readAllBytes(file));
        System.load(copy.toString());
      } catch (UnsatisfiedLinkError e) {
        throw LoadFailure.of(copy, e);
      } finally {
        Files.delete(copy); // what is loaded stays
      }
    } catch (IOException e) {
      throw new NativeLibraryException(
          "Another class loader uses Alla Prima, too, and %s could not be copied for this one: %s"
              .formatted(file, e),
          e);
    }
  }

  private static boolean isLoadedElsewhere(UnsatisfiedLinkError e) {
    return String.valueOf(e.getMessage()).contains("already loaded in another classloader");
  }
}
