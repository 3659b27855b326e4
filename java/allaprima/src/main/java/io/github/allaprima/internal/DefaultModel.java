package io.github.allaprima.internal;

import io.github.allaprima.AllaPrimaException;
import io.github.allaprima.ErrorCode;
import io.github.allaprima.InvalidModelException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The model that ships as the artifact {@code allaprima-model}, unpacked once for each content. */
public final class DefaultModel {
  private DefaultModel() {}

  /**
   * Its folder.
   *
   * @throws InvalidModelException when the artifact is on neither path
   * @throws AllaPrimaException with {@link ErrorCode#IO} when it cannot be unpacked
   */
  public static Path folder() {
    try (InputStream index = resource("index")) {
      if (index == null) {
        throw new InvalidModelException(
            "No model was named, and the one that ships is neither on the class path nor on the"
                + " module path. Name a diffusers folder with model(Path), or add the dependency"
                + " io.github.allaprima:allaprima-model:"
                + NativeLibrary.version(),
            null);
      }
      List<String> lines =
          new String(index.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      Path target = cache().resolve("models").resolve(lines.get(0));
      return unpacked(target, lines.subList(1, lines.size()));
    } catch (IOException e) {
      throw failure("its cache", e);
    }
  }

  /** {@code target} with the files of the artifact in it. Several processes may do it at a time. */
  static Path unpacked(Path target, List<String> files) {
    try {
      if (!complete(target, files)) {
        unpack(target, files);
      }
      return target;
    } catch (IOException e) {
      throw failure(target.getParent().toString(), e);
    }
  }

  private static AllaPrimaException failure(String folder, IOException e) {
    return new AllaPrimaException(
        ErrorCode.IO,
        ("The model that ships could not be unpacked into %s: %s. Set ALLAPRIMA_CACHE to a folder"
                + " that can be written.")
            .formatted(folder, e),
        e);
  }

  /** Null when it is not there. */
  private static InputStream resource(String name) throws IOException {
    Optional<URL> place = Jar.MODEL.find(name);
    return place.isEmpty() ? null : place.get().openStream();
  }

  private static boolean complete(Path target, List<String> files) {
    return files.stream().allMatch(file -> Files.isRegularFile(target.resolve(file)));
  }

  private static void unpack(Path target, List<String> files) throws IOException {
    Files.createDirectories(target.getParent());
    Path work = Files.createTempDirectory(target.getParent(), ".unpacking");
    try {
      for (String file : files) {
        Path copy = work.resolve(file);
        Files.createDirectories(copy.getParent());
        try (InputStream content = resource(file)) {
          Files.copy(content, copy);
        }
      }
      move(work, target, files);
    } finally {
      delete(work);
    }
  }

  /** Who loses against another process gets one of several exceptions, but has what it wanted. */
  private static void move(Path work, Path target, List<String> files) throws IOException {
    try {
      Files.move(work, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      if (!complete(target, files)) {
        throw Files.isDirectory(target)
            ? new FileSystemException(target.toString(), null, "files are missing there; delete it")
            : e;
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      List<Path> paths;
      try (Stream<Path> walk = Files.walk(folder)) {
        paths = walk.sorted(Comparator.reverseOrder()).toList();
      }
      for (Path path : paths) {
        Files.delete(path);
      }
    }
  }

  /** Where it is unpacked. */
  public static Path cache() {
    try {
      return Caches.ours();
    } catch (IOException e) {
      throw failure("its cache", e);
    }
  }
}
