package io.github.allaprima.internal;

import io.github.allaprima.NativeLibraryException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What a user reads when the native libraries do not load: what is wrong and what to do. */
final class LoadFailure {
  static final String SUPPORTED = "Alla Prima runs on Linux x86-64 with glibc 2.35 or later";

  /** As the system names a library that another one needs and that is not there. */
  private static final Pattern NVIDIA =
      Pattern.compile("\\blib(cu\\w+|nv\\w+|nccl)\\.so\\.\\d+: cannot open shared object file");

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
                jars.stream().map(Jar::artifact).collect(Collectors.joining(", ")),
                jars.contains(Jar.PYTORCH_GPU) ? dependency("-gpu") : dependency()),
        null);
  }

  /** Our library for GPUs beside a libtorch that has none. */
  static NativeLibraryException ofNoCuda(Libtorch.InFolder libtorch) {
    return new NativeLibraryException(
        "libtorch in %s is built without CUDA (no libtorch_cuda.so), and only %s is there, which needs it. Name a libtorch with CUDA, or add %s."
            .formatted(libtorch, Jar.ALLAPRIMA_GPU.artifact(), Jar.ALLAPRIMA.artifact()),
        null);
  }

  /** {@code file} is there and the system refused it. */
  static NativeLibraryException of(Path file, UnsatisfiedLinkError cause) {
    String reason = reason(file, cause);
    if (reason.contains("`GLIBC_") || reason.contains("`GLIBCXX_") || reason.contains("musl")) {
      return new NativeLibraryException(
          SUPPORTED + ", and the C library here is another: " + reason, cause);
    }
    if (NVIDIA.matcher(reason).find()) {
      reason +=
          "; NVIDIA's libraries come with org.bytedeco:cuda:linux-x86_64-redist and its parts, or with"
              + " an installed CUDA 13 and cuDNN 9 that the system's loader finds";
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
    return dependency("");
  }

  private static String dependency(String extension) {
    return "io.github.allaprima:allaprima-platform%s:%s"
        .formatted(extension, NativeLibrary.version());
  }

  /** Java puts the path in front of what the system said. */
  private static String reason(Path file, UnsatisfiedLinkError cause) {
    String text = String.valueOf(cause.getMessage());
    String path = file + ": ";
    return text.startsWith(path + path) ? text.substring(path.length()) : text;
  }
}
