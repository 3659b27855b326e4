package io.github.allaprima.cli;

import io.github.allaprima.AllaPrimaException;
import io.github.allaprima.NativeLibraryException;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Exit codes, and the one sentence that goes with each. */
final class ExitCode {
  static final int FAILURE = 1;
  static final int BAD_INPUT = 2;
  static final int OUT_OF_MEMORY = 3;

  /** 128 and the number of SIGINT, as a shell has it. */
  static final int CANCELLED = 130;

  private ExitCode() {}

  static int ofBadUsage(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    command.getErr().println("error: " + e.getMessage());
    command.getErr().println("See " + command.getCommandSpec().qualifiedName() + " --help.");
    return BAD_INPUT;
  }

  static int ofFailure(Exception e, CommandLine command, ParseResult parsed) {
    int code = of(e);
    if (code == CANCELLED) {
      command.getErr().println("cancelled");
    } else if (e instanceof AllaPrimaException || e instanceof IllegalArgumentException) {
      command.getErr().println("error: " + e.getMessage());
    } else {
      command.getErr().println("error: this is a defect of allaprima, please report it:");
      e.printStackTrace(command.getErr());
    }
    return code;
  }

  private static int of(Exception e) {
    if (e instanceof AllaPrimaException failure && !(e instanceof NativeLibraryException)) {
      return switch (failure.code()) {
        case INVALID_ARGUMENT, INVALID_MODEL, UNAVAILABLE, IO -> BAD_INPUT;
        case OUT_OF_MEMORY -> OUT_OF_MEMORY;
        case CANCELLED -> CANCELLED;
        case NOT_FINITE, BUFFER_TOO_SMALL, INTERNAL, QUEUE_FULL -> FAILURE;
      };
    }
    return e instanceof IllegalArgumentException ? BAD_INPUT : FAILURE;
  }
}
