package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.allaprima.Step;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
  @Test
  void tells_the_time_left_from_the_steps_after_the_first() {
    Step step = new Step(3, 6, Duration.ofSeconds(9));
    assertEquals(
        "[###############---------------] 3/6, 2.00 s a step, 6 s left",
        ProgressBar.line(step, Duration.ofSeconds(5)));
  }

  @Test
  void prints_nothing_where_there_is_no_terminal() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ProgressBar bar = new ProgressBar(new PrintStream(bytes, true, StandardCharsets.UTF_8), false);
    bar.say("loading");
    bar.onStep(new Step(1, 1, Duration.ZERO));
    bar.clear();
    assertEquals(0, bytes.size());
  }
}
