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
  private final Request request;
  private final Report report;

  Image(int width, int height, byte[] rgb, Request request, Report report) {
    this.width = width;
    this.height = height;
    this.rgb = rgb;
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
   * Returns what was drawn: asked for again, it is the same picture.
   *
   * @return the request, with the seed and the size that were used
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
   * Writes a PNG file, with prompt, seed and settings as its text {@code parameters}. The file is
   * there as a whole or not at all; an existing one is replaced.
   *
   * @param file where to
   * @throws AllaPrimaException with {@link ErrorCode#IO} when it cannot be written
   */
  public void writePng(Path file) {
    WholeFile.write(file, PngEncoder.encode(width, height, rgb, parameters()));
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

  /**
   * In the form that the field's tools read: prompt, negative prompt, then one line of settings.
   */
  private String parameters() {
    String negative = request.negativePrompt().map(text -> "\nNegative prompt: " + text).orElse("");
    String settings =
        "Steps: %d, CFG scale: %s, Seed: %s, Size: %s, Precision: %s, Version: Alla Prima %s"
            .formatted(
                request.steps(),
                request.guidance(),
                Long.toUnsignedString(request.seed().orElseThrow()),
                new Size(width, height),
                report.precision(),
                report.version());
    return request.prompt() + negative + "\n" + settings;
  }
}
