package io.github.allaprima.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Reads the JSON that the core writes: objects, lists, strings, numbers, true, false, null. */
public final class Json {
  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  /**
   * The object in {@code text}: values are {@code Map}, {@code List}, {@code String}, {@code
   * Double}, {@code Long}, {@code Boolean} or null.
   *
   * @throws IllegalArgumentException when it is not one JSON object
   */
  public static Map<String, Object> object(String text) {
    return whole(text, Json::readObject);
  }

  /**
   * The list in {@code text}, its values as in {@link #object}.
   *
   * @throws IllegalArgumentException when it is not one JSON array
   */
  public static List<Object> list(String text) {
    return whole(text, Json::readList);
  }

  private static <T> T whole(String text, Function<Json, T> read) {
    Json reader = new Json(text);
    T value = read.apply(reader);
    reader.skipSpace();
    if (reader.at < text.length()) {
      throw reader.unexpected("the end");
    }
    return value;
  }

  private Object readValue() {
    skipSpace();
    return switch (peek()) {
      case '{' -> readObject();
      case '[' -> readList();
      case '"' -> readString();
      case 't' -> readWord("true", Boolean.TRUE);
      case 'f' -> readWord("false", Boolean.FALSE);
      case 'n' -> readWord("null", null);
      default -> readNumber();
    };
  }

  private Map<String, Object> readObject() {
    Map<String, Object> object = new LinkedHashMap<>();
    expect('{');
    if (!next('}')) {
      do {
        skipSpace();
        String name = readString();
        expect(':');
        object.put(name, readValue());
      } while (next(','));
      expect('}');
    }
    return object;
  }

  private List<Object> readList() {
    List<Object> list = new ArrayList<>();
    expect('[');
    if (!next(']')) {
      do {
        list.add(readValue());
      } while (next(','));
      expect(']');
    }
    return list;
  }

  private String readString() {
    expect('"');
    StringBuilder string = new StringBuilder();
    while (peek() != '"') {
      char c = text.charAt(at++);
      string.append(c == '\\' ? readEscape() : c);
    }
    at++;
    return string.toString();
  }

  private char readEscape() {
    char c = peek();
    at++;
    return switch (c) {
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        if (at + 4 > text.length()) {
          throw unexpected("four hexadecimal digits");
        }
        at += 4;
        yield (char) Integer.parseInt(text.substring(at - 4, at), 16);
      }
      default -> c;
    };
  }

  private Object readWord(String word, Object value) {
    if (!text.startsWith(word, at)) {
      throw unexpected(word);
    }
    at += word.length();
    return value;
  }

  private Object readNumber() {
    int start = at;
    while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    String number = text.substring(start, at);
    try {
      return number.matches("-?\\d{1,18}") ? (Object) Long.valueOf(number) : Double.valueOf(number);
    } catch (NumberFormatException e) {
      at = start;
      throw unexpected("a value");
    }
  }

  private void skipSpace() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private char peek() {
    if (at >= text.length()) {
      throw unexpected("more");
    }
    return text.charAt(at);
  }

  private boolean next(char wanted) {
    skipSpace();
    boolean found = peek() == wanted;
    if (found) {
      at++;
    }
    return found;
  }

  private void expect(char wanted) {
    if (!next(wanted)) {
      throw unexpected("'" + wanted + "'");
    }
  }

  private IllegalArgumentException unexpected(String wanted) {
    return new IllegalArgumentException(
        "JSON: expected %s at character %d of: %s".formatted(wanted, at, text));
  }
}
