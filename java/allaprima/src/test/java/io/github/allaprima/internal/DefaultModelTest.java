package io.github.allaprima.internal;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.InvalidModelException;
import io.github.allaprima.Pipeline;
import org.junit.jupiter.api.Test;

/** The artifact with the model is no dependency of this module. */
class DefaultModelTest {
  @Test
  void names_the_dependency_that_is_missing() {
    Pipeline.Builder builder = Pipeline.builder();
    InvalidModelException e = assertThrows(InvalidModelException.class, builder::build);
    assertTrue(e.getMessage().contains("io.github.allaprima:allaprima-model:0."), e.getMessage());
  }
}
