package io.github.allaprima.internal;

import io.github.allaprima.NativeLibraryException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** What a user reads when the native libraries do not load: what is wrong and what to do. */
final class LoadFailure {
  static final String SUPPORTED = "Alla Prima runs on Linux x86-64 with glibc 2.35 or later";

  private LoadFailure() {}

  static NativeLibraryException ofPlatform(String os, String arch) {
    return new NativeLibraryException(
        SUPPORTED + "; this Java runs on " + os + " " + arch + ".", null);
  }

  static NativeLibraryException ofMissing(List<Jar> jars) {
    return new NativeLibraryException(
        ("Neither on the class path nor on the module path: %s. Add the dependency %s, which brings"
                + " all, or put the jars beside that of Alla Prima, on either path.")
            .formatted(
                jars.stream().map(Jar::artifact).collect(Collectors.joining(", ")), dependency()),
        null);
  }

  /** {@code file} is there and the system refused it. */
  static NativeLibraryException of(Path file, UnsatisfiedLinkError cause) {
    String reason = reason(file, cause);
    if (reason.contains("`GLIBC_") || reason.contains("`GLIBCXX_") || reason.contains("musl")) {
      return new NativeLibraryException(
          SUPPORTED + ", and the C library here is another: " + reason, cause);
    }
    if (reason.contains("failed to map segment")) {
      reason +=
          "; does its folder forbid programs (noexec)? -Dorg.bytedeco.javacpp.cachedir=DIR names"
              + " another";
    }
    return new NativeLibraryException(
        "%s could not be loaded: %s".formatted(file.getFileName(), reason), cause);
  }

  /** Our core does not load beside the libtorch of a folder. */
  static NativeLibraryException ofMisfit(Libtorch.InFolder libtorch, Throwable cause) {
    return new NativeLibraryException(
        "libtorch in %s is %s, this library was built for %s; both must be of one minor version: %s"
            .formatted(
                libtorch,
                libtorch.version().orElse("of a version that no file there tells"),
                NativeLibrary.libtorchVersion(),
                cause.getMessage()),
        cause);
  }

  static String dependency() {
    return "io.github.allaprima:allaprima-platform:" + NativeLibrary.version();
  }

  /** Java puts the path in front of what the system said. */
  private static String reason(Path file, UnsatisfiedLinkError cause) {
    String text = String.valueOf(cause.getMessage());
    String path = file + ": ";
    return text.startsWith(path + path) ? text.substring(path.length()) : text;
  }
}
