package io.github.allaprima.cli;

import io.github.allaprima.Progress;
import io.github.allaprima.Step;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/** One line on a terminal that follows the work; nothing where there is no terminal. */
final class ProgressBar implements Progress {
  private static final int WIDTH = 30;
  private static final String START_OF_LINE = "\r\033[K";

  private final PrintStream terminal;
  private final boolean visible;
  private Duration first = Duration.ZERO;
  private Batch batch;
  private long begun;
  private double spent;

  /**
   * The generations of one command.
   *
   * @param number of the one that runs, from 1
   * @param total of them
   * @param mean seconds of those that are done, 0 when none is
   */
  record Batch(int number, int total, double mean) {}

  ProgressBar(PrintStream terminal, boolean visible, int generations) {
    this.terminal = terminal;
    this.visible = visible;
    this.batch = new Batch(0, generations, 0);
  }

  /** The launcher knows whether standard error is a terminal; else the system does. */
  static ProgressBar onStandardError(int generations) {
    String told = System.getProperty("allaprima.terminal");
    boolean terminal = told == null ? isTerminal() : Boolean.parseBoolean(told);
    boolean visible = terminal && !"dumb".equals(System.getenv("TERM"));
    return new ProgressBar(System.err, visible, generations);
  }

  static ProgressBar silent() {
    return new ProgressBar(System.err, false, 1);
  }

  private static boolean isTerminal() {
    try {
      String error = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      return error.startsWith("/dev/pts/") || error.startsWith("/dev/tty");
    } catch (IOException e) {
      return false;
    }
  }

  void say(String text) {
    if (visible) {
      terminal.print(START_OF_LINE + text);
      terminal.flush();
    }
  }

  /** To be called before each generation. */
  void next() {
    long now = System.nanoTime();
    if (batch.number() > 0) {
      spent += (now - begun) / 1e9;
    }
    double mean = batch.number() == 0 ? 0 : spent / batch.number();
    batch = new Batch(batch.number() + 1, batch.total(), mean);
    begun = now;
    say(place(batch) + "encoding the prompt");
  }

  @Override
  public void onStep(Step step) {
    if (step.completed() == 1) {
      first = step.elapsed();
    }
    say(line(step, first, batch));
    if (step.completed() == step.total()) {
      say(place(batch) + "decoding");
    }
  }

  void clear() {
    say("");
  }

  private static String place(Batch batch) {
    return batch.total() > 1 ? batch.number() + " of " + batch.total() + ": " : "";
  }

  /** The first step also encodes the prompt: what is left is told from the others. */
  static String line(Step step, Duration first, Batch batch) {
    int filled = WIDTH * step.completed() / step.total();
    String bar = "#".repeat(filled) + "-".repeat(WIDTH - filled);
    String text = place(batch) + "[%s] %d/%d".formatted(bar, step.completed(), step.total());
    boolean measured = step.completed() > 1;
    double seconds = 0;
    if (measured) {
      seconds = seconds(step.elapsed().minus(first)) / (step.completed() - 1);
      text += String.format(Locale.ROOT, ", %.2f s a step", seconds);
    }
    double whole = batch.mean() > 0 ? batch.mean() : seconds(first) + seconds * (step.total() - 1);
    double here =
        measured
            ? seconds * (step.total() - step.completed())
            : Math.max(0, whole - seconds(step.elapsed()));
    boolean known = measured || batch.mean() > 0;
    double left = here + whole * (batch.total() - batch.number());
    return known ? text + ", " + duration(left) + " left" : text;
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }

  private static String duration(double seconds) {
    if (seconds < 120) {
      return String.format(Locale.ROOT, "%.0f s", seconds);
    }
    long minutes = Math.round(seconds / 60);
    return minutes < 120 ? minutes + " min" : "%d h %d min".formatted(minutes / 60, minutes % 60);
  }
}
