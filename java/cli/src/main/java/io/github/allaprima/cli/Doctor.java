package io.github.allaprima.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Says whether pictures can be made here, what is missing and how to get it. */
@Command(
    name = "doctor",
    description = {
      "Says whether pictures can be made here, what is missing and how to get it.",
      "Each line is ok, warn (it works, but) or fail. Draws a small picture to be sure."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:pictures can be made on the CPU", "1:they cannot", "2:bad input"})
final class Doctor implements Callable<Integer> {
  @Mixin private JsonFlag output;

  @Override
  public Integer call() {
    List<Check> checks = new ArrayList<>(MachineChecks.all());
    checks.addAll(new LibraryChecks().all());
    // The picture, the last, is the proof; where it was not tried, the rest must do.
    boolean drawn = checks.get(checks.size() - 1).state() == Check.State.OK;
    boolean works = drawn || checks.stream().noneMatch(c -> c.state() == Check.State.FAIL);
    for (Check check : checks) {
      output.line("%-5s %-15s %s".formatted(check.state(), check.name(), check.detail()));
      if (!check.advice().isEmpty()) {
        output.line("%-21s -> %s".formatted("", check.advice()));
      }
    }
    output.line(
        works
            ? "Pictures can be made here."
            : "Pictures cannot be made here: see the lines that begin with fail.");
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("works", works);
    document.put("checks", checks.stream().map(Check::fields).toList());
    output.document(document);
    return works ? 0 : ExitCode.FAILURE;
  }
}
