package io.github.allaprima.cli;

import io.github.allaprima.Pipeline;
import io.github.allaprima.internal.JsonText;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Loads a checkpoint, changes it as the flags say, and tells what came of it. */
@Command(
    name = "plan",
    description = {
      "Says what the flags that make it faster change of a checkpoint, layer by layer.",
      "Loads the checkpoint and draws nothing."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false)
final class PlanCommand implements Callable<Integer> {
  @Mixin private PipelineFlags pipelineFlags;
  @Mixin private JsonFlag output;

  @Override
  public Integer call() {
    try (Pipeline pipeline = pipelineFlags.open(output)) {
      output.document(new JsonText.Raw(pipeline.plan().json()));
      output.line(pipeline.plan().toString());
    }
    return 0;
  }
}
