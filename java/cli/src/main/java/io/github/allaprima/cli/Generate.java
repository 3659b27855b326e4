package io.github.allaprima.cli;

import io.github.allaprima.DroppedWords;
import io.github.allaprima.Image;
import io.github.allaprima.Pipeline;
import io.github.allaprima.PipelineInfo;
import io.github.allaprima.Request;
import io.github.allaprima.RunOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** Draws pictures of one prompt. */
@Command(
    name = "generate",
    description = "Draws pictures of a prompt and writes them as PNG.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:the picture was written",
      "1:failure",
      "2:bad input",
      "3:out of memory",
      "130:cancelled by Ctrl-C"
    })
final class Generate implements Callable<Integer> {
  @Parameters(paramLabel = "PROMPT", description = "What to draw.")
  private String prompt;

  @Mixin private PipelineFlags pipelineFlags;

  @Option(
      names = "--negative-prompt",
      paramLabel = "TEXT",
      description = "What to keep away from. Leaving it out differs from the empty text.")
  private String negativePrompt;

  @Option(
      names = "--width",
      paramLabel = "N",
      description = "In pixels, a multiple of 8. Default: the model's own.")
  private Integer width;

  @Option(names = "--height", paramLabel = "N", description = "As --width.")
  private Integer height;

  @Mixin private StepFlags stepFlags;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description =
          "Of the noise of all images, 0 to 2^64 - 1. Default: a random one for each, which is"
              + " printed.",
      converter = Seed.class)
  private Long seed;

  @Option(
      names = "--images",
      paramLabel = "N",
      description =
          "Number of pictures, 1 to 64, drawn together. Several are written as NAME-1.png,"
              + " NAME-2.png, … Default: ${DEFAULT-VALUE}.",
      defaultValue = "1")
  private int images;

  @Mixin private RequestFlags flags;

  @Option(
      names = "--latents",
      paramLabel = "FILE",
      description = "Start from the noise in this safetensors file, not from the seed's.")
  private Path latents;

  @Option(
      names = "--save-latents",
      paramLabel = "FILE",
      description = "Write final latents and picture as safetensors.")
  private Path saveLatents;

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description = "Write device, precision, seed, times and memory as JSON.")
  private Path report;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "The picture, a PNG file. Default: allaprima-SEED.png.")
  private Path output;

  /** Reads 64 bits without a sign. */
  static final class Seed implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      try {
        if (!text.startsWith("+")) {
          return Long.parseUnsignedLong(text);
        }
      } catch (NumberFormatException e) {
        // Said below, with the range.
      }
      throw new TypeConversionException(
          "'" + text + "' is no whole number from 0 to 18446744073709551615 (64 bits)");
    }
  }

  @Override
  public Integer call() {
    Request request = request();
    List<Path> pictures = pictures(request);
    pictures.forEach(OutputFile::checkPicture);
    List<Path> results = new ArrayList<>(pictures);
    results.add(saveLatents);
    results.add(report);
    OutputFile.check(results.toArray(Path[]::new));
    ProgressBar bar = ProgressBar.onStandardError();
    bar.say("loading");
    try (Pipeline pipeline = pipelineFlags.open()) {
      List<Image> drawn = draw(pipeline, request, bar);
      for (Image image : drawn) {
        image.writePng(pictures.get(image.index()));
      }
      bar.clear();
      warnOfDropped(drawn.get(0));
      for (Image image : drawn) {
        summarize(image, pictures.get(image.index()), pipeline.info());
      }
    } catch (RuntimeException e) {
      bar.clear();
      throw e;
    }
    return 0;
  }

  /** All but the size, for which the model may be needed. */
  private Request request() {
    Request request = stepFlags.applyTo(flags.applyTo(Request.of(prompt))).images(images);
    long[] random = ThreadLocalRandom.current().longs(images, 0, 1L << 32).toArray();
    if (seed == null && images > 1) {
      request = request.seeds(random);
    } else {
      request = request.seed(seed == null ? random[0] : seed);
    }
    if (negativePrompt != null) {
      request = request.negativePrompt(negativePrompt);
    }
    return latents == null ? request : request.latents(latents);
  }

  /** Where each picture goes. */
  private List<Path> pictures(Request request) {
    String first = Long.toUnsignedString(seed(request, 0));
    Path file = output != null ? output : Path.of("allaprima-" + first + ".png");
    if (images == 1 || file.getFileName() == null) { // no name: a folder, refused as such
      return List.of(file);
    }
    return IntStream.rangeClosed(1, images).mapToObj(number -> numbered(file, number)).toList();
  }

  private static long seed(Request request, int index) {
    return request.seed().orElseGet(() -> request.seeds().get(index));
  }

  private static Path numbered(Path file, int number) {
    String name = file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    int end = dot > 0 ? dot : name.length();
    return file.resolveSibling(name.substring(0, end) + "-" + number + name.substring(end));
  }

  private List<Image> draw(Pipeline pipeline, Request request, ProgressBar bar) {
    bar.say("encoding the prompt");
    StartUp startUp = new StartUp(bar);
    RunOptions options = RunOptions.none().cancellation(Interrupt.CANCELLATION).progress(startUp);
    if (saveLatents != null) {
      options = options.saveLatents(saveLatents);
    }
    int w = Optional.ofNullable(width).orElse(pipeline.info().size().width());
    int h = Optional.ofNullable(height).orElse(pipeline.info().size().height());
    Interrupt.cancellable();
    List<Image> drawn = pipeline.generateAll(request.size(w, h), options);
    if (report != null) {
      OutputFile.write(report, startUp.addTo(drawn.get(0).report().json()) + "\n");
    }
    return drawn;
  }

  /** Enough of a text to find the place; all of it is in the report. */
  private static String beginning(String text) {
    int most = 60;
    return text.length() <= most ? text : text.substring(0, most) + "…";
  }

  private static void warnOfDropped(Image image) {
    for (DroppedWords dropped : image.report().dropped()) {
      System.err.printf(
          Locale.ROOT,
          "warning: the %s is longer than the model reads; %d words without effect: %s%n",
          dropped.prompt().replace('_', ' '),
          dropped.words().size(),
          beginning(String.join(" ", dropped.words())));
    }
  }

  /** What the noise came from. */
  private static String origin(Image image) {
    return image
        .request()
        .latents()
        .map(file -> "noise from " + file)
        .orElseGet(() -> "seed " + Long.toUnsignedString(seed(image.request(), image.index())));
  }

  private static void summarize(Image image, Path picture, PipelineInfo info) {
    System.out.printf(
        Locale.ROOT,
        "%s: %dx%d, %s, %d steps in %.2f s, %s on %s (%s)%n",
        picture,
        image.width(),
        image.height(),
        origin(image),
        image.request().steps().orElseThrow(),
        image.report().timings().total().toNanos() / 1e9,
        image.report().precision(),
        image.report().device(),
        info.precisionReason());
  }
}
