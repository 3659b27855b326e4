package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.cli.Cli.Result;
import io.github.allaprima.internal.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told of a checkpoint. */
@Tag("native")
class InspectTest {
  @TempDir Path folder;

  @Test
  void tells_what_a_model_holds() {
    Result result = Cli.run("inspect", Cli.TINY.toString());
    assertEquals(0, result.code(), result::err);
    assertEquals(Cli.TINY + ": can be loaded", result.out().lines().findFirst().orElse(""));
    for (String said :
        List.of(
            "UNet2DConditionModel",
            "AutoencoderKL",
            "million parameters",
            "in diffusion_pytorch_model.safetensors",
            "EulerDiscreteScheduler: ",
            "tokenizer_2     CLIPTokenizer, ",
            "in bf16 or fp16")) {
      assertTrue(result.out().contains(said), () -> said + " in " + result.out());
    }
  }

  @Test
  void looks_at_the_model_that_ships_when_none_is_named() {
    Result result = Cli.run("inspect", "--json");
    assertEquals(0, result.code(), result::err);
    Map<String, Object> document = Json.object(result.out());
    assertEquals(
        Set.of(
            "model",
            "pipeline",
            "components",
            "scheduler",
            "tokenizers",
            "size",
            "steps",
            "guidance",
            "loads",
            "problems"),
        document.keySet());
    assertEquals(true, document.get("loads"));
    assertEquals(25L, document.get("steps"));
  }

  @Test
  void tells_variants_and_shards() {
    Result result = Cli.run("inspect", Cli.VARIANTS.toString(), "--variant", "fp16");
    assertEquals(0, result.code(), result::err);
    assertTrue(result.out().contains("in model.fp16.safetensors (also there: plain)"), result::out);
    assertTrue(result.out().contains("in 2 files, "), result::out);
  }

  @Test
  void tells_every_fault_and_exits_with_2() throws IOException {
    Path model = folder.resolve("model");
    Cli.copy(Cli.TINY, model);
    Files.writeString(model.resolve("vae/diffusion_pytorch_model.safetensors"), "cut");
    Files.writeString(model.resolve("scheduler/scheduler_config.json"), "[");
    Files.delete(model.resolve("unet/config.json"));
    Result result = Cli.run("inspect", model.toString());
    assertEquals(ExitCode.BAD_INPUT, result.code());
    assertTrue(result.out().startsWith(model + ": cannot be loaded\n"), result::out);
    List<String> problems =
        result.out().lines().filter(line -> line.startsWith("problem: ")).toList();
    assertEquals(3, problems.size(), result::out);
    Result json = Cli.run("inspect", model.toString(), "--json");
    assertEquals(ExitCode.BAD_INPUT, json.code());
    assertEquals(3, ((List<?>) Json.object(json.out()).get("problems")).size());
  }

  @Test
  void says_that_there_is_no_such_folder() {
    Result result = Cli.run("inspect", folder.resolve("nowhere").toString());
    assertEquals(ExitCode.BAD_INPUT, result.code());
    assertTrue(result.out().contains("problem: "), result::out);
    assertTrue(result.out().contains("there is no such folder"), result::out);
  }
}
