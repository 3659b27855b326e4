package io.github.allaprima;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Marks tests that need the native libraries. They are skipped only when a build left those out.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("native")
@ExtendWith(NativeTest.Condition.class)
@interface NativeTest {
  /** Skips with a reason where there is nothing to test. */
  final class Condition implements ExecutionCondition {
    private static final String LIBRARY =
        "/io/github/allaprima/internal/linux-x86_64/libjniallaprima.so";

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      boolean missing = NativeTest.class.getResource(LIBRARY) == null;
      return missing && Boolean.getBoolean("allaprima.native.skip")
          ? ConditionEvaluationResult.disabled("allaprima.native.skip, and nothing built before")
          : ConditionEvaluationResult.enabled("the build made the native libraries");
    }
  }
}
