// allaprima.h to the runtime and back: the only extern "C" and the only catch.
#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <sstream>
#include <string_view>

#include "allaprima.h"
#include "base/libtorch_version.h"
#include "base/live_memory.h"
#include "base/version.h"
#include "runtime/cpu_threads.h"
#include "runtime/engine.h"
#include "runtime/inspect.h"
#include "runtime/run.h"
#include "runtime/system_info.h"

using namespace allaprima;

struct allaprima_pipeline {
  std::unique_ptr<runtime::Pipeline> pipeline;
  int runs = 0;             // touched on the engine thread only
  std::string int8_choice;  // kept between the question for its size and the one for its text
};

struct allaprima_run {
  allaprima_pipeline& owner;
  runtime::Run run;
};

namespace {

thread_local std::string last_error;

/// Handles that are not closed; touched on the engine thread only.
struct {
  int64_t pipelines = 0, runs = 0;
} open_handles;

Json live() {
  return {{"pipelines", open_handles.pipelines},
          {"runs", open_handles.runs},
          {"tensor_bytes", live_tensor_bytes()}};
}

/// Keeps the message for allaprima_last_error; without memory for it, none.
allaprima_status remember(Code code, std::string_view message) noexcept {
  try {
    last_error = message;
  } catch (...) {
    last_error.clear();
  }
  return static_cast<allaprima_status>(code);
}

// The enums of the core are the header's, so that no table has to translate them.
static_assert(static_cast<int>(Code::kInvalidArgument) == ALLAPRIMA_INVALID_ARGUMENT);
static_assert(static_cast<int>(Code::kInvalidModel) == ALLAPRIMA_INVALID_MODEL);
static_assert(static_cast<int>(Code::kUnavailable) == ALLAPRIMA_UNAVAILABLE);
static_assert(static_cast<int>(Code::kOutOfMemory) == ALLAPRIMA_OUT_OF_MEMORY);
static_assert(static_cast<int>(Code::kCancelled) == ALLAPRIMA_CANCELLED);
static_assert(static_cast<int>(Code::kIo) == ALLAPRIMA_IO);
static_assert(static_cast<int>(Code::kNotFinite) == ALLAPRIMA_NOT_FINITE);
static_assert(static_cast<int>(Code::kBufferTooSmall) == ALLAPRIMA_BUFFER_TOO_SMALL);
static_assert(static_cast<int>(Code::kInternal) == ALLAPRIMA_INTERNAL);
static_assert(static_cast<int>(DeviceChoice::kCuda) == ALLAPRIMA_DEVICE_CUDA);
static_assert(static_cast<int>(PrecisionChoice::kBf16) == ALLAPRIMA_PRECISION_BF16);
static_assert(static_cast<int>(PrecisionChoice::kFp16) == ALLAPRIMA_PRECISION_FP16);
static_assert(static_cast<int>(runtime::TransformKind::kMathAttention) ==
              ALLAPRIMA_TRANSFORM_ATTENTION_MATH);
static_assert(static_cast<int>(runtime::TransformKind::kCompile) == ALLAPRIMA_TRANSFORM_COMPILE);
static_assert(static_cast<int>(runtime::TransformKind::kFp8Dynamic) ==
              ALLAPRIMA_TRANSFORM_FP8_DYNAMIC);
static_assert(static_cast<int>(kernels::Int8Scheme::kTorchao) == ALLAPRIMA_INT8_TORCHAO);

/// libtorch reports a failed host allocation as a plain error with this sentence.
bool is_out_of_memory(std::string_view message) {
  return message.find("allocate memory") != std::string_view::npos ||
         message.find("not enough memory") != std::string_view::npos;
}

template <class Work>
allaprima_status guarded(Work work) {
  try {
    work();
    return ALLAPRIMA_OK;
  } catch (const Error& error) {
    return remember(error.code(), error.what());
  } catch (const c10::OutOfMemoryError& error) {
    return remember(Code::kOutOfMemory, error.what_without_backtrace());
  } catch (const c10::Error& error) {
    const std::string_view message = error.what_without_backtrace();
    return remember(is_out_of_memory(message) ? Code::kOutOfMemory : Code::kInternal, message);
  } catch (const std::bad_alloc&) {
    return remember(Code::kOutOfMemory, "out of memory");
  } catch (const std::exception& error) {
    return remember(Code::kInternal, error.what());
  } catch (...) {
    return remember(Code::kInternal, "an exception of an unknown type");
  }
}

template <class Work>
allaprima_status on_engine(Work work) {
  return guarded([&] { runtime::Engine::get().run(work); });
}

void need(bool given, const char* name) { check(given, Code::kInvalidArgument, name, " is NULL"); }

/// The caller's struct, with zeros for what an older caller does not know.
template <class Struct>
Struct known(const Struct* given, const char* name) {
  need(given != nullptr, name);
  check(given->struct_size >= sizeof(size_t) && given->struct_size <= 4096, Code::kInvalidArgument,
        name, ".struct_size is ", given->struct_size, ", expected ", sizeof(Struct));
  Struct copy{};
  std::memcpy(&copy, given, std::min(given->struct_size, sizeof(Struct)));
  return copy;
}

std::string text(const char* data, size_t size, const char* name) {
  check(data != nullptr || size == 0, Code::kInvalidArgument, name, " is NULL and has the size ",
        size);
  return data == nullptr ? std::string() : std::string(data, size);
}

/// A path may hold bytes that are no UTF-8; JSON may not.
std::string json_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_text(const std::string& value, char* buffer, size_t capacity, size_t* size) {
  need(size != nullptr, "size");
  *size = value.size();
  check(value.size() <= capacity && (buffer != nullptr || value.empty()), Code::kBufferTooSmall,
        "the buffer holds ", capacity, " bytes, the text has ", value.size());
  if (!value.empty()) std::memcpy(buffer, value.data(), value.size());
}

runtime::SizeConditioning sizes_of(const allaprima_size_conditioning& s) {
  return {s.original_width, s.original_height, s.crop_left,
          s.crop_top,       s.target_width,    s.target_height};
}

/// The count is checked before the seeds are read: the caller's buffer has no other bound.
std::vector<uint64_t> seeds_of(const allaprima_request& r) {
  check(r.seeds != nullptr || r.seeds_count == 0, Code::kInvalidArgument,
        "seeds is NULL and has the size ", r.seeds_count);
  if (r.seeds_count == 0) return {};
  check(r.images >= 1 && r.images <= 64 && r.seeds_count == static_cast<size_t>(r.images),
        Code::kInvalidArgument, r.seeds_count, " seeds are given for ", r.images,
        " images; give one for each of 1 to 64, or none");
  return {r.seeds, r.seeds + r.seeds_count};
}

runtime::Request request_of(const allaprima_request& r) {
  runtime::Request request;
  request.prompt = text(r.prompt, r.prompt_size, "prompt");
  if (r.negative_prompt != nullptr) {
    request.negative_prompt = text(r.negative_prompt, r.negative_prompt_size, "negative_prompt");
  }
  request.width = r.width;
  request.height = r.height;
  request.steps = r.steps;
  request.images = r.images;
  request.guidance = r.guidance;
  request.seed = r.seed;
  request.latents = text(r.latents, r.latents_size, "latents");
  request.prompt_2 = text(r.prompt_2, r.prompt_2_size, "prompt_2");
  request.negative_prompt_2 =
      text(r.negative_prompt_2, r.negative_prompt_2_size, "negative_prompt_2");
  request.clip_skip = r.clip_skip;
  request.guidance_rescale = r.guidance_rescale;
  request.sizes = sizes_of(r.sizes);
  request.negative_sizes = sizes_of(r.negative_sizes);
  request.seeds = seeds_of(r);
  request.keep_stages = r.keep_stages != 0;
  return request;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

template <class Enum>
Enum choice(int32_t value, int32_t last, const char* name) {
  check(value >= 0 && value <= last, Code::kInvalidArgument, name, " is ", value,
        ", expected 0 to ", last);
  return static_cast<Enum>(value);
}

kernels::Int8Scheme scheme_of(int32_t value) {
  return choice<kernels::Int8Scheme>(value, 1, "int8_scheme");
}

}  // namespace

extern "C" {

uint32_t allaprima_abi_version(void) { return ALLAPRIMA_ABI_VERSION; }

const char* allaprima_version(void) { return ALLAPRIMA_VERSION; }

allaprima_status allaprima_check_libtorch(void) { return guarded(check_libtorch_version); }

allaprima_status allaprima_last_error(char* buffer, size_t capacity, size_t* size) {
  if (size == nullptr) return ALLAPRIMA_INVALID_ARGUMENT;
  *size = last_error.size();
  if (last_error.size() > capacity || (buffer == nullptr && !last_error.empty())) {
    return ALLAPRIMA_BUFFER_TOO_SMALL;
  }
  if (!last_error.empty()) std::memcpy(buffer, last_error.data(), last_error.size());
  return ALLAPRIMA_OK;
}

allaprima_status allaprima_system_info(char* buffer, size_t capacity, size_t* size) {
  return on_engine([&] {
    Json info = runtime::system_info();
    info["live"] = live();
    write_text(json_text(info), buffer, capacity, size);
  });
}

allaprima_status allaprima_inspect(const allaprima_pipeline_options* options, char* buffer,
                                   size_t capacity, size_t* size) {
  return on_engine([&] {
    const auto o = known(options, "options");
    write_text(json_text(runtime::inspect(text(o.model, o.model_size, "model"),
                                          text(o.variant, o.variant_size, "variant"))),
               buffer, capacity, size);
  });
}

allaprima_status allaprima_pipeline_open(const allaprima_pipeline_options* options,
                                         allaprima_pipeline** pipeline) {
  if (pipeline != nullptr) *pipeline = nullptr;
  return guarded([&] {
    need(pipeline != nullptr, "pipeline");
    const auto o = known(options, "options");
    check(o.threads >= 0 && o.threads <= 1024, Code::kInvalidArgument, "threads is ", o.threads,
          ", expected 0 to 1024");
    const runtime::PipelineOptions chosen{
        text(o.model, o.model_size, "model"), choice<DeviceChoice>(o.device, 2, "device"),
        o.device_index, choice<PrecisionChoice>(o.precision, 3, "precision"),
        text(o.variant, o.variant_size, "variant")};
    *pipeline = runtime::Engine::get().run([&] {
      runtime::CpuThreads threads(o.threads);
      auto opened = std::make_unique<allaprima_pipeline>(runtime::Pipeline::open(chosen));
      threads.keep();
      ++open_handles.pipelines;
      return opened.release();
    });
  });
}

allaprima_status allaprima_pipeline_info(const allaprima_pipeline* pipeline, char* buffer,
                                         size_t capacity, size_t* size) {
  return on_engine([&] {
    need(pipeline != nullptr, "pipeline");
    write_text(json_text(pipeline->pipeline->info()), buffer, capacity, size);
  });
}

allaprima_status allaprima_pipeline_layers(allaprima_pipeline* pipeline, char* buffer,
                                           size_t capacity, size_t* size) {
  return on_engine([&] {
    need(pipeline != nullptr, "pipeline");
    write_text(json_text(pipeline->pipeline->layers()), buffer, capacity, size);
  });
}

allaprima_status allaprima_pipeline_transform(allaprima_pipeline* pipeline,
                                              const allaprima_transform* transform) {
  return on_engine([&] {
    need(pipeline != nullptr, "pipeline");
    const auto t = known(transform, "transform");
    check(t.kind >= ALLAPRIMA_TRANSFORM_ATTENTION_MATH && t.kind <= ALLAPRIMA_TRANSFORM_FP8_DYNAMIC,
          Code::kInvalidArgument, "transform.kind is ", t.kind, ", expected ",
          ALLAPRIMA_TRANSFORM_ATTENTION_MATH, " to ", ALLAPRIMA_TRANSFORM_FP8_DYNAMIC);
    check(pipeline->runs == 0, Code::kInvalidArgument, pipeline->runs,
          " run(s) of this pipeline are open; close them before it is changed");
    pipeline->pipeline->transform({static_cast<runtime::TransformKind>(t.kind),
                                   lines_of(text(t.layers, t.layers_size, "transform.layers")),
                                   scheme_of(t.int8_scheme)});
  });
}

allaprima_status allaprima_pipeline_choose_int8(allaprima_pipeline* pipeline,
                                                const allaprima_int8_question* question,
                                                char* buffer, size_t capacity, size_t* size) {
  return on_engine([&] {
    need(pipeline != nullptr, "pipeline");
    const auto q = known(question, "question");
    check(q.images >= 1 && q.images <= 64 && q.width >= 0 && q.height >= 0 && q.width <= 16384 &&
              q.height <= 16384,
          Code::kInvalidArgument, "a question for ", q.images, " images of ", q.width, " x ",
          q.height, " pixels; expected 1 to 64 images and sides of 0 to 16384");
    if (capacity == 0 || pipeline->int8_choice.empty()) {
      pipeline->int8_choice = json_text(pipeline->pipeline->choose_int8(
          {{q.width, q.height, q.images}, scheme_of(q.int8_scheme), q.compiled != 0}));
    }
    write_text(pipeline->int8_choice, buffer, capacity, size);
    pipeline->int8_choice.clear();
  });
}

allaprima_status allaprima_pipeline_close(allaprima_pipeline* pipeline) {
  if (pipeline == nullptr) return ALLAPRIMA_OK;
  return on_engine([&] {
    check(pipeline->runs == 0, Code::kInvalidArgument, pipeline->runs,
          " run(s) of this pipeline are open; close them first");
    delete pipeline;
    --open_handles.pipelines;
  });
}

allaprima_status allaprima_run_begin(allaprima_pipeline* pipeline, const allaprima_request* request,
                                     allaprima_run** run) {
  if (run != nullptr) *run = nullptr;
  return on_engine([&] {
    need(run != nullptr, "run");
    need(pipeline != nullptr, "pipeline");
    const auto r = request_of(known(request, "request"));
    *run = new allaprima_run{*pipeline, runtime::Run(*pipeline->pipeline, r)};
    ++pipeline->runs;
    ++open_handles.runs;
  });
}

allaprima_status allaprima_run_encode(allaprima_run* run) {
  return on_engine([&] {
    need(run != nullptr, "run");
    run->run.encode();
  });
}

allaprima_status allaprima_run_step(allaprima_run* run) {
  return on_engine([&] {
    need(run != nullptr, "run");
    run->run.step();
  });
}

allaprima_status allaprima_run_finish(allaprima_run* run, uint8_t* rgb, size_t capacity) {
  return on_engine([&] {
    need(run != nullptr, "run");
    need(rgb != nullptr, "rgb");
    run->run.finish({rgb, capacity});
  });
}

allaprima_status allaprima_run_size(const allaprima_run* run, int32_t* width, int32_t* height,
                                    int32_t* images) {
  return guarded([&] {
    need(run != nullptr && width != nullptr && height != nullptr && images != nullptr,
         "run, width, height or images");
    *width = static_cast<int32_t>(run->run.request().width);
    *height = static_cast<int32_t>(run->run.request().height);
    *images = static_cast<int32_t>(run->run.request().images);
  });
}

allaprima_status allaprima_run_save_latents(const allaprima_run* run, const char* path,
                                            size_t path_size) {
  return on_engine([&] {
    need(run != nullptr && path != nullptr, "run or path");
    run->run.save_latents(text(path, path_size, "path"));
  });
}

allaprima_status allaprima_run_report(const allaprima_run* run, char* buffer, size_t capacity,
                                      size_t* size) {
  return on_engine([&] {
    need(run != nullptr, "run");
    write_text(json_text(run->run.report()), buffer, capacity, size);
  });
}

allaprima_status allaprima_run_read(const allaprima_run* run, const char* name, float* data,
                                    size_t capacity, int64_t shape[4], int32_t* rank) {
  return on_engine([&] {
    need(run != nullptr && name != nullptr && shape != nullptr && rank != nullptr,
         "run, name, shape or rank");
    const Tensor stage = run->run.stage(name);
    *rank = static_cast<int32_t>(stage.dim());
    std::copy(stage.sizes().begin(), stage.sizes().end(), shape);
    if (data == nullptr) return;
    check(capacity >= static_cast<size_t>(stage.numel()), Code::kBufferTooSmall,
          "the buffer holds ", capacity, " numbers, the tensor has ", stage.numel());
    std::memcpy(data, stage.const_data_ptr<float>(), stage.nbytes());
  });
}

allaprima_status allaprima_run_cancel(allaprima_run* run) {
  return guarded([&] {
    need(run != nullptr, "run");
    run->run.cancel();
  });
}

int32_t allaprima_run_completed_steps(const allaprima_run* run) {
  return run == nullptr ? 0 : static_cast<int32_t>(run->run.completed());
}

int32_t allaprima_run_total_steps(const allaprima_run* run) {
  return run == nullptr ? 0 : static_cast<int32_t>(run->run.request().steps);
}

allaprima_status allaprima_run_close(allaprima_run* run) {
  if (run == nullptr) return ALLAPRIMA_OK;
  return on_engine([&] {
    --run->owner.runs;
    --open_handles.runs;
    delete run;
  });
}

}  // extern "C"
