package io.github.allaprima.cli;

import io.github.allaprima.ModelInfo;
import io.github.allaprima.internal.DefaultModel;
import io.github.allaprima.internal.Json;
import io.github.allaprima.internal.JsonText;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says what a checkpoint is and what would be refused, without loading it. */
@Command(
    name = "inspect",
    description = {
      "Says what a checkpoint holds, and all that keeps it from being loaded.",
      "Reads configurations and the headers of weight files only."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:it would be loaded", "1:failure", "2:bad input, or it would be refused"})
final class Inspect implements Callable<Integer> {
  /** Of the scheduler, those that are no options or have no effect. */
  private static final List<String> NOT_SHOWN =
      List.of("_class_name", "_diffusers_version", "clip_sample", "sample_max_value");

  @Parameters(
      paramLabel = "DIR",
      arity = "0..1",
      description = "A diffusers folder. Default: the small model that ships.")
  private Path model;

  @Option(
      names = "--variant",
      paramLabel = "NAME",
      description = "Look at the weights of this variant, as in fp16 for model.fp16.safetensors.",
      defaultValue = "")
  private String variant;

  @Mixin private JsonFlag output;

  @Override
  public Integer call() {
    ModelInfo info = ModelInfo.of(model == null ? DefaultModel.folder() : model, variant);
    output.document(new JsonText.Raw(info.json()));
    output.line(text(info).stripTrailing());
    return info.loads() ? 0 : ExitCode.BAD_INPUT;
  }

  private static String text(ModelInfo info) {
    Map<String, Object> all = Json.object(info.json());
    StringBuilder text = new StringBuilder();
    String verdict = info.loads() ? "can be loaded" : "cannot be loaded";
    text.append(info.model()).append(": ").append(verdict).append('\n');
    if (all.get("pipeline") != null) {
      text.append(row("pipeline", String.valueOf(all.get("pipeline"))));
    }
    info.components().forEach(component -> text.append(row(component.name(), about(component))));
    appendOthers(all, text);
    appendMemory(info, text);
    for (ModelInfo.Problem problem : info.problems()) {
      text.append("problem: ").append(problem.message()).append('\n');
    }
    return text.toString();
  }

  private static void appendOthers(Map<String, Object> all, StringBuilder text) {
    if (all.get("scheduler") instanceof Map<?, ?> scheduler) {
      text.append(row("scheduler", scheduler.get("class") + options(scheduler)));
    }
    for (Object each : (List<?>) all.get("tokenizers")) {
      Map<?, ?> tokenizer = (Map<?, ?>) each;
      text.append(
          row(
              String.valueOf(tokenizer.get("name")),
              "%s, %s tokens, %s for a prompt"
                  .formatted(
                      tokenizer.get("class"), tokenizer.get("tokens"), tokenizer.get("length"))));
    }
    if (all.get("size") != null) {
      text.append(
          row(
              "pictures",
              "%sx%s, %s steps, guidance %s, unless others are asked for"
                  .formatted(
                      all.get("size"),
                      all.get("size"),
                      all.get("steps"),
                      plain(all.get("guidance")))));
    }
  }

  private static void appendMemory(ModelInfo info, StringBuilder text) {
    long parameters = info.components().stream().mapToLong(ModelInfo.Component::parameters).sum();
    if (info.loads()) {
      text.append(
          row(
              "memory",
              "%s in bf16 or fp16, %s in fp32, beside what a picture needs"
                  .formatted(bytes(2 * parameters), bytes(4 * parameters))));
    }
  }

  private static String options(Map<?, ?> scheduler) {
    if (!(scheduler.get("options") instanceof Map<?, ?> options)) {
      return "";
    }
    return options.entrySet().stream()
        .filter(option -> !NOT_SHOWN.contains(option.getKey()))
        .filter(option -> option.getValue() != null && !option.getValue().equals(false))
        .map(option -> option.getKey() + " " + plain(option.getValue()))
        .collect(Collectors.joining(", ", ": ", ""));
  }

  private static String plain(Object value) {
    return value instanceof Double number
        ? BigDecimal.valueOf(number).stripTrailingZeros().toPlainString()
        : String.valueOf(value);
  }

  private static String about(ModelInfo.Component component) {
    StringBuilder about = new StringBuilder(component.type());
    if (component.parameters() > 0) {
      about.append(", ").append(millions(component.parameters())).append(" parameters");
    }
    if (!component.files().isEmpty()) {
      about.append(", ").append(String.join(" and ", component.dtypes().keySet()));
      about.append(", ").append(bytes(component.bytes())).append(" in ").append(files(component));
    }
    List<String> others =
        component.variants().stream().filter(name -> !name.equals(component.variant())).toList();
    if (!others.isEmpty()) {
      String names =
          others.stream().map(n -> n.isEmpty() ? "plain" : n).collect(Collectors.joining(", "));
      about.append(" (also there: ").append(names).append(")");
    }
    return about.toString();
  }

  private static String files(ModelInfo.Component component) {
    String first = component.files().get(0);
    int more = component.files().size() - 1;
    return more == 0 ? first : "%d files, %s, ...".formatted(more + 1, first);
  }

  private static String row(String name, String value) {
    return "  %-15s %s%n".formatted(name, value);
  }

  private static String millions(long count) {
    return count < 10_000_000
        ? String.format(Locale.ROOT, "%.2f million", count / 1e6)
        : String.format(Locale.ROOT, "%.0f million", count / 1e6);
  }

  static String bytes(long count) {
    if (count < 1_000_000) {
      return String.format(Locale.ROOT, "%.0f kB", count / 1e3);
    }
    return count < 1_000_000_000
        ? String.format(Locale.ROOT, "%.0f MB", count / 1e6)
        : String.format(Locale.ROOT, "%.1f GB", count / 1e9);
  }
}
