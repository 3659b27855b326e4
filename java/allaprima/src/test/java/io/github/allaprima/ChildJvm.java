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
    return run(classPath, Map.of(), arguments);
  }

  /** With these variables, and without those whose value is "". */
  static String run(String classPath, Map<String, String> variables, List<String> arguments)
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
    variables.forEach(
        (name, value) -> {
          if (value.isEmpty()) {
            builder.environment().remove(name);
          } else {
            builder.environment().put(name, value);
          }
        });
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
