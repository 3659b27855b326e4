package io.github.allaprima;

import io.github.allaprima.internal.Json;
import io.github.allaprima.internal.NativeSystem;

/**
 * What this process runs on.
 *
 * @param version of the native library
 * @param libtorch its version
 * @param cpuCapability instruction set that libtorch chose, as in "AVX512"
 * @param nativeBf16 whether the processor multiplies bfloat16
 * @param threads of the processor that are used
 * @param cuda whether there is a CUDA device
 * @param cudaReason why there is none; empty when there is one
 * @param live what is held at this moment
 * @param json all of it, and more, as text
 */
public record SystemInfo(
    String version,
    String libtorch,
    String cpuCapability,
    boolean nativeBf16,
    int threads,
    boolean cuda,
    String cudaReason,
    Live live,
    String json) {
  /**
   * What the native library holds for this process. After the last pipeline was closed all three
   * are 0.
   *
   * @param pipelines that are open
   * @param runs generations that have begun and not ended
   * @param tensorBytes memory of tensors on the processor in bytes, as the heap rounds them:
   *     weights, intermediate values, encoded prompts. Not in it: what oneDNN keeps for itself,
   *     memory of a graphics card, code. Where other code in this process uses the same libtorch,
   *     its tensors count too
   */
  public record Live(int pipelines, int runs, long tensorBytes) {
    static Live parse(Fields live) {
      return new Live(
          live.number("pipelines").intValue(),
          live.number("runs").intValue(),
          live.number("tensor_bytes").longValue());
    }
  }

  /**
   * Asks the native library, which is loaded when it was not. Waits for the step that a pipeline
   * may be doing; an interrupt does not end the wait and is kept.
   *
   * @return the answer
   * @throws NativeLibraryException when it cannot be loaded
   */
  public static SystemInfo get() {
    String json = NativeSystem.info();
    Fields info = new Fields(Json.object(json));
    Fields cuda = info.object("cuda");
    boolean available = cuda.flag("available");
    return new SystemInfo(
        info.text("version"),
        info.text("libtorch"),
        info.text("cpu_capability"),
        info.flag("native_bf16"),
        info.number("threads").intValue(),
        available,
        available ? "" : cuda.text("reason"),
        Live.parse(info.object("live")),
        json);
  }
}
