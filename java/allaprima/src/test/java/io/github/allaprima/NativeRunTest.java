package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.internal.Json;
import io.github.allaprima.internal.NativePipeline;
import io.github.allaprima.internal.NativeRun;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@NativeTest
@Timeout(120)
class NativeRunTest {
  private static final int STEPS = 4;

  private final List<Integer> told = new ArrayList<>();
  private NativePipeline pipeline;
  private NativeRun run;

  @BeforeEach
  void begin() {
    pipeline =
        NativePipeline.open(new NativePipeline.Options(Repository.TINY_MODEL, 1, 0, 1, 1, ""));
    run = pipeline.begin(Request.of("a red apple").steps(STEPS).guidance(5).size(64, 64).seed(7));
  }

  @AfterEach
  void close() {
    run.close();
    pipeline.close();
  }

  @Test
  void the_next_step_is_done_while_one_is_told_of() {
    List<Integer> done = new ArrayList<>();
    run.steps(completed -> done.add(stepsDone()));
    assertEquals(List.of(2, 3, 4, 4), done);
  }

  /** The worker answers after what it was given before. */
  private int stepsDone() {
    return new Fields(Json.object(run.report())).object("timings").list("steps_s").size();
  }

  @Test
  void nobody_is_told_of_steps_after_a_cancel() {
    assertThrows(CancelledException.class, () -> run.steps(tellUntil(2, run::cancel)));
    assertEquals(List.of(1, 2), told);
  }

  @Test
  void nobody_is_told_of_steps_after_an_interrupt() {
    IntConsumer interrupt = tellUntil(2, Thread.currentThread()::interrupt);
    assertThrows(CancelledException.class, () -> run.steps(interrupt));
    assertTrue(Thread.interrupted());
    assertEquals(List.of(1, 2), told);
  }

  @Test
  void what_a_listener_throws_ends_it() {
    IllegalStateException thrown = new IllegalStateException("on purpose");
    IntConsumer fail =
        tellUntil(
            2,
            () -> {
              throw thrown;
            });
    assertEquals(thrown, assertThrows(IllegalStateException.class, () -> run.steps(fail)));
    assertEquals(List.of(1, 2), told);
  }

  /** The next step may be done by then: the worker is asked, so that it certainly is. */
  private IntConsumer tellUntil(int last, Runnable action) {
    return completed -> {
      told.add(completed);
      if (completed == last) {
        stepsDone();
        action.run();
      }
    };
  }
}
