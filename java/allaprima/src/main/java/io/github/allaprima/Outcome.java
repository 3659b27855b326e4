package io.github.allaprima;

import java.util.List;
import java.util.Objects;

/** What became of one request of several: pictures or a failure. */
public sealed interface Outcome {
  /**
   * Returns what was asked for.
   *
   * @return the request, as it was given
   */
  Request request();

  /**
   * Returns the pictures, or throws what went wrong.
   *
   * @return the pictures, as many as {@link Request#images} says
   * @throws RuntimeException the {@link Failed#cause}, the same object, when there are none
   */
  List<Image> orThrow();

  /**
   * The request was drawn.
   *
   * @param request as it was given
   * @param images as many as {@link Request#images} says
   */
  record Drawn(Request request, List<Image> images) implements Outcome {
    /**
     * Copies the list.
     *
     * @param request as {@link #request}
     * @param images as {@link #images}
     */
    public Drawn {
      Objects.requireNonNull(request, "request");
      images = List.copyOf(images);
    }

    @Override
    public List<Image> orThrow() {
      return images;
    }
  }

  /**
   * The request was not drawn.
   *
   * @param request as it was given
   * @param cause what {@link Pipeline#generateAll(Request, RunOptions)} would have thrown
   */
  record Failed(Request request, RuntimeException cause) implements Outcome {
    /**
     * Checks that both are there.
     *
     * @param request as {@link #request}
     * @param cause as {@link #cause}
     */
    public Failed {
      Objects.requireNonNull(request, "request");
      Objects.requireNonNull(cause, "cause");
    }

    @Override
    public List<Image> orThrow() {
      throw cause;
    }
  }
}
