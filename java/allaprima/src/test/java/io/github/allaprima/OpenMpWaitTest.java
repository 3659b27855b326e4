package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** libgomp's threads spin only briefly while they wait, unless the user says how long. */
@NativeTest
@Timeout(120)
class OpenMpWaitTest {
  private static final String SPINS = "GOMP_SPINCOUNT";
  private static final String POLICY = "OMP_WAIT_POLICY";

  /** Runs in the other process, where libgomp prints its settings when it is loaded. */
  static final class Main {
    public static void main(String[] args) {
      System.out.println(SystemInfo.get().version());
    }
  }

  private static String settings(Map<String, String> user) throws Exception {
    Map<String, String> variables = new HashMap<>(Map.of(SPINS, "", POLICY, ""));
    variables.put("OMP_DISPLAY_ENV", "VERBOSE");
    variables.putAll(user);
    return ChildJvm.run(
        variables, System.getProperty("java.class.path"), List.of(Main.class.getName()));
  }

  private static void assertSpins(String expected, String settings) {
    assertTrue(settings.contains(SPINS + " = '" + expected + "'"), settings);
  }

  @Test
  void is_short_when_the_user_says_nothing() throws Exception {
    assertSpins("3000", settings(Map.of()));
  }

  @Test
  void is_what_the_user_says() throws Exception {
    assertSpins("77", settings(Map.of(SPINS, "77")));
    assertSpins("0", settings(Map.of(POLICY, "passive")));
  }
}
