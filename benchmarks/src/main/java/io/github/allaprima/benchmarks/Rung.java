package io.github.allaprima.benchmarks;

import io.github.allaprima.Attention;
import io.github.allaprima.ConvFilter;
import io.github.allaprima.LinearFilter;
import io.github.allaprima.Pipeline;
import io.github.allaprima.PipelineBuilder;

/**
 * A rung of the ladder: which optimisations a pipeline is opened with, each on top of the one
 * before.
 */
public enum Rung {
  /** The tutorial's baseline. */
  FP32_MATH,
  FP32,
  BF16_MATH,
  BF16,
  FUSED,
  INT8,
  COMPILE,
  COMPILE_INT8;

  Pipeline open(PipelineBuilder builder) {
    switch (this) {
      case FP32_MATH -> builder.fp32().attention(Attention.MATH);
      case FP32 -> builder.fp32();
      case BF16_MATH -> builder.bf16().attention(Attention.MATH);
      case BF16 -> builder.bf16();
      default -> builder.bf16().fuseQkv();
    }
    if (this == INT8 || this == COMPILE_INT8) {
      builder.swapConv1x1(ConvFilter.diffusionFast()).int8Dynamic(LinearFilter.diffusionFast());
    }
    return this == COMPILE || this == COMPILE_INT8 ? builder.compile() : builder.build();
  }
}
