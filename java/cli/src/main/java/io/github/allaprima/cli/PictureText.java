package io.github.allaprima.cli;

import io.github.allaprima.Image;
import io.github.allaprima.PipelineInfo;
import io.github.allaprima.Request;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What is told of a picture that was drawn. */
final class PictureText {
  private PictureText() {}

  static String line(Image image, Path picture, PipelineInfo info) {
    return String.format(
        Locale.ROOT,
        "%s: %dx%d, %s, %d steps in %.2f s, %s on %s (%s)",
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

  /** As JSON: what draws it again. */
  static Map<String, Object> fields(Image image) {
    Request drawn = image.request();
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("prompt", drawn.prompt());
    fields.put("negative_prompt", drawn.negativePrompt().orElse(null));
    fields.put("width", image.width());
    fields.put("height", image.height());
    fields.put("seed", drawn.latents().isPresent() ? null : new BigInteger(seed(image)));
    drawn.latents().ifPresent(file -> fields.put("latents", file.toString()));
    fields.put("steps", drawn.steps().orElseThrow());
    fields.put("guidance", drawn.guidance().orElseThrow());
    return fields;
  }

  /** Enough of a text to find the place. */
  static String beginning(String text) {
    int most = 60;
    return text.length() <= most ? text : text.substring(0, most) + "…";
  }

  /** What the noise came from. */
  private static String origin(Image image) {
    return image
        .request()
        .latents()
        .map(file -> "noise from " + file)
        .orElseGet(() -> "seed " + seed(image));
  }

  private static String seed(Image image) {
    Request drawn = image.request();
    return Long.toUnsignedString(drawn.seed().orElseGet(() -> drawn.seeds().get(image.index())));
  }
}
