package io.github.allaprima;

import io.github.allaprima.internal.NativePipeline;
import io.github.allaprima.internal.Turns;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint, loaded and ready to draw. It holds gigabytes outside the Java heap until it is
 * closed.
 *
 * <p>Any thread may use it. It does one generation at a time: callers wait their turn in the order
 * of arrival, at most {@link PipelineBuilder#maxQueued} of them. All pipelines of a process share
 * one engine: when several draw, they take turns step by step, and the one that was opened first
 * decided how many threads of the processor they use.
 */
public final class Pipeline implements AutoCloseable {
  private final NativePipeline pipeline;
  private final PipelineInfo info;
  private final Plan plan;
  private final Turns turns;

  /** Takes over what was opened and changes it; closes it when that fails. */
  Pipeline(NativePipeline pipeline, int maxQueued, Function<NativePipeline, Plan> change) {
    this.pipeline = pipeline;
    this.turns = new Turns(maxQueued);
    try {
      this.plan = change.apply(pipeline);
      this.info = PipelineInfo.parse(pipeline.info());
      pipeline.opened(info.device(), info.precision().toString());
    } catch (RuntimeException | Error e) {
      try {
        pipeline.close();
      } catch (RuntimeException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
  }

  /**
   * Starts the description of a pipeline.
   *
   * @return a builder that uses the model that ships, on the device and in the precision that the
   *     library chooses
   */
  public static PipelineBuilder builder() {
    return new PipelineBuilder();
  }

  /**
   * Draws a picture.
   *
   * @param request what to draw, one picture of it
   * @return the picture
   * @throws QueueFullException when as many generations wait as may
   * @throws AllaPrimaException when it fails; the pipeline stays usable
   * @throws IllegalArgumentException when the request is for several pictures
   * @throws IllegalStateException when the pipeline is closed
   */
  public Image generate(Request request) {
    return generate(request, RunOptions.none());
  }

  /**
   * Draws a picture and tells of each step.
   *
   * @param request what to draw, one picture of it
   * @param progress told of each step, on this thread; what it throws ends the generation and is
   *     thrown here
   * @return the picture
   * @throws CancelledException when this thread was interrupted; it stays interrupted
   * @throws QueueFullException when as many generations wait as may
   * @throws AllaPrimaException when it fails; the pipeline stays usable
   * @throws IllegalArgumentException when the request is for several pictures
   * @throws IllegalStateException when the pipeline is closed
   */
  public Image generate(Request request, Progress progress) {
    return generate(request, RunOptions.none().progress(progress));
  }

  /**
   * Draws a picture. Cancelled or interrupted, it ends within a block of a network; while the
   * engine works for another pipeline, when that step is done.
   *
   * @param request what to draw, one picture of it
   * @param options how to watch and stop it, and what to keep
   * @return the picture
   * @throws CancelledException when it was cancelled, or this thread interrupted, which it stays
   * @throws QueueFullException when as many generations wait as may
   * @throws AllaPrimaException when it fails; the pipeline stays usable
   * @throws IllegalArgumentException when the request is for several pictures
   * @throws IllegalStateException when the pipeline is closed
   */
  public Image generate(Request request, RunOptions options) {
    return generateAll(checkOne(request), options).get(0);
  }

  private static Request checkOne(Request request) {
    if (request.images() != 1) {
      throw new IllegalArgumentException(
          "generate draws one picture, the request is for %d; use generateAll"
              .formatted(request.images()));
    }
    return request;
  }

  /**
   * Draws all pictures of a request together, in one batch.
   *
   * @param request what to draw
   * @return the pictures, as many as {@link Request#images} says
   * @throws QueueFullException when as many generations wait as may
   * @throws AllaPrimaException when it fails; the pipeline stays usable
   * @throws IllegalStateException when the pipeline is closed
   */
  public List<Image> generateAll(Request request) {
    return generateAll(request, RunOptions.none());
  }

  /**
   * Draws all pictures of a request together; ends as {@link #generate(Request, RunOptions)} does.
   *
   * @param request what to draw
   * @param options how to watch and stop it, and what to keep
   * @return the pictures, as many as {@link Request#images} says
   * @throws CancelledException when it was cancelled, or this thread interrupted, which it stays
   * @throws QueueFullException when as many generations wait as may
   * @throws AllaPrimaException when it fails; the pipeline stays usable
   * @throws IllegalStateException when the pipeline is closed
   */
  public List<Image> generateAll(Request request, RunOptions options) {
    Objects.requireNonNull(request, "request");
    Objects.requireNonNull(options, "options");
    turns.refuseInside();
    return draw(turns.arrive(), request, options);
  }

  /**
   * Does now what the first generation of this size, number of pictures and guidance would do once,
   * so that a service pays at its start: on a GPU libraries choose how to compute and a step is
   * recorded, on a processor weights are laid out for the size. One step is drawn and thrown away.
   * What is kept is for the last four sizes, and on a GPU for up to 64 steps; others are got ready
   * when they come.
   *
   * @param request as those to come; of its steps one is done
   * @throws QueueFullException when as many generations wait as may
   * @throws AllaPrimaException when it fails; the pipeline stays usable
   * @throws IllegalStateException when the pipeline is closed
   */
  public void warmUp(Request request) {
    generateAll(request.steps(1));
  }

  /**
   * Draws several requests, one after the other; one that fails does not end the others.
   *
   * @param requests what to draw
   * @return what became of each, in their order
   * @throws QueueFullException when as many generations wait as may; none was begun
   * @throws IllegalStateException when the pipeline is closed
   */
  public List<Outcome> generateEach(List<Request> requests) {
    return generateEach(requests, RunOptions.none());
  }

  /**
   * Draws several requests, one after the other; one that fails does not end the others. Each waits
   * for a turn of its own, so that other callers come in between. After a cancel, an interrupt or a
   * close, the rest fail and what was drawn is kept.
   *
   * @param requests what to draw
   * @param options how to watch and stop them; the listener is told of the steps of each
   * @return what became of each, in their order
   * @throws QueueFullException when as many generations wait as may; none was begun
   * @throws IllegalArgumentException when the latents of more than one are to be saved in one file
   * @throws IllegalStateException when the pipeline is closed
   */
  public List<Outcome> generateEach(List<Request> requests, RunOptions options) {
    List<Request> all = List.copyOf(requests);
    if (all.size() > 1 && options.saveLatents().isPresent()) {
      throw new IllegalArgumentException(
          "the latents of %d requests do not go into one file; generate each alone to save them"
              .formatted(all.size()));
    }
    if (all.isEmpty()) {
      return List.of();
    }
    turns.refuseInside();
    List<Outcome> outcomes = new ArrayList<>();
    outcomes.add(outcome(turns.arrive(), all.get(0), options));
    for (Request request : all.subList(1, all.size())) {
      outcomes.add(outcome(null, request, options));
    }
    return List.copyOf(outcomes);
  }

  private Outcome outcome(Turns.@Nullable Ticket first, Request request, RunOptions options) {
    try {
      if (first == null && Generation.isUnwanted(options)) {
        throw new CancelledException("The generation was cancelled before it began.");
      }
      Turns.Ticket ticket = first != null ? first : turns.arriveAgain();
      return new Outcome.Drawn(request, draw(ticket, request, options));
    } catch (RuntimeException e) {
      return new Outcome.Failed(request, e);
    }
  }

  /**
   * Draws a picture on another thread.
   *
   * @param request what to draw, one picture of it
   * @return the picture to come, as {@link #generateAsync(Request, RunOptions)} has it
   * @throws QueueFullException when as many generations wait as may
   * @throws IllegalArgumentException when the request is for several pictures
   * @throws IllegalStateException when the pipeline is closed
   */
  public CompletableFuture<Image> generateAsync(Request request) {
    return generateAsync(request, RunOptions.none());
  }

  /**
   * Draws a picture on another thread, a daemon of the library's; the listener is told there. The
   * request takes its place in the queue before this returns.
   *
   * <p>The future ends with what {@link #generate(Request, RunOptions)} returns or throws. When it
   * is completed by others, by {@link CompletableFuture#cancel} or {@link
   * CompletableFuture#orTimeout} for two, the generation is not wanted any more and is stopped as
   * by a {@link Cancellation}; the future does not wait for that. A future that depends on it
   * ({@code thenApply}) does not pass a cancel on.
   *
   * @param request what to draw, one picture of it
   * @param options how to watch and stop it, and what to keep
   * @return the picture to come
   * @throws QueueFullException when as many generations wait as may
   * @throws IllegalArgumentException when the request is for several pictures
   * @throws IllegalStateException when the pipeline is closed
   */
  public CompletableFuture<Image> generateAsync(Request request, RunOptions options) {
    checkOne(request);
    Objects.requireNonNull(options, "options");
    Turns.Ticket ticket = turns.arrive();
    try {
      return Background.start(options, all -> draw(ticket, request, all).get(0));
    } catch (RuntimeException | Error e) { // no thread to be had, for one
      turns.leave(ticket);
      throw e;
    }
  }

  /** Waits for the ticket's turn, which ends here. */
  private List<Image> draw(Turns.Ticket ticket, Request request, RunOptions options) {
    Cancellation cancellation = options.cancellation();
    Runnable wake = turns::wake;
    cancellation.attach(wake);
    try {
      if (!turns.await(ticket, cancellation::isCancelled)) {
        throw new CancelledException("The generation was cancelled before it began.");
      }
      try {
        return new Generation(pipeline, info, request, options).run();
      } finally {
        turns.leave(ticket);
      }
    } finally {
      cancellation.detach(wake);
      Reference.reachabilityFence(pipeline); // else it could be taken for forgotten meanwhile
    }
  }

  /**
   * Returns what this pipeline is; also after it was closed.
   *
   * @return model, device, precision, with the reasons
   */
  public PipelineInfo info() {
    return info;
  }

  /**
   * Returns what was changed of the checkpoint so that it runs faster; also after it was closed.
   *
   * @return in order what was chosen, and what came of it
   */
  public Plan plan() {
    return plan;
  }

  /**
   * Frees the memory. Waits for the generation that runs, to its end: cancel it first where that
   * takes too long. Those that wait for their turn fail with an {@link IllegalStateException}. May
   * be called twice and by several threads; each returns when all is freed.
   *
   * @throws IllegalStateException when a progress listener of this pipeline calls it
   */
  @Override
  public void close() {
    turns.close();
    pipeline.close();
  }
}
