package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@NativeTest
@Timeout(120)
class GenerateEachTest {
  private static final Request APPLE = Request.of("a red apple").steps(2).size(64, 64).seed(7);
  private static final Request FOX = Request.of("a fox").steps(2).size(64, 64).seed(8);
  private static final Request IMPOSSIBLE = APPLE.size(65, 64);

  private Pipeline pipeline;

  @BeforeEach
  void open() {
    pipeline = Pipeline.builder().model(Repository.TINY_MODEL).device(Device.cpu()).fp32().build();
  }

  @AfterEach
  void close() {
    pipeline.close();
  }

  @Test
  void one_that_fails_does_not_end_the_others() {
    List<Outcome> outcomes = pipeline.generateEach(List.of(APPLE, IMPOSSIBLE, FOX.images(2)));
    assertEquals(
        List.of(APPLE, IMPOSSIBLE, FOX.images(2)),
        outcomes.stream().map(Outcome::request).toList());
    assertArrayEquals(pipeline.generate(APPLE).rgb(), outcomes.get(0).orThrow().get(0).rgb());
    Outcome.Failed failed = assertInstanceOf(Outcome.Failed.class, outcomes.get(1));
    assertTrue(failed.cause().getMessage().contains("65"), failed.cause()::toString);
    assertSame(failed.cause(), assertThrows(AllaPrimaException.class, failed::orThrow));
    assertEquals(2, outcomes.get(2).orThrow().size());
  }

  @Test
  void keeps_what_was_drawn_before_a_cancel() {
    Cancellation cancellation = new Cancellation();
    RunOptions options =
        RunOptions.none()
            .cancellation(cancellation)
            .progress(
                step -> {
                  if (step.total() == 3) {
                    cancellation.cancel();
                  }
                });
    List<Outcome> outcomes = pipeline.generateEach(List.of(APPLE, FOX.steps(3), APPLE), options);
    assertInstanceOf(Outcome.Drawn.class, outcomes.get(0));
    assertThrows(CancelledException.class, outcomes.get(1)::orThrow);
    assertThrows(CancelledException.class, outcomes.get(2)::orThrow);
    pipeline.generate(APPLE);
  }

  @Test
  void keeps_what_was_drawn_before_an_interrupt_which_stays() {
    List<Outcome> outcomes =
        pipeline.generateEach(
            List.of(APPLE, FOX.steps(3), APPLE),
            RunOptions.none()
                .progress(
                    step -> {
                      if (step.total() == 3) {
                        Thread.currentThread().interrupt();
                      }
                    }));
    assertTrue(Thread.interrupted());
    assertInstanceOf(Outcome.Drawn.class, outcomes.get(0));
    assertThrows(CancelledException.class, outcomes.get(1)::orThrow);
    assertThrows(CancelledException.class, outcomes.get(2)::orThrow);
  }

  @Test
  void the_rest_fails_when_the_pipeline_is_closed_meanwhile() {
    CompletableFuture<?>[] close = new CompletableFuture<?>[1];
    List<Outcome> outcomes =
        pipeline.generateEach(
            List.of(APPLE, FOX),
            RunOptions.none()
                .progress(
                    step -> {
                      if (close[0] == null) {
                        close[0] = CompletableFuture.runAsync(pipeline::close);
                        awaitClosing();
                      }
                    }));
    close[0].join();
    assertInstanceOf(Outcome.Drawn.class, outcomes.get(0));
    assertThrows(IllegalStateException.class, outcomes.get(1)::orThrow);
    assertThrows(IllegalStateException.class, () -> pipeline.generateEach(List.of(APPLE)));
  }

  /** Until the pipeline refuses newcomers. */
  private void awaitClosing() {
    try {
      while (true) {
        pipeline.generateAsync(APPLE).cancel(true);
        Thread.sleep(1);
      }
    } catch (IllegalStateException e) {
      // It does.
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void refuses_to_save_the_latents_of_several_in_one_file() {
    RunOptions options = RunOptions.none().saveLatents(Path.of("x"));
    assertThrows(
        IllegalArgumentException.class, () -> pipeline.generateEach(List.of(APPLE, FOX), options));
    assertEquals(List.of(), pipeline.generateEach(List.of()));
  }
}
