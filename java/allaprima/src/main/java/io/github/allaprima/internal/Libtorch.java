package io.github.allaprima.internal;

import io.github.allaprima.NativeLibraryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where libtorch comes from: bytedeco's jars, or a folder that the user names. */
sealed interface Libtorch {
  /** System property that names the folder. */
  String PROPERTY = "allaprima.torch";

  /** Environment variable that does the same; the property goes before it. */
  String VARIABLE = "ALLAPRIMA_TORCH";

  /** The jars that must be there. */
  List<Jar> jars();

  /** Loads it with all that it needs. */
  void load();

  /** Its version as far as files tell it. */
  Optional<String> version();

  /** What a user chose, or the jars. */
  static Libtorch chosen() {
    return chosen(System.getProperty(PROPERTY), System.getenv(VARIABLE));
  }

  /** Null and "" mean that nothing was chosen. */
  static Libtorch chosen(String property, String variable) {
    boolean named = property != null && !property.isEmpty();
    String path = named ? property : variable;
    if (path == null || path.isEmpty()) {
      return new InJars();
    }
    return InFolder.named(path, named ? "system property " + PROPERTY : "variable " + VARIABLE);
  }

  /** In the jars of org.bytedeco. */
  record InJars() implements Libtorch {
    private record Library(Jar jar, String file) {}

    /** What {@code libtorch_cpu.so} needs, in the order of need. */
    private static final List<Library> LIBRARIES =
        List.of(
            new Library(Jar.OPENBLAS, "libquadmath.so.0"),
            new Library(Jar.OPENBLAS, "libgfortran.so.5"),
            new Library(Jar.OPENBLAS, "libopenblas.so.0"),
            new Library(Jar.PYTORCH, "libgomp.so.1"),
            new Library(Jar.PYTORCH, "libc10.so"),
            new Library(Jar.PYTORCH, "libtorch_cpu.so"));

    @Override
    public List<Jar> jars() {
      return List.of(Jar.PYTORCH, Jar.OPENBLAS);
    }

    @Override
    public void load() {
      for (Library library : LIBRARIES) {
        NativeFile.in(library.jar, library.file).loadShared();
      }
    }

    @Override
    public Optional<String> version() {
      return Optional.empty();
    }

    @Override
    public String toString() {
      return "org.bytedeco's jars";
    }
  }

  /** In a folder such as {@code torch/lib} of a pip-installed torch. */
  record InFolder(Path folder) implements Libtorch {
    private static final Pattern VERSION_PY = Pattern.compile("__version__ *= *'([^']*)'");

    static InFolder named(String path, String source) {
      Path folder;
      try {
        folder = Path.of(path).toAbsolutePath();
      } catch (InvalidPathException e) {
        throw new NativeLibraryException(
            source + " names no folder that this system can have: " + e.getMessage(), e);
      }
      if (!Files.isRegularFile(folder.resolve("libtorch_cpu.so"))) {
        throw new NativeLibraryException(
            ("%s is %s: there is no libtorch_cpu.so. It must be the folder that holds it, as"
                    + " torch/lib of a pip-installed torch %s; without it, libtorch comes from"
                    + " org.bytedeco's jars.")
                .formatted(source, folder, NativeLibrary.libtorchVersion()),
            null);
      }
      return new InFolder(folder);
    }

    @Override
    public List<Jar> jars() {
      return List.of();
    }

    /** libtorch says itself where the libraries are that it needs. */
    @Override
    public void load() {
      new NativeFile(folder.resolve("libtorch_cpu.so")).loadShared();
      Path cuda = folder.resolve("libtorch_cuda.so");
      if (Files.exists(cuda)) {
        new NativeFile(cuda).loadShared(); // registers the operators for GPUs
      }
    }

    /** pip's torch has {@code version.py}, the zip of libtorch {@code build-version}. */
    @Override
    public Optional<String> version() {
      Matcher python = VERSION_PY.matcher(text("version.py"));
      if (python.find()) {
        return Optional.of(python.group(1));
      }
      return Optional.of(text("build-version").strip()).filter(version -> !version.isEmpty());
    }

    private String text(String file) {
      try {
        return Files.readString(folder.resolveSibling(file));
      } catch (IOException e) {
        return "";
      }
    }

    @Override
    public String toString() {
      return folder.toString();
    }
  }
}
