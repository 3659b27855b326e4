package io.github.allaprima.cli;

import io.github.allaprima.Progress;
import io.github.allaprima.Step;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/** One line on a terminal that follows the work; nothing where there is no terminal. */
final class ProgressBar implements Progress {
  private static final int WIDTH = 30;
  private static final String START_OF_LINE = "\r\033[K";

  private final PrintStream terminal;
  private final boolean visible;
  private Duration first = Duration.ZERO;

  ProgressBar(PrintStream terminal, boolean visible) {
    this.terminal = terminal;
    this.visible = visible;
  }

  /** The launcher knows whether standard error is a terminal; Java alone can only guess. */
  static ProgressBar onStandardError() {
    String told = System.getProperty("allaprima.terminal");
    boolean visible = told == null ? System.console() != null : Boolean.parseBoolean(told);
    return new ProgressBar(System.err, visible);
  }

  void say(String text) {
    if (visible) {
      terminal.print(START_OF_LINE + text);
      terminal.flush();
    }
  }

  @Override
  public void onStep(Step step) {
    if (step.completed() == 1) {
      first = step.elapsed();
    }
    say(line(step, first));
    if (step.completed() == step.total()) {
      say("decoding");
    }
  }

  void clear() {
    say("");
  }

  /** The first step also encodes the prompt: what is left is told from the others. */
  static String line(Step step, Duration first) {
    int filled = WIDTH * step.completed() / step.total();
    String bar = "#".repeat(filled) + "-".repeat(WIDTH - filled);
    String text = "[%s] %d/%d".formatted(bar, step.completed(), step.total());
    if (step.completed() < 2) {
      return text;
    }
    double seconds = step.elapsed().minus(first).toNanos() / 1e9 / (step.completed() - 1);
    double left = seconds * (step.total() - step.completed());
    return text + String.format(Locale.ROOT, ", %.2f s a step, %.0f s left", seconds, left);
  }
}
