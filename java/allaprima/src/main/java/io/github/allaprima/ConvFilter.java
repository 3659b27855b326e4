package io.github.allaprima;

/** Chooses convolutions of UNet and VAE. Asked once for each of them, when a pipeline opens. */
@FunctionalInterface
public interface ConvFilter {
  /**
   * Says whether a convolution is meant.
   *
   * @param name as in the checkpoint, behind "unet." or "vae."
   * @param in channels that come in
   * @param out channels that go out
   * @param kernel side of the kernel in pixels
   * @return whether it is meant
   */
  boolean test(String name, int in, int out, int kernel);

  /**
   * Returns the filter of the tutorial: convolutions of 1×1 with 128 channels in or out.
   *
   * @return of SDXL one of the VAE's decoder, none of the UNet
   */
  static ConvFilter diffusionFast() {
    return (name, in, out, kernel) -> kernel == 1 && (in == 128 || out == 128);
  }

  /**
   * Returns the filter that takes every convolution of 1×1.
   *
   * @return all of 1×1
   */
  static ConvFilter all() {
    return (name, in, out, kernel) -> kernel == 1;
  }

  /**
   * Returns the filter that takes no convolution.
   *
   * @return none
   */
  static ConvFilter none() {
    return (name, in, out, kernel) -> false;
  }

  /**
   * Combines two filters.
   *
   * @param other the second
   * @return convolutions that both mean
   */
  default ConvFilter and(ConvFilter other) {
    return (name, in, out, kernel) ->
        test(name, in, out, kernel) && other.test(name, in, out, kernel);
  }

  /**
   * Combines two filters.
   *
   * @param other the second
   * @return convolutions that at least one means
   */
  default ConvFilter or(ConvFilter other) {
    return (name, in, out, kernel) ->
        test(name, in, out, kernel) || other.test(name, in, out, kernel);
  }

  /**
   * Turns a filter round.
   *
   * @return convolutions that this one does not mean
   */
  default ConvFilter not() {
    return (name, in, out, kernel) -> !test(name, in, out, kernel);
  }
}
