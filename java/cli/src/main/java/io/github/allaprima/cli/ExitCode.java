package io.github.allaprima.cli;

import io.github.allaprima.AllaPrimaException;
import io.github.allaprima.ErrorCode;
import io.github.allaprima.NativeLibraryException;
import io.github.allaprima.internal.JsonText;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

  static final String DOCTOR = "See what is missing: allaprima doctor";

  /** What --help says of them. */
  static final Map<String, String> TEXTS = new LinkedHashMap<>();

  static {
    TEXTS.put("0", "done");
    TEXTS.put("1", "failure");
    TEXTS.put("2", "bad input: flags, files, a model or a device that cannot be used");
    TEXTS.put("3", "out of memory");
    TEXTS.put("130", "cancelled by Ctrl-C; no half file is left");
  }

  private ExitCode() {}

  static int ofBadUsage(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    command.getErr().println("error: " + e.getMessage());
    command.getErr().println("See " + command.getCommandSpec().qualifiedName() + " --help.");
    if (List.of(args).contains(JsonFlag.NAME)) {
      print(command, error(ErrorCode.INVALID_ARGUMENT, BAD_INPUT, e.getMessage()), Map.of());
    }
    return BAD_INPUT;
  }

  static int ofFailure(Exception e, CommandLine command, ParseResult parsed) {
    int code = of(e);
    if (code == CANCELLED) {
      command.getErr().println("cancelled");
    } else if (e instanceof AllaPrimaException || e instanceof IllegalArgumentException) {
      command.getErr().println("error: " + e.getMessage());
      if (e instanceof NativeLibraryException) {
        command.getErr().println(DOCTOR);
      }
    } else {
      command.getErr().println("error: this is a defect of allaprima, please report it:");
      e.printStackTrace(command.getErr());
    }
    if (parsed.expandedArgs().contains(JsonFlag.NAME)) {
      print(command, error(codeOf(e), code, String.valueOf(e.getMessage())), documentOf(command));
    }
    return code;
  }

  /** The heap is what is missing: nothing is built that can be done without. */
  static int ofOutOfMemory(OutOfMemoryError e, String[] args) {
    System.err.println("error: the Java heap is too small: " + e.getMessage());
    if (List.of(args).contains(JsonFlag.NAME)) {
      System.out.println(
          "{\"error\":{\"code\":\"OUT_OF_MEMORY\",\"exit_code\":3,\"message\":\"Java heap\"}}");
    }
    return OUT_OF_MEMORY;
  }

  /** What went wrong, for programs, and what was done before. */
  private static void print(CommandLine command, Object error, Map<String, Object> done) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("error", error);
    document.putAll(done);
    command.getOut().println(JsonText.of(document));
    command.getOut().flush();
  }

  private static Map<String, Object> error(ErrorCode code, int exitCode, String message) {
    Map<String, Object> error = new LinkedHashMap<>();
    error.put("code", code.name());
    error.put("exit_code", exitCode);
    error.put("message", message);
    return error;
  }

  private static Map<String, Object> documentOf(CommandLine command) {
    return command.getCommand() instanceof Documented documented ? documented.document() : Map.of();
  }

  private static ErrorCode codeOf(Exception e) {
    if (e instanceof AllaPrimaException failure) {
      return failure.code();
    }
    return e instanceof IllegalArgumentException ? ErrorCode.INVALID_ARGUMENT : ErrorCode.INTERNAL;
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
