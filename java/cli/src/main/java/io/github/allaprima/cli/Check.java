package io.github.allaprima.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * One thing that doctor looked at.
 *
 * @param name a word or two
 * @param state whether it is as it should be
 * @param detail what was found
 * @param advice what to do; "" when nothing is to be done
 * @param facts for programs
 */
record Check(String name, State state, String detail, String advice, Map<String, Object> facts) {
  enum State {
    OK,
    WARN,
    FAIL;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static Check ok(String name, String detail) {
    return new Check(name, State.OK, detail, "", Map.of());
  }

  static Check warn(String name, String detail, String advice) {
    return new Check(name, State.WARN, detail, advice, Map.of());
  }

  static Check fail(String name, String detail, String advice) {
    return new Check(name, State.FAIL, detail, advice, Map.of());
  }

  /** A copy with one more fact. */
  Check with(String fact, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(facts);
    more.put(fact, value);
    return new Check(name, state, detail, advice, more);
  }

  /** The check, or, whatever it throws, a warning that it could not be made. */
  static Check of(String name, Supplier<Check> look) {
    try {
      return look.get();
    } catch (Exception | LinkageError e) {
      return warn(name, "not known: " + e, "");
    }
  }

  Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", name);
    fields.put("state", state.toString());
    fields.put("detail", detail);
    fields.put("advice", advice.isEmpty() ? null : advice);
    fields.putAll(facts);
    return fields;
  }
}
