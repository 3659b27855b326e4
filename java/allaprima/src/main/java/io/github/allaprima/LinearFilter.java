package io.github.allaprima;

import java.util.Set;

/** Chooses linear layers of UNet and VAE. Asked once for each of them, when a pipeline opens. */
@FunctionalInterface
public interface LinearFilter {
  /**
   * Says whether a layer is meant.
   *
   * @param name as in the checkpoint, behind "unet." or "vae."; fused layers end in {@code to_qkv}
   *     or {@code to_kv}
   * @param in numbers that come in, for each token or pixel
   * @param out numbers that go out
   * @return whether it is meant
   */
  boolean test(String name, int in, int out);

  /**
   * Returns the filter of the tutorial: all but those with at most 16 numbers in and those of
   * nineteen shapes that did not gain from int8 on an A100.
   *
   * @return of SDXL with fused projections 397 of 533 linear layers, none of the VAE
   */
  static LinearFilter diffusionFast() {
    return (name, in, out) -> in > 16 && !DiffusionFast.LEFT_OUT.contains(new Widths(in, out));
  }

  /**
   * Returns the filter that takes every layer.
   *
   * @return all
   */
  static LinearFilter all() {
    return (name, in, out) -> true;
  }

  /**
   * Returns the filter that takes no layer.
   *
   * @return none
   */
  static LinearFilter none() {
    return (name, in, out) -> false;
  }

  /**
   * Combines two filters.
   *
   * @param other the second
   * @return layers that both mean
   */
  default LinearFilter and(LinearFilter other) {
    return (name, in, out) -> test(name, in, out) && other.test(name, in, out);
  }

  /**
   * Combines two filters.
   *
   * @param other the second
   * @return layers that at least one means
   */
  default LinearFilter or(LinearFilter other) {
    return (name, in, out) -> test(name, in, out) || other.test(name, in, out);
  }

  /**
   * Turns a filter round.
   *
   * @return layers that this one does not mean
   */
  default LinearFilter not() {
    return (name, in, out) -> !test(name, in, out);
  }
}

/** Of a linear layer. */
record Widths(int in, int out) {}

/** From the tutorial's source, dynamic_quant_filter_fn. */
final class DiffusionFast {
  static final Set<Widths> LEFT_OUT =
      Set.of(
          new Widths(1280, 640),
          new Widths(1920, 1280),
          new Widths(1920, 640),
          new Widths(2048, 1280),
          new Widths(2048, 2560),
          new Widths(2560, 1280),
          new Widths(256, 128),
          new Widths(2816, 1280),
          new Widths(320, 640),
          new Widths(512, 1536),
          new Widths(512, 256),
          new Widths(512, 512),
          new Widths(640, 1280),
          new Widths(640, 1920),
          new Widths(640, 320),
          new Widths(640, 5120),
          new Widths(640, 640),
          new Widths(960, 320),
          new Widths(960, 640));

  private DiffusionFast() {}
}
