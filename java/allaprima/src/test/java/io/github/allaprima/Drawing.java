package io.github.allaprima;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/** A program for other processes: draws with the tiny model and tells what it drew with. */
public final class Drawing {
  private static final List<String> LIBRARIES =
      List.of("libtorch_cpu.so", "libopenblas.so.0", "liballaprima.so");

  private static String expected;

  private Drawing() {}

  /** Takes the model, and a file for the PNG or nothing. */
  public static void main(String[] args) {
    try {
      System.out.println(draw(args[0], args.length > 1 ? args[1] : null));
      for (String library : LIBRARIES) {
        System.out.println(library + " " + loaded(library));
      }
    } catch (AllaPrimaException e) {
      System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
    }
  }

  /** A checksum of the picture. */
  public static String draw(String model, String png) {
    try (Pipeline pipeline =
        Pipeline.builder().model(Path.of(model)).device(Device.cpu()).fp32().threads(1).build()) {
      Image image = pipeline.generate(Request.of("a red apple").steps(2).seed(7));
      if (png != null) {
        image.writePng(Path.of(png));
      }
      CRC32 crc = new CRC32();
      crc.update(image.rgb());
      return "drawn " + crc.getValue();
    }
  }

  /**
   * What another process draws, one that nothing is unusual in. Not this process: a pipeline of
   * another test has chosen its threads, and with them the last bits.
   */
  static synchronized String expected() throws IOException, InterruptedException {
    if (expected == null) {
      String output =
          ChildJvm.run(
              ClassPaths.all(), List.of(Drawing.class.getName(), Repository.TINY_MODEL.toString()));
      expected = output.lines().findFirst().orElseThrow();
    }
    return expected;
  }

  /** The files of this name that are mapped into this process. */
  public static List<String> loaded(String library) {
    try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
      return maps.filter(line -> line.endsWith("/" + library))
          .map(line -> line.substring(line.indexOf('/')))
          .distinct()
          .toList();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
