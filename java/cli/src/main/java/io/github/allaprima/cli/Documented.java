package io.github.allaprima.cli;

import java.util.Map;

/** A command whose JSON document also tells what was done before a failure. */
interface Documented {
  /** What is known so far. */
  Map<String, Object> document();
}
