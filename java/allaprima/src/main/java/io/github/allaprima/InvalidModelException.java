package io.github.allaprima;

/** The checkpoint is missing, broken or of an unsupported kind. */
public final class InvalidModelException extends AllaPrimaException {
  private static final long serialVersionUID = 1;

  /**
   * Creates an exception.
   *
   * @param message a sentence for the user
   * @param cause what led to it; null when nothing did
   */
  public InvalidModelException(String message, Throwable cause) {
    super(ErrorCode.INVALID_MODEL, message, cause);
  }
}
