package io.github.allaprima;

import io.github.allaprima.internal.Json;
import io.github.allaprima.internal.NativePipeline;
import io.github.allaprima.internal.NativePipeline.Transform;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/** What a builder was asked to change of a checkpoint, and the changing, in the one right order. */
final class Optimizations {
  Attention attention = Attention.SDPA;
  boolean fuseQkv;
  boolean channelsLast;
  boolean compile;
  Int8Scheme scheme = Int8Scheme.TUTORIAL;

  /** The names of the layers that are meant; what asks for them has been done to the pipeline. */
  private Optional<Function<NativePipeline, List<String>>> convs = Optional.empty();

  private Optional<Function<NativePipeline, List<String>>> linears = Optional.empty();

  private Optional<Function<NativePipeline, List<String>>> fp8Linears = Optional.empty();

  void swapConv1x1(ConvFilter filter) {
    convs =
        Optional.of(
            pipeline ->
                names(
                    pipeline,
                    l ->
                        l.text("kind").equals("conv")
                            && filter.test(
                                l.text("name"),
                                width(l, "in"),
                                width(l, "out"),
                                width(l, "kernel"))));
  }

  void int8Dynamic(LinearFilter filter) {
    linears = Optional.of(pipeline -> linears(pipeline, filter));
  }

  void fp8Dynamic(LinearFilter filter) {
    fp8Linears = Optional.of(pipeline -> linears(pipeline, filter));
  }

  /** The layers that are faster in int8 here, at this size, or the model's own. */
  void int8WhereFaster(Optional<Size> size) {
    linears =
        Optional.of(
            pipeline ->
                new Fields(Json.object(pipeline.chooseInt8(size, scheme.ordinal(), compile)))
                    .texts("layers"));
  }

  void replay(Plan plan) {
    attention = plan.attention();
    fuseQkv = plan.fuseQkv();
    channelsLast = plan.channelsLast();
    compile = plan.compile();
    convs = plan.swapConv1x1().isEmpty() ? Optional.empty() : Optional.of(p -> plan.swapConv1x1());
    plan.int8().ifPresent(int8 -> scheme = int8.scheme());
    linears = plan.int8().map(int8 -> pipeline -> int8.layers());
    fp8Linears = plan.fp8().map(fp8 -> pipeline -> fp8.layers());
  }

  /** Changes the pipeline; the plan's entries are those that the core then has. */
  Plan apply(NativePipeline pipeline) {
    if (attention == Attention.MATH) {
      pipeline.transform(Transform.ATTENTION_MATH, List.of(), 0);
    }
    if (fuseQkv) {
      pipeline.transform(Transform.FUSE_QKV, List.of(), 0);
    }
    List<String> swapped = convs.map(names -> names.apply(pipeline)).orElse(List.of());
    if (convs.isPresent()) {
      pipeline.transform(Transform.SWAP_CONV1X1, swapped, 0);
    }
    Optional<Plan.Int8> int8 = linears.map(names -> new Plan.Int8(scheme, names.apply(pipeline)));
    int8.ifPresent(
        chosen -> pipeline.transform(Transform.INT8_DYNAMIC, chosen.layers(), scheme.ordinal()));
    Optional<Plan.Fp8> fp8 = fp8Linears.map(names -> new Plan.Fp8(names.apply(pipeline)));
    fp8.ifPresent(chosen -> pipeline.transform(Transform.FP8_DYNAMIC, chosen.layers(), 0));
    if (channelsLast) {
      pipeline.transform(Transform.CHANNELS_LAST, List.of(), 0);
    }
    if (compile) {
      pipeline.transform(Transform.COMPILE, List.of(), 0);
    }
    Fields info = new Fields(Json.object(pipeline.info()));
    return new Plan(
        info.constant("precision", Precision.class),
        attention,
        fuseQkv,
        swapped,
        int8,
        fp8,
        channelsLast,
        compile,
        info.objects("plan").stream().map(Plan.Entry::parse).toList());
  }

  private static List<String> linears(NativePipeline pipeline, LinearFilter filter) {
    return names(
        pipeline,
        l ->
            l.text("kind").equals("linear")
                && filter.test(l.text("name"), width(l, "in"), width(l, "out")));
  }

  private static List<String> names(NativePipeline pipeline, Predicate<Fields> meant) {
    List<String> names = new ArrayList<>();
    for (Fields layer : Fields.list(Json.list(pipeline.layers()))) {
      if (meant.test(layer)) {
        names.add(layer.text("name"));
      }
    }
    return names;
  }

  private static int width(Fields layer, String name) {
    return layer.number(name).intValue();
  }
}
