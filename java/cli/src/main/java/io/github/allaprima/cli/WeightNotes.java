package io.github.allaprima.cli;

import io.github.allaprima.PipelineInfo;
import io.github.allaprima.internal.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Which components were loaded from other files than those that were asked for. */
final class WeightNotes {
  private WeightNotes() {}

  /** A line for each component whose variant is not {@code asked}, "" for the plain files. */
  static List<String> of(PipelineInfo info, String asked) {
    List<String> notes = new ArrayList<>();
    Map<?, ?> weights = (Map<?, ?>) Json.object(info.json()).get("weights");
    weights.forEach(
        (component, about) -> {
          Map<?, ?> files = (Map<?, ?>) about;
          if (!asked.equals(files.get("variant"))) {
            notes.add(
                "note: %s was loaded from %s: %s"
                    .formatted(component, files.get("file"), files.get("variant_reason")));
          }
        });
    return notes;
  }
}
