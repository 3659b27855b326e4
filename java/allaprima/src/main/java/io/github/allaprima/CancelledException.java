package io.github.allaprima;

/** The generation was cancelled, by a {@link Cancellation} or an interrupt of its thread. */
public final class CancelledException extends AllaPrimaException {
  private static final long serialVersionUID = 1;

  /**
   * Creates an exception.
   *
   * @param message a sentence for the user
   */
  public CancelledException(String message) {
    super(ErrorCode.CANCELLED, message, null);
  }
}
