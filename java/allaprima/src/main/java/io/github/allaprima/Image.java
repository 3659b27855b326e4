package io.github.allaprima;

import io.github.allaprima.internal.PngEncoder;
import io.github.allaprima.internal.WholeFile;
import java.awt.image.BufferedImage;
import java.nio.file.Path;

/** A picture, with what it was made of and how. Immutable. */
public final class Image {
  private final int width;
  private final int height;
  private final byte[] rgb;
  private final int index;
  private final Request request;
  private final Report report;

  Image(int width, int height, byte[] rgb, int index, Request request, Report report) {
    this.width = width;
    this.height = height;
    this.rgb = rgb;
    this.index = index;
    this.request = request;
    this.report = report;
  }

  /**
   * Returns the width.
   *
   * @return pixels, at least 1
   */
  public int width() {
    return width;
  }

  /**
   * Returns the height.
   *
   * @return pixels, at least 1
   */
  public int height() {
    return height;
  }

  /**
   * Returns the pixels.
   *
   * @return a copy; rows from the top, three bytes a pixel: red, green, blue
   */
  public byte[] rgb() {
    return rgb.clone();
  }

  /**
   * Returns the place among the pictures that were drawn together.
   *
   * @return from 0
   */
  public int index() {
    return index;
  }

  /**
   * Returns what was drawn: asked for again, it is the same picture. Of pictures drawn together
   * with seeds of their own it asks for this one alone, which is the same but for rounding; with
   * one seed or file of noise for all of them it asks for all.
   *
   * @return the request, with steps, guidance, size and seed that were used; without a seed when
   *     the noise came from a file
   */
  public Request request() {
    return request;
  }

  /**
   * Returns how it was drawn.
   *
   * @return times and memory
   */
  public Report report() {
    return report;
  }

  /**
   * Writes {@link #png} to a file, which is there as a whole or not at all; an existing one is
   * replaced.
   *
   * @param file where to
   * @throws AllaPrimaException with {@link ErrorCode#IO} when it cannot be written
   */
  public void writePng(Path file) {
    WholeFile.write(file, png());
  }

  /**
   * Returns the picture as a PNG file has it, with prompt, seed, settings and plan as its text
   * {@code parameters}. Encoded anew at each call; fast rather than small.
   *
   * @return the file's bytes
   */
  public byte[] png() {
    return PngEncoder.encode(width, height, rgb, Parameters.of(this));
  }

  /**
   * Returns a copy for the JDK's graphics. Needs the module {@code java.desktop}.
   *
   * @return of type {@link BufferedImage#TYPE_INT_RGB}
   */
  public BufferedImage toBufferedImage() {
    int[] pixels = new int[width * height];
    for (int i = 0; i < pixels.length; i++) {
      int red = rgb[3 * i] & 0xff;
      int green = rgb[3 * i + 1] & 0xff;
      int blue = rgb[3 * i + 2] & 0xff;
      pixels[i] = red << 16 | green << 8 | blue;
    }
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    image.getRaster().setDataElements(0, 0, width, height, pixels);
    return image;
  }
}
