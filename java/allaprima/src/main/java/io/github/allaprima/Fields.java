package io.github.allaprima;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Typed reading of JSON that the core wrote; what is missing is a defect of the core. */
record Fields(Map<String, Object> values) {
  String text(String name) {
    return get(name, String.class);
  }

  boolean flag(String name) {
    return get(name, Boolean.class);
  }

  /** A constant of an enum, written in small letters. */
  <E extends Enum<E>> E constant(String name, Class<E> type) {
    return Enum.valueOf(type, text(name).toUpperCase(Locale.ROOT));
  }

  Number number(String name) {
    return get(name, Number.class);
  }

  Duration seconds(String name) {
    return duration(number(name));
  }

  List<?> list(String name) {
    return get(name, List.class);
  }

  Fields object(String name) {
    return fields(get(name, Map.class));
  }

  List<String> texts(String name) {
    return list(name).stream().map(String.class::cast).toList();
  }

  List<Fields> objects(String name) {
    return list(get(name, List.class));
  }

  /** Each a JSON object. */
  static List<Fields> list(List<?> objects) {
    return objects.stream().map(Fields::fields).toList();
  }

  Optional<Fields> optionalObject(String name) {
    return values.get(name) == null ? Optional.empty() : Optional.of(object(name));
  }

  @SuppressWarnings("unchecked") // JSON objects are maps of this type
  private static Fields fields(Object object) {
    return new Fields((Map<String, Object>) object);
  }

  static Duration duration(Number seconds) {
    return Duration.ofNanos(Math.round(seconds.doubleValue() * 1e9));
  }

  private <T> T get(String name, Class<T> type) {
    Object value = values.get(name);
    if (!type.isInstance(value)) {
      throw new AllaPrimaException(
          ErrorCode.INTERNAL,
          "the core reported \"%s\": %s, expected a %s"
              .formatted(name, value, type.getSimpleName()),
          null);
    }
    return type.cast(value);
  }
}
