package io.github.allaprima;

import org.jspecify.annotations.Nullable;

/** A failure of this library; the message says what was found, what was expected, what to do. */
public class AllaPrimaException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What kind of failure. */
  private final ErrorCode code;

  /**
   * Creates an exception.
   *
   * @param code what kind of failure
   * @param message a sentence for the user
   * @param cause what led to it; null when nothing did
   */
  public AllaPrimaException(ErrorCode code, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /**
   * Returns what kind of failure this is.
   *
   * @return the code
   */
  public ErrorCode code() {
    return code;
  }
}
