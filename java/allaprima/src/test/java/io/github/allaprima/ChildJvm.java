package io.github.allaprima;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Runs a main class in another process and returns what it printed. */
final class ChildJvm {
  private ChildJvm() {}

  static String run(String classPath, List<String> arguments)
      throws IOException, InterruptedException {
    return run(Map.of(), classPath, arguments);
  }

  /** With other variables in its environment; "" takes one out. */
  static String run(Map<String, String> environment, String classPath, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                classPath));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    builder.environment().values().removeIf(String::isEmpty);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    // Java announces the options that it takes from the environment.
    return output
        .lines()
        .filter(line -> !line.startsWith("Picked up "))
        .collect(Collectors.joining("\n"));
  }
}
