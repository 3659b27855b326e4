package io.github.allaprima;

import io.github.allaprima.internal.Json;
import io.github.allaprima.internal.JsonText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * What was changed of a checkpoint so that it runs faster: what was chosen, layer by layer, and
 * what came of it. Written to a file and given to {@link PipelineBuilder#plan}, it is done again in
 * the same way, also what was measured: so that a seed gives the same picture.
 *
 * @param precision of weights and activations
 * @param attention how it is computed
 * @param fuseQkv whether queries, keys and values are one product
 * @param swapConv1x1 names of the convolutions that became linear layers
 * @param int8 the layers in int8, or none
 * @param fp8 the layers in float8, or none
 * @param channelsLast whether feature maps were asked to keep a pixel's channels together
 * @param compile whether it is compiled
 * @param entries what was done, in order, with what it changed
 */
public record Plan(
    Precision precision,
    Attention attention,
    boolean fuseQkv,
    List<String> swapConv1x1,
    Optional<Int8> int8,
    Optional<Fp8> fp8,
    boolean channelsLast,
    boolean compile,
    List<Entry> entries) {
  private static final String FORMAT = "allaprima plan 1";

  /**
   * The layers in int8.
   *
   * @param scheme how they are
   * @param layers names of the linear layers that were chosen
   */
  public record Int8(Int8Scheme scheme, List<String> layers) {
    /** Copies the list. */
    public Int8 {
      layers = List.copyOf(layers);
    }
  }

  /**
   * The layers in float8.
   *
   * @param layers names of the linear layers that were chosen
   */
  public record Fp8(List<String> layers) {
    /** Copies the list. */
    public Fp8 {
      layers = List.copyOf(layers);
    }
  }

  /**
   * One change.
   *
   * @param transform its name, as in "fuse_qkv"
   * @param detail a sentence
   * @param changed layers or tensors that were changed
   * @param bytesBefore of those that it looks at, before
   * @param bytesAfter and after
   * @param layers names of the changed ones, where they were chosen by name
   * @param skipped layers that were chosen and stay as they are
   */
  public record Entry(
      String transform,
      String detail,
      long changed,
      long bytesBefore,
      long bytesAfter,
      List<String> layers,
      List<Skipped> skipped) {
    /** Copies the lists. */
    public Entry {
      layers = List.copyOf(layers);
      skipped = List.copyOf(skipped);
    }

    static Entry parse(Fields fields) {
      return new Entry(
          fields.text("transform"),
          fields.text("detail"),
          fields.number("changed").longValue(),
          fields.number("bytes_before").longValue(),
          fields.number("bytes_after").longValue(),
          fields.texts("layers"),
          fields.objects("skipped").stream()
              .map(s -> new Skipped(s.text("layer"), s.text("reason")))
              .toList());
    }

    private Map<String, Object> toMap() {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("transform", transform);
      map.put("detail", detail);
      map.put("changed", changed);
      map.put("bytes_before", bytesBefore);
      map.put("bytes_after", bytesAfter);
      map.put("layers", layers);
      map.put(
          "skipped",
          skipped.stream().map(s -> Map.of("layer", s.layer, "reason", s.reason)).toList());
      return map;
    }
  }

  /**
   * A layer that was asked for and not changed.
   *
   * @param layer its name
   * @param reason why, a sentence
   */
  public record Skipped(String layer, String reason) {}

  /** Copies the lists. */
  public Plan {
    swapConv1x1 = List.copyOf(swapConv1x1);
    entries = List.copyOf(entries);
  }

  /**
   * Returns the plan as JSON: what {@link #read} reads.
   *
   * @return one object
   */
  public String json() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("format", FORMAT);
    map.put("precision", lower(precision));
    map.put("attention", lower(attention));
    map.put("fuse_qkv", fuseQkv);
    map.put("swap_conv1x1", swapConv1x1);
    map.put("int8_dynamic", int8.map(Plan::toMap).orElse(null));
    map.put("fp8_dynamic", fp8.map(chosen -> Map.of("layers", chosen.layers)).orElse(null));
    map.put("channels_last", channelsLast);
    map.put("compile", compile);
    map.put("entries", entries.stream().map(Entry::toMap).toList());
    return JsonText.of(map);
  }

  private static Map<String, Object> toMap(Int8 int8) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("scheme", lower(int8.scheme));
    map.put("layers", int8.layers);
    return map;
  }

  /**
   * Writes the plan to a file.
   *
   * @param file is replaced where it exists
   * @throws UncheckedIOException when it cannot be written
   */
  public void write(Path file) {
    try {
      Files.writeString(file, json() + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException("The plan cannot be written to " + file, e);
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @param file the plan
   * @return the plan; its entries are not read, they say what came of it then
   * @throws UncheckedIOException when it cannot be read
   * @throws IllegalArgumentException when it is no plan
   */
  public static Plan read(Path file) {
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException("The plan cannot be read from " + file, e);
    }
    try {
      return parse(new Fields(Json.object(text)));
    } catch (IllegalArgumentException | AllaPrimaException e) {
      throw new IllegalArgumentException(
          "%s is no plan; expected what Plan.write or --save-plan has written (%s)"
              .formatted(file, e.getMessage()),
          e);
    }
  }

  private static Plan parse(Fields plan) {
    if (!plan.text("format").equals(FORMAT)) {
      throw new IllegalArgumentException(
          "its format is \"%s\", expected \"%s\"".formatted(plan.text("format"), FORMAT));
    }
    return new Plan(
        plan.constant("precision", Precision.class),
        plan.constant("attention", Attention.class),
        plan.flag("fuse_qkv"),
        plan.texts("swap_conv1x1"),
        plan.optionalObject("int8_dynamic")
            .map(i -> new Int8(i.constant("scheme", Int8Scheme.class), i.texts("layers"))),
        plan.optionalObject("fp8_dynamic").map(f -> new Fp8(f.texts("layers"))),
        plan.flag("channels_last"),
        plan.flag("compile"),
        List.of());
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  /** The entries as text, a line each, and a line for each layer that was asked for in vain. */
  @Override
  public String toString() {
    StringJoiner lines = new StringJoiner("\n");
    for (Entry entry : entries) {
      StringBuilder line = new StringBuilder("%-18s ".formatted(entry.transform));
      line.append(entry.detail);
      if (entry.bytesBefore != entry.bytesAfter) {
        line.append("; %.2f to %.2f GB".formatted(entry.bytesBefore / 1e9, entry.bytesAfter / 1e9));
      }
      lines.add(line);
      for (Skipped skipped : entry.skipped) {
        lines.add("  left as it is: " + skipped.layer + ", " + skipped.reason);
      }
    }
    return lines.toString();
  }
}
