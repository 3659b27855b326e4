package io.github.allaprima.internal;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** The events that {@link Events} tells, as the flight recorder wants them. */
final class FlightEvents {
  private FlightEvents() {}

  /** From the call to a pipeline that is ready. */
  @Name("io.github.allaprima.Load")
  @Label("Load")
  @Description("A checkpoint was loaded")
  @Category("Alla Prima")
  static final class Load extends Event implements Events.Span {
    @Label("Model")
    private final String model;

    @Label("Outcome")
    @Description("loaded, or the exception")
    private String outcome = "";

    Load(String model) {
      this.model = model;
      begin();
    }

    @Override
    public void end(String outcome) {
      this.outcome = outcome;
      commit();
    }
  }

  /** From a generation's turn to its pixels; the wait for the turn is not in it. */
  @Name("io.github.allaprima.Generate")
  @Label("Generate")
  @Description("Pictures were drawn together")
  @Category("Alla Prima")
  static final class Generate extends Event implements Events.Span {
    @Label("Images")
    private final int images;

    @Label("Width")
    @Description("In pixels; 0: the model's own")
    private final int width;

    @Label("Height")
    @Description("In pixels; 0: the model's own")
    private final int height;

    @Label("Steps")
    private final int steps;

    @Label("Outcome")
    @Description("drawn, or the exception")
    private String outcome = "";

    Generate(int images, int width, int height, int steps) {
      this.images = images;
      this.width = width;
      this.height = height;
      this.steps = steps;
      begin();
    }

    @Override
    public void end(String outcome) {
      this.outcome = outcome;
      commit();
    }
  }

  /** The call of one step; the first one also encodes the prompts. */
  @Name("io.github.allaprima.Step")
  @Label("Step")
  @Description("A denoising step was done")
  @Category("Alla Prima")
  @StackTrace(false)
  static final class Step extends Event implements Events.Span {
    @Label("Number")
    @Description("From 1")
    private final int number;

    @Label("Total")
    private final int total;

    @Label("Outcome")
    @Description("done, or the exception")
    private String outcome = "";

    Step(int number, int total) {
      this.number = number;
      this.total = total;
      begin();
    }

    @Override
    public void end(String outcome) {
      this.outcome = outcome;
      commit();
    }
  }
}
