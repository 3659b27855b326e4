package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.allaprima.internal.NativePipeline;
import io.github.allaprima.internal.NativeRun;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@NativeTest
@Timeout(120)
class NativePipelineTest {
  @Test
  void a_close_that_failed_can_be_tried_again() {
    NativePipeline pipeline =
        NativePipeline.open(new NativePipeline.Options(Repository.TINY_MODEL, 1, 0, 1, 1, ""));
    NativeRun run =
        pipeline.begin(Request.of("a red apple").steps(1).guidance(5).size(64, 64).seed(7));
    AllaPrimaException e = assertThrows(AllaPrimaException.class, pipeline::close);
    assertEquals(ErrorCode.INVALID_ARGUMENT, e.code());
    run.steps(completed -> {});
    run.close();
    pipeline.close();
    pipeline.close();
    assertThrows(RejectedExecutionException.class, pipeline::info);
  }
}
