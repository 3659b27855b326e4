package io.github.allaprima.cli;

import io.github.allaprima.Progress;
import io.github.allaprima.Step;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Locale;

/** Passes steps on and notes how long it took from the start of the launcher to the first one. */
final class StartUp implements Progress {
  private final Progress next;
  private Instant firstStep = Instant.EPOCH;

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

  /**
   * The report with one more field, {@code first_step_after_s}, when the launcher told its start.
   */
  String addTo(String json) {
    String started = System.getProperty("allaprima.started");
    if (started == null) {
      return json;
    }
    double seconds =
        BigDecimal.valueOf(firstStep.toEpochMilli(), 3)
            .subtract(new BigDecimal(started))
            .doubleValue();
    String field = String.format(Locale.ROOT, ",\"first_step_after_s\":%.3f}", seconds);
    return json.substring(0, json.lastIndexOf('}')).stripTrailing() + field;
  }
}
