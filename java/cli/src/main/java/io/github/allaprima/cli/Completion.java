package io.github.allaprima.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints a script that makes a shell complete commands and flags. */
@Command(
    name = "completion",
    description = {
      "Prints a script that completes commands and flags in bash or zsh.",
      "In ~/.bashrc or ~/.zshrc: source <(allaprima completion bash)"
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class Completion implements Callable<Integer> {
  enum Shell {
    BASH,
    ZSH;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Spec private CommandSpec command;

  @Parameters(paramLabel = "SHELL", description = "One of: ${COMPLETION-CANDIDATES}.")
  private Shell shell;

  @Mixin private JsonFlag output;

  @Override
  public Integer call() {
    // One script serves both: in zsh it loads zsh's own support of bash's completion.
    String script = AutoComplete.bash("allaprima", command.root().commandLine());
    output.line(script);
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("shell", shell.toString());
    document.put("script", script);
    output.document(document);
    return 0;
  }
}
