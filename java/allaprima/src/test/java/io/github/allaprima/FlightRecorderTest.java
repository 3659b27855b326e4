package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@NativeTest
@Timeout(120)
class FlightRecorderTest {
  private static final Request REQUEST = Request.of("a red apple").steps(3).size(64, 64).seed(7);

  /** Runs in the other process. */
  static final class Main {
    public static void main(String[] args) {
      boolean present = ModuleLayer.boot().findModule("jdk.jfr").isPresent();
      try (Pipeline pipeline = Pipeline.builder().model(Path.of(args[0])).build()) {
        pipeline.generate(REQUEST);
        System.out.print(present ? "with jdk.jfr" : "drawn without jdk.jfr");
      }
    }
  }

  @Test
  void records_load_generation_and_steps(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("events.jfr");
    try (Recording recording = new Recording()) {
      recording.start();
      try (Pipeline pipeline =
          Pipeline.builder().model(Repository.TINY_MODEL).device(Device.cpu()).fp32().build()) {
        pipeline.generate(REQUEST);
        assertThrows(AllaPrimaException.class, () -> pipeline.generate(REQUEST.size(65, 64)));
      }
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> events = RecordingFile.readAllEvents(file);
    RecordedEvent load = named(events, "Load").get(0);
    assertEquals(Repository.TINY_MODEL.toString(), load.getString("model"));
    assertEquals("loaded", load.getString("outcome"));
    List<RecordedEvent> generations = named(events, "Generate");
    assertEquals(64, generations.get(0).getInt("width"));
    assertEquals(3, generations.get(0).getInt("steps"));
    assertEquals(
        List.of("drawn", "AllaPrimaException"),
        generations.stream().map(event -> event.getString("outcome")).toList());
    List<RecordedEvent> steps = named(events, "Step");
    assertEquals(List.of(1, 2, 3), steps.stream().map(event -> event.getInt("number")).toList());
    for (RecordedEvent step : steps) {
      assertTrue(step.getDuration().toNanos() > 0);
      assertTrue(step.getDuration().compareTo(generations.get(0).getDuration()) < 0);
    }
  }

  private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
    return events.stream()
        .filter(event -> event.getEventType().getName().equals("io.github.allaprima." + name))
        .toList();
  }

  @Test
  void is_not_needed() throws Exception {
    assertEquals(
        "drawn without jdk.jfr",
        ChildJvm.run(
            System.getProperty("java.class.path"),
            List.of(
                "--limit-modules",
                "java.base,java.desktop",
                Main.class.getName(),
                Repository.TINY_MODEL.toString())));
  }
}
