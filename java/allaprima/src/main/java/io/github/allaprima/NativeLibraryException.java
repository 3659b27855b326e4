package io.github.allaprima;

/** The native libraries could not be loaded; the message says which dependency to add. */
public final class NativeLibraryException extends AllaPrimaException {
  private static final long serialVersionUID = 1;

  /**
   * Creates an exception.
   *
   * @param message a sentence for the user
   * @param cause what led to it; null when nothing did
   */
  public NativeLibraryException(String message, Throwable cause) {
    super(ErrorCode.UNAVAILABLE, message, cause);
  }
}
