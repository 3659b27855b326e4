package io.github.allaprima.cli;

import io.github.allaprima.Attention;
import io.github.allaprima.ConvFilter;
import io.github.allaprima.Int8Scheme;
import io.github.allaprima.LinearFilter;
import io.github.allaprima.Pipeline;
import io.github.allaprima.PipelineBuilder;
import io.github.allaprima.Plan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Stack;
import java.util.stream.Stream;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The flags that make it faster: each a method of the builder. */
final class OptimizationFlags {
  @Option(
      names = "--attention",
      paramLabel = "ATTENTION",
      description = "sdpa (fused, the default) or math (separate products, the baseline).",
      converter = AttentionName.class,
      completionCandidates = AttentionNames.class)
  private Attention attention;

  @Option(
      names = "--channels-last",
      description = "Keep the channels of a pixel together. --compile implies it.")
  private boolean channelsLast;

  @Option(
      names = "--fuse-qkv",
      description = "Queries, keys and values of an attention by one product.")
  private boolean fuseQkv;

  @Option(
      names = "--swap-conv1x1",
      paramLabel = "FILTER",
      arity = "0..1",
      fallbackValue = "diffusion-fast",
      preprocessor = AttachedOnly.class,
      description =
          "1x1 convolutions as linear layers, which --int8-dynamic and --fp8-dynamic see:"
              + " diffusion-fast (the tutorial's, without a value) or all.")
  private String swapConv1x1;

  @Option(
      names = "--int8-dynamic",
      paramLabel = "FILTER",
      arity = "0..1",
      fallbackValue = "auto",
      preprocessor = AttachedOnly.class,
      description =
          "Linear layers in int8: auto (those that are faster so here, measured; without a value),"
              + " diffusion-fast (the tutorial's) or all.")
  private String int8Dynamic;

  @Option(
      names = "--int8-scheme",
      paramLabel = "SCHEME",
      completionCandidates = SchemeNames.class,
      description = "tutorial (the default) or torchao: how numbers become int8.")
  private Int8Scheme int8Scheme;

  @Option(
      names = "--fp8-dynamic",
      paramLabel = "FILTER",
      arity = "0..1",
      fallbackValue = "diffusion-fast",
      preprocessor = AttachedOnly.class,
      description =
          "Linear layers in float8, on a GPU of compute capability 8.9: diffusion-fast (the"
              + " tutorial's, without a value) or all.")
  private String fp8Dynamic;

  @Option(
      names = "--compile",
      description = "Weights packed for the device, work that steps share done once.")
  private boolean compile;

  @Option(names = "--eager", description = "Without --compile; the default.")
  private boolean eager;

  @Option(
      names = "--plan",
      paramLabel = "FILE",
      description = "Repeat a plan that --save-plan wrote, in place of the flags above.")
  private Path plan;

  @Option(
      names = "--save-plan",
      paramLabel = "FILE",
      description = "Write what was chosen, layer by layer, as JSON.")
  private Path savePlan;

  /** Takes a value only where it is attached: else the flag would eat the prompt behind it. */
  static final class AttachedOnly implements IParameterPreprocessor {
    @Override
    public boolean preprocess(
        Stack<String> arguments, CommandSpec command, ArgSpec flag, Map<String, Object> info) {
      boolean attached = "=".equals(info.get("separator"));
      flag.setValue(attached ? arguments.pop() : ((OptionSpec) flag).fallbackValue());
      return true;
    }
  }

  /** Reads the name of a kind of attention. */
  static final class AttentionName implements ITypeConverter<Attention> {
    @Override
    public Attention convert(String text) {
      return Stream.of(Attention.values())
          .filter(a -> a.name().equalsIgnoreCase(text))
          .findFirst()
          .orElseThrow(
              () -> new TypeConversionException("'" + text + "' is neither sdpa nor math"));
    }
  }

  /** For shells. */
  static final class AttentionNames extends ArrayList<String> {
    private static final long serialVersionUID = 1;

    AttentionNames() {
      super(List.of("sdpa", "math"));
    }
  }

  /** For shells. */
  static final class SchemeNames extends ArrayList<String> {
    private static final long serialVersionUID = 1;

    SchemeNames() {
      super(List.of("tutorial", "torchao"));
    }
  }

  /** The pipeline that {@code builder} describes, changed as the flags say; to be closed. */
  Pipeline open(PipelineBuilder builder) {
    checkTogether();
    Pipeline pipeline = addTo(builder);
    if (savePlan != null) {
      try {
        OutputFile.write(savePlan, pipeline.plan().json() + "\n");
      } catch (RuntimeException e) {
        pipeline.close();
        throw e;
      }
    }
    return pipeline;
  }

  private void checkTogether() {
    if (compile && eager) {
      throw new IllegalArgumentException("--compile and --eager exclude each other");
    }
    boolean others =
        attention != null
            || channelsLast
            || fuseQkv
            || swapConv1x1 != null
            || int8Dynamic != null
            || int8Scheme != null
            || fp8Dynamic != null
            || compile
            || eager;
    if (plan != null && others) {
      throw new IllegalArgumentException(
          "--plan names all optimisations: leave out the flags beside it, or the plan");
    }
    if (savePlan != null) {
      OutputFile.check(List.of(savePlan));
    }
  }

  private Pipeline addTo(PipelineBuilder builder) {
    if (plan != null) {
      return builder.plan(Plan.read(plan)).build();
    }
    if (attention != null) {
      builder.attention(attention);
    }
    if (channelsLast) {
      builder.channelsLast();
    }
    if (fuseQkv) {
      builder.fuseQkv();
    }
    if (swapConv1x1 != null) {
      builder.swapConv1x1(
          filter("--swap-conv1x1", swapConv1x1, ConvFilter.diffusionFast(), ConvFilter.all()));
    }
    if (int8Scheme != null) {
      builder.int8Scheme(int8Scheme);
    }
    if (int8Dynamic != null) {
      addInt8(builder);
    }
    if (fp8Dynamic != null) {
      builder.fp8Dynamic(
          filter("--fp8-dynamic", fp8Dynamic, LinearFilter.diffusionFast(), LinearFilter.all()));
    }
    return compile ? builder.compile() : builder.build();
  }

  private void addInt8(PipelineBuilder builder) {
    switch (int8Dynamic.toLowerCase(Locale.ROOT)) {
      case "auto" -> builder.int8Dynamic();
      case "diffusion-fast" -> builder.int8Dynamic(LinearFilter.diffusionFast());
      case "all" -> builder.int8Dynamic(LinearFilter.all());
      default ->
          throw new IllegalArgumentException(
              "--int8-dynamic=%s: expected auto, diffusion-fast or all".formatted(int8Dynamic));
    }
  }

  /** The one of two filters that the flag's value names. */
  private static <F> F filter(String flag, String value, F diffusionFast, F all) {
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "diffusion-fast" -> diffusionFast;
      case "all" -> all;
      default ->
          throw new IllegalArgumentException(
              "%s=%s: expected diffusion-fast or all".formatted(flag, value));
    };
  }
}
