// The real libtorch on the fake runtime: capture and replay, what capture forbids, what is counted.
#include <thread>

#include "emulated_launch.h"
#include "torch_on_fake.h"

namespace allaprima::cuda {
namespace {

__global__ void scale(float* values, float by, int count) {
  const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) values[i] *= by;
}

template <class T>
__global__ void convert(const float* from, T* to) {
  to[threadIdx.x] = T(from[threadIdx.x]);
}

using Runtime = OnFakeCuda;

Tensor counted(int count) { return at::arange(1, count + 1, at::kFloat).to(at::kCUDA); }

TEST_F(Runtime, capture_runs_nothing_and_replays_compute) {
  const Tensor x = counted(8);
  at::cuda::CUDAGraph graph;
  graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  float by = 2;
  ASSERT_EQ(launch(scale, 2, 4, 0, stream_, x.data_ptr<float>(), by, 8), cudaSuccess);
  by = 100;  // was copied
  graph.capture_end();
  EXPECT_EQ(values_of(x)[7], 8);
  graph.replay();
  graph.replay();
  EXPECT_EQ(values_of(x)[7], 32);
  EXPECT_EQ(fake_cuda::counters().graph_launches, 2);
  EXPECT_EQ(fake_cuda::names(fake_cuda::launched_graph()), Names{"scale"});
}

TEST_F(Runtime, emulated_kernels_run_at_once_outside_a_capture) {
  const Tensor x = counted(8);
  const Tensor y = empty_on_device({8});
  fake_cuda::record_eager_work(true);
  launch(convert<__nv_bfloat16>, 1, 8, 0, stream_, x.data_ptr<float>(),
         static_cast<__nv_bfloat16*>(y.data_ptr()));
  EXPECT_EQ(fake_cuda::names(fake_cuda::eager_work()), Names{"convert<__nv_bfloat16>"});
  fake_cuda::record_eager_work(false);
  EXPECT_EQ(values_of(y)[4], 5);
}

TEST_F(Runtime, a_launch_that_a_gpu_would_refuse_is_refused) {
  const Tensor x = counted(8);
  float on_host = 1;
  EXPECT_EQ(launch(scale, 1, 1025, 0, stream_, x.data_ptr<float>(), 2, 8),
            cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(scale, 0, 32, 0, stream_, x.data_ptr<float>(), 2, 8),
            cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(scale, 1, 32, 0, stream_, &on_host, 2, 1), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(on_host, 1);
}

TEST_F(Runtime, copies_of_a_graph_happen_at_replay) {
  const Tensor from = at::zeros({4}, at::kFloat).pin_memory();
  const Tensor through = empty_on_device({4}, at::kFloat);
  const Tensor to = at::zeros({4}, at::kFloat).pin_memory();
  at::cuda::CUDAGraph graph;
  capture(graph, [&] {
    through.copy_(from, /*non_blocking=*/true);
    to.copy_(through, true);
  });
  EXPECT_EQ(fake_cuda::names(fake_cuda::captured_graph()), (Names{"memcpy HtoD", "memcpy DtoH"}));
  EXPECT_EQ(fake_cuda::captured_graph()[1].bytes, 16u);
  EXPECT_EQ(fake_cuda::captured_graph()[1].dependencies, std::vector<int>{0});
  from.fill_(3);
  EXPECT_EQ(to[0].item<float>(), 0);
  graph.replay();
  EXPECT_EQ(to[0].item<float>(), 3);
}

TEST_F(Runtime, host_functions_of_a_graph_run_at_replay) {
  int calls = 0;
  at::cuda::CUDAGraph graph;
  graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  cudaLaunchHostFunc(stream_, [](void* data) { ++*static_cast<int*>(data); }, &calls);
  graph.capture_end();
  EXPECT_EQ(calls, 0);
  graph.replay();
  graph.replay();
  EXPECT_EQ(calls, 2);
}

/// What a capture does not survive; each is called while one is under way.
struct Forbidden {
  const char* name;
  cudaError_t code;
  cudaError_t (*call)(cudaStream_t capturing, cudaEvent_t before);
};

class Refusals : public OnFakeCuda, public testing::WithParamInterface<Forbidden> {};

TEST_P(Refusals, end_the_capture_and_leave_the_device_usable) {
  cudaEvent_t before = nullptr;
  ASSERT_EQ(cudaEventCreate(&before), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(before, stream_), cudaSuccess);
  at::cuda::CUDAGraph graph;
  graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  EXPECT_EQ(GetParam().call(stream_, before), GetParam().code);
  EXPECT_EQ(cudaGetLastError(), GetParam().code);
  EXPECT_EQ(fake_cuda::counters().refused_by_capture, 1);
  EXPECT_THROW(graph.capture_end(), c10::Error);
  cudaGetLastError();
  cudaEventDestroy(before);
  EXPECT_TRUE(fake_cuda::captured_graph().empty());
  EXPECT_EQ(captured([&] { empty_on_device({4}).zero_(); }).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    Calls, Refusals,
    testing::Values(
        Forbidden{"stream_synchronize", cudaErrorStreamCaptureUnsupported,
                  [](cudaStream_t stream, cudaEvent_t) { return cudaStreamSynchronize(stream); }},
        Forbidden{"stream_query", cudaErrorStreamCaptureUnsupported,
                  [](cudaStream_t stream, cudaEvent_t) { return cudaStreamQuery(stream); }},
        Forbidden{"device_synchronize", cudaErrorStreamCaptureUnsupported,
                  [](cudaStream_t, cudaEvent_t) { return cudaDeviceSynchronize(); }},
        Forbidden{"malloc", cudaErrorStreamCaptureUnsupported,
                  [](cudaStream_t, cudaEvent_t) {
                    void* memory = nullptr;
                    return cudaMalloc(&memory, 1024);
                  }},
        Forbidden{"event_query", cudaErrorStreamCaptureUnsupported,
                  [](cudaStream_t, cudaEvent_t before) { return cudaEventQuery(before); }},
        Forbidden{"query_of_a_captured_event", cudaErrorCapturedEvent,
                  [](cudaStream_t stream, cudaEvent_t before) {
                    cudaEventRecord(before, stream);
                    return cudaEventQuery(before);
                  }},
        Forbidden{"wait_for_uncaptured_work", cudaErrorStreamCaptureIsolation,
                  [](cudaStream_t stream, cudaEvent_t before) {
                    return cudaStreamWaitEvent(stream, before, 0);
                  }},
        Forbidden{"launch_on_the_legacy_stream", cudaErrorStreamCaptureImplicit,
                  [](cudaStream_t, cudaEvent_t) {
                    return launch(scale, 1, 1, 0, nullptr, static_cast<float*>(nullptr), 2, 0);
                  }},
        Forbidden{"blocking_copy", cudaErrorStreamCaptureUnsupported,
                  [](cudaStream_t, cudaEvent_t) {
                    char bytes[2] = {};
                    return cudaMemcpy(bytes, bytes + 1, 1, cudaMemcpyDefault);
                  }}),
    [](const auto& info) { return info.param.name; });

TEST_F(Runtime, an_operation_that_synchronises_is_an_error_of_the_capture) {
  const Tensor x = counted(4);
  at::cuda::CUDAGraph graph;
  graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  EXPECT_THROW(x.sum().item<float>(), c10::Error);
  EXPECT_THROW(graph.capture_end(), c10::Error);
  cudaGetLastError();
}

TEST_F(Runtime, another_thread_is_free_while_the_capture_is_thread_local) {
  for (const auto mode : {cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeGlobal}) {
    cudaStream_t stream = nullptr;
    ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
    ASSERT_EQ(cudaStreamBeginCapture(stream, mode), cudaSuccess);
    cudaError_t elsewhere = cudaSuccess;
    std::thread([&] {
      void* memory = nullptr;
      elsewhere = cudaMalloc(&memory, 1024);
      cudaFree(memory);
    }).join();
    cudaGraph_t graph = nullptr;
    const cudaError_t ended = cudaStreamEndCapture(stream, &graph);
    if (mode == cudaStreamCaptureModeThreadLocal) {
      EXPECT_EQ(elsewhere, cudaSuccess);
      EXPECT_EQ(ended, cudaSuccess);
      EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
    } else {
      EXPECT_EQ(elsewhere, cudaErrorStreamCaptureUnsupported);
      EXPECT_EQ(ended, cudaErrorStreamCaptureInvalidated);
    }
    cudaStreamDestroy(stream);
  }
  cudaGetLastError();
}

TEST_F(Runtime, a_second_stream_joins_by_an_event_and_must_come_back) {
  const Tensor x = counted(4);
  for (const bool joined : {true, false}) {
    cudaStream_t side = nullptr;
    cudaEvent_t event = nullptr;
    ASSERT_EQ(cudaStreamCreateWithFlags(&side, cudaStreamNonBlocking), cudaSuccess);
    ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
    ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
    launch(scale, 1, 4, 0, stream_, x.data_ptr<float>(), 2, 4);
    cudaEventRecord(event, stream_);
    cudaStreamWaitEvent(side, event, 0);
    launch(scale, 1, 4, 0, side, x.data_ptr<float>(), 3, 4);
    launch(scale, 1, 4, 0, stream_, x.data_ptr<float>(), 5, 4);
    if (joined) {
      cudaEventRecord(event, side);
      cudaStreamWaitEvent(stream_, event, 0);
      cudaMemsetAsync(x.data_ptr(), 0, 16, stream_);
    }
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(stream_, &graph),
              joined ? cudaSuccess : cudaErrorStreamCaptureUnjoined);
    if (joined) {
      EXPECT_EQ(fake_cuda::captured_graph()[2].dependencies, std::vector<int>{0});
      EXPECT_EQ(fake_cuda::captured_graph()[3].dependencies, (std::vector<int>{2, 1}));
      cudaGraphDestroy(graph);
    }
    cudaEventDestroy(event);
    cudaStreamDestroy(side);
  }
  cudaGetLastError();
}

TEST_F(Runtime, counts_who_waits_and_what_is_copied) {
  const Tensor pinned = at::ones({256}, at::kFloat).pin_memory();
  const Tensor pageable = at::ones({256}, at::kFloat);
  const Tensor x = empty_on_device({256}, at::kFloat);
  fake_cuda::reset_counters();
  x.copy_(pinned, /*non_blocking=*/true);
  EXPECT_EQ(fake_cuda::counters().blocking_copies, 0);
  EXPECT_EQ(fake_cuda::counters().stream_synchronisations, 0);
  x.copy_(pageable);
  EXPECT_EQ(fake_cuda::counters().blocking_copies, 1);
  EXPECT_EQ(fake_cuda::counters().copies_to_device, 2);
  EXPECT_EQ(fake_cuda::counters().bytes_to_device, 2048);
  fake_cuda::reset_counters();
  x.cpu();
  EXPECT_EQ(fake_cuda::counters().copies_to_host, 1);
  EXPECT_EQ(fake_cuda::counters().stream_synchronisations, 1);
  x.add_(1);
  EXPECT_EQ(fake_cuda::counters().kernels, 1);
  c10::cuda::device_synchronize();
  EXPECT_EQ(fake_cuda::counters().device_synchronisations, 1);
}

TEST_F(Runtime, waiting_for_an_event_is_not_waiting_for_the_stream) {
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(event), cudaSuccess);
  EXPECT_EQ(fake_cuda::counters().event_synchronisations, 0);  // it was never recorded
  ASSERT_EQ(cudaEventRecord(event, stream_), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(event), cudaSuccess);
  EXPECT_EQ(fake_cuda::counters().event_synchronisations, 1);
  EXPECT_EQ(fake_cuda::counters().stream_synchronisations, 0);
  cudaEventDestroy(event);
}

}  // namespace
}  // namespace allaprima::cuda
