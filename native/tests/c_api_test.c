/* A program that knows allaprima.h and nothing else: one picture, and every way to get an error. */
#include <allaprima.h>
#include <math.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

static void expect(int holds, const char* what) {
  if (holds) return;
  char message[4096] = "";
  size_t size = 0;
  allaprima_last_error(message, sizeof message - 1, &size);
  printf("FAIL %s (last error: %.*s)\n", what, (int)size, message);
  ++failures;
}

/* The last error must be a sentence that holds `word`. */
static void expect_message(const char* word) {
  char message[4096] = "";
  size_t size = 0;
  expect(allaprima_last_error(message, sizeof message - 1, &size) == ALLAPRIMA_OK, "last_error");
  if (strstr(message, word) == NULL) {
    printf("FAIL the message '%s' does not say '%s'\n", message, word);
    ++failures;
  }
}

static allaprima_request request_of(const char* prompt) {
  allaprima_request request;
  memset(&request, 0, sizeof request);
  request.struct_size = sizeof request;
  request.prompt = prompt;
  request.prompt_size = strlen(prompt);
  request.steps = 3;
  request.images = 1;
  request.guidance = 5;
  request.seed = 7;
  return request;
}

static allaprima_pipeline* open_model(const char* model) {
  allaprima_pipeline_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.model = model;
  options.model_size = strlen(model);
  options.device = ALLAPRIMA_DEVICE_CPU;
  options.precision = ALLAPRIMA_PRECISION_FP32;
  allaprima_pipeline* pipeline = NULL;
  expect(allaprima_pipeline_open(&options, &pipeline) == ALLAPRIMA_OK, "open");
  return pipeline;
}

static void draws_the_same_picture_twice(allaprima_pipeline* pipeline) {
  uint8_t* pictures[2] = {NULL, NULL};
  size_t bytes = 0;
  for (int i = 0; i < 2; ++i) {
    allaprima_request request = request_of("a red apple");
    allaprima_run* run = NULL;
    int32_t width = 0, height = 0, images = 0;
    expect(allaprima_run_begin(pipeline, &request, &run) == ALLAPRIMA_OK, "begin");
    expect(allaprima_run_size(run, &width, &height, &images) == ALLAPRIMA_OK, "size");
    bytes = (size_t)width * (size_t)height * 3u;
    pictures[i] = calloc(bytes + 1, 1);
    pictures[i][bytes] = 42; /* must stay */
    expect(allaprima_run_finish(run, pictures[i], bytes) == ALLAPRIMA_INVALID_ARGUMENT,
           "finish before the last step is refused");
    for (int step = 0; step < 3; ++step) {
      expect(allaprima_run_completed_steps(run) == step, "completed_steps");
      expect(allaprima_run_step(run) == ALLAPRIMA_OK, "step");
    }
    expect(allaprima_run_step(run) == ALLAPRIMA_INVALID_ARGUMENT, "a step too many is refused");
    expect(allaprima_run_finish(run, pictures[i], bytes - 1) == ALLAPRIMA_BUFFER_TOO_SMALL,
           "a small buffer is refused");
    expect(allaprima_run_finish(run, pictures[i], bytes) == ALLAPRIMA_OK, "finish");
    expect(pictures[i][bytes] == 42, "finish stays inside the buffer");
    expect(allaprima_pipeline_close(pipeline) == ALLAPRIMA_INVALID_ARGUMENT,
           "a pipeline with an open run is not closed");
    expect(allaprima_run_close(run) == ALLAPRIMA_OK, "run_close");
  }
  expect(memcmp(pictures[0], pictures[1], bytes) == 0, "same seed, same picture");
  int kinds[256] = {0}, different = 0;
  for (size_t i = 0; i < bytes; ++i) kinds[pictures[0][i]] = 1;
  for (int i = 0; i < 256; ++i) different += kinds[i];
  expect(different > 50, "the picture has many values");
  free(pictures[0]);
  free(pictures[1]);
}

static void refuses_bad_requests(allaprima_pipeline* pipeline) {
  allaprima_run* run = NULL;
  allaprima_request request = request_of("x");
  request.width = 13;
  expect(allaprima_run_begin(pipeline, &request, &run) == ALLAPRIMA_INVALID_ARGUMENT, "width 13");
  expect_message("width is 13");
  expect(run == NULL, "no run after a failure");
  request = request_of("x");
  request.steps = 0;
  expect(allaprima_run_begin(pipeline, &request, &run) == ALLAPRIMA_INVALID_ARGUMENT, "steps 0");
  expect_message("steps is 0");
  request = request_of("x");
  request.guidance = NAN;
  expect(allaprima_run_begin(pipeline, &request, &run) == ALLAPRIMA_INVALID_ARGUMENT, "NaN");
  expect_message("guidance");
  request = request_of("\xff\xfe");
  expect(allaprima_run_begin(pipeline, &request, &run) == ALLAPRIMA_INVALID_ARGUMENT, "bad UTF-8");
  request = request_of("x");
  request.prompt = NULL;
  expect(allaprima_run_begin(pipeline, &request, &run) == ALLAPRIMA_INVALID_ARGUMENT,
         "a NULL prompt with a size");
  expect_message("prompt is NULL");
  request = request_of("x");
  request.latents = "/no/such/file";
  request.latents_size = strlen(request.latents);
  expect(allaprima_run_begin(pipeline, &request, &run) == ALLAPRIMA_IO, "no latents file");
  expect_message("/no/such/file");
  const uint64_t seeds[2] = {1, 2};
  request = request_of("x");
  request.seeds_count = 2;
  expect(allaprima_run_begin(pipeline, &request, &run) == ALLAPRIMA_INVALID_ARGUMENT, "no seeds");
  expect_message("seeds is NULL");
  request.seeds = seeds;
  expect(allaprima_run_begin(pipeline, &request, &run) == ALLAPRIMA_INVALID_ARGUMENT, "2 seeds");
  expect_message("2 seeds are given for 1 images");
  request.struct_size = offsetof(allaprima_request, prompt_2); /* as an older caller's */
  expect(allaprima_run_begin(pipeline, &request, &run) == ALLAPRIMA_OK, "an older struct");
  expect(allaprima_run_close(run) == ALLAPRIMA_OK, "close");
  run = NULL;
  request = request_of("x");
  request.struct_size = 0;
  expect(allaprima_run_begin(pipeline, &request, &run) == ALLAPRIMA_INVALID_ARGUMENT, "no size");
  expect(allaprima_run_begin(NULL, &request, &run) == ALLAPRIMA_INVALID_ARGUMENT, "NULL pipeline");
  expect(allaprima_run_begin(pipeline, NULL, &run) == ALLAPRIMA_INVALID_ARGUMENT, "NULL request");
}

static void refuses_bad_models(void) {
  allaprima_pipeline_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.model = "/no/such/folder";
  options.model_size = strlen(options.model);
  allaprima_pipeline* pipeline = NULL;
  expect(allaprima_pipeline_open(&options, &pipeline) == ALLAPRIMA_INVALID_MODEL, "no folder");
  expect_message("/no/such/folder");
  options.device = 7;
  expect(allaprima_pipeline_open(&options, &pipeline) == ALLAPRIMA_INVALID_ARGUMENT, "device 7");
  expect(pipeline == NULL, "no pipeline after a failure");
}

static void* cancel(void* run) {
  expect(allaprima_run_cancel(run) == ALLAPRIMA_OK, "cancel from another thread");
  return NULL;
}

static void cancels(allaprima_pipeline* pipeline) {
  allaprima_request request = request_of("a red apple");
  request.steps = 1000;
  allaprima_run* run = NULL;
  pthread_t thread;
  expect(allaprima_run_begin(pipeline, &request, &run) == ALLAPRIMA_OK, "begin");
  expect(allaprima_run_step(run) == ALLAPRIMA_OK, "step");
  pthread_create(&thread, NULL, cancel, run);
  allaprima_status status = ALLAPRIMA_OK; /* the steps go on until the cancel arrives */
  while (status == ALLAPRIMA_OK) status = allaprima_run_step(run);
  pthread_join(thread, NULL);
  expect(status == ALLAPRIMA_CANCELLED, "a cancelled run says so");
  expect(allaprima_run_step(run) == ALLAPRIMA_CANCELLED, "and says it again");
  expect(allaprima_run_encode(run) == ALLAPRIMA_CANCELLED, "at every call");
  expect(allaprima_run_completed_steps(run) < 1000, "it stopped early");
  allaprima_run_close(run);
}

static void tells_about_itself(allaprima_pipeline* pipeline) {
  char buffer[65536];
  size_t size = 0;
  expect(allaprima_abi_version() == ALLAPRIMA_ABI_VERSION, "abi_version");
  expect(allaprima_check_libtorch() == ALLAPRIMA_OK, "check_libtorch");
  expect(allaprima_system_info(buffer, 3, &size) == ALLAPRIMA_BUFFER_TOO_SMALL && size > 3,
         "the needed size is said");
  expect(allaprima_system_info(buffer, sizeof buffer, &size) == ALLAPRIMA_OK, "system_info");
  expect(allaprima_pipeline_info(pipeline, buffer, sizeof buffer - 1, &size) == ALLAPRIMA_OK,
         "pipeline_info");
  buffer[size] = 0;
  expect(strstr(buffer, "\"precision\":\"fp32\"") != NULL, "info names the precision");
}

static void expect_live(const char* expected) {
  char buffer[65536];
  size_t size = 0;
  expect(allaprima_system_info(buffer, sizeof buffer - 1, &size) == ALLAPRIMA_OK, "system_info");
  buffer[size] = 0;
  const char* found = strstr(buffer, "\"live\"");
  if (found == NULL || strncmp(found + 7, expected, strlen(expected)) != 0) {
    printf("FAILED: expected live %s, found %.80s\n", expected, found == NULL ? "none" : found);
    ++failures;
  }
}

static void inspects(const char* model) {
  char buffer[65536];
  size_t size = 0;
  allaprima_pipeline_options options = {0};
  options.struct_size = sizeof options;
  options.model = model;
  options.model_size = strlen(model);
  expect(allaprima_inspect(&options, buffer, 3, &size) == ALLAPRIMA_BUFFER_TOO_SMALL && size > 3,
         "the needed size is said");
  expect(allaprima_inspect(&options, buffer, sizeof buffer - 1, &size) == ALLAPRIMA_OK, "inspect");
  buffer[size] = 0;
  expect(strstr(buffer, "\"loads\":true") != NULL, "the model would load");
  options.model = "/no/such/folder";
  options.model_size = strlen(options.model);
  expect(allaprima_inspect(&options, buffer, sizeof buffer - 1, &size) == ALLAPRIMA_OK,
         "a bad model is no failure");
  buffer[size] = 0;
  expect(strstr(buffer, "\"loads\":false") != NULL, "but would not load");
  options.struct_size = 1;
  expect(allaprima_inspect(&options, buffer, sizeof buffer, &size) == ALLAPRIMA_INVALID_ARGUMENT,
         "a struct without a size");
}

int main(int count, char** values) {
  if (count != 2) {
    printf("use: c_api_test MODEL\n");
    return 2;
  }
  refuses_bad_models();
  inspects(values[1]);
  allaprima_pipeline* pipeline = open_model(values[1]);
  if (pipeline == NULL) return 1;
  tells_about_itself(pipeline);
  draws_the_same_picture_twice(pipeline);
  refuses_bad_requests(pipeline);
  cancels(pipeline);
  draws_the_same_picture_twice(pipeline); /* errors and cancels leave it usable */
  expect_live("{\"pipelines\":1,\"runs\":0,\"tensor_bytes\":");
  expect(allaprima_pipeline_close(pipeline) == ALLAPRIMA_OK, "pipeline_close");
  expect(allaprima_pipeline_close(NULL) == ALLAPRIMA_OK, "closing NULL is allowed");
  expect_live("{\"pipelines\":0,\"runs\":0,\"tensor_bytes\":0}");
  printf(failures == 0 ? "PASS\n" : "%d failures\n", failures);
  return failures != 0;
}
