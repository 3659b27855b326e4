package io.github.allaprima.internal;

import jdk.jfr.FlightRecorder;

/**
 * Events of the JDK's flight recorder, for those who record; where the module {@code jdk.jfr} is
 * not there, nothing.
 */
public final class Events {
  /** What there is when nobody records. */
  private static final Span NONE = outcome -> {};

  private static final boolean PRESENT = isPresent();

  private Events() {}

  /** Work that has begun. */
  @FunctionalInterface
  public interface Span {
    /** It ended: in one word how, or the name of what was thrown. */
    void end(String outcome);

    /** It ended with {@code failure}. */
    default void end(Throwable failure) {
      end(failure.getClass().getSimpleName());
    }
  }

  /** A pipeline is opened. */
  public static Span load(String model) {
    return isRecording() ? new FlightEvents.Load(model) : NONE;
  }

  /** Pictures are drawn; sizes of 0 are the model's own. */
  public static Span generate(int images, int width, int height, int steps) {
    return isRecording() ? new FlightEvents.Generate(images, width, height, steps) : NONE;
  }

  /** One of {@code total} steps, from 1. */
  public static Span step(int number, int total) {
    return isRecording() ? new FlightEvents.Step(number, total) : NONE;
  }

  /** Only then are classes of events loaded, which start the recorder's machinery. */
  private static boolean isRecording() {
    return PRESENT && FlightRecorder.isInitialized();
  }

  private static boolean isPresent() {
    try {
      Class.forName("jdk.jfr.FlightRecorder", false, Events.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException | LinkageError e) {
      return false;
    }
  }
}
