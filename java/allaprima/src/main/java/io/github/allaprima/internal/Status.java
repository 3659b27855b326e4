package io.github.allaprima.internal;

import io.github.allaprima.AllaPrimaException;
import io.github.allaprima.CancelledException;
import io.github.allaprima.ErrorCode;
import io.github.allaprima.InsufficientMemoryException;
import io.github.allaprima.InvalidModelException;
import java.nio.charset.StandardCharsets;
import org.bytedeco.javacpp.SizeTPointer;

/** Status codes of the C API to exceptions, and its texts to strings. */
final class Status {
  private static final int FIRST_CAPACITY = 8192;

  /** A function of the C API that writes text. */
  interface TextFunction {
    int write(byte[] buffer, long capacity, SizeTPointer size);
  }

  private Status() {}

  /** Throws what {@code status} says. To be called on the thread that made the call. */
  static void check(int status) {
    if (status != CApi.OK) {
      throw exception(ErrorCode.of(status), text(CApi::allaprima_last_error));
    }
  }

  static String text(TextFunction function) {
    try (SizeTPointer size = new SizeTPointer(1)) {
      byte[] buffer = new byte[FIRST_CAPACITY];
      int status = function.write(buffer, buffer.length, size);
      if (status == CApi.BUFFER_TOO_SMALL) {
        buffer = new byte[Math.toIntExact(size.get())];
        status = function.write(buffer, buffer.length, size);
      }
      check(status);
      return new String(buffer, 0, Math.toIntExact(size.get()), StandardCharsets.UTF_8);
    }
  }

  private static AllaPrimaException exception(ErrorCode code, String message) {
    return switch (code) {
      case CANCELLED -> new CancelledException(message);
      case INVALID_MODEL -> new InvalidModelException(message, null);
      case OUT_OF_MEMORY -> new InsufficientMemoryException(message);
      default -> new AllaPrimaException(code, message, null);
    };
  }
}
