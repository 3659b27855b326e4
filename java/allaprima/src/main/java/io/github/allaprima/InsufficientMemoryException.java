package io.github.allaprima;

/** Host or device memory ran out; the pipeline stays usable. */
public final class InsufficientMemoryException extends AllaPrimaException {
  private static final long serialVersionUID = 1;

  /**
   * Creates an exception.
   *
   * @param message a sentence for the user
   */
  public InsufficientMemoryException(String message) {
    super(ErrorCode.OUT_OF_MEMORY, message, null);
  }
}
