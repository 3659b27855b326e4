package io.github.allaprima.cli;

import io.github.allaprima.AllaPrimaException;
import io.github.allaprima.ErrorCode;
import io.github.allaprima.Image;
import io.github.allaprima.Pipeline;
import io.github.allaprima.PipelineInfo;
import io.github.allaprima.Request;
import io.github.allaprima.RunOptions;
import io.github.allaprima.internal.JsonText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
      "With --vary a row for each value and a column for each prompt. An existing file is replaced."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    abbreviateSynopsis = true)
final class Gallery implements Callable<Integer> {
  @Parameters(
      paramLabel = "PROMPT",
      arity = "0..*",
      description = "What to draw. Default: the lines of gallery.txt in the model's folder.")
  private List<String> prompts = List.of();

  @Mixin private PipelineFlags pipelineFlags;

  @Option(
      names = {"--prompts", "--prompts-file"},
      paramLabel = "FILE",
      description =
          "Prompts, a line each; empty lines and those that begin with # are left out. - is"
              + " standard input.")
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
      converter = SeedFlags.Seed.class)
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

  @Mixin private OutputFlags outputFlags;

  @Override
  public Integer call() {
    outputFlags.check(List.of(output));
    if (columns < 1) {
      throw new IllegalArgumentException("columns must be at least 1, not " + columns);
    }
    prompts = Prompts.of(prompts, file);
    ProgressBar bar = outputFlags.bar(1);
    bar.say("loading");
    try (Pipeline pipeline = pipelineFlags.open(outputFlags)) {
      List<Request> requests = requests(pipeline);
      int across = Math.min(variants.isNone() ? columns : prompts.size(), requests.size());
      Sheet.check(pipeline.info().size(), across, requests.size());
      List<Image> images = draw(pipeline, requests);
      bar.say("writing " + output);
      new Sheet(images, across).writePng(output);
      bar.clear();
      outputFlags.line("%s: %d pictures, seed %s".formatted(output, images.size(), seedText()));
      outputFlags.document(document(pipeline.info(), images, across));
    } finally {
      bar.clear();
    }
    return 0;
  }

  private Map<String, Object> document(PipelineInfo info, List<Image> images, int across) {
    List<Map<String, Object>> pictures = new ArrayList<>();
    for (Image image : images) {
      int at = pictures.size();
      Map<String, Object> place = new LinkedHashMap<>();
      place.put("row", at / across + 1);
      place.put("column", at % across + 1);
      place.putAll(PictureText.fields(image));
      pictures.add(place);
    }
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("pipeline", new JsonText.Raw(info.json()));
    document.put("file", output.toString());
    document.put("rows", (images.size() + across - 1) / across);
    document.put("columns", across);
    document.put("pictures", pictures);
    return document;
  }

  private String seedText() {
    return variants.isOf("seed") ? "of each row" : Long.toUnsignedString(seed);
  }

  private List<Request> requests(Pipeline pipeline) {
    if (prompts.isEmpty()) {
      prompts = ownPrompts(pipeline.info().model().resolve("gallery.txt"));
    }
    List<Request> requests = new ArrayList<>();
    for (String value : variants.values()) {
      for (String prompt : prompts) {
        requests.add(variants.applied(stepFlags.applyTo(Request.of(prompt).seed(seed)), value));
      }
    }
    return requests;
  }

  private static List<String> ownPrompts(Path file) {
    if (!Files.exists(file)) {
      throw new AllaPrimaException(
          ErrorCode.INVALID_ARGUMENT,
          "no prompts: the model has no %s; name some, or --prompts FILE".formatted(file),
          null);
    }
    return Prompts.lines(file);
  }

  private List<Image> draw(Pipeline pipeline, List<Request> requests) {
    List<Image> images = new ArrayList<>();
    ProgressBar bar = outputFlags.bar(requests.size());
    RunOptions options = RunOptions.none().cancellation(Interrupt.CANCELLATION).progress(bar);
    Interrupt.cancellable();
    for (Request request : requests) {
      bar.next();
      images.add(pipeline.generate(request, options));
    }
    return images;
  }
}
