package io.github.allaprima.cli;

import io.github.allaprima.AllaPrimaException;
import io.github.allaprima.ErrorCode;
import io.github.allaprima.Image;
import io.github.allaprima.Pipeline;
import io.github.allaprima.Request;
import io.github.allaprima.RunOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Draws a sheet: prompts by variants, each from the same seed. */
@Command(
    name = "gallery",
    description = {
      "Draws a sheet of pictures, one a prompt, all from the same seed.",
      "With --vary a row for each value and a column for each prompt."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false)
final class Gallery implements Callable<Integer> {
  @Parameters(
      paramLabel = "PROMPT",
      arity = "0..*",
      description = "What to draw. Default: the lines of gallery.txt in the model's folder.")
  private List<String> prompts = List.of();

  @Mixin private PipelineFlags pipelineFlags;

  @Option(
      names = "--prompts",
      paramLabel = "FILE",
      description = "Prompts, a line each; empty lines and those that begin with # are left out.")
  private Path file;

  @Option(
      names = "--vary",
      paramLabel = "NAME=A,B,...",
      description = "A row for each value of seed, steps or guidance, as in guidance=2,3,4.",
      converter = Variants.class)
  private Variants variants = Variants.NONE;

  @Mixin private StepFlags stepFlags;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of the noise of every picture. Default: ${DEFAULT-VALUE}.",
      defaultValue = "7",
      converter = Generate.Seed.class)
  private long seed;

  @Option(
      names = "--columns",
      paramLabel = "N",
      description = "Pictures in a row, without --vary. Default: ${DEFAULT-VALUE}.",
      defaultValue = "8")
  private int columns;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "The sheet, PNG. Default: ${DEFAULT-VALUE}.",
      defaultValue = "gallery.png")
  private Path output;

  @Override
  public Integer call() {
    OutputFile.checkPicture(output);
    OutputFile.check(output);
    if (columns < 1) {
      throw new IllegalArgumentException("columns must be at least 1, not " + columns);
    }
    if (file != null && !prompts.isEmpty()) {
      throw new IllegalArgumentException(
          "prompts are named and come from %s, too; give one of the two".formatted(file));
    }
    if (file != null) {
      prompts = lines(file);
    }
    ProgressBar bar = ProgressBar.onStandardError();
    bar.say("loading");
    try (Pipeline pipeline = pipelineFlags.open()) {
      List<Image> images = draw(pipeline, requests(pipeline), bar);
      new Sheet(images, variants.isNone() ? columns : prompts.size()).writePng(output);
      bar.clear();
      System.out.printf("%s: %d pictures, seed %s%n", output, images.size(), seedText());
    } finally {
      bar.clear();
    }
    return 0;
  }

  private String seedText() {
    return variants.isOf("seed") ? "of each row" : Long.toUnsignedString(seed);
  }

  private List<Request> requests(Pipeline pipeline) {
    if (prompts.isEmpty()) {
      prompts = lines(pipeline.info().model().resolve("gallery.txt"));
    }
    List<Request> requests = new ArrayList<>();
    for (String value : variants.values()) {
      for (String prompt : prompts) {
        requests.add(variants.applied(stepFlags.applyTo(Request.of(prompt).seed(seed)), value));
      }
    }
    return requests;
  }

  private static List<Image> draw(Pipeline pipeline, List<Request> requests, ProgressBar bar) {
    List<Image> images = new ArrayList<>();
    RunOptions options = RunOptions.none().cancellation(Interrupt.CANCELLATION);
    Interrupt.cancellable();
    for (Request request : requests) {
      bar.say(String.format(Locale.ROOT, "picture %d of %d", images.size() + 1, requests.size()));
      images.add(pipeline.generate(request, options));
    }
    return images;
  }

  private static List<String> lines(Path file) {
    try (var all = Files.lines(file)) {
      List<String> lines =
          all.map(String::strip).filter(line -> !line.isEmpty() && !line.startsWith("#")).toList();
      if (!lines.isEmpty()) {
        return lines;
      }
    } catch (IOException | java.io.UncheckedIOException e) {
      throw new AllaPrimaException(
          ErrorCode.IO,
          "no prompts: %s cannot be read; name some, or --prompts FILE".formatted(file),
          e);
    }
    throw new AllaPrimaException(
        ErrorCode.INVALID_ARGUMENT, "%s holds no prompts; write one a line".formatted(file), null);
  }
}
