package io.github.allaprima.cli;

import io.github.allaprima.internal.JsonText;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Where results go: text for people, or one JSON document. */
class JsonFlag {
  static final String NAME = "--json";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = NAME,
      description = "Print one JSON document on standard output; all else goes to standard error.")
  private boolean json;

  boolean isJson() {
    return json;
  }

  /** A line of the result, for people. */
  void line(String text) {
    if (!json) {
      command.commandLine().getOut().println(text);
      command.commandLine().getOut().flush();
    }
  }

  /** The result, for programs; once. */
  void document(Object document) {
    if (json) {
      command.commandLine().getOut().println(JsonText.of(document));
      command.commandLine().getOut().flush();
    }
  }

  /** Something that the user may want to know. */
  void note(String text) {
    tell(text);
  }

  /** A line on standard error. */
  void tell(String text) {
    command.commandLine().getErr().println(text);
    command.commandLine().getErr().flush();
  }
}
