package io.github.allaprima;

import io.github.allaprima.internal.Json;
import io.github.allaprima.internal.NativeSystem;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a checkpoint is, and whether a {@link Pipeline} would load it: read from its configurations
 * and the headers of its weight files, without its weights.
 *
 * @param model folder of the checkpoint
 * @param components those with weights that were found, in the order in which they are loaded
 * @param problems all that a pipeline would refuse, but for the device and the memory of the
 *     machine; empty: it loads
 * @param json all of it, and more, as text: scheduler, tokenizers, size, steps, guidance
 */
public record ModelInfo(
    Path model, List<Component> components, List<Problem> problems, String json) {
  /**
   * A component with weights. What a problem keeps from being known is 0 or empty.
   *
   * @param name as in "unet"
   * @param type its class in diffusers or transformers
   * @param parameters numbers that are loaded; text to image leaves out the VAE's encoder
   * @param bytes of its weight files
   * @param dtypes number of tensors in the files by their type, as in "F16"
   * @param files names of the weight files, several where they are sharded
   * @param variant of those files; "" are the plain ones
   * @param variants that are there, "" for the plain files
   */
  public record Component(
      String name,
      String type,
      long parameters,
      long bytes,
      Map<String, Long> dtypes,
      List<String> files,
      String variant,
      List<String> variants) {
    /** Copies lists and map. */
    public Component {
      dtypes = Map.copyOf(dtypes);
      files = List.copyOf(files);
      variants = List.copyOf(variants);
    }

    private static Component parse(Fields fields) {
      Map<String, Long> dtypes = new TreeMap<>();
      if (fields.values().containsKey("dtypes")) {
        Fields counts = fields.object("dtypes");
        counts.values().keySet().forEach(t -> dtypes.put(t, counts.number(t).longValue()));
      }
      return new Component(
          fields.text("name"),
          fields.text("class"),
          number(fields, "parameters"),
          number(fields, "bytes"),
          dtypes,
          texts(fields, "files"),
          fields.values().containsKey("variant") ? fields.text("variant") : "",
          texts(fields, "variants"));
    }

    private static long number(Fields fields, String name) {
      return fields.values().containsKey(name) ? fields.number(name).longValue() : 0;
    }

    private static List<String> texts(Fields fields, String name) {
      boolean known = fields.values().containsKey(name);
      return known ? fields.list(name).stream().map(String.class::cast).toList() : List.of();
    }
  }

  /**
   * Something that a pipeline would refuse.
   *
   * @param component where; "" for several or the whole model
   * @param message what was found, what was expected, what to do; it may have several lines
   */
  public record Problem(String component, String message) {
    private static Problem parse(Fields fields) {
      return new Problem(fields.text("component"), fields.text("message"));
    }
  }

  /** Copies the lists. */
  public ModelInfo {
    components = List.copyOf(components);
    problems = List.copyOf(problems);
  }

  /**
   * Looks at a checkpoint. A bad one is no exception, its faults are {@link #problems}. Waits for
   * the step that a pipeline may be doing.
   *
   * @param folder a diffusers folder: {@code model_index.json} and its components
   * @return what it is
   * @throws NativeLibraryException when the native libraries cannot be loaded
   */
  public static ModelInfo of(Path folder) {
    return of(folder, "");
  }

  /**
   * Looks at a variant of a checkpoint.
   *
   * @param folder a diffusers folder: {@code model_index.json} and its components
   * @param variant as for {@link PipelineBuilder#variant}; "" is none
   * @return what it is
   * @throws AllaPrimaException with {@link ErrorCode#INVALID_ARGUMENT} when the variant is no word
   * @throws NativeLibraryException when the native libraries cannot be loaded
   */
  public static ModelInfo of(Path folder, String variant) {
    String json = NativeSystem.inspect(folder.toAbsolutePath(), variant);
    Fields info = new Fields(Json.object(json));
    return new ModelInfo(
        Path.of(info.text("model")),
        info.objects("components").stream().map(Component::parse).toList(),
        info.objects("problems").stream().map(Problem::parse).toList(),
        json);
  }

  /**
   * Returns whether a pipeline would load it.
   *
   * @return true when there are no problems
   */
  public boolean loads() {
    return problems.isEmpty();
  }
}
