package io.github.allaprima;

/**
 * What kind of failure happened; but for the last one the codes of the C API, {@code allaprima.h}.
 */
public enum ErrorCode {
  /** A value of the caller's is out of range or of the wrong shape. */
  INVALID_ARGUMENT(1),
  /** The checkpoint is missing, broken or of an unsupported kind. */
  INVALID_MODEL(2),
  /** A device or feature that this machine or build does not have. */
  UNAVAILABLE(3),
  /** Host or device memory ran out; the pipeline stays usable. */
  OUT_OF_MEMORY(4),
  /** The generation was cancelled. */
  CANCELLED(5),
  /** A file could not be read or written. */
  IO(6),
  /** A stage produced NaN or infinity; the message names it. */
  NOT_FINITE(7),
  /** A buffer is too small. */
  BUFFER_TOO_SMALL(8),
  /** A defect in this library or in libtorch. */
  INTERNAL(9),
  /** Too many generations wait for a pipeline already; not of the C API, which has no limit. */
  QUEUE_FULL(-1);

  private final int status;

  ErrorCode(int status) {
    this.status = status;
  }

  /**
   * Returns the status of the C API.
   *
   * @return 1 to 9; -1 where it has none
   */
  public int status() {
    return status;
  }

  /**
   * Returns the code of a status of the C API.
   *
   * @param status any but 0; what is not known is {@link #INTERNAL}
   * @return the code
   */
  public static ErrorCode of(int status) {
    for (ErrorCode code : values()) {
      if (code.status == status) {
        return code;
      }
    }
    return INTERNAL;
  }
}
