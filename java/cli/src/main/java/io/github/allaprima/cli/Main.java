package io.github.allaprima.cli;

import io.github.allaprima.SystemInfo;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.UsageMessageSpec;

/** The program {@code allaprima}. */
@Command(
    name = "allaprima",
    description = {
      "Text to pictures with Stable Diffusion XL.",
      "Each command has a --help of its own. Where something does not work: allaprima doctor."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {
      Generate.class,
      Gallery.class,
      PlanCommand.class,
      Inspect.class,
      Doctor.class,
      Info.class,
      Completion.class
    },
    synopsisSubcommandLabel = "COMMAND")
public final class Main {
  private Main() {}

  static CommandLine commandLine() {
    CommandLine program =
        new CommandLine(new Main())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setParameterExceptionHandler(ExitCode::ofBadUsage)
            .setExecutionExceptionHandler(ExitCode::ofFailure);
    explainExitCodes(program);
    program.getSubcommands().values().forEach(Main::explainExitCodes);
    return program;
  }

  /** Where a command does not explain its own. */
  private static void explainExitCodes(CommandLine command) {
    UsageMessageSpec usage = command.getCommandSpec().usageMessage();
    if (usage.exitCodeList().isEmpty()) {
      usage.exitCodeListHeading("%nExit codes:%n").exitCodeList(ExitCode.TEXTS);
    }
  }

  /** Runs a command and exits with its {@link ExitCode}. */
  public static void main(String[] args) {
    if (args.length > 1 && List.of("generate", "gallery", "plan").contains(args[0])) {
      loadAhead();
    }
    Interrupt.install();
    int code;
    try {
      code = commandLine().execute(args);
    } catch (OutOfMemoryError e) {
      code = ExitCode.ofOutOfMemory(e, args);
    } catch (LinkageError e) {
      System.err.println("error: the jars are not of one version: " + e + "\n" + ExitCode.DOCTOR);
      code = ExitCode.FAILURE;
    } finally {
      Interrupt.finished();
    }
    System.exit(code);
  }

  /** Loading libtorch takes as long as reading the arguments: both at a time. */
  private static void loadAhead() {
    Thread thread = new Thread(Main::loadNativeLibraries, "load-ahead");
    thread.setDaemon(true);
    thread.start();
  }

  private static void loadNativeLibraries() {
    try {
      SystemInfo.get();
    } catch (RuntimeException e) {
      // Whoever needs the libraries gets the same failure, and reports it.
    }
  }
}
