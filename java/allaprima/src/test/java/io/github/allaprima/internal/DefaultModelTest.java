package io.github.allaprima.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.AllaPrimaException;
import io.github.allaprima.ErrorCode;
import io.github.allaprima.InvalidModelException;
import io.github.allaprima.Pipeline;
import io.github.allaprima.PipelineBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The artifact with the model is no dependency of this module; two files stand in for it. */
@Timeout(60)
class DefaultModelTest {
  private static final List<String> FILES = List.of("model.txt", "unet/weights.txt");
  private static final int RACES = 50;
  private static final int RACERS = 4;

  @TempDir Path models;

  @Test
  void names_the_dependency_that_is_missing() {
    PipelineBuilder builder = Pipeline.builder();
    InvalidModelException e = assertThrows(InvalidModelException.class, builder::build);
    assertTrue(e.getMessage().contains("io.github.allaprima:allaprima-model:0."), e.getMessage());
  }

  @Test
  void unpacks_every_file() throws IOException {
    Path target = DefaultModel.unpacked(models.resolve("new/hash"), FILES);
    assertEquals("weights\n", Files.readString(target.resolve("unet/weights.txt")));
    assertEquals("model\n", Files.readString(target.resolve("model.txt")));
  }

  @Test
  void whoever_loses_the_race_to_unpack_has_the_model_too() throws Exception {
    ExecutorService racers = Executors.newFixedThreadPool(RACERS);
    try {
      for (int race = 0; race < RACES; race++) {
        Path target = models.resolve("hash" + race);
        Callable<Path> racer = () -> DefaultModel.unpacked(target, FILES);
        for (Future<Path> unpacked :
            racers.invokeAll(Stream.generate(() -> racer).limit(RACERS).toList())) {
          assertEquals("weights\n", Files.readString(unpacked.get().resolve("unet/weights.txt")));
        }
      }
    } finally {
      racers.shutdown();
    }
    try (Stream<Path> left = Files.list(models)) {
      assertEquals(RACES, left.count(), "work folders are left over");
    }
  }

  @Test
  void a_folder_that_cannot_be_made_is_a_failure_of_files() throws IOException {
    Path file = Files.createFile(models.resolve("file"));
    AllaPrimaException e =
        assertThrows(
            AllaPrimaException.class, () -> DefaultModel.unpacked(file.resolve("hash"), FILES));
    assertEquals(ErrorCode.IO, e.code());
    assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
    assertTrue(e.getMessage().contains("ALLAPRIMA_CACHE"), e.getMessage());
  }

  @Test
  void says_what_to_do_when_files_were_deleted() throws IOException {
    Path target = DefaultModel.unpacked(models.resolve("hash"), FILES);
    Files.delete(target.resolve("unet/weights.txt"));
    AllaPrimaException e =
        assertThrows(AllaPrimaException.class, () -> DefaultModel.unpacked(target, FILES));
    assertEquals(ErrorCode.IO, e.code());
    assertTrue(e.getMessage().contains(target + ": files are missing there"), e.getMessage());
  }
}
