package io.github.allaprima.cli;

import io.github.allaprima.Image;
import io.github.allaprima.Size;
import io.github.allaprima.internal.WholeFile;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;

/** Pictures of one size beside and below each other. */
final class Sheet {
  /** The pictures, the sheet, and its PNG, which grows by doubling. */
  private static final int PIXEL_BYTES = 3 + 4 + 3 * 3;

  private final BufferedImage sheet;

  /**
   * Fails when a sheet of so many pictures is more than Java can hold. To be asked before they are
   * drawn.
   */
  static void check(Size picture, int columns, int pictures) {
    long width = (long) picture.width() * columns;
    long height = (long) picture.height() * ((pictures + columns - 1) / columns);
    long most = Math.min(Integer.MAX_VALUE - 8L, Runtime.getRuntime().maxMemory() / PIXEL_BYTES);
    if (width * height > most) {
      throw new IllegalArgumentException(
          ("a sheet of %d x %d pictures has %dx%d pixels, at most %d fit into Java's memory; draw"
                  + " fewer, or give it more with JAVA_TOOL_OPTIONS=-Xmx8g")
              .formatted(columns, (pictures + columns - 1) / columns, width, height, most));
    }
  }

  /** Rows of {@code columns} pictures; white where the last row is not full. */
  Sheet(List<Image> images, int columns) {
    int width = images.get(0).width();
    int height = images.get(0).height();
    int used = Math.min(columns, images.size());
    int rows = (images.size() + used - 1) / used;
    sheet = new BufferedImage(used * width, rows * height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = sheet.createGraphics();
    graphics.setBackground(java.awt.Color.WHITE);
    graphics.clearRect(0, 0, sheet.getWidth(), sheet.getHeight());
    for (int i = 0; i < images.size(); i++) {
      BufferedImage picture = images.get(i).toBufferedImage();
      graphics.drawImage(picture, i % used * width, i / used * height, null);
    }
    graphics.dispose();
  }

  void writePng(Path file) {
    try (ByteArrayOutputStream png = new ByteArrayOutputStream()) {
      ImageIO.write(sheet, "png", png);
      WholeFile.write(file, png.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
