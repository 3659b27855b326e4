package io.github.allaprima.cli;

import io.github.allaprima.Image;
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
  private final BufferedImage sheet;

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
