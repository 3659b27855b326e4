package io.github.allaprima.internal;

import java.nio.charset.StandardCharsets;
import org.bytedeco.javacpp.BytePointer;
import org.jspecify.annotations.Nullable;

/** A string as the C API takes it; null stays NULL. */
final class Utf8 implements AutoCloseable {
  private final @Nullable BytePointer pointer;
  private final long size;

  Utf8(@Nullable String text) {
    byte[] bytes = text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    size = bytes == null ? 0 : bytes.length;
    // One byte more than needed: the empty text must not become NULL.
    pointer = bytes == null ? null : new BytePointer(size + 1).put(bytes);
  }

  @Nullable BytePointer pointer() {
    return pointer;
  }

  long size() {
    return size;
  }

  @Override
  public void close() {
    if (pointer != null) {
      pointer.close();
    }
  }
}
