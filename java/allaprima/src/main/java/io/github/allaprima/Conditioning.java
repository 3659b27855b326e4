package io.github.allaprima;

import java.util.Objects;
import java.util.Optional;

/**
 * What SDXL was told of each picture it learned from, and is told of the one it draws. A large
 * original asks for detail; a crop away from 0, 0 for a picture that is cut off.
 *
 * @param originalSize before the picture was scaled and cut; absent: the size of what is drawn
 * @param cropLeft pixels cut off at the left, at least 0
 * @param cropTop pixels cut off at the top, at least 0
 * @param targetSize what the picture was brought to; absent: the size of what is drawn
 */
public record Conditioning(
    Optional<Size> originalSize, int cropLeft, int cropTop, Optional<Size> targetSize) {
  /**
   * Checks the values.
   *
   * @param originalSize as {@link #originalSize}
   * @param cropLeft as {@link #cropLeft}
   * @param cropTop as {@link #cropTop}
   * @param targetSize as {@link #targetSize}
   * @throws IllegalArgumentException when a crop is negative
   * @throws NullPointerException when a size is null
   */
  public Conditioning {
    Objects.requireNonNull(originalSize, "originalSize");
    Objects.requireNonNull(targetSize, "targetSize");
    if (cropLeft < 0 || cropTop < 0) {
      throw new IllegalArgumentException(
          "crop must be at least 0,0 pixels, not " + cropLeft + "," + cropTop);
    }
  }

  /**
   * Returns what is told when nothing is asked for.
   *
   * @return the size of what is drawn, uncut
   */
  public static Conditioning defaults() {
    return new Conditioning(Optional.empty(), 0, 0, Optional.empty());
  }

  /**
   * Returns a copy with an original size.
   *
   * @param width in pixels, at least 1
   * @param height in pixels, at least 1
   * @return the copy
   * @throws IllegalArgumentException when one is below 1
   */
  public Conditioning originalSize(int width, int height) {
    return new Conditioning(Optional.of(new Size(width, height)), cropLeft, cropTop, targetSize);
  }

  /**
   * Returns a copy with a crop.
   *
   * @param left pixels cut off at the left, at least 0
   * @param top pixels cut off at the top, at least 0
   * @return the copy
   * @throws IllegalArgumentException when one is below 0
   */
  public Conditioning crop(int left, int top) {
    return new Conditioning(originalSize, left, top, targetSize);
  }

  /**
   * Returns a copy with a target size.
   *
   * @param width in pixels, at least 1
   * @param height in pixels, at least 1
   * @return the copy
   * @throws IllegalArgumentException when one is below 1
   */
  public Conditioning targetSize(int width, int height) {
    return new Conditioning(originalSize, cropLeft, cropTop, Optional.of(new Size(width, height)));
  }

  /** Whether both sizes are given. */
  boolean isComplete() {
    return originalSize.isPresent() && targetSize.isPresent();
  }
}
