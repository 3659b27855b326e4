package io.github.allaprima.internal;

import java.util.Map;
import java.util.StringJoiner;

/** Writes what {@link Json} reads: maps, iterables, texts, numbers, truth values, null. */
public final class JsonText {
  private JsonText() {}

  /**
   * The value as JSON, on one line.
   *
   * @param value may be null
   */
  public static String of(Object value) {
    if (value instanceof Map<?, ?> map) {
      StringJoiner members = new StringJoiner(", ", "{", "}");
      map.forEach((name, member) -> members.add(quoted(name.toString()) + ": " + of(member)));
      return members.toString();
    }
    if (value instanceof Iterable<?> list) {
      StringJoiner elements = new StringJoiner(", ", "[", "]");
      list.forEach(element -> elements.add(of(element)));
      return elements.toString();
    }
    return value instanceof CharSequence text ? quoted(text) : String.valueOf(value);
  }

  private static String quoted(CharSequence text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append("\\u%04x".formatted((int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
