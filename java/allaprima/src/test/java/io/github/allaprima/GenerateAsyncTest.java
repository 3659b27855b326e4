package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@NativeTest
@Timeout(120)
class GenerateAsyncTest {
  private static final Request REQUEST = Request.of("a red apple").steps(3).size(64, 64).seed(7);

  /** Minutes of work: it ends in time only when it is stopped. */
  private static final Request ENDLESS = REQUEST.steps(1000).size(512, 512);

  private Pipeline pipeline;

  @BeforeEach
  void open() {
    pipeline =
        Pipeline.builder()
            .model(Repository.TINY_MODEL)
            .device(Device.cpu())
            .fp32()
            .maxQueued(1)
            .build();
  }

  @AfterEach
  void close() {
    pipeline.close();
  }

  private CompletableFuture<Image> startEndless(RunOptions options) throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CompletableFuture<Image> future =
        pipeline.generateAsync(ENDLESS, options.progress(step -> begun.countDown()));
    begun.await();
    return future;
  }

  @Test
  void draws_the_same_picture_on_another_thread() throws Exception {
    AtomicReference<Thread> thread = new AtomicReference<>();
    RunOptions options = RunOptions.none().progress(step -> thread.set(Thread.currentThread()));
    Image image = pipeline.generateAsync(REQUEST, options).get();
    assertArrayEquals(pipeline.generate(REQUEST).rgb(), image.rgb());
    assertNotSame(Thread.currentThread(), thread.get());
    assertTrue(thread.get().isDaemon());
  }

  @Test
  void a_cancel_of_the_future_stops_the_run() throws Exception {
    CompletableFuture<Image> future = startEndless(RunOptions.none());
    assertTrue(future.cancel(true));
    assertThrows(CancellationException.class, future::join);
    pipeline.generate(REQUEST); // waits for the turn of the one that was cancelled
    assertEquals(0, SystemInfo.get().live().runs());
  }

  @Test
  void a_timeout_stops_the_run() throws Exception {
    CompletableFuture<Image> future = startEndless(RunOptions.none());
    future.orTimeout(1, TimeUnit.MILLISECONDS);
    ExecutionException e = assertThrows(ExecutionException.class, future::get);
    assertInstanceOf(TimeoutException.class, e.getCause());
    pipeline.generate(REQUEST);
  }

  @Test
  void a_token_stops_the_run() throws Exception {
    Cancellation cancellation = new Cancellation();
    CompletableFuture<Image> future = startEndless(RunOptions.none().cancellation(cancellation));
    cancellation.cancel();
    ExecutionException e = assertThrows(ExecutionException.class, future::get);
    assertInstanceOf(CancelledException.class, e.getCause());
    pipeline.generate(REQUEST);
  }

  @Test
  void hands_out_what_a_listener_throws() {
    IllegalArgumentException thrown = new IllegalArgumentException("enough");
    CompletableFuture<Image> future =
        pipeline.generateAsync(
            REQUEST,
            RunOptions.none()
                .progress(
                    step -> {
                      throw thrown;
                    }));
    assertSame(thrown, assertThrows(ExecutionException.class, future::get).getCause());
    pipeline.generate(REQUEST);
  }

  @Test
  void takes_its_place_in_the_queue_at_once_and_gives_it_back_when_cancelled() throws Exception {
    CompletableFuture<Image> running = startEndless(RunOptions.none());
    AtomicInteger steps = new AtomicInteger();
    RunOptions counting = RunOptions.none().progress(step -> steps.incrementAndGet());
    CompletableFuture<Image> waiting = pipeline.generateAsync(REQUEST, counting);
    assertThrows(QueueFullException.class, () -> pipeline.generateAsync(REQUEST));
    assertThrows(QueueFullException.class, () -> pipeline.generate(REQUEST));
    waiting.cancel(true);
    CompletableFuture<Image> next = arriveWhenThereIsRoom();
    running.cancel(true);
    assertEquals(3, next.get().report().timings().steps().size());
    assertEquals(0, steps.get());
  }

  /** The thread of the one that was cancelled needs a moment to see it. */
  private CompletableFuture<Image> arriveWhenThereIsRoom() throws InterruptedException {
    while (true) {
      try {
        return pipeline.generateAsync(REQUEST);
      } catch (QueueFullException e) {
        Thread.sleep(1);
      }
    }
  }

  @Test
  void one_that_waits_fails_when_the_pipeline_is_closed() throws Exception {
    Cancellation cancellation = new Cancellation();
    CompletableFuture<Image> running = startEndless(RunOptions.none().cancellation(cancellation));
    CompletableFuture<Image> waiting = pipeline.generateAsync(REQUEST);
    CompletableFuture<Void> close = CompletableFuture.runAsync(pipeline::close);
    ExecutionException e = assertThrows(ExecutionException.class, waiting::get);
    assertEquals("This pipeline is closed.", e.getCause().getMessage());
    cancellation.cancel();
    close.get();
    assertThrows(ExecutionException.class, running::get);
    assertThrows(IllegalStateException.class, () -> pipeline.generateAsync(REQUEST));
  }

  @Test
  void a_listener_may_start_another_one_that_it_does_not_wait_for() throws Exception {
    AtomicReference<CompletableFuture<Image>> next = new AtomicReference<>();
    pipeline.generate(
        REQUEST,
        step -> {
          if (step.completed() == 1) {
            next.set(pipeline.generateAsync(REQUEST));
          }
        });
    assertArrayEquals(pipeline.generate(REQUEST).rgb(), next.get().get().rgb());
  }
}
