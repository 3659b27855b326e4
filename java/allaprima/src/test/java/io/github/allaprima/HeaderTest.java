package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.EnumSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Holds the enums against the header, read as text. */
class HeaderTest {
  private final String header =
      Files.readString(Repository.ROOT.resolve("native/include/allaprima.h"));

  HeaderTest() throws IOException {}

  @Test
  void error_codes_are_those_of_the_header() {
    Map<Integer, String> expected = new TreeMap<>();
    int statuses = header.indexOf("typedef int32_t allaprima_status;");
    String list = header.substring(statuses, header.indexOf("};", statuses));
    Matcher constant =
        Pattern.compile("^  ALLAPRIMA_(\\w+)\\s*=\\s*(\\d+)", Pattern.MULTILINE).matcher(list);
    while (constant.find()) {
      expected.put(Integer.valueOf(constant.group(2)), constant.group(1));
    }
    Map<Integer, String> ours = new TreeMap<>(Map.of(0, "OK"));
    for (ErrorCode code : EnumSet.complementOf(EnumSet.of(ErrorCode.QUEUE_FULL))) {
      ours.put(code.status(), code.name());
    }
    assertEquals(expected, ours);
  }

  @Test
  void devices_are_those_of_the_header() {
    for (Device.Kind kind : Device.Kind.values()) {
      assertConstant("ALLAPRIMA_DEVICE_" + kind, kind.ordinal());
    }
  }

  @Test
  void precisions_are_those_of_the_header() {
    for (Precision precision : Precision.values()) {
      assertConstant("ALLAPRIMA_PRECISION_" + precision, precision.ordinal() + 1);
    }
  }

  private void assertConstant(String name, int value) {
    Pattern definition = Pattern.compile("\\b" + name + "\\s*=\\s*" + value + "\\b");
    assertTrue(definition.matcher(header).find(), name + " = " + value);
  }
}
