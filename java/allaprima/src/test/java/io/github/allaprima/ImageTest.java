package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.NodeList;

class ImageTest {
  private static final Report REPORT =
      new Report(
          "0.1.0",
          "tiny",
          "cpu",
          "fp32",
          List.of("precision: fp32, asked for", "fuse_qkv: 3 layers"),
          new Timings(
              Duration.ZERO, Duration.ZERO, Duration.ZERO, List.of(), Duration.ZERO, Duration.ZERO),
          0,
          List.of(),
          "{}");

  private static final String MAKING =
      ", Model: \"tiny\", Device: \"cpu\", Precision: fp32,"
          + " Plan: \"precision: fp32, asked for\\nfuse_qkv: 3 layers\", Version: Alla Prima 0.1.0";

  @TempDir Path folder;

  private static Image noise(int width, int height, Request request) {
    byte[] rgb = new byte[3 * width * height];
    new Random(1).nextBytes(rgb);
    return new Image(width, height, rgb, 0, request.seed(7).size(width, height), REPORT);
  }

  private static Request request(String prompt) {
    return Request.of(prompt).steps(4).guidance(5);
  }

  @Test
  void writes_the_pixels_that_it_has() throws IOException {
    Image image = noise(33, 17, request("an apple"));
    Path file = folder.resolve("apple.png");
    image.writePng(file);
    BufferedImage read = ImageIO.read(file.toFile());
    assertEquals(33, read.getWidth());
    assertEquals(17, read.getHeight());
    assertArrayEquals(pixels(image.toBufferedImage()), pixels(read));
  }

  @Test
  void converts_each_colour_to_its_place() {
    Image image = new Image(1, 1, new byte[] {(byte) 200, 100, 50}, 0, request(""), REPORT);
    assertEquals(0xffc86432, image.toBufferedImage().getRGB(0, 0));
  }

  @Test
  void says_in_the_file_how_it_was_made() throws IOException {
    Request request = Request.of("an apple").negativePrompt("a pear").steps(4).guidance(2.5);
    Path file = folder.resolve("apple.png");
    noise(16, 8, request).writePng(file);
    assertEquals(
        "an apple\nNegative prompt: a pear\nSteps: 4, CFG scale: 2.5, Seed: 7, Size: 16x8" + MAKING,
        parameters(file, "tEXt", "value"));
  }

  @Test
  void says_every_setting_that_is_not_the_usual_one() throws IOException {
    Request request =
        request("an apple")
            .prompt2("a \"red\" one,\nripe")
            .negativePrompt2("a pear")
            .clipSkip(1)
            .guidanceRescale(0.5)
            .conditioning(Conditioning.defaults().originalSize(99, 64).crop(3, 4))
            .negativeConditioning(
                Conditioning.defaults().originalSize(10, 20).targetSize(30, 40).crop(0, 1))
            .images(2)
            .seed(-1)
            .size(16, 8);
    Path file = folder.resolve("apple.png");
    new Image(16, 8, new byte[3 * 16 * 8], 1, request, REPORT).writePng(file);
    assertEquals(
        "an apple\nSteps: 4, CFG scale: 5.0, CFG rescale: 0.5, Seed: 18446744073709551615,"
            + " Size: 16x8, Image: 2 of 2, Prompt 2: \"a \\\"red\\\" one,\\nripe\","
            + " Negative prompt 2: \"a pear\", Clip skip: 3, Original size: 99x64, Crop: \"3,4\","
            + " Negative original size: 10x20, Negative crop: \"0,1\", Negative target size: 30x40"
            + MAKING,
        parameters(file, "tEXt", "value"));
  }

  @Test
  void says_the_file_of_the_noise_and_no_seed_beside_it() throws IOException {
    Request request = request("an apple").latents(Path.of("/some/where/noise.safetensors"));
    Path file = folder.resolve("apple.png");
    new Image(8, 8, new byte[3 * 8 * 8], 0, request, REPORT).writePng(file);
    assertEquals(
        "an apple\nSteps: 4, CFG scale: 5.0, Latents: \"noise.safetensors\", Size: 8x8" + MAKING,
        parameters(file, "tEXt", "value"));
  }

  @Test
  void keeps_what_stands_behind_a_zero_in_a_prompt() throws IOException {
    Path file = folder.resolve("apple.png");
    noise(8, 8, request("an\0apple")).writePng(file);
    assertTrue(parameters(file, "tEXt", "value").startsWith("an apple\nSteps: 4,"));
  }

  @Test
  void gives_the_bytes_of_the_file() throws IOException {
    Image image = noise(9, 5, request("an apple"));
    Path file = folder.resolve("apple.png");
    image.writePng(file);
    assertArrayEquals(Files.readAllBytes(file), image.png());
  }

  @Test
  void keeps_prompts_beyond_latin_1() throws IOException {
    Path file = folder.resolve("apple.png");
    noise(8, 8, request("яблоко 🍎")).writePng(file);
    assertTrue(parameters(file, "iTXt", "text").startsWith("яблоко 🍎\nSteps: 4,"));
  }

  @Test
  void replaces_a_file_and_leaves_nothing_beside_it() throws IOException {
    Path file = folder.resolve("apple.png");
    Files.writeString(file, "old");
    noise(8, 8, request("")).writePng(file);
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList());
    }
    assertEquals(8, ImageIO.read(file.toFile()).getWidth());
  }

  @Test
  void names_the_folder_that_is_not_there() {
    Path file = folder.resolve("nowhere/apple.png");
    Image image = noise(8, 8, request(""));
    AllaPrimaException e = assertThrows(AllaPrimaException.class, () -> image.writePng(file));
    assertEquals(ErrorCode.IO, e.code());
    assertEquals(
        file + " could not be written: there is no folder " + file.getParent(), e.getMessage());
  }

  @Test
  void does_not_change_when_a_caller_writes_to_its_bytes() {
    Image image = noise(8, 8, request(""));
    image.rgb()[0]++;
    assertArrayEquals(noise(8, 8, request("")).rgb(), image.rgb());
  }

  private static int[] pixels(BufferedImage image) {
    return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
  }

  private static String parameters(Path file, String chunk, String attribute) throws IOException {
    ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
    try (ImageInputStream stream = ImageIO.createImageInputStream(file.toFile())) {
      reader.setInput(stream);
      var root = reader.getImageMetadata(0).getAsTree("javax_imageio_png_1.0");
      NodeList entries = ((org.w3c.dom.Element) root).getElementsByTagName(chunk + "Entry");
      assertEquals(1, entries.getLength());
      var entry = (org.w3c.dom.Element) entries.item(0);
      assertEquals("parameters", entry.getAttribute("keyword"));
      return entry.getAttribute(attribute);
    } finally {
      reader.dispose();
    }
  }
}
