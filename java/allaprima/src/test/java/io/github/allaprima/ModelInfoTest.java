package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Looks at checkpoints without loading them. */
@NativeTest
class ModelInfoTest {
  private static final Path VARIANTS = Repository.ROOT.resolve("native/tests/data/pipelines/d");

  @Test
  void tells_components_and_their_files() throws Exception {
    ModelInfo info = ModelInfo.of(Repository.TINY_MODEL);
    assertEquals(List.of(), info.problems());
    assertTrue(info.loads());
    assertEquals(
        List.of("text_encoder", "text_encoder_2", "unet", "vae"),
        info.components().stream().map(ModelInfo.Component::name).toList());
    ModelInfo.Component unet = info.components().get(2);
    assertEquals("UNet2DConditionModel", unet.type());
    assertEquals(List.of("diffusion_pytorch_model.safetensors"), unet.files());
    Path file = Repository.TINY_MODEL.resolve("unet").resolve(unet.files().get(0));
    assertEquals(Files.size(file), unet.bytes());
    try (Pipeline pipeline =
        Pipeline.builder().model(Repository.TINY_MODEL).device(Device.cpu()).build()) {
      assertTrue(pipeline.info().json().contains("\"unet\":" + unet.parameters()));
    }
  }

  @Test
  void looks_at_the_variant_that_is_asked_for() {
    ModelInfo.Component plain = ModelInfo.of(VARIANTS).components().get(0);
    ModelInfo.Component half = ModelInfo.of(VARIANTS, "fp16").components().get(0);
    assertEquals("", plain.variant());
    assertEquals("fp16", half.variant());
    assertEquals(List.of("", "fp16"), half.variants());
    assertEquals(List.of("F16"), List.copyOf(half.dtypes().keySet()));
    assertEquals(plain.parameters(), half.parameters());
  }

  @Test
  void lists_the_faults_of_a_model() {
    ModelInfo info = ModelInfo.of(Path.of("nowhere"));
    assertFalse(info.loads());
    assertEquals(1, info.problems().size());
    assertTrue(info.problems().get(0).message().contains("there is no such folder"));
    assertEquals("", info.problems().get(0).component());
    assertThrows(AllaPrimaException.class, () -> ModelInfo.of(VARIANTS, "../fp16"));
  }
}
