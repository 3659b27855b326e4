package io.github.allaprima.internal;

import io.github.allaprima.InvalidModelException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The model that ships as the artifact {@code allaprima-model}, unpacked once for each content. */
public final class DefaultModel {
  private static final String FOLDER = "io/github/allaprima/model/";

  private DefaultModel() {}

  /**
   * Its folder.
   *
   * @throws InvalidModelException when the artifact is not on the class path
   */
  public static Path folder() {
    try (InputStream index = resource("index")) {
      if (index == null) {
        throw new InvalidModelException(
            "No model was named, and the one that ships is not on the class path. Name a diffusers"
                + " folder with model(Path), or add the dependency"
                + " io.github.allaprima:allaprima-model:"
                + NativeLibrary.version(),
            null);
      }
      List<String> lines =
          new String(index.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      return unpacked(lines.get(0), lines.subList(1, lines.size()));
    } catch (IOException e) {
      throw new InvalidModelException(
          "The model that ships could not be unpacked into %s: %s. Set ALLAPRIMA_CACHE to a folder that can be written."
              .formatted(cache(), e),
          e);
    }
  }

  /** From the whole class path: on the module path a class sees only its own module's resources. */
  private static InputStream resource(String name) {
    return DefaultModel.class.getClassLoader().getResourceAsStream(FOLDER + name);
  }

  private static Path unpacked(String hash, List<String> files) throws IOException {
    Path target = cache().resolve("models").resolve(hash);
    if (Files.isDirectory(target)) {
      return target;
    }
    Files.createDirectories(target.getParent());
    Path work = Files.createTempDirectory(target.getParent(), ".unpacking");
    for (String file : files) {
      Path copy = work.resolve(file);
      Files.createDirectories(copy.getParent());
      try (InputStream content = resource(file)) {
        Files.copy(content, copy);
      }
    }
    try {
      Files.move(work, target);
    } catch (FileAlreadyExistsException e) {
      // Another process was faster.
      delete(work, files);
    }
    return target;
  }

  private static void delete(Path folder, List<String> files) throws IOException {
    for (String file : files) {
      for (Path p = folder.resolve(file); p.startsWith(folder); p = p.getParent()) {
        if (!Files.isDirectory(p) || isEmpty(p)) {
          Files.deleteIfExists(p);
        }
      }
    }
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (var children = Files.list(folder)) {
      return children.findAny().isEmpty();
    }
  }

  private static Path cache() {
    return variable("ALLAPRIMA_CACHE")
        .or(() -> variable("XDG_CACHE_HOME").map(base -> base.resolve("allaprima")))
        .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache", "allaprima"));
  }

  private static Optional<Path> variable(String name) {
    return Optional.ofNullable(System.getenv(name)).filter(v -> !v.isEmpty()).map(Path::of);
  }
}
