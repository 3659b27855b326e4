package io.github.allaprima;

import java.nio.file.Path;

/** Where the tests find files of this repository. */
final class Repository {
  static final Path ROOT = Path.of(System.getProperty("allaprima.root"));
  static final Path TINY_MODEL = ROOT.resolve("models/tiny");

  private Repository() {}
}
