package io.github.allaprima.cli;

import static java.util.stream.Collectors.joining;

import io.github.allaprima.DroppedWords;
import io.github.allaprima.Image;
import io.github.allaprima.Pipeline;
import io.github.allaprima.PipelineInfo;
import io.github.allaprima.Request;
import io.github.allaprima.RunOptions;
import io.github.allaprima.internal.JsonText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Draws pictures of prompts. */
@Command(
    name = "generate",
    description = {
      "Draws pictures of prompts and writes them as PNG.",
      "Several pictures are written as NAME-1.png, NAME-2.png, ...: all of the first prompt, then"
          + " all of the next. Existing files are replaced."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    abbreviateSynopsis = true)
final class Generate implements Callable<Integer>, Documented {
  @Spec private CommandSpec command;

  @Parameters(
      paramLabel = "PROMPT",
      arity = "0..*",
      description = "What to draw; one of several words in quotes.")
  private List<String> named = List.of();

  @Option(
      names = "--prompts-file",
      paramLabel = "FILE",
      description =
          "Prompts, a line each; empty lines and those that begin with # are left out. - is"
              + " standard input.")
  private Path promptsFile;

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
  @Mixin private SeedFlags seedFlags;
  @Mixin private RequestFlags flags;

  @Option(
      names = "--latents",
      paramLabel = "FILE",
      description = "Start from the noise in this safetensors file, not from the seed's.")
  private Path latents;

  @Option(
      names = "--save-latents",
      paramLabel = "FILE",
      description =
          "Write final latents and picture as safetensors; of several generations NAME-1, ...")
  private Path saveLatents;

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description =
          "Write device, precision, seed, times and memory as JSON; of several generations"
              + " NAME-1, ...")
  private Path report;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "The picture, a PNG file. Default: allaprima-SEED.png.")
  private Path output;

  @Mixin private OutputFlags outputFlags;

  private final List<Map<String, Object>> written = new ArrayList<>();
  private Optional<PipelineInfo> opened = Optional.empty();
  private boolean severalPrompts;

  /** One generation and where its results go; null: nowhere. */
  private record Drawing(Request request, List<Path> pictures, Path latents, Path report) {}

  @Override
  public Integer call() {
    List<Drawing> drawings = drawings(requests());
    check(drawings);
    ProgressBar bar = outputFlags.bar(drawings.size());
    bar.say("loading");
    try (Pipeline pipeline = pipelineFlags.open(outputFlags)) {
      opened = Optional.of(pipeline.info());
      Interrupt.cancellable();
      for (Drawing drawing : drawings) {
        draw(pipeline, drawing, bar);
      }
    } catch (RuntimeException e) {
      bar.clear();
      tellWhatThereIs(drawings);
      throw e;
    }
    outputFlags.document(document());
    return 0;
  }

  @Override
  public Map<String, Object> document() {
    Map<String, Object> document = new LinkedHashMap<>();
    opened.ifPresent(info -> document.put("pipeline", new JsonText.Raw(info.json())));
    document.put("pictures", written);
    return document;
  }

  /** All but the size, for which the model may be needed. */
  private List<Request> requests() {
    List<String> prompts = Prompts.of(named, promptsFile);
    if (prompts.isEmpty()) {
      throw new MissingParameterException(
          command.commandLine(),
          command.positionalParameters().get(0),
          "Missing required parameter: 'PROMPT'");
    }
    severalPrompts = prompts.size() > 1;
    if (named.size() > 1 && named.stream().noneMatch(prompt -> prompt.contains(" "))) {
      outputFlags.note(
          "note: these are %d prompts of a word each; put a prompt of several words in quotes"
              .formatted(prompts.size()));
    }
    if (latents != null && seedFlags.isRepeated()) {
      throw new IllegalArgumentException(
          "--latents makes all pictures of a prompt the same; leave out --count");
    }
    List<Request> seeded = seedFlags.requests();
    return prompts.stream().flatMap(prompt -> seeded.stream().map(r -> asked(prompt, r))).toList();
  }

  private Request asked(String prompt, Request seeded) {
    Request request = stepFlags.applyTo(flags.applyTo(Request.of(prompt)));
    request = request.images(seeded.images());
    request =
        seeded.seed().isPresent()
            ? request.seed(seeded.seed().getAsLong())
            : request.seeds(seeded.seeds().stream().mapToLong(Long::longValue).toArray());
    if (negativePrompt != null) {
      request = request.negativePrompt(negativePrompt);
    }
    return latents == null ? request : request.latents(latents);
  }

  private List<Drawing> drawings(List<Request> requests) {
    int images = requests.get(0).images();
    String seed = Long.toUnsignedString(seed(requests.get(0), 0));
    Path file = output != null ? output : Path.of("allaprima-" + seed + ".png");
    boolean several = requests.size() * images > 1 && file.getFileName() != null;
    List<Drawing> drawings = new ArrayList<>();
    for (int i = 0; i < requests.size(); i++) {
      List<Path> pictures = new ArrayList<>();
      for (int image = 0; image < images; image++) {
        pictures.add(several ? OutputFile.numbered(file, i * images + image + 1) : file);
      }
      int number = requests.size() > 1 ? i + 1 : 0;
      drawings.add(
          new Drawing(requests.get(i), pictures, one(saveLatents, number), one(report, number)));
    }
    return drawings;
  }

  /** The file of one generation of several; of the only one for 0. */
  private static Path one(Path file, int number) {
    boolean plain = file == null || number == 0 || file.getFileName() == null;
    return plain ? file : OutputFile.numbered(file, number);
  }

  private void check(List<Drawing> drawings) {
    List<Path> pictures = drawings.stream().flatMap(d -> d.pictures().stream()).toList();
    Path[] others =
        drawings.stream().flatMap(d -> Stream.of(d.latents(), d.report())).toArray(Path[]::new);
    outputFlags.check(pictures, others);
  }

  private static long seed(Request request, int index) {
    return request.seed().orElseGet(() -> request.seeds().get(index));
  }

  private void draw(Pipeline pipeline, Drawing drawing, ProgressBar bar) {
    bar.next();
    StartUp startUp = new StartUp(bar);
    RunOptions options = RunOptions.none().cancellation(Interrupt.CANCELLATION).progress(startUp);
    if (drawing.latents() != null) {
      options = options.saveLatents(drawing.latents());
    }
    int w = Optional.ofNullable(width).orElse(pipeline.info().size().width());
    int h = Optional.ofNullable(height).orElse(pipeline.info().size().height());
    List<Image> drawn = pipeline.generateAll(drawing.request().size(w, h), options);
    String json = startUp.addTo(drawn.get(0).report().json());
    if (drawing.report() != null) {
      OutputFile.write(drawing.report(), json + "\n");
    }
    for (Image image : drawn) {
      Path picture = drawing.pictures().get(image.index());
      bar.say("writing " + picture);
      image.writePng(picture);
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("file", picture.toString());
      fields.putAll(PictureText.fields(image));
      fields.put("image", image.index() + 1);
      fields.put("images", drawn.size());
      fields.put("report", new JsonText.Raw(json));
      written.add(fields);
    }
    bar.clear();
    warnOfDropped(drawn.get(0));
    for (Image image : drawn) {
      Path picture = drawing.pictures().get(image.index());
      String of =
          severalPrompts ? ", \"" + PictureText.beginning(image.request().prompt()) + "\"" : "";
      outputFlags.line(PictureText.line(image, picture, pipeline.info()) + of);
    }
  }

  /** After a failure: what is left of the work. */
  private void tellWhatThereIs(List<Drawing> drawings) {
    if (opened.isEmpty()) {
      return;
    }
    int pictures = drawings.stream().mapToInt(drawing -> drawing.pictures().size()).sum();
    if (pictures > 1) {
      outputFlags.note("%d of %d pictures were written".formatted(written.size(), pictures));
    }
    Request failed = drawings.get(Math.min(drawnRequests(drawings), drawings.size() - 1)).request();
    if (!seedFlags.isNamed()) {
      String seeds =
          failed.seed().isPresent()
              ? Long.toUnsignedString(failed.seed().getAsLong())
              : failed.seeds().stream().map(Long::toUnsignedString).collect(joining(","));
      outputFlags.note("the seed was " + seeds);
    }
  }

  private int drawnRequests(List<Drawing> drawings) {
    return written.size() / drawings.get(0).pictures().size();
  }

  private void warnOfDropped(Image image) {
    for (DroppedWords dropped : image.report().dropped()) {
      outputFlags.note(
          String.format(
              Locale.ROOT,
              "warning: the %s is longer than the model reads; %d words without effect: %s",
              dropped.prompt().replace('_', ' '),
              dropped.words().size(),
              PictureText.beginning(String.join(" ", dropped.words()))));
    }
  }
}
