package io.github.allaprima.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What a user reads, from what the system says. */
class LoadFailureTest {
  private static final Path LIBRARY = Path.of("/cache/libtorch_cpu.so");

  private static String message(String reason) {
    return LoadFailure.of(LIBRARY, new UnsatisfiedLinkError(LIBRARY + ": " + reason)).getMessage();
  }

  @Test
  void an_older_glibc_is_told_from_a_broken_file() {
    String reason =
        "/lib64/libm.so.6: version `GLIBC_2.35' not found (required by " + LIBRARY + ")";
    assertEquals(
        "Alla Prima runs on Linux x86-64 with glibc 2.35 or later, and the C library here is"
            + " another: /cache/libtorch_cpu.so: "
            + reason,
        message(reason));
  }

  @Test
  void an_older_libstdcpp_and_musl_are_of_that_kind() {
    for (String reason :
        new String[] {
          "/lib64/libstdc++.so.6: version `GLIBCXX_3.4.30' not found",
          "Error loading shared library libc.musl-x86_64.so.1",
        }) {
      assertTrue(message(reason).startsWith(LoadFailure.SUPPORTED), message(reason));
    }
  }

  @Test
  void a_folder_without_programs_has_its_option_named() {
    String message = message("failed to map segment from shared object");
    assertTrue(message.startsWith("libtorch_cpu.so could not be loaded: "), message);
    assertTrue(message.contains("-Dorg.bytedeco.javacpp.cachedir=DIR"), message);
  }

  @Test
  void a_path_that_is_said_twice_is_kept_once() {
    assertEquals(
        "libtorch_cpu.so could not be loaded: /cache/libtorch_cpu.so: file too short",
        message(LIBRARY + ": file too short"));
  }

  @Test
  void a_library_of_nvidia_that_is_missing_has_its_jars_named() {
    for (String library : new String[] {"libcudnn.so.9", "libnccl.so.2", "libnvrtc.so.13"}) {
      String reason = library + ": cannot open shared object file: No such file or directory";
      String message = message(reason);
      assertTrue(message.startsWith("libtorch_cpu.so could not be loaded: "), message);
      assertTrue(message.contains(reason), message);
      assertTrue(message.contains("org.bytedeco:cuda:linux-x86_64-redist"), message);
    }
    String other = message("libgomp.so.1: cannot open shared object file");
    assertTrue(!other.contains("NVIDIA"), other);
  }
}
