package io.github.allaprima.internal;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.bytedeco.javacpp.annotation.ByPtrPtr;
import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Const;
import org.bytedeco.javacpp.annotation.MemberSetter;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Opaque;
import org.bytedeco.javacpp.annotation.Platform;
import org.jspecify.annotations.NullUnmarked;

/**
 * The part of {@code allaprima.h} that is called from Java, function by function. Its libraries are
 * loaded by {@link NativeLibrary} and by nothing else.
 */
@Platform(value = Jar.PLATFORM, include = "allaprima.h", library = "jniallaprima")
@NoException(true)
@NullUnmarked // NULL is for C to judge
final class CApi {
  static final int ABI_VERSION = 1;

  static final int OK = 0;
  static final int BUFFER_TOO_SMALL = 8;

  private CApi() {}

  @Name("allaprima_pipeline")
  @Opaque
  static final class PipelineHandle extends Pointer {
    PipelineHandle() {
      super((Pointer) null);
    }
  }

  @Name("allaprima_run")
  @Opaque
  static final class RunHandle extends Pointer {
    RunHandle() {
      super((Pointer) null);
    }
  }

  @Name("allaprima_pipeline_options")
  static final class Options extends Pointer {
    Options() {
      super((Pointer) null);
      allocate();
    }

    private native void allocate();

    @MemberSetter
    native Options struct_size(@Cast("size_t") long size);

    @MemberSetter
    native Options model(@Cast("const char*") BytePointer path);

    @MemberSetter
    native Options model_size(@Cast("size_t") long size);

    @MemberSetter
    native Options device(int device);

    @MemberSetter
    native Options device_index(int index);

    @MemberSetter
    native Options precision(int precision);

    @MemberSetter
    native Options threads(int threads);

    @MemberSetter
    native Options variant(@Cast("const char*") BytePointer name);

    @MemberSetter
    native Options variant_size(@Cast("size_t") long size);
  }

  @Name("allaprima_transform")
  static final class TransformStruct extends Pointer {
    TransformStruct() {
      super((Pointer) null);
      allocate();
    }

    private native void allocate();

    @MemberSetter
    native TransformStruct struct_size(@Cast("size_t") long size);

    @MemberSetter
    native TransformStruct kind(int kind);

    @MemberSetter
    native TransformStruct int8_scheme(int scheme);

    @MemberSetter
    native TransformStruct layers(@Cast("const char*") BytePointer names);

    @MemberSetter
    native TransformStruct layers_size(@Cast("size_t") long size);
  }

  @Name("allaprima_int8_question")
  static final class Int8Question extends Pointer {
    Int8Question() {
      super((Pointer) null);
      allocate();
    }

    private native void allocate();

    @MemberSetter
    native Int8Question struct_size(@Cast("size_t") long size);

    @MemberSetter
    native Int8Question width(int pixels);

    @MemberSetter
    native Int8Question height(int pixels);

    @MemberSetter
    native Int8Question images(int images);

    @MemberSetter
    native Int8Question int8_scheme(int scheme);

    @MemberSetter
    native Int8Question compiled(int compiled);
  }

  @Name("allaprima_size_conditioning")
  static final class SizesStruct extends Pointer {
    SizesStruct() {
      super((Pointer) null);
      allocate();
    }

    private native void allocate();

    @MemberSetter
    native SizesStruct original_width(int pixels);

    @MemberSetter
    native SizesStruct original_height(int pixels);

    @MemberSetter
    native SizesStruct crop_left(int pixels);

    @MemberSetter
    native SizesStruct crop_top(int pixels);

    @MemberSetter
    native SizesStruct target_width(int pixels);

    @MemberSetter
    native SizesStruct target_height(int pixels);
  }

  @Name("allaprima_request")
  static final class RequestStruct extends Pointer {
    RequestStruct() {
      super((Pointer) null);
      allocate();
    }

    private native void allocate();

    @MemberSetter
    native RequestStruct struct_size(@Cast("size_t") long size);

    @MemberSetter
    native RequestStruct prompt(@Cast("const char*") BytePointer text);

    @MemberSetter
    native RequestStruct prompt_size(@Cast("size_t") long size);

    @MemberSetter
    native RequestStruct negative_prompt(@Cast("const char*") BytePointer text);

    @MemberSetter
    native RequestStruct negative_prompt_size(@Cast("size_t") long size);

    @MemberSetter
    native RequestStruct width(int pixels);

    @MemberSetter
    native RequestStruct height(int pixels);

    @MemberSetter
    native RequestStruct steps(int steps);

    @MemberSetter
    native RequestStruct images(int images);

    @MemberSetter
    native RequestStruct guidance(double scale);

    @MemberSetter
    native RequestStruct seed(@Cast("uint64_t") long seed);

    @MemberSetter
    native RequestStruct latents(@Cast("const char*") BytePointer path);

    @MemberSetter
    native RequestStruct latents_size(@Cast("size_t") long size);

    @MemberSetter
    native RequestStruct prompt_2(@Cast("const char*") BytePointer text);

    @MemberSetter
    native RequestStruct prompt_2_size(@Cast("size_t") long size);

    @MemberSetter
    native RequestStruct negative_prompt_2(@Cast("const char*") BytePointer text);

    @MemberSetter
    native RequestStruct negative_prompt_2_size(@Cast("size_t") long size);

    @MemberSetter
    native RequestStruct clip_skip(int layers);

    @MemberSetter
    native RequestStruct guidance_rescale(double share);

    @MemberSetter
    native RequestStruct sizes(@ByRef SizesStruct sizes);

    @MemberSetter
    native RequestStruct negative_sizes(@ByRef SizesStruct sizes);

    @MemberSetter
    native RequestStruct seeds(@Cast("const uint64_t*") LongPointer seeds);

    @MemberSetter
    native RequestStruct seeds_count(@Cast("size_t") long count);
  }

  static native @Cast("uint32_t") int allaprima_abi_version();

  static native int allaprima_check_libtorch();

  static native int allaprima_last_error(
      @Cast("char*") byte[] buffer, @Cast("size_t") long capacity, SizeTPointer size);

  static native int allaprima_system_info(
      @Cast("char*") byte[] buffer, @Cast("size_t") long capacity, SizeTPointer size);

  static native int allaprima_inspect(
      @Const Options options,
      @Cast("char*") byte[] buffer,
      @Cast("size_t") long capacity,
      SizeTPointer size);

  static native int allaprima_pipeline_open(
      @Const Options options, @ByPtrPtr PipelineHandle pipeline);

  static native int allaprima_pipeline_info(
      @Const PipelineHandle pipeline,
      @Cast("char*") byte[] buffer,
      @Cast("size_t") long capacity,
      SizeTPointer size);

  static native int allaprima_pipeline_layers(
      PipelineHandle pipeline,
      @Cast("char*") byte[] buffer,
      @Cast("size_t") long capacity,
      SizeTPointer size);

  static native int allaprima_pipeline_transform(
      PipelineHandle pipeline, @Const TransformStruct transform);

  static native int allaprima_pipeline_choose_int8(
      PipelineHandle pipeline,
      @Const Int8Question question,
      @Cast("char*") byte[] buffer,
      @Cast("size_t") long capacity,
      SizeTPointer size);

  static native int allaprima_pipeline_close(PipelineHandle pipeline);

  static native int allaprima_run_begin(
      PipelineHandle pipeline, @Const RequestStruct request, @ByPtrPtr RunHandle run);

  static native int allaprima_run_step(RunHandle run);

  static native int allaprima_run_finish(
      RunHandle run, @Cast("uint8_t*") byte[] rgb, @Cast("size_t") long capacity);

  static native int allaprima_run_size(
      @Const RunHandle run, int[] width, int[] height, int[] images);

  static native int allaprima_run_save_latents(
      @Const RunHandle run, @Cast("const char*") byte[] path, @Cast("size_t") long pathSize);

  static native int allaprima_run_report(
      @Const RunHandle run,
      @Cast("char*") byte[] buffer,
      @Cast("size_t") long capacity,
      SizeTPointer size);

  static native int allaprima_run_cancel(RunHandle run);

  static native int allaprima_run_total_steps(@Const RunHandle run);

  static native int allaprima_run_close(RunHandle run);
}
