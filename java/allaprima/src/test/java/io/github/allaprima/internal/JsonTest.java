package io.github.allaprima.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  @Test
  void reads_every_kind_of_value() {
    Map<String, Object> object =
        Json.object(
            " {\"s\": \"a\\n\\\"\\u00e9\\\\\", \"n\": -3, \"d\": 1.5e-3, \"t\": true, \"f\":false,"
                + " \"l\": [1, [], {}], \"z\": null}\n");
    assertEquals("a\n\"é\\", object.get("s"));
    assertEquals(-3L, object.get("n"));
    assertEquals(0.0015, object.get("d"));
    assertEquals(true, object.get("t"));
    assertEquals(false, object.get("f"));
    assertEquals(List.of(1L, List.of(), Map.of()), object.get("l"));
    assertTrue(object.containsKey("z"));
    assertNull(object.get("z"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1",
        "{\"a\":\"b",
        "{\"a\":1} x",
        "{\"a\":tru}",
        "{\"a\":1,}",
        "{\"a\":\"\\u12"
      })
  void refuses_what_is_not_one_object(String text) {
    assertThrows(IllegalArgumentException.class, () -> Json.object(text));
  }
}
