package io.github.allaprima;

/**
 * How numbers become int8: a scale for each token of the activations, one for each output channel
 * of the weights. Scales, bias and the way back are fp32 in both.
 */
public enum Int8Scheme {
  /**
   * That of the tutorial, torchao at commit 54bcd5a: the largest activation of a token becomes 127
   * or −127.
   */
  TUTORIAL,
  /** torchao 0.18: the largest becomes 127.5, and is cut where it was positive. */
  TORCHAO
}
