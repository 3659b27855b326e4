package io.github.allaprima.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTextTest {
  @Test
  void writes_what_the_reader_reads() {
    Map<String, Object> value = new LinkedHashMap<>();
    value.put("text", "\"a\" \\ b\nc\t\u0001 äöü 🦊");
    value.put("list", Arrays.asList(1L, 2.5, true, null, List.of()));
    value.put("object", Map.of("a", "b"));
    assertEquals(value, Json.object(JsonText.of(value)));
  }

  @Test
  void writes_one_line_with_all_digits_and_no_half_letters() {
    String json =
        JsonText.of(
            Arrays.asList(
                new BigInteger("18446744073709551615"),
                "\ud83e",
                "\udd8a",
                Double.NaN,
                new JsonText.Raw(" {\"a\":1}\n")));
    assertEquals("[18446744073709551615,\"\\ud83e\",\"\\udd8a\",null,{\"a\":1}]", json);
  }
}
