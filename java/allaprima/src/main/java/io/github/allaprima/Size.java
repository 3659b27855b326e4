package io.github.allaprima;

/**
 * Width and height of a picture in pixels.
 *
 * @param width at least 1; a model takes multiples of its own factor only, 8 for SDXL
 * @param height as the width
 */
public record Size(int width, int height) {
  /**
   * Checks the values.
   *
   * @param width as {@link #width}
   * @param height as {@link #height}
   * @throws IllegalArgumentException when one is below 1
   */
  public Size {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "size must be at least 1x1 pixels, not " + width + "x" + height);
    }
  }

  /** Returns the size as in "1024x768". */
  @Override
  public String toString() {
    return width + "x" + height;
  }
}
