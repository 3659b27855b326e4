package io.github.allaprima;

import java.util.Locale;

/**
 * Where a pipeline runs.
 *
 * @param kind the kind of device
 * @param index which of its kind, from 0; 0 unless it is {@link Kind#CUDA}
 */
public record Device(Kind kind, int index) {
  /** Kinds of devices. */
  public enum Kind {
    /** The first CUDA device where there is one, else the processor. */
    AUTO,
    /** The processor. */
    CPU,
    /** An NVIDIA graphics card. */
    CUDA
  }

  /**
   * Checks the values.
   *
   * @param kind as {@link #kind}
   * @param index as {@link #index}
   * @throws IllegalArgumentException when the index is negative, or not 0 where there is only one
   */
  public Device {
    if (index < 0 || (index > 0 && kind != Kind.CUDA)) {
      throw new IllegalArgumentException("there is no device " + index + " of kind " + kind);
    }
  }

  /**
   * Returns the choice of the library.
   *
   * @return the first CUDA device where there is one, else the processor
   */
  public static Device auto() {
    return new Device(Kind.AUTO, 0);
  }

  /**
   * Returns the processor.
   *
   * @return the processor
   */
  public static Device cpu() {
    return new Device(Kind.CPU, 0);
  }

  /**
   * Returns an NVIDIA graphics card.
   *
   * @param index which one, from 0
   * @return the device
   * @throws IllegalArgumentException when the index is negative
   */
  public static Device cuda(int index) {
    return new Device(Kind.CUDA, index);
  }

  /** Returns the device as in "cpu" or "cuda:0". */
  @Override
  public String toString() {
    String name = kind.name().toLowerCase(Locale.ROOT);
    return kind == Kind.CUDA ? name + ":" + index : name;
  }
}
