package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The builder's optimisations: that each does what its plan says, and that a plan repeats it. */
@Tag("native")
class OptimizationsTest {
  private static final Request REQUEST = Request.of("a red apple").seed(7).steps(2).size(64, 64);

  private static PipelineBuilder builder() {
    return Pipeline.builder().model(Repository.TINY_MODEL).fp32();
  }

  private static Plan.Entry entry(Plan plan, String transform) {
    return plan.entries().stream()
        .filter(e -> e.transform().equals(transform))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void theyAllWorkTogetherInBf16() {
    try (Pipeline pipeline =
        Pipeline.builder()
            .model(Repository.TINY_MODEL)
            .bf16()
            .fuseQkv()
            .int8Dynamic(LinearFilter.diffusionFast())
            .compile()) {
      assertEquals(Precision.BF16, pipeline.info().precision());
      assertTrue(entry(pipeline.plan(), "fuse_qkv").changed() > 0);
      assertTrue(entry(pipeline.plan(), "int8_dynamic").changed() > 0);
      assertTrue(entry(pipeline.plan(), "pack").changed() > 0);
      assertTrue(pipeline.plan().compile());
      assertEquals(64, pipeline.generate(REQUEST).width());
    }
  }

  @Test
  void warmingUpDoesWhatAFirstPictureDoesOnceAndChangesNoPicture() {
    byte[] alone;
    try (Pipeline pipeline = builder().compile()) {
      alone = pipeline.generate(REQUEST).rgb();
    }
    try (Pipeline pipeline = builder().compile()) {
      pipeline.warmUp(REQUEST);
      Image image = pipeline.generate(REQUEST);
      assertArrayEquals(alone, image.rgb());
      // Its prompt was encoded before.
      String json = image.report().json();
      assertTrue(json.contains("\"prompt_cache\":{\"hits\":2,\"misses\":0}"), json);
    }
  }

  @Test
  void eachMethodChangesWhatItSays() {
    try (Pipeline pipeline =
        builder()
            .attention(Attention.MATH)
            .channelsLast()
            .swapConv1x1(ConvFilter.all())
            .int8Dynamic((name, in, out) -> name.endsWith("ff.net.2"))
            .int8Scheme(Int8Scheme.TORCHAO)
            .build()) {
      Plan plan = pipeline.plan();
      assertEquals(Attention.MATH, plan.attention());
      assertTrue(plan.channelsLast());
      assertFalse(plan.compile());
      assertEquals(plan.swapConv1x1().size(), entry(plan, "swap_conv1x1").changed());
      assertEquals(plan.int8().orElseThrow().layers(), entry(plan, "int8_dynamic").layers());
      assertTrue(plan.int8().orElseThrow().layers().stream().allMatch(n -> n.endsWith("ff.net.2")));
      assertTrue(entry(plan, "int8_dynamic").detail().contains("torchao"));
      assertTrue(entry(plan, "channels_last").changed() > 0);
    }
  }

  @Test
  void compiledPicturesAreThoseOfEagerAndInt8OnesAreNot() {
    byte[] eager;
    try (Pipeline pipeline = builder().build()) {
      eager = pipeline.generate(REQUEST).rgb();
    }
    try (Pipeline pipeline = builder().fuseQkv().compile()) {
      assertTrue(difference(eager, pipeline.generate(REQUEST).rgb()) <= 1);
    }
    try (Pipeline pipeline = builder().int8Dynamic(LinearFilter.all()).compile()) {
      assertTrue(difference(eager, pipeline.generate(REQUEST).rgb()) > 1);
    }
  }

  private static int difference(byte[] a, byte[] b) {
    int largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs((a[i] & 255) - (b[i] & 255)));
    }
    return largest;
  }

  @Test
  void layersThatStayAsTheyAreAreListedWithTheReason() {
    try (Pipeline pipeline =
        builder().int8Dynamic((name, in, out) -> name.contains("time_embedding")).build()) {
      List<Plan.Skipped> skipped = entry(pipeline.plan(), "int8_dynamic").skipped();
      assertEquals(2, skipped.size());
      assertTrue(skipped.get(0).reason().contains("one row a picture"));
      assertTrue(
          pipeline.plan().toString().contains("left as it is: unet.time_embedding.linear_1"));
    }
  }

  @Test
  void aWrittenPlanRepeatsWhatWasMeasured(@TempDir Path folder) {
    Path file = folder.resolve("plan.json");
    byte[] picture;
    Plan plan;
    try (Pipeline pipeline = builder().fuseQkv().int8Dynamic(new Size(64, 64)).compile()) {
      plan = pipeline.plan();
      plan.write(file);
      picture = pipeline.generate(REQUEST).rgb();
    }
    try (Pipeline pipeline =
        Pipeline.builder().model(Repository.TINY_MODEL).plan(Plan.read(file)).build()) {
      assertEquals(plan, pipeline.plan());
      assertArrayEquals(picture, pipeline.generate(REQUEST).rgb());
    }
  }

  @Test
  void float8IsRefusedOnAProcessor() {
    PipelineBuilder builder =
        Pipeline.builder()
            .model(Repository.TINY_MODEL)
            .device(Device.cpu())
            .bf16()
            .fp8Dynamic(LinearFilter.all());
    AllaPrimaException refused = assertThrows(AllaPrimaException.class, builder::build);
    assertEquals(ErrorCode.UNAVAILABLE, refused.code());
    String message = refused.getMessage();
    assertTrue(message.contains("compute capability 8.9"), message);
    assertTrue(message.contains("this pipeline is on cpu"), message);
  }

  @Test
  void aPlanKeepsWhatIsInFloat8(@TempDir Path folder) throws Exception {
    Plan plan =
        new Plan(
            Precision.BF16,
            Attention.SDPA,
            true,
            List.of(),
            Optional.of(new Plan.Int8(Int8Scheme.TORCHAO, List.of("unet.a"))),
            Optional.of(new Plan.Fp8(List.of("unet.b", "unet.c"))),
            false,
            true,
            List.of());
    Path file = folder.resolve("plan.json");
    plan.write(file);
    assertEquals(plan, Plan.read(file));

    PipelineBuilder again = Pipeline.builder().model(Repository.TINY_MODEL).plan(Plan.read(file));
    assertTrue(
        assertThrows(AllaPrimaException.class, again::build).getMessage().contains("unet.a"));

    String older = Files.readString(file).replaceAll("\"fp8_dynamic\":\\{[^}]*},", "");
    assertFalse(older.contains("fp8"), older);
    Files.writeString(file, older);
    assertEquals(Optional.empty(), Plan.read(file).fp8());
  }

  @Test
  void aFileThatIsNoPlanIsSaidToBeNone(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("x.json"), "{\"format\": \"another\"}");
    String message =
        assertThrows(IllegalArgumentException.class, () -> Plan.read(file)).getMessage();
    assertTrue(message.contains("x.json is no plan") && message.contains("another"), message);
  }

  @Test
  void aConvolutionThatIsNot1x1CannotBeSwapped() {
    PipelineBuilder builder = builder().swapConv1x1((name, in, out, kernel) -> kernel == 3);
    String message = assertThrows(AllaPrimaException.class, builder::build).getMessage();
    assertTrue(message.contains("is no convolution of 1×1"), message);
  }

  @Test
  void filtersCombine() {
    LinearFilter wide = (name, in, out) -> out > 100;
    assertTrue(wide.and(LinearFilter.all()).test("x", 8, 128));
    assertFalse(wide.and(LinearFilter.none()).test("x", 8, 128));
    assertTrue(wide.or(LinearFilter.all()).test("x", 8, 8));
    assertTrue(wide.not().test("x", 8, 8));
    assertFalse(LinearFilter.diffusionFast().test("x", 1280, 640));
    assertFalse(LinearFilter.diffusionFast().test("x", 16, 640));
    assertTrue(LinearFilter.diffusionFast().test("x", 1280, 10240));
    assertTrue(ConvFilter.diffusionFast().test("x", 256, 128, 1));
    assertFalse(ConvFilter.diffusionFast().and(ConvFilter.all().not()).test("x", 256, 128, 1));
    assertFalse(ConvFilter.all().test("x", 256, 128, 3));
    assertTrue(ConvFilter.none().or(ConvFilter.all()).test("x", 64, 64, 1));
  }
}
