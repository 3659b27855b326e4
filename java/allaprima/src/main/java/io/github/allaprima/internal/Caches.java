package io.github.allaprima.internal;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * The folders that things are unpacked into. Without a home to write to: one of this user in /tmp.
 */
final class Caches {
  private static final String JAVACPP = "org.bytedeco.javacpp.cachedir";

  private Caches() {}

  /** For the model: ALLAPRIMA_CACHE, else in the cache folder of this user. */
  static Path ours() throws IOException {
    Optional<Path> named = variable("ALLAPRIMA_CACHE");
    if (named.isPresent()) {
      return named.get();
    }
    Optional<Path> base =
        variable("XDG_CACHE_HOME").or(() -> home().map(home -> home.resolve(".cache")));
    Path usual = base.map(folder -> folder.resolve("allaprima")).orElse(null);
    return usual != null && canWrite(usual) ? usual : temporary();
  }

  /** JavaCPP takes a home that Java does not know, "?", for a folder's name. */
  static void prepareJavaCpp() {
    if (home().isEmpty() && System.getProperty(JAVACPP) == null) {
      try {
        System.setProperty(JAVACPP, temporary().resolve("javacpp").toString());
      } catch (IOException e) {
        // JavaCPP says what it cannot write to.
      }
    }
  }

  private static Optional<Path> home() {
    String home = System.getProperty("user.home", "");
    return home.startsWith("/") ? Optional.of(Path.of(home)) : Optional.empty();
  }

  private static Optional<Path> variable(String name) {
    return Optional.ofNullable(System.getenv(name)).filter(v -> !v.isEmpty()).map(Path::of);
  }

  private static boolean canWrite(Path folder) {
    try {
      return Files.isWritable(Files.createDirectories(folder));
    } catch (IOException e) {
      return false;
    }
  }

  /** Only ours: whoever could write there could put other weights and libraries in. */
  static Path temporary() throws IOException {
    String user = System.getProperty("user.name", "").replaceAll("[^A-Za-z0-9._-]", "_");
    Path folder = Path.of(System.getProperty("java.io.tmpdir"), "allaprima-" + user);
    try {
      Files.createDirectory(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (FileAlreadyExistsException e) {
      // from an earlier run, or another process
    }
    checkOwner(folder);
    return folder;
  }

  /**
   * A file made now belongs to us; the folder must have the same owner, and no one else's rights.
   */
  private static void checkOwner(Path folder) throws IOException {
    Path probe = Files.createTempFile("allaprima", "");
    try {
      boolean own = Files.getOwner(probe).equals(Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS));
      String rights =
          PosixFilePermissions.toString(
              Files.getPosixFilePermissions(folder, LinkOption.NOFOLLOW_LINKS));
      if (!own || !rights.equals("rwx------") || Files.isSymbolicLink(folder)) {
        throw new IOException(folder + " is not a folder of this user alone");
      }
    } finally {
      Files.delete(probe);
    }
  }
}
