package io.github.allaprima;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/** Our native libraries as the jar that the build makes of them after the tests. */
final class NativesJar {
  private NativesJar() {}

  static Path of(Path natives, Path jar) throws IOException {
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    attributes.putValue("Automatic-Module-Name", "io.github.allaprima.linux.x86_64");
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream output = new JarOutputStream(file, manifest);
        Stream<Path> libraries = Files.walk(natives)) {
      for (Path library : libraries.filter(Files::isRegularFile).toList()) {
        output.putNextEntry(new JarEntry(natives.relativize(library).toString()));
        Files.copy(library, output);
      }
    }
    return jar;
  }
}
