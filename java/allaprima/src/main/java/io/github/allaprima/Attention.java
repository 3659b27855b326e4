package io.github.allaprima;

/** How attention is computed, in UNet and VAE. */
public enum Attention {
  /** Scaled dot-product attention: fused, without the scores of all tokens in memory. */
  SDPA,
  /** Product, softmax, product, as before fused attention: the baseline that others are held to. */
  MATH
}
