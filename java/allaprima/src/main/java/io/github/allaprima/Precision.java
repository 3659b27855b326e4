package io.github.allaprima;

/** Number format of weights and activations. */
public enum Precision {
  /** 32 bits. */
  FP32,
  /** bfloat16: 16 bits with the range of 32. */
  BF16,
  /** IEEE half: 16 bits, finer than bfloat16, up to 65,504. */
  FP16
}
