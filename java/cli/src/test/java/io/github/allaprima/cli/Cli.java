package io.github.allaprima.cli;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import picocli.CommandLine;

/** Runs the program, in this process or in one of its own. */
final class Cli {
  static final Path ROOT = Path.of(System.getProperty("allaprima.root"));
  static final Path TINY = ROOT.resolve("models/tiny");
  static final Path VARIANTS = ROOT.resolve("native/tests/data/pipelines/d");

  /** What a run left. */
  record Result(int code, String out, String err) {}

  private Cli() {}

  static Result run(String... args) {
    return run(false, args);
  }

  private static Result run(boolean lastCounts, String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine command = Main.commandLine().setOverwrittenOptionsAllowed(lastCounts);
    command.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
    int code = command.execute(args);
    return new Result(code, out.toString(), err.toString());
  }

  /**
   * {@code generate} with the tiny model and two small, fast steps, unless {@code args} say
   * otherwise.
   */
  static Result draw(Path output, String... args) {
    String[] always = {
      "generate",
      "--model",
      TINY.toString(),
      "--device",
      "cpu",
      "--precision",
      "fp32",
      "--steps",
      "2",
      "--width",
      "64",
      "--height",
      "32",
      "-o",
      output.toString()
    };
    return run(true, Stream.of(always, args).flatMap(Stream::of).toArray(String[]::new));
  }

  /** Another process; its interrupt signal works, whatever this one was started with. */
  static ProcessBuilder process(List<String> flags, String classPath, String... args) {
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1"));
    command.addAll(flags);
    command.addAll(List.of("-cp", classPath, Main.class.getName()));
    command.addAll(List.of(args));
    return new ProcessBuilder(command);
  }

  static Result runProcess(List<String> flags, Map<String, String> environment, String... args)
      throws IOException, InterruptedException {
    return finish(process(flags, System.getProperty("java.class.path"), args), environment);
  }

  static Result finish(ProcessBuilder builder, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile("allaprima", ".out");
    Path err = Files.createTempFile("allaprima", ".err");
    try {
      builder.environment().putAll(environment);
      Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
      int code = process.waitFor();
      return new Result(code, Files.readString(out), Files.readString(err, StandardCharsets.UTF_8));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  /** Of a picture; the file itself also tells the request. */
  static int[] pixels(Path file) throws IOException {
    BufferedImage image = ImageIO.read(file.toFile());
    return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
  }

  static void copy(Path model, Path target) throws IOException {
    try (Stream<Path> files = Files.walk(model)) {
      for (Path file : files.toList()) {
        Files.copy(file, target.resolve(model.relativize(file)));
      }
    }
  }
}
