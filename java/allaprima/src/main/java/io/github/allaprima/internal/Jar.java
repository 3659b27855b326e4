package io.github.allaprima.internal;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.Loader;

/**
 * The jars that hold files and no classes. They may lie on the class path or on the module path;
 * nobody has to require their modules.
 */
enum Jar {
  OPENBLAS(
      Jar.PLATFORM,
      "org.bytedeco:openblas",
      "org/bytedeco/openblas/",
      "org.bytedeco.openblas.linux.x86_64"),
  PYTORCH(
      Jar.PLATFORM,
      "org.bytedeco:pytorch",
      "org/bytedeco/pytorch/",
      "org.bytedeco.pytorch.linux.x86_64"),
  PYTORCH_GPU(
      Jar.PLATFORM_GPU,
      "org.bytedeco:pytorch",
      "org/bytedeco/pytorch/",
      "org.bytedeco.pytorch.linux.x86_64.gpu"),
  /** NVIDIA's libraries, in one folder of several jars. */
  CUDA(
      Jar.PLATFORM,
      "org.bytedeco:cuda",
      "org/bytedeco/cuda/",
      "org.bytedeco.cuda.linux.x86_64.redist",
      "org.bytedeco.cuda.linux.x86_64.redist.cublas",
      "org.bytedeco.cuda.linux.x86_64.redist.cudnn",
      "org.bytedeco.cuda.linux.x86_64.redist.cusolver",
      "org.bytedeco.cuda.linux.x86_64.redist.cusparse",
      "org.bytedeco.cuda.linux.x86_64.redist.nccl"),
  ALLAPRIMA(
      Jar.PLATFORM,
      "io.github.allaprima:allaprima",
      "io/github/allaprima/internal/",
      "io.github.allaprima.linux.x86_64"),
  ALLAPRIMA_GPU(
      Jar.PLATFORM_GPU,
      "io.github.allaprima:allaprima",
      "io/github/allaprima/internal/",
      "io.github.allaprima.linux.x86_64.gpu"),
  MODEL;

  /** The one supported platform, in JavaCPP's words; classifier of every native jar. */
  static final String PLATFORM = "linux-x86_64";

  /** The same with JavaCPP's extension for what needs CUDA. */
  static final String PLATFORM_GPU = PLATFORM + "-gpu";

  private final List<String> modules;
  private final String artifact;
  private final String folder;

  /** With native libraries. */
  Jar(String platform, String artifact, String folder, String... modules) {
    this.modules = List.of(modules);
    this.artifact = artifact + ":" + platform;
    this.folder = folder + platform + "/";
  }

  /** With the model that ships. */
  Jar() {
    modules = List.of("io.github.allaprima.model");
    artifact = "io.github.allaprima:allaprima-model";
    folder = "io/github/allaprima/model/";
  }

  /** Group, artifact and classifier. */
  String artifact() {
    return artifact;
  }

  /** Empty when the jar is not there. */
  Optional<URL> find(String file) {
    String name = folder + file;
    return Optional.ofNullable(Jar.class.getClassLoader().getResource(name))
        .or(() -> findOnModulePath(name));
  }

  /** Whether the jar is there, as one of its libraries tells. */
  boolean isPresent() {
    String library =
        switch (this) {
          case OPENBLAS -> "libopenblas.so.0";
          case PYTORCH, PYTORCH_GPU -> "libtorch_cpu.so";
          case CUDA -> "libcudart.so.13";
          case ALLAPRIMA, ALLAPRIMA_GPU -> "liballaprima.so";
          case MODEL -> throw new IllegalStateException("no libraries: " + this);
        };
    return find(library).isPresent();
  }

  /** A module that nobody requires is not resolved: class loaders do not know its files. */
  private Optional<URL> findOnModulePath(String name) {
    Path[] entries =
        Arrays.stream(System.getProperty("jdk.module.path", "").split(File.pathSeparator))
            .filter(entry -> !entry.isEmpty())
            .map(Path::of)
            .toArray(Path[]::new);
    ModuleFinder finder = ModuleFinder.of(entries);
    return modules.stream()
        .flatMap(module -> finder.find(module).stream())
        .flatMap(module -> findIn(module, name).stream())
        .findFirst();
  }

  private static Optional<URL> findIn(ModuleReference module, String name) {
    try (ModuleReader reader = module.open()) {
      Optional<URI> place = reader.find(name);
      return place.isEmpty() ? Optional.empty() : Optional.of(place.get().toURL());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The file on disk, unpacked into JavaCPP's cache when it is in a jar. */
  static Path unpacked(URL place) throws IOException {
    if (place.getProtocol().equals("file")) {
      try {
        return Path.of(place.toURI());
      } catch (URISyntaxException e) {
        throw new IOException(e);
      }
    }
    return Loader.cacheResource(place).toPath();
  }
}
