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

  /** Which of our native jars goes with it. */
  Jar ours();

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
      return Jar.ALLAPRIMA_GPU.isPresent() ? new InGpuJars() : new InJars();
    }
    return InFolder.named(path, named ? "system property " + PROPERTY : "variable " + VARIABLE);
  }

  /** What libtorch's matrix products on the processor need, in the order of need. */
  List<String> OPENBLAS = List.of("libquadmath.so.0", "libgfortran.so.5", "libopenblas.so.0");

  private static void load(Jar jar, List<String> libraries) {
    libraries.forEach(library -> NativeFile.in(jar, library).loadShared());
  }

  /** In the jars of org.bytedeco. */
  record InJars() implements Libtorch {
    private static final List<String> LIBRARIES =
        List.of("libgomp.so.1", "libc10.so", "libtorch_cpu.so");

    @Override
    public List<Jar> jars() {
      return List.of(Jar.PYTORCH, Jar.OPENBLAS);
    }

    @Override
    public Jar ours() {
      return Jar.ALLAPRIMA;
    }

    @Override
    public void load() {
      Libtorch.load(Jar.OPENBLAS, OPENBLAS);
      Libtorch.load(Jar.PYTORCH, LIBRARIES);
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

  /** The build for NVIDIA's cards, in the jars of org.bytedeco. */
  record InGpuJars() implements Libtorch {
    private static final List<String> LIBRARIES =
        List.of(
            "libgomp.so.1", "libc10.so", "libc10_cuda.so", "libtorch_cpu.so", "libtorch_cuda.so");

    /**
     * NVIDIA's, in the order of need. Those that no jar holds are left to the system, which finds
     * them in an installed CUDA or says which is missing. cuDNN opens its parts by name.
     */
    private static final List<String> NVIDIA =
        List.of(
            "libcudart.so.13",
            "libnvJitLink.so.13",
            "libcublasLt.so.13",
            "libcublas.so.13",
            "libcufft.so.12",
            "libcurand.so.10",
            "libcusparse.so.12",
            "libcusolver.so.12",
            "libcupti.so.13",
            "libnvrtc-builtins.so.13.3",
            "libnvrtc.so.13",
            "libcufile.so.0",
            "libnccl.so.2",
            "libcudnn.so.9",
            "libcudnn_graph.so.9",
            "libcudnn_ops.so.9",
            "libcudnn_cnn.so.9",
            "libcudnn_adv.so.9",
            "libcudnn_engines_precompiled.so.9",
            "libcudnn_engines_runtime_compiled.so.9",
            "libcudnn_heuristic.so.9");

    @Override
    public List<Jar> jars() {
      return List.of(Jar.PYTORCH_GPU, Jar.OPENBLAS);
    }

    @Override
    public Jar ours() {
      return Jar.ALLAPRIMA_GPU;
    }

    @Override
    public void load() {
      Libtorch.load(Jar.OPENBLAS, OPENBLAS);
      Libtorch.load(
          Jar.CUDA, NVIDIA.stream().filter(file -> Jar.CUDA.find(file).isPresent()).toList());
      Libtorch.load(Jar.PYTORCH_GPU, LIBRARIES);
    }

    @Override
    public Optional<String> version() {
      return Optional.empty();
    }

    @Override
    public String toString() {
      return "org.bytedeco's jars for GPUs";
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

    @Override
    public Jar ours() {
      boolean gpu = Jar.ALLAPRIMA_GPU.isPresent();
      if (gpu && !Files.exists(cuda()) && !Jar.ALLAPRIMA.isPresent()) {
        throw LoadFailure.ofNoCuda(this);
      }
      return gpu && Files.exists(cuda()) ? Jar.ALLAPRIMA_GPU : Jar.ALLAPRIMA;
    }

    private Path cuda() {
      return folder.resolve("libtorch_cuda.so");
    }

    /** libtorch says itself where the libraries are that it needs. */
    @Override
    public void load() {
      new NativeFile(folder.resolve("libtorch_cpu.so")).loadShared();
      if (Files.exists(cuda())) {
        new NativeFile(cuda()).loadShared(); // registers the operators for GPUs
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
