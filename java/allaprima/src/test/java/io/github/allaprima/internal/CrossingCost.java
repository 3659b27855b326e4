package io.github.allaprima.internal;

import java.util.Arrays;

/** Prints what one call from Java into the core costs, in nanoseconds; not a test. */
final class CrossingCost {
  private static final int CALLS = 10_000_000;
  private static final int ROUNDS = 7;

  private CrossingCost() {}

  public static void main(String[] args) {
    NativeLibrary.load();
    double[] nanoseconds = new double[ROUNDS];
    int sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
      long start = System.nanoTime();
      for (int call = 0; call < CALLS; call++) {
        sum += CApi.allaprima_abi_version();
      }
      nanoseconds[round] = (System.nanoTime() - start) / (double) CALLS;
    }
    Arrays.sort(nanoseconds);
    System.out.printf(
        "one call: %.1f ns (median of %d rounds, fastest %.1f) [%d]%n",
        nanoseconds[ROUNDS / 2], ROUNDS, nanoseconds[0], sum);
  }
}
