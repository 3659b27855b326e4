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
import java.util.Optional;
import org.bytedeco.javacpp.Loader;

/**
 * The jars that hold files and no classes. They may lie on the class path or on the module path;
 * nobody has to require their modules.
 */
enum Jar {
  OPENBLAS("org.bytedeco.openblas", "org.bytedeco:openblas", "org/bytedeco/openblas/"),
  PYTORCH("org.bytedeco.pytorch", "org.bytedeco:pytorch", "org/bytedeco/pytorch/"),
  ALLAPRIMA(
      "io.github.allaprima", "io.github.allaprima:allaprima", "io/github/allaprima/internal/"),
  MODEL;

  /** The one supported platform, in JavaCPP's words; classifier of every native jar. */
  static final String PLATFORM = "linux-x86_64";

  private final String module;
  private final String artifact;
  private final String folder;

  /** With native libraries. */
  Jar(String module, String artifact, String folder) {
    this.module = module + ".linux.x86_64";
    this.artifact = artifact + ":" + PLATFORM;
    this.folder = folder + PLATFORM + "/";
  }

  /** With the model that ships. */
  Jar() {
    module = "io.github.allaprima.model";
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

  /** A module that nobody requires is not resolved: class loaders do not know its files. */
  private Optional<URL> findOnModulePath(String name) {
    Path[] entries =
        Arrays.stream(System.getProperty("jdk.module.path", "").split(File.pathSeparator))
            .filter(entry -> !entry.isEmpty())
            .map(Path::of)
            .toArray(Path[]::new);
    Optional<ModuleReference> found = ModuleFinder.of(entries).find(module);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    try (ModuleReader reader = found.get().open()) {
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
