package io.github.allaprima;

/**
 * As many generations as {@link PipelineBuilder#maxQueued} allows wait for a pipeline already. This
 * one was not begun; later there may be room.
 */
public final class QueueFullException extends AllaPrimaException {
  private static final long serialVersionUID = 1;

  /**
   * Creates an exception.
   *
   * @param message a sentence for the user
   */
  public QueueFullException(String message) {
    super(ErrorCode.QUEUE_FULL, message, null);
  }
}
