package com.example;

import io.github.allaprima.Image;
import io.github.allaprima.Pipeline;
import io.github.allaprima.Request;
import java.nio.file.Path;

/** Draws a prompt into a file, with the model that ships. */
public final class Draw {
  private Draw() {}

  /** Takes the prompt and the file. */
  public static void main(String[] args) {
    try (Pipeline pipeline = Pipeline.builder().build()) {
      Image image = pipeline.generate(Request.of(args[0]).seed(7));
      image.writePng(Path.of(args[1]));
      System.out.println("wrote " + args[1]);
    }
  }
}
