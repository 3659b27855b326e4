package io.github.allaprima.internal;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The folders that things are unpacked into. Without a home to write to: one of this user in /tmp.
 */
final class Caches {
  private static final String JAVACPP = "org.bytedeco.javacpp.cachedir";

  private Caches() {}

  /** For the model: ALLAPRIMA_CACHE, else in the cache folder of this user. */
  static Path ours() throws IOException {
    return ours(System::getenv, System.getProperty("user.home", ""), temporaryFiles());
  }

  static Path ours(UnaryOperator<String> variables, String home, Path temporaryFiles)
      throws IOException {
    Optional<Path> named = folder(variables.apply("ALLAPRIMA_CACHE"));
    if (named.isPresent()) {
      return named.get();
    }
    Optional<Path> usual =
        folder(variables.apply("XDG_CACHE_HOME"))
            .or(() -> home(home).map(folder -> folder.resolve(".cache")))
            .map(folder -> folder.resolve("allaprima"))
            .filter(Caches::canWrite);
    return usual.isPresent() ? usual.get() : ofThisUser(temporaryFiles);
  }

  /** JavaCPP takes a home that Java does not know, "?", for a folder's name. */
  static void prepareJavaCpp() {
    if (home(System.getProperty("user.home", "")).isEmpty()
        && System.getProperty(JAVACPP) == null) {
      try {
        System.setProperty(JAVACPP, ofThisUser(temporaryFiles()).resolve("javacpp").toString());
      } catch (IOException e) {
        // JavaCPP says what it cannot write to.
      }
    }
  }

  private static Path temporaryFiles() {
    return Path.of(System.getProperty("java.io.tmpdir"));
  }

  private static Optional<Path> home(String home) {
    return home.startsWith("/") ? folder(home) : Optional.empty();
  }

  private static Optional<Path> folder(String path) {
    return Optional.ofNullable(path).filter(p -> !p.isEmpty()).map(Path::of);
  }

  private static boolean canWrite(Path folder) {
    try {
      return Files.isWritable(Files.createDirectories(folder));
    } catch (IOException e) {
      return false;
    }
  }

  /** Only ours: whoever could write there could put other weights and libraries in. */
  private static Path ofThisUser(Path temporaryFiles) throws IOException {
    String user = System.getProperty("user.name", "").replaceAll("[^A-Za-z0-9._-]", "_");
    Path folder = temporaryFiles.resolve("allaprima-" + user);
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
