package io.github.allaprima;

import io.github.allaprima.internal.Json;
import java.nio.file.Path;

/**
 * What a pipeline is and where it runs.
 *
 * @param model folder of the checkpoint
 * @param device as in "cpu" or "cuda:0"
 * @param deviceReason why this device
 * @param precision of weights and activations
 * @param precisionReason why this precision
 * @param size the model's own, used when a request names none
 * @param sizeMultiple width and height must be multiples of it, in pixels
 * @param steps denoising steps when a request names none: from the model's {@code
 *     generation_config.json}, else 30
 * @param guidance guidance scale when a request names none, as the steps; else 5
 * @param json all of it, and more, as text
 */
public record PipelineInfo(
    Path model,
    String device,
    String deviceReason,
    Precision precision,
    String precisionReason,
    Size size,
    int sizeMultiple,
    int steps,
    double guidance,
    String json) {
  static PipelineInfo parse(String json) {
    Fields info = new Fields(Json.object(json));
    return new PipelineInfo(
        Path.of(info.text("model")),
        info.text("device"),
        info.text("device_reason"),
        info.constant("precision", Precision.class),
        info.text("precision_reason"),
        new Size(info.number("width").intValue(), info.number("height").intValue()),
        info.number("size_multiple").intValue(),
        info.number("steps").intValue(),
        info.number("guidance").doubleValue(),
        json);
  }
}
