package io.github.allaprima.internal;

import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** Writes what {@link Json} reads: maps, lists, strings, numbers, booleans, null. */
public final class JsonText {
  private JsonText() {}

  /** JSON that is taken as it is. */
  public record Raw(String json) {}

  /** The value as JSON, on one line. */
  public static String of(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      StringJoiner object = new StringJoiner(",", "{", "}");
      map.forEach((name, field) -> object.add(quoted(String.valueOf(name)) + ":" + of(field)));
      return object.toString();
    }
    if (value instanceof List<?> list) {
      StringJoiner array = new StringJoiner(",", "[", "]");
      list.forEach(element -> array.add(of(element)));
      return array.toString();
    }
    if (value instanceof Raw raw) {
      return raw.json().strip();
    }
    // JSON has no word for what is not finite.
    boolean plain =
        value instanceof Number number && Double.isFinite(number.doubleValue())
            || value instanceof Boolean;
    if (value == null || value instanceof Number && !plain) {
      return "null";
    }
    return plain ? value.toString() : quoted(value.toString());
  }

  private static String quoted(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> json.append("\\\"");
        case '\\' -> json.append("\\\\");
        case '\n' -> json.append("\\n");
        case '\r' -> json.append("\\r");
        case '\t' -> json.append("\\t");
        default -> {
          // Half a pair is no letter, and would become another byte on its way out.
          boolean half = Character.isSurrogate(c) && !isPaired(text, i);
          json.append(c < ' ' || c == 0x7f || half ? "\\u%04x".formatted((int) c) : c);
        }
      }
    }
    return json.append('"').toString();
  }

  private static boolean isPaired(String text, int at) {
    return Character.isHighSurrogate(text.charAt(at))
        ? at + 1 < text.length() && Character.isLowSurrogate(text.charAt(at + 1))
        : at > 0 && Character.isHighSurrogate(text.charAt(at - 1));
  }
}
