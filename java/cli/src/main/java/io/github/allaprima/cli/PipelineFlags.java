package io.github.allaprima.cli;

import io.github.allaprima.Device;
import io.github.allaprima.Pipeline;
import io.github.allaprima.PipelineBuilder;
import io.github.allaprima.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The flags that say which pipeline draws. */
final class PipelineFlags {
  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "A diffusers folder. Default: the small model that ships.")
  private Path model;

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description = "auto, cpu, cuda or cuda:N. Default: ${DEFAULT-VALUE}.",
      defaultValue = "auto",
      converter = DeviceName.class,
      completionCandidates = DeviceNames.class)
  private Device device;

  @Option(
      names = "--precision",
      paramLabel = "PRECISION",
      description = "fp32, bf16 or fp16. Default: what suits the device.",
      completionCandidates = PrecisionNames.class)
  private Precision precision;

  @Option(
      names = "--variant",
      paramLabel = "NAME",
      description =
          "Load the weights of this variant, as in fp16 for model.fp16.safetensors. Default: the"
              + " plain ones.",
      defaultValue = "")
  private String variant;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of the processor. Default: one per core that may be used.")
  private Integer threads;

  @Mixin private OptimizationFlags optimizations;

  /** For shells. */
  static final class DeviceNames extends ArrayList<String> {
    private static final long serialVersionUID = 1;

    DeviceNames() {
      super(List.of("auto", "cpu", "cuda"));
    }
  }

  /** For shells. */
  static final class PrecisionNames extends ArrayList<String> {
    private static final long serialVersionUID = 1;

    PrecisionNames() {
      super(List.of("fp32", "bf16", "fp16"));
    }
  }

  /** Reads the name of a device. */
  static final class DeviceName implements ITypeConverter<Device> {
    @Override
    public Device convert(String text) {
      return switch (text.toLowerCase(Locale.ROOT)) {
        case "auto" -> Device.auto();
        case "cpu" -> Device.cpu();
        case "cuda" -> Device.cuda(0);
        default -> cuda(text);
      };
    }

    private static Device cuda(String text) {
      if (!text.matches("cuda:\\d{1,3}")) {
        throw new TypeConversionException("'" + text + "' is none of auto, cpu, cuda, cuda:N");
      }
      return Device.cuda(Integer.parseInt(text.substring(text.indexOf(':') + 1)));
    }
  }

  /** Opens what the flags say; to be closed. Tells {@code output} what may surprise. */
  Pipeline open(JsonFlag output) {
    Pipeline pipeline = optimizations.open(builder());
    WeightNotes.of(pipeline.info(), variant).forEach(output::note);
    return pipeline;
  }

  /** Each flag becomes a call of the builder, here and nowhere else. */
  private PipelineBuilder builder() {
    PipelineBuilder builder = Pipeline.builder().device(device).variant(variant);
    if (model != null) {
      builder.model(model);
    }
    if (precision == Precision.FP32) {
      builder.fp32();
    } else if (precision == Precision.BF16) {
      builder.bf16();
    } else if (precision == Precision.FP16) {
      builder.fp16();
    }
    if (threads != null) {
      builder.threads(threads);
    }
    return builder;
  }
}
