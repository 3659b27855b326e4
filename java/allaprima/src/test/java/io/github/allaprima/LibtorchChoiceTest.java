package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** libtorch from a folder in place of the jars, each time in another process. */
@NativeTest
@Timeout(240)
class LibtorchChoiceTest {
  private static final Path BUILD = Path.of(System.getProperty("allaprima.native.build"));

  /** The unpacked jars, which the native build links with. */
  private static final Path UNPACKED = BUILD.resolve("lib");

  /** The build makes it: a library without content beside a version.py. */
  private static final Path OTHER = BUILD.resolve("other_torch/lib");

  @TempDir Path folder;

  @Test
  void a_property_names_the_folder() throws Exception {
    assertDrawnWith(UNPACKED, draw(Map.of(), jarsOfBytedecoLeftOut(), torch(UNPACKED)));
  }

  @Test
  void a_variable_names_the_folder_and_jars_are_left_alone() throws Exception {
    assertDrawnWith(
        UNPACKED,
        draw(Map.of("ALLAPRIMA_TORCH", UNPACKED.toString()), ClassPaths.all(), List.of()));
  }

  @Test
  void the_torch_of_a_pip_install_draws() throws Exception {
    String pip = System.getProperty("allaprima.tests.torch", "");
    assumeFalse(pip.isEmpty(), "no -Dallaprima.tests.torch=…/torch/lib");
    String output = draw(Map.of(), jarsOfBytedecoLeftOut(), List.of("-Dallaprima.torch=" + pip));
    assertTrue(output.startsWith("drawn "), output);
    assertLoaded("libtorch_cpu.so", Path.of(pip), output);
  }

  @Test
  void another_version_is_refused_and_both_are_named() throws Exception {
    String output = draw(Map.of(), ClassPaths.all(), torch(OTHER));
    assertTrue(
        output.startsWith(
            "NativeLibraryException: libtorch in %s is 2.12.1+cpu, this library was built for 2.13.0"
                .formatted(OTHER)),
        output);
  }

  @Test
  void a_folder_without_libtorch_is_refused() throws Exception {
    String output = draw(Map.of(), ClassPaths.all(), torch(folder));
    assertTrue(
        output.contains(
            "system property allaprima.torch is " + folder + ": there is no libtorch_cpu.so"),
        output);
  }

  @Test
  void cuda_libraries_that_do_not_load_are_an_error() throws Exception {
    Files.createSymbolicLink(
        folder.resolve("libtorch_cpu.so"), UNPACKED.resolve("libtorch_cpu.so"));
    Files.writeString(folder.resolve("libtorch_cuda.so"), "no library");
    assertRefused("libtorch_cuda.so", draw(Map.of(), ClassPaths.all(), torch(folder)));
  }

  @Test
  void a_library_of_the_jars_that_does_not_load_is_an_error() throws Exception {
    for (String library : List.of("libquadmath.so.0", "libgomp.so.1", "libc10.so")) {
      String jar = library.equals("libquadmath.so.0") ? "openblas" : "pytorch";
      Path broken = folder.resolve(library).resolve("org/bytedeco/" + jar + "/linux-x86_64");
      Files.createDirectories(broken);
      Files.writeString(broken.resolve(library), "no library");
      String classPath = ClassPaths.join(folder.resolve(library).toString(), ClassPaths.all());
      assertRefused(library, draw(Map.of(), classPath, List.of()));
    }
  }

  private static void assertRefused(String library, String output) {
    assertTrue(
        output.contains("NativeLibraryException: " + library + " could not be loaded: "), output);
    assertTrue(output.contains("too short"), output);
  }

  private static void assertDrawnWith(Path torch, String output) throws Exception {
    String expected = Drawing.expected();
    assertEquals(expected, output.lines().findFirst().orElse(""), output);
    assertLoaded("libtorch_cpu.so", torch, output);
  }

  /** Exactly one in the process, from that folder. */
  private static void assertLoaded(String library, Path torch, String output) throws IOException {
    String expected = library + " [" + torch.resolve(library).toRealPath() + "]";
    assertTrue(output.lines().anyMatch(expected::equals), expected + " is not in: " + output);
  }

  private static String jarsOfBytedecoLeftOut() {
    return ClassPaths.without("pytorch-", "openblas-");
  }

  private static List<String> torch(Path folder) {
    return List.of("-Dallaprima.torch=" + folder);
  }

  private static String draw(
      Map<String, String> environment, String classPath, List<String> options)
      throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(options);
    arguments.add(Drawing.class.getName());
    arguments.add(Repository.TINY_MODEL.toString());
    return ChildJvm.run(environment, classPath, arguments);
  }
}
