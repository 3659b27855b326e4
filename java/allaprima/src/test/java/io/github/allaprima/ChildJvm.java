package io.github.allaprima;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Runs a main class in another process and returns what it printed. */
final class ChildJvm {
  private ChildJvm() {}

  static String run(String classPath, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                classPath));
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    // Java announces the options that it takes from the environment.
    return output
        .lines()
        .filter(line -> !line.startsWith("Picked up "))
        .collect(Collectors.joining("\n"));
  }
}
