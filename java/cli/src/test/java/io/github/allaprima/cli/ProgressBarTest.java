package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.Step;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
  private static final ProgressBar.Batch ONE = new ProgressBar.Batch(1, 1, 0);

  @Test
  void tells_the_time_left_from_the_steps_after_the_first() {
    Step step = new Step(3, 6, Duration.ofSeconds(9));
    assertEquals(
        "[###############---------------] 3/6, 2.00 s a step, 6 s left",
        ProgressBar.line(step, Duration.ofSeconds(5), ONE));
  }

  @Test
  void tells_the_time_left_of_all_generations() {
    Step step = new Step(3, 6, Duration.ofSeconds(9));
    assertEquals(
        "2 of 4: [###############---------------] 3/6, 2.00 s a step, 46 s left",
        ProgressBar.line(step, Duration.ofSeconds(5), new ProgressBar.Batch(2, 4, 20)));
    assertEquals(
        "1 of 4: [###############---------------] 3/6, 2.00 s a step, 51 s left",
        ProgressBar.line(step, Duration.ofSeconds(5), new ProgressBar.Batch(1, 4, 0)));
    assertEquals(
        "2 of 4: [##############################] 1/1, 55 s left",
        ProgressBar.line(
            new Step(1, 1, Duration.ofSeconds(5)),
            Duration.ofSeconds(5),
            new ProgressBar.Batch(2, 4, 20)));
  }

  @Test
  void tells_long_times_in_minutes_and_hours() {
    Duration first = Duration.ofSeconds(10);
    Step step = new Step(2, 30, Duration.ofSeconds(20));
    assertTrue(ProgressBar.line(step, first, ONE).endsWith(", 10.00 s a step, 5 min left"));
    step = new Step(2, 1000, Duration.ofSeconds(20));
    assertTrue(ProgressBar.line(step, first, ONE).endsWith(", 2 h 46 min left"));
  }

  @Test
  void follows_each_generation_on_a_terminal() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ProgressBar bar =
        new ProgressBar(new PrintStream(bytes, true, StandardCharsets.UTF_8), true, 2);
    for (int generation = 0; generation < 2; generation++) {
      bar.next();
      bar.onStep(new Step(1, 1, Duration.ZERO));
    }
    bar.clear();
    String text = bytes.toString(StandardCharsets.UTF_8).replace("\r\033[K", "|");
    assertTrue(text.startsWith("|1 of 2: encoding the prompt|1 of 2: [####"), text);
    assertTrue(text.contains("|1 of 2: decoding|2 of 2: encoding the prompt|2 of 2: [##"), text);
    assertTrue(text.endsWith("|2 of 2: decoding|"), text);
  }

  @Test
  void prints_nothing_where_there_is_no_terminal() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ProgressBar bar =
        new ProgressBar(new PrintStream(bytes, true, StandardCharsets.UTF_8), false, 1);
    bar.say("loading");
    bar.onStep(new Step(1, 1, Duration.ZERO));
    bar.clear();
    assertEquals(0, bytes.size());
  }
}
