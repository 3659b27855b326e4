package io.github.allaprima.internal;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.allaprima.NativeLibraryException;
import org.junit.jupiter.api.Test;

class NativeLibraryTest {
  @Test
  void names_the_platform_that_it_runs_on() {
    NativeLibraryException e =
        assertThrows(
            NativeLibraryException.class, () -> NativeLibrary.checkPlatform("Mac OS X", "aarch64"));
    assertEquals(
        "Alla Prima runs on Linux x86-64 with glibc 2.35 or later; this Java runs on Mac OS X"
            + " aarch64.",
        e.getMessage());
    assertDoesNotThrow(() -> NativeLibrary.checkPlatform("Linux", "amd64"));
  }
}
