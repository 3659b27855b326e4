package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.github.allaprima.internal.NativePipeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@NativeTest
@Timeout(120)
class PipelineTest {
  private static final Request REQUEST = Request.of("a red apple").steps(3).size(64, 64).seed(7);

  private static Pipeline pipeline;

  @BeforeAll
  static void open() {
    pipeline = openTiny();
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  private static Pipeline openTiny() {
    return Pipeline.builder()
        .model(Repository.TINY_MODEL)
        .device(Device.cpu())
        .fp32()
        .threads(1)
        .build();
  }

  @Test
  void says_what_it_is() {
    PipelineInfo info = pipeline.info();
    assertEquals("cpu", info.device());
    assertEquals(Precision.FP32, info.precision());
    assertEquals(Repository.TINY_MODEL, info.model());
    assertTrue(info.sizeMultiple() >= 1, info.json());
  }

  @Test
  void draws_what_was_asked_for() {
    Image image = pipeline.generate(REQUEST);
    assertEquals(64, image.width());
    assertEquals(64, image.height());
    assertEquals(3 * 64 * 64, image.rgb().length);
    assertEquals(REQUEST.guidance(5), image.request());
    assertEquals(3, image.report().timings().steps().size());
    assertTrue(image.report().peakRssBytes() > 0);
    assertTrue(image.report().json().contains("\"seed\""));
  }

  @Test
  void draws_the_same_for_the_same_seed_and_another_for_another() {
    byte[] first = pipeline.generate(REQUEST).rgb();
    assertArrayEquals(first, pipeline.generate(REQUEST).rgb());
    assertFalse(Arrays.equals(first, pipeline.generate(REQUEST.seed(8)).rgb()));
  }

  @Test
  void tells_no_negative_prompt_from_an_empty_one() {
    byte[] none = pipeline.generate(REQUEST).rgb();
    assertFalse(Arrays.equals(none, pipeline.generate(REQUEST.negativePrompt("")).rgb()));
  }

  @Test
  void chooses_a_seed_and_a_size_and_says_which() {
    Image image = pipeline.generate(Request.of("a red apple").steps(1));
    assertEquals(pipeline.info().size(), image.request().size().orElseThrow());
    assertArrayEquals(image.rgb(), pipeline.generate(image.request()).rgb());
    Image other = pipeline.generate(Request.of("a red apple").steps(1));
    assertNotEquals(image.request().seed(), other.request().seed());
  }

  @Test
  void tells_of_each_step_on_the_thread_that_called() {
    List<Step> steps = new ArrayList<>();
    Thread caller = Thread.currentThread();
    pipeline.generate(
        REQUEST,
        step -> {
          assertSame(caller, Thread.currentThread());
          steps.add(step);
        });
    assertEquals(List.of(1, 2, 3), steps.stream().map(Step::completed).toList());
    assertEquals(3, steps.get(0).total());
    assertTrue(steps.get(0).elapsed().compareTo(steps.get(2).elapsed()) < 0);
  }

  @Test
  void hands_out_what_a_listener_throws_and_stays_usable() {
    IllegalArgumentException thrown = new IllegalArgumentException("enough");
    IllegalArgumentException caught =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                pipeline.generate(
                    REQUEST,
                    step -> {
                      throw thrown;
                    }));
    assertSame(thrown, caught);
    pipeline.generate(REQUEST);
  }

  @Test
  void refuses_a_generation_inside_a_listener() {
    assertThrows(
        IllegalStateException.class,
        () -> pipeline.generate(REQUEST, step -> pipeline.generate(REQUEST)));
    pipeline.generate(REQUEST);
  }

  @Test
  void stops_when_cancelled_from_another_thread() throws Exception {
    Cancellation cancellation = new Cancellation();
    CountDownLatch begun = new CountDownLatch(1);
    RunOptions options =
        RunOptions.none().cancellation(cancellation).progress(step -> begun.countDown());
    CompletableFuture<Image> image =
        CompletableFuture.supplyAsync(() -> pipeline.generate(REQUEST.steps(1000), options));
    begun.await();
    cancellation.cancel();
    CompletionException e = assertThrows(CompletionException.class, image::join);
    assertEquals(CancelledException.class, e.getCause().getClass());
    pipeline.generate(REQUEST);
  }

  @Test
  void does_not_begin_what_was_cancelled_before() {
    Cancellation cancellation = new Cancellation();
    cancellation.cancel();
    RunOptions options = RunOptions.none().cancellation(cancellation);
    assertThrows(CancelledException.class, () -> pipeline.generate(REQUEST, options));
  }

  @Test
  void does_not_step_when_cancelled_while_the_run_begins(@TempDir Path folder) {
    Cancellation cancellation = new Cancellation();
    RunOptions options = RunOptions.none().cancellation(cancellation).progress(step -> fail());
    Request request = REQUEST.latents(whenRead(noise(folder), cancellation::cancel));
    CancelledException e =
        assertThrows(CancelledException.class, () -> pipeline.generate(request, options));
    assertEquals("The generation was cancelled before its first step.", e.getMessage());
  }

  @Test
  void does_not_step_when_interrupted_while_the_run_begins(@TempDir Path folder) {
    Request request = REQUEST.latents(whenRead(noise(folder), Thread.currentThread()::interrupt));
    CancelledException e =
        assertThrows(CancelledException.class, () -> pipeline.generate(request, step -> fail()));
    assertTrue(Thread.interrupted());
    assertEquals("The generation was cancelled before its first step.", e.getMessage());
    pipeline.generate(REQUEST);
  }

  /** Zeros [1, 4, 8, 8] in the format as published: length of the header, header, numbers. */
  private static Path noise(Path folder) {
    byte[] header =
        "{\"latents\":{\"dtype\":\"F32\",\"shape\":[1,4,8,8],\"data_offsets\":[0,1024]}}"
            .getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes =
        ByteBuffer.allocate(Long.BYTES + header.length + 1024).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length).put(header);
    try {
      return Files.write(folder.resolve("noise.safetensors"), bytes.array());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A path that is looked at only while the run begins. */
  private static Path whenRead(Path file, Runnable action) {
    InvocationHandler handler =
        (proxy, method, arguments) -> {
          if (method.getName().equals("toAbsolutePath")) {
            action.run();
          }
          return method.invoke(file, arguments);
        };
    return (Path)
        Proxy.newProxyInstance(
            PipelineTest.class.getClassLoader(), new Class<?>[] {Path.class}, handler);
  }

  @Test
  void stops_when_its_thread_is_interrupted_which_it_stays() {
    assertThrows(
        CancelledException.class,
        () -> pipeline.generate(REQUEST.steps(1000), step -> Thread.currentThread().interrupt()));
    assertTrue(Thread.interrupted());
    pipeline.generate(REQUEST);
  }

  @Test
  void writes_the_latents_that_were_asked_for(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("latents é.safetensors");
    pipeline.generate(REQUEST, RunOptions.none().saveLatents(file));
    assertTrue(Files.size(file) > 0);
  }

  @Test
  void does_not_begin_when_the_latents_could_not_be_written(@TempDir Path folder) {
    RunOptions options =
        RunOptions.none().saveLatents(folder.resolve("nowhere/x")).progress(step -> fail());
    AllaPrimaException e =
        assertThrows(AllaPrimaException.class, () -> pipeline.generate(REQUEST, options));
    assertEquals(ErrorCode.IO, e.code());
    assertTrue(e.getMessage().contains("there is no folder"), e.getMessage());
  }

  @Test
  void does_not_start_from_latents_that_it_saved(@TempDir Path folder) {
    Path file = folder.resolve("latents.safetensors");
    pipeline.generate(REQUEST, RunOptions.none().saveLatents(file));
    AllaPrimaException e =
        assertThrows(AllaPrimaException.class, () -> pipeline.generate(REQUEST.latents(file)));
    assertEquals(ErrorCode.INVALID_ARGUMENT, e.code());
  }

  @Test
  void loads_a_variant_in_half_precision() {
    PipelineBuilder builder =
        Pipeline.builder().model(Repository.ROOT.resolve("native/tests/data/pipelines/d"));
    try (Pipeline other = builder.device(Device.cpu()).variant("fp16").fp16().build()) {
      assertEquals(Precision.FP16, other.info().precision());
      assertTrue(other.info().json().contains("\"model.fp16.safetensors\""), other.info().json());
      assertEquals("fp16", other.generate(REQUEST).report().precision());
    }
    AllaPrimaException e =
        assertThrows(AllaPrimaException.class, () -> builder.variant("a/b").build());
    assertEquals(ErrorCode.INVALID_ARGUMENT, e.code());
  }

  @Test
  void takes_turns_when_many_ask() {
    byte[] expected = pipeline.generate(REQUEST).rgb();
    List<CompletableFuture<Image>> images = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      images.add(CompletableFuture.supplyAsync(() -> pipeline.generate(REQUEST)));
    }
    images.forEach(image -> assertArrayEquals(expected, image.join().rgb()));
  }

  @Test
  void refuses_a_size_that_the_model_cannot_draw() {
    AllaPrimaException e =
        assertThrows(AllaPrimaException.class, () -> pipeline.generate(REQUEST.size(65, 64)));
    assertEquals(ErrorCode.INVALID_ARGUMENT, e.code());
    assertTrue(e.getMessage().contains("65"), e.getMessage());
  }

  @Test
  void tells_the_file_of_the_noise_and_no_seed_that_was_not_used(@TempDir Path folder) {
    Path file = noise(folder);
    for (Request request : List.of(REQUEST.latents(file), REQUEST.seeds(8).latents(file))) {
      Image image = pipeline.generate(request);
      assertEquals(REQUEST.guidance(5).latents(file).withoutSeeds(), image.request());
      assertTrue(image.report().json().contains("\"seed\":null"), image.report().json());
      assertArrayEquals(image.rgb(), pipeline.generate(image.request()).rgb());
    }
  }

  @Test
  void refuses_latents_that_are_no_safetensors_file(@TempDir Path folder) throws Exception {
    Path junk = Files.writeString(folder.resolve("junk"), "this is no safetensors file");
    AllaPrimaException e =
        assertThrows(AllaPrimaException.class, () -> pipeline.generate(REQUEST.latents(junk)));
    assertEquals(ErrorCode.INVALID_ARGUMENT, e.code(), e.getMessage());
    assertTrue(e.getMessage().contains(junk.toString()), e.getMessage());
  }

  @Test
  void a_failure_shows_which_call_failed() {
    AllaPrimaException e =
        assertThrows(AllaPrimaException.class, () -> pipeline.generate(REQUEST.size(65, 64)));
    List<String> places =
        Arrays.stream(e.getStackTrace())
            .map(frame -> frame.getClassName() + "." + frame.getMethodName())
            .toList();
    assertTrue(places.contains(Pipeline.class.getName() + ".generate"), places::toString);
    String here = PipelineTest.class.getName() + ".a_failure_shows_which_call_failed";
    assertTrue(places.contains(here), places::toString);
  }

  @Test
  void names_the_folder_that_is_no_model(@TempDir Path folder) {
    PipelineBuilder builder = Pipeline.builder().model(folder.resolve("nothing"));
    InvalidModelException e = assertThrows(InvalidModelException.class, builder::build);
    assertTrue(e.getMessage().contains("nothing"), e.getMessage());
    assertTrue(e.getMessage().contains("model_index.json"), e.getMessage());
  }

  @Test
  void closes_what_it_cannot_describe() {
    NativePipeline opened =
        NativePipeline.open(new NativePipeline.Options(Repository.TINY_MODEL, 1, 0, 1, 1, ""));
    assertThrows(
        UncheckedIOException.class,
        () -> new Pipeline(opened, 1, p -> Plan.read(Path.of("no plan"))));
    assertThrows(RejectedExecutionException.class, opened::info);
  }

  @Test
  void closes_twice_and_refuses_calls_after_that() {
    Pipeline other = openTiny();
    other.close();
    other.close();
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> other.generate(REQUEST));
    assertEquals("This pipeline is closed.", e.getMessage());
    assertEquals("cpu", other.info().device());
  }

  @Test
  void close_waits_for_the_generation_that_runs() throws Exception {
    Pipeline other = openTiny();
    CountDownLatch begun = new CountDownLatch(1);
    CompletableFuture<Image> image =
        CompletableFuture.supplyAsync(
            () -> other.generate(REQUEST.steps(20), step -> begun.countDown()));
    begun.await();
    other.close();
    assertEquals(20, image.get().report().timings().steps().size());
  }
}
