package io.github.allaprima;

import java.nio.file.Path;
import java.util.StringJoiner;

/**
 * How a picture was made, in the form that the field's tools read: prompt, negative prompt, then
 * one line of settings as "Name: value", in quotation marks where it holds more than a word or
 * number. Settings are told only where they are not the usual ones.
 */
final class Parameters {
  private final StringJoiner settings = new StringJoiner(", ");

  private Parameters() {}

  static String of(Image image) {
    Request request = image.request();
    Parameters parameters = new Parameters();
    parameters.addDrawing(image);
    parameters.addTexts(request);
    parameters.addSizes("Original size", "Crop", "Target size", request.conditioning());
    request
        .negativeConditioning()
        .ifPresent(
            sizes ->
                parameters.addSizes(
                    "Negative original size", "Negative crop", "Negative target size", sizes));
    parameters.addMaking(image.report());
    String negative = request.negativePrompt().map(text -> "\nNegative prompt: " + text).orElse("");
    return request.prompt() + negative + "\n" + parameters.settings;
  }

  private void add(String name, Object value) {
    settings.add(name + ": " + value);
  }

  private void addDrawing(Image image) {
    Request request = image.request();
    add("Steps", request.steps().orElseThrow());
    add("CFG scale", request.guidance().orElseThrow());
    if (request.guidanceRescale() != 0) {
      add("CFG rescale", request.guidanceRescale());
    }
    request.seed().ifPresent(seed -> add("Seed", Long.toUnsignedString(seed)));
    request.latents().map(Path::getFileName).ifPresent(file -> add("Latents", quoted("" + file)));
    add("Size", new Size(image.width(), image.height()));
    if (request.images() > 1) {
      add("Image", image.index() + 1 + " of " + request.images());
    }
  }

  private void addTexts(Request request) {
    request.prompt2().ifPresent(text -> add("Prompt 2", quoted(text)));
    request.negativePrompt2().ifPresent(text -> add("Negative prompt 2", quoted(text)));
    if (request.clipSkip() != 0) {
      // These tools count the layer that SDXL always leaves out.
      add("Clip skip", request.clipSkip() + 2);
    }
  }

  private void addSizes(String original, String crop, String target, Conditioning sizes) {
    sizes.originalSize().ifPresent(size -> add(original, size));
    if (sizes.cropLeft() != 0 || sizes.cropTop() != 0) {
      add(crop, quoted(sizes.cropLeft() + "," + sizes.cropTop()));
    }
    sizes.targetSize().ifPresent(size -> add(target, size));
  }

  private void addMaking(Report report) {
    add("Model", quoted(report.model()));
    add("Device", quoted(report.device()));
    add("Precision", report.precision());
    add("Plan", quoted(String.join("\n", report.plan())));
    add("Version", "Alla Prima " + report.version());
  }

  /** As a JSON string. */
  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
  }
}
