package io.github.allaprima.cli;

import io.github.allaprima.SystemInfo;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The program {@code allaprima}. */
@Command(
    name = "allaprima",
    description = "Text to pictures with Stable Diffusion XL.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {Generate.class, Gallery.class, Info.class},
    synopsisSubcommandLabel = "COMMAND")
public final class Main {
  private Main() {}

  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler(ExitCode::ofBadUsage)
        .setExecutionExceptionHandler(ExitCode::ofFailure);
  }

  /** Runs a command and exits with its {@link ExitCode}. */
  public static void main(String[] args) {
    if (args.length > 1 && (args[0].equals("generate") || args[0].equals("gallery"))) {
      loadAhead();
    }
    Interrupt.install();
    int code;
    try {
      code = commandLine().execute(args);
    } catch (OutOfMemoryError e) {
      System.err.println("error: the Java heap is too small: " + e.getMessage());
      code = ExitCode.OUT_OF_MEMORY;
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
