package io.github.allaprima.internal;

import io.github.allaprima.Request;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.bytedeco.javacpp.SizeTPointer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What lies between the core and a PNG file: calls into native code, the bytes of a picture, its
 * encoding. In this package to reach the binding. Runs in the repository's root.
 */
@BenchmarkMode(Mode.AverageTime)
@Fork(3)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class BoundaryBenchmark {
  /** One run of a small model, so that there is a handle to ask. */
  @State(Scope.Benchmark)
  public static class OpenRun {
    @Param("models/tiny")
    String model;

    private NativePipeline pipeline;
    private NativeRun run;

    @Setup
    public void open() {
      Path folder = Path.of(model).toAbsolutePath();
      int cpu = 1;
      int fp32 = 1;
      pipeline =
          NativePipeline.open(
              new NativePipeline.Options(folder, cpu, 0, fp32, /* threads= */ 1, ""));
      run = pipeline.begin(Request.of("a fox").steps(1).guidance(1).seed(7));
    }

    @TearDown
    public void close() {
      run.close();
      pipeline.close();
    }
  }

  /** A picture with edges and plain areas, as the model draws them; three bytes a pixel. */
  @State(Scope.Benchmark)
  public static class Picture {
    @Param("1024")
    int side;

    @Param("docs/images/gallery.png")
    String picture;

    private byte[] rgb;
    private byte[] buffer;
    private SizeTPointer size;
    private BufferedImage image;

    @Setup
    public void draw() throws IOException {
      NativeLibrary.load();
      ImageIO.setUseCache(false);
      image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
      Graphics2D graphics = image.createGraphics();
      graphics.setRenderingHint(
          RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
      graphics.drawImage(ImageIO.read(Path.of(picture).toFile()), 0, 0, side, side, null);
      graphics.dispose();
      rgb = rgbOf(image);
      buffer = new byte[rgb.length];
      size = new SizeTPointer(1);
    }

    /** Both encoders must have encoded this picture, or there is nothing to compare. */
    @TearDown(Level.Trial)
    public void checkEncoders() throws IOException {
      for (byte[] png : new byte[][] {encode(), encodeByImageIo()}) {
        if (!Arrays.equals(rgb, rgbOf(ImageIO.read(new ByteArrayInputStream(png))))) {
          throw new IllegalStateException("an encoder changed the picture");
        }
      }
    }

    byte[] encode() {
      return PngEncoder.encode(side, side, rgb, "a cat\nSteps: 25, Seed: 7");
    }

    byte[] encodeByImageIo() throws IOException {
      ByteArrayOutputStream png = new ByteArrayOutputStream(rgb.length);
      ImageIO.write(image, "png", png);
      return png.toByteArray();
    }

    private static byte[] rgbOf(BufferedImage image) {
      int[] pixels =
          image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
      byte[] rgb = new byte[3 * pixels.length];
      for (int i = 0; i < pixels.length; i++) {
        rgb[3 * i] = (byte) (pixels[i] >> 16);
        rgb[3 * i + 1] = (byte) (pixels[i] >> 8);
        rgb[3 * i + 2] = (byte) pixels[i];
      }
      return rgb;
    }
  }

  /** A call without arguments; the open run only so that the library is loaded. */
  @Benchmark
  @OutputTimeUnit(TimeUnit.NANOSECONDS)
  public int call(OpenRun open) {
    return CApi.allaprima_abi_version();
  }

  /** A call with a handle, which takes no lock. */
  @Benchmark
  @OutputTimeUnit(TimeUnit.NANOSECONDS)
  public int callWithHandle(OpenRun open) {
    return open.run.totalSteps();
  }

  /** The bytes of a picture through the boundary, as {@code allaprima_run_finish} takes them. */
  @Benchmark
  @OutputTimeUnit(TimeUnit.MICROSECONDS)
  public byte[] copyPicture(Picture picture) {
    CApi.allaprima_last_error(picture.buffer, picture.buffer.length, picture.size);
    return picture.buffer;
  }

  /** Our encoder, as {@code Image.writePng} calls it. */
  @Benchmark
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public byte[] encodePng(Picture picture) {
    return picture.encode();
  }

  /** The JDK's, of a picture that is there as it likes it. */
  @Benchmark
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public byte[] encodePngByImageIo(Picture picture) throws IOException {
    return picture.encodeByImageIo();
  }

  /** From the core's bytes to those of the file. */
  @Benchmark
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public byte[] coreToPng(Picture picture) {
    copyPicture(picture);
    return picture.encode();
  }
}
