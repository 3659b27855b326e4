package io.github.allaprima;

import io.github.allaprima.internal.Json;
import java.time.Duration;
import java.util.List;

/**
 * How a picture was made.
 *
 * @param version of the library
 * @param model name of the checkpoint's folder
 * @param device as in "cpu" or "cuda:0"
 * @param precision as in "fp32" or "bf16"
 * @param plan what was changed of the checkpoint, in order, a line each: what, and in which way
 * @param timings where the time went
 * @param peakRssBytes most memory that this process has used so far, in bytes
 * @param dropped words of the prompts beyond the tokenizer's limit, which had no effect; twice for
 *     one prompt where the two tokenizers cut it at different words
 * @param json all of it, and more, as text
 */
public record Report(
    String version,
    String model,
    String device,
    String precision,
    List<String> plan,
    Timings timings,
    long peakRssBytes,
    List<DroppedWords> dropped,
    String json) {
  /**
   * Copies the lists.
   *
   * @param version as {@link #version}
   * @param model as {@link #model}
   * @param device as {@link #device}
   * @param precision as {@link #precision}
   * @param plan as {@link #plan}
   * @param timings as {@link #timings}
   * @param peakRssBytes as {@link #peakRssBytes}
   * @param dropped as {@link #dropped}
   * @param json as {@link #json}
   */
  public Report {
    plan = List.copyOf(plan);
    dropped = List.copyOf(dropped);
  }

  static Report parse(String json) {
    Fields report = new Fields(Json.object(json));
    Fields timings = report.object("timings");
    return new Report(
        report.text("version"),
        report.text("model"),
        report.text("device"),
        report.text("precision"),
        report.objects("plan").stream().map(Report::line).toList(),
        new Timings(
            timings.seconds("load_s"),
            timings.seconds("prepare_s"),
            timings.seconds("encode_s"),
            timings.list("steps_s").stream().map(Report::duration).toList(),
            timings.seconds("decode_s"),
            timings.seconds("total_s")),
        report.number("peak_rss_bytes").longValue(),
        report.objects("dropped").stream().map(DroppedWords::parse).toList(),
        json);
  }

  private static String line(Fields entry) {
    return entry.text("transform") + ": " + entry.text("detail");
  }

  private static Duration duration(Object seconds) {
    return Fields.duration((Number) seconds);
  }
}
