package io.github.allaprima;

import java.nio.file.Path;

/** Where the tests find files of this repository. */
public final class Repository {
  public static final Path ROOT = Path.of(System.getProperty("allaprima.root"));
  public static final Path TINY_MODEL = ROOT.resolve("models/tiny");

  private Repository() {}
}
