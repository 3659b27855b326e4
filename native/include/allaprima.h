/* Alla Prima: text to pictures with Stable Diffusion XL. This header is the whole C API.
 *
 * Two handles. A pipeline holds the weights of one checkpoint, ready on one device. A run is one
 * generation: begin, step until done, finish, close.
 *
 *   allaprima_pipeline_open(&options, &pipeline);
 *   allaprima_run_begin(pipeline, &request, &run);
 *   for (int32_t i = 0; i < allaprima_run_total_steps(run); ++i) allaprima_run_step(run);
 *   allaprima_run_finish(run, rgb, rgb_size);
 *   allaprima_run_close(run);
 *   allaprima_pipeline_close(pipeline);
 *
 * Status. Every function that can fail returns an allaprima_status; results go through the last
 * arguments. After a failure allaprima_last_error gives, on the same thread, a sentence that says
 * what was found, what was expected and what to do. A failed call leaves its handles usable, with
 * one exception: when the work of allaprima_run_encode, _step or _finish itself fails, for another
 * reason than an argument or the order of calls, that run can no longer go on. It can be closed,
 * and what it had until then can still be read.
 *
 * Threads. Any function may be called from any thread. All work is done by one engine thread, one
 * call at a time in the order of arrival; the caller waits. Only allaprima_run_cancel,
 * allaprima_run_size, allaprima_run_completed_steps, allaprima_run_total_steps,
 * allaprima_last_error, allaprima_check_libtorch, allaprima_version and allaprima_abi_version
 * never wait. A handle must not be used after it was closed. A process that was forked after the
 * first call has no engine thread and must not use the library.
 *
 * On CUDA a step only enqueues work, at most two steps ahead: an error of the device may surface at
 * a later call, and the times of steps are those of the steps before. Of a compiled pipeline no
 * call between allaprima_run_begin and allaprima_run_finish waits for the device, but to stay at
 * most two steps ahead, once its size was recorded: by a first run of that size.
 *
 * Strings are UTF-8 with a length in bytes; where there is no length they end in NUL. Functions
 * that return text take a buffer of `capacity` bytes and set `*size` to the full length, also when
 * it does not fit: then nothing is written and the status is ALLAPRIMA_BUFFER_TOO_SMALL.
 *
 * Structs start with their size, so that a newer library can serve an older caller.
 */
#ifndef ALLAPRIMA_H
#define ALLAPRIMA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ALLAPRIMA_API __attribute__((visibility("default")))

/* Raised whenever a function or struct changes in a way that an older caller would misread. */
#define ALLAPRIMA_ABI_VERSION 1

typedef int32_t allaprima_status;
enum {
  ALLAPRIMA_OK = 0,
  ALLAPRIMA_INVALID_ARGUMENT =
      1,                       /* a value of the caller's is out of range or of the wrong shape */
  ALLAPRIMA_INVALID_MODEL = 2, /* the checkpoint is missing, broken or of an unsupported kind */
  ALLAPRIMA_UNAVAILABLE = 3,   /* a device or feature that this machine or build does not have */
  ALLAPRIMA_OUT_OF_MEMORY = 4, /* host or device memory ran out; the pipeline stays usable */
  ALLAPRIMA_CANCELLED = 5,     /* allaprima_run_cancel was called */
  ALLAPRIMA_IO = 6,            /* a file could not be read or written */
  ALLAPRIMA_NOT_FINITE = 7,    /* a stage produced NaN or infinity; the message names it */
  ALLAPRIMA_BUFFER_TOO_SMALL = 8, /* the caller's buffer is too small; the needed size was set */
  ALLAPRIMA_INTERNAL = 9          /* a defect in this library or in libtorch */
};

enum { ALLAPRIMA_DEVICE_AUTO = 0, ALLAPRIMA_DEVICE_CPU = 1, ALLAPRIMA_DEVICE_CUDA = 2 };

/* AUTO: fp32 on a CPU without native bfloat16, bf16 elsewhere. */
enum {
  ALLAPRIMA_PRECISION_AUTO = 0,
  ALLAPRIMA_PRECISION_FP32 = 1,
  ALLAPRIMA_PRECISION_BF16 = 2,
  ALLAPRIMA_PRECISION_FP16 = 3 /* a VAE whose config.json says force_upcast computes in fp32 */
};

typedef struct allaprima_pipeline allaprima_pipeline;
typedef struct allaprima_run allaprima_run;

typedef struct allaprima_pipeline_options {
  size_t struct_size; /* sizeof(allaprima_pipeline_options) */
  const char* model;  /* path of a diffusers folder: model_index.json and its components */
  size_t model_size;
  int32_t device;       /* ALLAPRIMA_DEVICE_… */
  int32_t device_index; /* which CUDA device, from 0; 0 on a CPU */
  int32_t precision;    /* ALLAPRIMA_PRECISION_…, of weights and activations */
  int32_t threads; /* CPU threads, 0: as many as this process may use, or OMP_NUM_THREADS where it
                      is less; the first pipeline that opens decides for the process */
  /* Which weights: as in "fp16" for model.fp16.safetensors. A component without this variant is
   * loaded from its plain files; INVALID_MODEL when all are. NULL or "": the plain files, or,
   * where a component has none, those of its only variant. allaprima_pipeline_info tells. */
  const char* variant;
  size_t variant_size;
} allaprima_pipeline_options;

/* What SDXL was told of each picture it learned from, in pixels: its size before it was scaled and
 * cut, where it was cut, and the size it was brought to. Sides of 0: those of the picture to draw.
 * Each at most 1,048,576. */
typedef struct allaprima_size_conditioning {
  int32_t original_width, original_height;
  int32_t crop_left, crop_top;
  int32_t target_width, target_height;
} allaprima_size_conditioning;

typedef struct allaprima_request {
  size_t struct_size; /* sizeof(allaprima_request) */
  const char* prompt; /* at most 1 MiB; NULL with size 0 is the empty prompt */
  size_t prompt_size;
  /* NULL: no negative prompt, which for SDXL means zeroed embeddings; "" is the real embedding of
   * the empty text. The two give different pictures. */
  const char* negative_prompt;
  size_t negative_prompt_size;
  int32_t width;  /* pixels, a multiple of the VAE's factor (8 for SDXL); 0: the model's own size */
  int32_t height; /* width · height is below 2^23: from there on, a map of SDXL's decoder has more
                     numbers than 32 bits count and takes over 8 GB in fp32 */
  int32_t steps;  /* 1 to 1000 */
  int32_t images; /* pictures of the same prompt, 1 to 64; they differ in their noise. Together
                     they have at most 2^26 pixels, as 64 of 1024x1024 have */
  double guidance; /* classifier-free guidance scale; at or below 1 it is off. A UNet that takes
                      the scale as an input (LCM) is told it, and looks at no negative prompt */
  uint64_t seed;   /* of libtorch's CPU generator: the noise of diffusers' fp32 pipeline, for
                      several images that of one generator for all */
  /* NULL, or the path of a safetensors file whose tensor "latents" [images, 4, height/8, width/8]
   * is the unscaled N(0,1) noise to start from, in place of the seed's. What
   * allaprima_run_save_latents wrote is not that, and refused. */
  const char* latents;
  size_t latents_size;
  int32_t keep_stages; /* nonzero: keep intermediate tensors for allaprima_run_read */
  /* Other texts for the second text encoder; NULL or "": as for the first, as in diffusers. */
  const char* prompt_2;
  size_t prompt_2_size;
  const char* negative_prompt_2; /* without effect where no negative prompt means zeros */
  size_t negative_prompt_2_size;
  int32_t clip_skip; /* last layers of the text encoders left out for the prompt, beyond the one
                        that SDXL always leaves out: 0 to the number of layers - 1. The negative
                        prompt never skips */
  double guidance_rescale; /* 0 to 1: how far guidance is kept from raising the deviation of the
                              prediction, https://arxiv.org/abs/2305.08891; 0: not at all */
  allaprima_size_conditioning sizes;
  /* Of the unconditional half of guidance; counts only when its original and its target size are
   * given, else that half has `sizes`, as in diffusers. */
  allaprima_size_conditioning negative_sizes;
  /* NULL and 0, or one seed for each image in place of `seed`: each picture is then the one that
   * its seed draws alone, but for rounding. */
  const uint64_t* seeds;
  size_t seeds_count;
} allaprima_request;

/* ALLAPRIMA_ABI_VERSION of the library that was loaded. */
ALLAPRIMA_API uint32_t allaprima_abi_version(void);

/* Version of the library, as in "0.1.0"; static. */
ALLAPRIMA_API const char* allaprima_version(void);

/* ALLAPRIMA_UNAVAILABLE, with both versions in the message, when the libtorch in this process is of
 * another minor version than the one this library was built for: its C++ ABI changes with each. To
 * be called first where the caller chooses libtorch; allaprima_pipeline_open checks it, too. */
ALLAPRIMA_API allaprima_status allaprima_check_libtorch(void);

/* The message of the last failure on this thread; empty when there was none. */
ALLAPRIMA_API allaprima_status allaprima_last_error(char* buffer, size_t capacity, size_t* size);

/* JSON about this process: "version", "commit", "libtorch", "libtorch_headers", "cpu_capability",
 * "native_bf16", "threads", "cuda" {"available", "reason"}, "live" {"pipelines", "runs" (open
 * handles), "tensor_bytes" (of libtorch's tensors on the CPU in this process, as the heap rounds
 * them; what oneDNN allocates for itself, packed weights for one, is not in it)}. */
ALLAPRIMA_API allaprima_status allaprima_system_info(char* buffer, size_t capacity, size_t* size);

/* JSON about a checkpoint, from its configurations and the headers of its weight files; no weight
 * is read. Of the options only model and variant are looked at. Whatever allaprima_pipeline_open
 * would refuse, but for device and memory, is a problem there, not a failure of this call. "model",
 * "pipeline" (class), "components" [{"name", "class", "parameters" (that are used), "bytes" (of the
 * files), "dtypes" (by type the number of tensors in the files), "files", "variant" (that is
 * loaded; "" are the plain files), "variants" (that are there)}], "scheduler" {"class", "options"},
 * "tokenizers" [{"name", "class", "tokens", "length"}], "size" (the model's own side in pixels),
 * "steps", "guidance", "loads", "problems" [{"component" ("" for several or all), "message"}]. What
 * a problem keeps from being known is null or missing. */
ALLAPRIMA_API allaprima_status allaprima_inspect(const allaprima_pipeline_options* options,
                                                 char* buffer, size_t capacity, size_t* size);

/* Opens a checkpoint. On failure *pipeline is NULL. Files in fp32, fp16 and bf16 load in each
 * precision. They are mapped and copied tensor by tensor; after this call none is open. Leave them
 * alone until it returns: a file that another process cuts short meanwhile is an error of IO where
 * it is seen in time, and ends this process (SIGBUS) where it is cut while a tensor is copied. The
 * same holds for a request's latents during allaprima_run_begin. */
ALLAPRIMA_API allaprima_status allaprima_pipeline_open(const allaprima_pipeline_options* options,
                                                       allaprima_pipeline** pipeline);

/* JSON about the pipeline: "model", "device", "device_reason", "precision", "precision_reason",
 * "width", "height" (the model's own size in pixels), "size_multiple", "steps", "guidance" (what
 * the model's generation_config.json names, else 30 and 5), "load_s", "weights" (by component:
 * "file", "files", "variant", "variant_reason"), "parameters" and "bytes" by component, "plan"
 * (what was changed, in order). */
ALLAPRIMA_API allaprima_status allaprima_pipeline_info(const allaprima_pipeline* pipeline,
                                                       char* buffer, size_t capacity, size_t* size);

/* What a pipeline can be changed by, before its first run or between runs. In this order, but for
 * FP8_DYNAMIC, which comes behind INT8_DYNAMIC; each at most once: a later one sees what an earlier
 * one left. */
enum {
  ALLAPRIMA_TRANSFORM_ATTENTION_MATH = 1, /* attention by separate products; without: fused */
  ALLAPRIMA_TRANSFORM_FUSE_QKV = 2,       /* queries, keys and values by one product: of UNet and
                                             VAE, over the text keys and values */
  ALLAPRIMA_TRANSFORM_SWAP_CONV1X1 = 3,   /* `layers`, convolutions of 1x1, become linear layers */
  ALLAPRIMA_TRANSFORM_INT8_DYNAMIC = 4,   /* `layers`, linear ones, multiply int8 values: weights
                                             are converted once, activations row by row as they come.
                                             Those that see one row a picture, or whose widths are
                                             no multiples of 8, stay as they are; the plan lists
                                             them */
  ALLAPRIMA_TRANSFORM_CHANNELS_LAST = 5,  /* feature maps keep a pixel's channels together */
  ALLAPRIMA_TRANSFORM_COMPILE = 6,        /* channels-last, 1x1 convolutions as products, what does
                                             not change from step to step computed once. On a CPU
                                             weights in the order it computes in. On CUDA a step,
                                             the text encoders and the decoder each recorded as a
                                             graph at the first run of a size, UNAVAILABLE then
                                             where something cannot be, with the operation; and
                                             UNAVAILABLE in a build of this library without CUDA */
  ALLAPRIMA_TRANSFORM_FP8_DYNAMIC = 7     /* `layers`, linear ones, multiply float8 values (e4m3, a
                                             scale a row): weights are converted once, activations
                                             row by row as they come. Those that see one row a
                                             picture, whose widths are no multiples of 16, or that
                                             are in int8, stay as they are; the plan lists them.
                                             UNAVAILABLE but on CUDA devices of compute capability
                                             8.9 and higher, and but in bf16 */
};

/* How a row becomes int8: rounding and scale of the tutorial's torchao (commit 54bcd5a), or of
 * torchao 0.18. */
enum { ALLAPRIMA_INT8_TUTORIAL = 0, ALLAPRIMA_INT8_TORCHAO = 1 };

typedef struct allaprima_transform {
  size_t struct_size;  /* sizeof(allaprima_transform) */
  int32_t kind;        /* ALLAPRIMA_TRANSFORM_… */
  int32_t int8_scheme; /* ALLAPRIMA_INT8_…, of INT8_DYNAMIC */
  const char* layers;  /* of SWAP_CONV1X1, INT8_DYNAMIC and FP8_DYNAMIC: names, one a line */
  size_t layers_size;
} allaprima_transform;

/* JSON, an array of the layers that transforms choose from, as they are now: "name" ("unet.…",
 * "vae.…"), "kind" ("linear", "conv"), "in", "out", "kernel" (1 for a linear layer), "rows" (what
 * a row of its input stands for: "pixels" of a feature map, tokens of the "text", or "pictures").
 */
ALLAPRIMA_API allaprima_status allaprima_pipeline_layers(allaprima_pipeline* pipeline, char* buffer,
                                                         size_t capacity, size_t* size);

/* INVALID_ARGUMENT out of order, for a layer that is not there, and while a run is open; the
 * pipeline is then unchanged. */
ALLAPRIMA_API allaprima_status allaprima_pipeline_transform(allaprima_pipeline* pipeline,
                                                            const allaprima_transform* transform);

typedef struct allaprima_int8_question {
  size_t struct_size;    /* sizeof(allaprima_int8_question) */
  int32_t width, height; /* of the pictures to come, pixels; 0: the model's own size */
  int32_t images;        /* of one run, 1 to 64 */
  int32_t int8_scheme;   /* ALLAPRIMA_INT8_… */
  int32_t compiled;      /* nonzero: COMPILE comes after */
} allaprima_int8_question;

/* Times each distinct shape of linear layer, dense and in int8, on this machine, and returns JSON:
 * "layers" (names, where int8 is faster), "timings" [{"rows", "in", "out", "layers" (of this
 * shape), "dense_s", "int8_s"}]. A question with capacity 0 measures, the next one reads. */
ALLAPRIMA_API allaprima_status allaprima_pipeline_choose_int8(
    allaprima_pipeline* pipeline, const allaprima_int8_question* question, char* buffer,
    size_t capacity, size_t* size);

/* Frees the pipeline after the calls before it are done. NULL is allowed. Its runs must be closed
 * first: INVALID_ARGUMENT otherwise, and nothing is freed. */
ALLAPRIMA_API allaprima_status allaprima_pipeline_close(allaprima_pipeline* pipeline);

/* Checks the request and starts a run; no network runs yet. On failure *run is NULL. */
ALLAPRIMA_API allaprima_status allaprima_run_begin(allaprima_pipeline* pipeline,
                                                   const allaprima_request* request,
                                                   allaprima_run** run);

/* Encodes the prompts. Optional: the first step does it when it was not called. */
ALLAPRIMA_API allaprima_status allaprima_run_encode(allaprima_run* run);

/* Does the next denoising step. INVALID_ARGUMENT when all are done. */
ALLAPRIMA_API allaprima_status allaprima_run_step(allaprima_run* run);

/* Decodes the latents after the last step and writes RGB bytes, rows from the top, [images, height,
 * width, 3]. `capacity` must be at least images · height · width · 3. */
ALLAPRIMA_API allaprima_status allaprima_run_finish(allaprima_run* run, uint8_t* rgb,
                                                    size_t capacity);

/* Width and height in pixels and the number of pictures of this run. */
ALLAPRIMA_API allaprima_status allaprima_run_size(const allaprima_run* run, int32_t* width,
                                                  int32_t* height, int32_t* images);

/* Writes a safetensors file: "latents" [images, 4, h, w] as they left the loop, fp32, and, after
 * finish, "image" [images, 3, height, width], fp32 in 0 to 1. */
ALLAPRIMA_API allaprima_status allaprima_run_save_latents(const allaprima_run* run,
                                                          const char* path, size_t path_size);

/* JSON: "version", "commit", "model" (the folder's name), "device", "precision", "seed" (null
 * beside seeds and latents), "seeds" (none beside latents), "latents" (the file whose noise was
 * used, else null), "plan", "timings" {"load_s" (of the pipeline), "prepare_s", "encode_s",
 * "steps_s" [a number a step], "decode_s", "total_s" (begin to finish, or to now before that;
 * without load)}, "peak_rss_bytes", "prompt_cache" {"hits", "misses"} (texts, counted for each
 * encoder; a miss is a run of it), "dropped" [{"prompt" (the request's field), "words" (beyond the
 * tokenizer's limit, without effect, as the tokenizer spells them)}]. */
ALLAPRIMA_API allaprima_status allaprima_run_report(const allaprima_run* run, char* buffer,
                                                    size_t capacity, size_t* size);

/* Reads an intermediate tensor of a run with keep_stages, as fp32. `name`, ending in NUL, is one of
 * "token_ids", "token_ids_2", "hidden_states", "hidden_states_2", "pooled", "noise_pred" (of step
 * 0, before guidance), "latents", "image". Sets rank (at most 4) and shape[rank]; `data` may be
 * NULL to ask for the shape only, else `capacity` counts the numbers that it holds. Guided runs
 * hold the negative rows first, as diffusers does; token ids only of texts that were encoded. */
ALLAPRIMA_API allaprima_status allaprima_run_read(const allaprima_run* run, const char* name,
                                                  float* data, size_t capacity, int64_t shape[4],
                                                  int32_t* rank);

/* Asks the run to stop. The call that works on it returns CANCELLED within a block of a network; so
 * does every later encode, step and finish. Idempotent, from any thread, never waits. */
ALLAPRIMA_API allaprima_status allaprima_run_cancel(allaprima_run* run);

ALLAPRIMA_API int32_t allaprima_run_completed_steps(const allaprima_run* run);
ALLAPRIMA_API int32_t allaprima_run_total_steps(const allaprima_run* run);

/* Frees the run, in whatever state it is. NULL is allowed. */
ALLAPRIMA_API allaprima_status allaprima_run_close(allaprima_run* run);

#ifdef __cplusplus
}
#endif

#endif /* ALLAPRIMA_H */
