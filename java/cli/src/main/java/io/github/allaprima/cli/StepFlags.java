package io.github.allaprima.cli;

import io.github.allaprima.Request;
import picocli.CommandLine.Option;

/** The flags of the denoising loop that a model has defaults of its own for. */
final class StepFlags {
  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Denoising steps, 1 to 1000. Default: the model's own, 30 for SDXL.")
  private Integer steps;

  @Option(
      names = "--guidance",
      paramLabel = "G",
      description =
          "How closely to follow the prompt; off at 1 and below. Default: the model's own, 5 for"
              + " SDXL.")
  private Double guidance;

  Request applyTo(Request plain) {
    Request request = steps == null ? plain : plain.steps(steps);
    return guidance == null ? request : request.guidance(guidance);
  }
}
