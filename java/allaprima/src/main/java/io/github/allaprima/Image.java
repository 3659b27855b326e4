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
                request.steps().orElseThrow(),
                request.guidance().orElseThrow(),
                seed(),
                new Size(width, height),
                report.precision(),
                report.version());
    return request.prompt() + negative + "\n" + settings + others();
  }

  private String seed() {
    long seed = request.seed().orElseGet(() -> request.seeds().get(index));
    return Long.toUnsignedString(seed);
  }

  /** Settings that are told only where they are not the usual ones. */
  private String others() {
    StringBuilder text = new StringBuilder();
    request.prompt2().ifPresent(other -> text.append(", Prompt 2: ").append(quoted(other)));
    request
        .negativePrompt2()
        .ifPresent(other -> text.append(", Negative prompt 2: ").append(quoted(other)));
    if (request.clipSkip() != 0) {
      // These tools count the layer that SDXL always leaves out.
      text.append(", Clip skip: ").append(request.clipSkip() + 2);
    }
    if (request.guidanceRescale() != 0) {
      text.append(", CFG rescale: ").append(request.guidanceRescale());
    }
    if (request.images() > 1) {
      text.append(", Image: ").append(index + 1).append(" of ").append(request.images());
    }
    return text.toString();
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
  }
}
