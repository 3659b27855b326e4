package io.github.allaprima.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.NativeLibraryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibtorchTest {
  @TempDir Path folder;

  private Path torch() throws IOException {
    Path lib = Files.createDirectories(folder.resolve("torch/lib"));
    Files.writeString(lib.resolve("libtorch_cpu.so"), "");
    return lib;
  }

  @Test
  void comes_from_the_jars_when_nothing_is_named() {
    assertEquals(new Libtorch.InJars(), Libtorch.chosen(null, null));
    assertEquals(new Libtorch.InJars(), Libtorch.chosen("", ""));
  }

  @Test
  void the_property_goes_before_the_variable() throws IOException {
    assertEquals(
        new Libtorch.InFolder(torch()), Libtorch.chosen(torch().toString(), "/no such folder"));
    assertEquals(new Libtorch.InFolder(torch()), Libtorch.chosen("", torch().toString()));
  }

  @Test
  void what_named_a_wrong_folder_is_said() {
    NativeLibraryException e =
        assertThrows(NativeLibraryException.class, () -> Libtorch.chosen(null, "/no such folder"));
    assertTrue(e.getMessage().startsWith("variable ALLAPRIMA_TORCH is /no such folder: "));
    assertTrue(e.getMessage().contains("torch/lib of a pip-installed torch 2.13.0"));
  }

  @Test
  void its_version_is_read_from_what_pip_and_the_zip_put_there() throws IOException {
    Libtorch libtorch = Libtorch.chosen(torch().toString(), null);
    assertEquals(Optional.empty(), libtorch.version());
    Files.writeString(folder.resolve("torch/build-version"), "2.12.0+cpu\n");
    assertEquals(Optional.of("2.12.0+cpu"), libtorch.version());
    Files.writeString(
        folder.resolve("torch/version.py"), "debug = False\n__version__ = '2.13.0+cu130'\n");
    assertEquals(Optional.of("2.13.0+cu130"), libtorch.version());
  }
}
