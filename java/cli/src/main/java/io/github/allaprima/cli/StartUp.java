package io.github.allaprima.cli;

import io.github.allaprima.Progress;
import io.github.allaprima.Step;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** Passes steps on and notes how long it took from the start of the process to the first one. */
final class StartUp implements Progress {
  private final Progress next;
  private Instant firstStep = Instant.MAX;

  StartUp(Progress next) {
    this.next = next;
  }

  @Override
  public void onStep(Step step) {
    if (step.completed() == 1) {
      firstStep = Instant.now();
    }
    next.onStep(step);
  }

  /** The report with one more field, {@code first_step_after_s}: known to 10 ms. */
  String addTo(String json) {
    return ProcessHandle.current()
        .info()
        .startInstant()
        .map(start -> Duration.between(start, firstStep).toMillis() / 1e3)
        .map(seconds -> String.format(Locale.ROOT, ",\"first_step_after_s\":%.3f}", seconds))
        .map(field -> json.substring(0, json.lastIndexOf('}')).stripTrailing() + field)
        .orElse(json);
  }
}
