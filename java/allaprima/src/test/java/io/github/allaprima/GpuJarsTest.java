package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The libraries for GPUs where there is no driver, with NVIDIA's libraries as the native build
 * stands in for them. {@code ./check --cuda} builds what this needs.
 */
@Tag("native")
@Timeout(120)
class GpuJarsTest {
  private static final Path BUILD = Path.of(System.getProperty("allaprima.native.gpu.build"));
  private static final Path LIBRARIES = BUILD.resolve("lib");
  private static final String NO_DRIVER =
      "the NVIDIA driver's library does not load (libcuda.so.1: cannot open shared object file";

  @TempDir Path folder;

  /** Runs in the other process: opens the model there and tells where it is. */
  static final class Main {
    public static void main(String[] args) {
      Device device = args[0].equals("auto") ? Device.auto() : Device.cuda(0);
      try (Pipeline pipeline =
          Pipeline.builder().model(Path.of(args[1])).device(device).fp32().build()) {
        PipelineInfo info = pipeline.info();
        System.out.println(info.device() + ": " + info.deviceReason());
        System.out.println(Drawing.loaded("libtorch_cuda.so"));
      } catch (AllaPrimaException e) {
        System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
      }
    }
  }

  @BeforeEach
  void builtForGpusOnAMachineWithout() throws IOException {
    assumeTrue(Boolean.getBoolean("allaprima.tests.gpu"), "not built with -Pgpu");
    assumeTrue(Files.notExists(Path.of("/proc/driver/nvidia")), "a driver is here");
    link("io/github/allaprima/internal/linux-x86_64-gpu", LIBRARIES);
    link("org/bytedeco/pytorch/linux-x86_64-gpu", LIBRARIES);
    standIns();
  }

  @Test
  void auto_is_the_processor_and_says_why() throws Exception {
    String output = open("auto");
    assertTrue(output.startsWith("cpu: " + NO_DRIVER), output);
    assertTrue(
        output.endsWith("[" + LIBRARIES.resolve("libtorch_cuda.so").toRealPath() + "]"), output);
  }

  @Test
  void cuda_is_refused_with_the_reason() throws Exception {
    String output = open("cuda");
    assertTrue(
        output.startsWith("AllaPrimaException: device cuda:0 was asked for, but " + NO_DRIVER),
        output);
  }

  @Test
  void a_library_of_nvidia_that_is_nowhere_is_named() throws Exception {
    Files.delete(folder.resolve("org/bytedeco/cuda/linux-x86_64/libcublas.so.13"));
    String output = open("auto");
    assertTrue(
        output.startsWith("NativeLibraryException: libtorch_cuda.so could not be loaded: "),
        output);
    assertTrue(
        output.contains(
            "libcublas.so.13: cannot open shared object file: No such file or directory; NVIDIA's"
                + " libraries come with org.bytedeco:cuda:linux-x86_64-redist"),
        output);
  }

  @Test
  void a_library_of_nvidia_that_does_not_load_is_named() throws Exception {
    Path library = folder.resolve("org/bytedeco/cuda/linux-x86_64/libcudnn.so.9");
    Files.delete(library);
    Files.writeString(library, "no library");
    String output = open("auto");
    assertTrue(
        output.contains("NativeLibraryException: libcudnn.so.9 could not be loaded: "), output);
    assertTrue(output.contains("too short"), output);
  }

  @Test
  void libtorch_for_gpus_is_missed_even_where_the_other_is() throws Exception {
    Files.delete(folder.resolve("org/bytedeco/pytorch/linux-x86_64-gpu"));
    String output = open("auto");
    assertTrue(output.contains("path: org.bytedeco:pytorch:linux-x86_64-gpu. Add"), output);
    assertTrue(output.contains("io.github.allaprima:allaprima-platform-gpu:0."), output);
  }

  @Test
  void a_libtorch_without_cuda_is_refused_by_name() throws Exception {
    Path other = Files.createDirectories(folder.resolve("torch/lib"));
    Files.writeString(other.resolve("libtorch_cpu.so"), "");
    String output = open("auto", "-Dallaprima.torch=" + other);
    assertEquals(
        "NativeLibraryException: libtorch in %s is built without CUDA (no libtorch_cuda.so), and only io.github.allaprima:allaprima:linux-x86_64-gpu is there, which needs it. Name a libtorch with CUDA, or add io.github.allaprima:allaprima:linux-x86_64."
            .formatted(other),
        output);
  }

  /** Links, so that a test can take one away. */
  private void standIns() throws IOException {
    Path nvidia = Files.createDirectories(folder.resolve("org/bytedeco/cuda/linux-x86_64"));
    try (Stream<Path> libraries = Files.list(BUILD.resolve("stand_ins"))) {
      for (Path library : libraries.toList()) {
        Files.createSymbolicLink(nvidia.resolve(library.getFileName()), library);
      }
    }
  }

  private void link(String name, Path target) throws IOException {
    Path link = folder.resolve(name);
    Files.createDirectories(link.getParent());
    Files.createSymbolicLink(link, target);
  }

  private String open(String device, String... options) throws Exception {
    String classPath =
        ClassPaths.join(folder.toString(), ClassPaths.without("natives", "pytorch-"));
    List<String> arguments =
        Stream.concat(
                Stream.of(options),
                Stream.of(Main.class.getName(), device, Repository.TINY_MODEL.toString()))
            .toList();
    return ChildJvm.run(classPath, arguments);
  }
}
