package io.github.allaprima.cli;

import io.github.allaprima.SystemInfo;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints what this machine and build can do. */
@Command(
    name = "info",
    description = {
      "Prints version, libtorch, processor and CUDA as JSON.",
      "doctor says more, to people, and also where the library cannot be loaded."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class Info implements Callable<Integer> {
  @Spec private CommandSpec command;

  @Option(names = JsonFlag.NAME, description = "Print JSON, as without it.")
  private boolean json;

  @Override
  public Integer call() {
    command.commandLine().getOut().println(SystemInfo.get().json());
    return 0;
  }
}
