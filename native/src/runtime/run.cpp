#include "runtime/run.h"

#include <sys/resource.h>

#include "base/device_stream.h"
#include "base/version.h"
#include "io/tensors.h"
#include "kernels/guided_step.h"
#include "runtime/initial_noise.h"

namespace allaprima::runtime {

namespace {

void check_finite(bool finite, const std::string& stage) {
  check(finite, Code::kNotFinite, stage,
        " not finite: the checkpoint is damaged, its range is too large for this precision (try "
        "fp32), or guidance is too high");
}

int64_t peak_resident_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

/// The bytes of a picture [1, 3, H, W] in 0 to 1 as [1, H, W, 3], rows from the top.
Tensor bytes_of(const Tensor& picture) {
  // Rounds half to even, as numpy does for diffusers.
  return (picture * 255).round_().to(at::kByte).permute({0, 2, 3, 1}).contiguous();
}

}  // namespace

Run::Run(Pipeline& pipeline, Request request)
    : pipeline_(pipeline),
      request_(checked(std::move(request), pipeline)),
      fence_(pipeline.placement().device),
      table_(sampling::euler_table(pipeline.scheduler(), request_.steps)) {
  const int64_t factor = pipeline.vae().config().factor();
  const Tensor noise =
      initial_noise(request_, {request_.images, pipeline.vae().config().latent_channels,
                               request_.height / factor, request_.width / factor});
  use_own_stream(pipeline.placement().device);
  latents_ = to_device(noise, pipeline.placement().device) * table_.initial_scale;
  finite_ = to_device(at::ones({request_.steps}, at::kBool), pipeline.placement().device);
  prepare_seconds_ = since_begin_.seconds();
}

Run::~Run() {
  if (recorded_) recorded_->unload(this);
}

void Run::check_usable() const {
  stop_.check();
  check(!failed_, Code::kInvalidArgument, "this run has failed; close it and begin another");
}

/// After a failure a run has lost its place: it can be read and closed, not continued.
template <class Work>
void Run::guarded(Work work) {
  use_own_stream(pipeline_.placement().device);
  try {
    work();
  } catch (...) {
    failed_ = true;
    throw;
  }
}

void Run::keep(const std::string& name, const Tensor& tensor) {
  if (request_.keep_stages) stages_[name] = tensor.to(at::kCPU, at::kFloat).contiguous();
}

void Run::encode() {
  check_usable();
  if (encoded_) return;
  guarded([&] {
    const Stopwatch watch;
    encoded_ =
        pipeline_.text().encode({kernels::plain_ops(), stop_}, prompts_of(request_, guided()));
    for (const auto& [name, tensor] : encoded_->stages) keep(name, tensor);
    encoded_->stages.clear();
    encoded_->condition.guidance = request_.guidance;
    finite_text_ = {at::isfinite(encoded_->condition.context).all(),
                    at::isfinite(encoded_->condition.pooled).all()};
    if (on_cpu()) check_text(at::stack(finite_text_));
    encode_seconds_ = watch.seconds();
  });
}

void Run::check_text(const Tensor& finite) const {
  check_finite(finite[0].item<bool>(), "the text encoders' output is");
  check_finite(finite[1].item<bool>(), "the pooled text is");
}

void Run::check_steps(const Tensor& finite, int64_t first) const {
  for (int64_t i = 0; i < finite.size(0); ++i) {
    check_finite(finite[i].item<bool>(), "the latents after step " + std::to_string(first + i + 1) +
                                             " of " + std::to_string(request_.steps) + " are");
  }
}

void Run::prepare(int64_t first, int64_t count) {
  pipeline_.fit({request_.width, request_.height, request_.images, guided()});
  std::vector<double> timesteps;
  for (int64_t i = first; i < first + count; ++i) {
    timesteps.push_back(table_.rows[static_cast<size_t>(i)].timestep);
  }
  const auto& unet = pipeline_.unet();
  text_ = unet.prepare(forward(), encoded_->condition);
  times_ = unet.prepare(forward(), text_,
                        to_device(at::tensor(timesteps, at::kFloat), pipeline_.placement().device));
}

/// What does not change is computed at each step, as published.
void Run::eager_step(int64_t step) {
  prepare(step, 1);
  const sampling::StepRow& row = table_.rows[static_cast<size_t>(step)];
  const Tensor scaled = latents_ * row.input_scale;
  const Tensor input = (guided() ? at::cat({scaled, scaled}) : scaled)
                           .to(pipeline_.placement().dtype)
                           .contiguous(pipeline_.memory_format());
  const Tensor prediction = pipeline_.unet().step(forward(), input, {text_, times_, 0});
  if (step == 0) keep("noise_pred", prediction);
  latents_ = kernels::update_latent(
      latents_,
      guided() ? kernels::guide(prediction, {request_.guidance, request_.guidance_rescale})
               : prediction,
      {row.latent_factor, row.prediction_factor});
  finite_.select(0, step).copy_(at::isfinite(latents_).all());
}

StepShape Run::step_shape() const {
  return {request_.images,
          latents_.size(0) * (guided() ? 2 : 1),
          latents_.size(2),
          latents_.size(3),
          encoded_->condition.context.size(1),
          guided() && request_.guidance_rescale != 0};
}

/// The step is the pipeline's, and other runs may use it between two steps of this one.
void Run::compiled_step(int64_t step) {
  if (step == 0) {
    prepare(0, request_.steps);
    recorded_ = pipeline_.recorded_step(step_shape(), step_input());
  }
  if (!recorded_->is_loaded_by(this)) {
    recorded_->load(this, step_input(), latents_, step, [this] { take_latents(); });
  }
  recorded_->replay(stop_);
  if (step == 0) keep("noise_pred", recorded_->prediction());
  if (on_cpu()) finite_.select(0, step).copy_(recorded_->finite(step + 1).select(0, step));
  if (step + 1 == request_.steps) {
    take_latents();
    recorded_.reset();  // the decoder may need its memory
  }
}

void Run::take_latents() {
  latents_ = recorded_->latents();
  finite_.logical_and_(recorded_->finite(request_.steps));
  recorded_->unload(this);
}

void Run::step() {
  encode();
  check(completed() < request_.steps, Code::kInvalidArgument, "all ", request_.steps,
        " steps are done; finish the run");
  guarded([&] {
    const Stopwatch watch;
    pipeline_.compiled() ? compiled_step(completed()) : eager_step(completed());
    if (on_cpu()) check_steps(finite_.narrow(0, completed(), 1), completed());
    fence_.after_step();
    step_seconds_.push_back(watch.seconds());
    completed_.fetch_add(1, std::memory_order_relaxed);
  });
}

/// Pictures one at a time: a decode at full size needs gigabytes. A GPU is waited for once, at the
/// end, with the bytes and all that has to be looked at copied by then.
void Run::finish(std::span<uint8_t> rgb) {
  check_usable();
  check(completed() == request_.steps, Code::kInvalidArgument, completed(), " of ", request_.steps,
        " steps are done; finish comes after the last");
  check(static_cast<int64_t>(rgb.size()) >= rgb_bytes(), Code::kBufferTooSmall, "the buffer holds ",
        rgb.size(), " bytes, the pictures need ", rgb_bytes());
  guarded([&] {
    const Stopwatch watch;
    const at::Device device = pipeline_.placement().device;
    keep("latents", latents_);
    image_ = at::empty({request_.images, 3, request_.height, request_.width},
                       at::TensorOptions(at::kFloat).device(device));
    const std::vector<int64_t> shape{request_.images, request_.height, request_.width, 3};
    const Tensor bytes = on_cpu() ? at::from_blob(rgb.data(), shape, at::kByte)
                                  : host_empty(shape, at::kByte, device);
    std::vector<Tensor> finite = finite_text_;
    for (int64_t i = 0; i < request_.images; ++i) {
      const DecodedPicture decoded = pipeline_.decode(stop_, latents_.narrow(0, i, 1));
      if (on_cpu()) check_decoded(decoded.finite);
      stop_.check();
      finite.push_back(decoded.finite);
      image_.narrow(0, i, 1).copy_(decoded.picture);
      bytes.narrow(0, i, 1).copy_(bytes_of(decoded.picture), /*non_blocking=*/true);
    }
    if (!on_cpu()) {
      receive(finite);
      std::memcpy(rgb.data(), bytes.const_data_ptr(), bytes.nbytes());
    }
    keep("image", image_);
    decode_seconds_ = watch.seconds();
    total_seconds_ = since_begin_.seconds();
  });
}

void Run::check_decoded(const Tensor& finite) const {
  check_finite(finite.item<bool>(), "the VAE's output is");
}

/// Waits for the device, then throws for the first stage that was not finite.
void Run::receive(const std::vector<Tensor>& flags) const {
  const Tensor all = at::cat({at::stack(flags), finite_});
  const Tensor here = host_empty(all.sizes(), at::kBool, all.device());
  here.copy_(all, /*non_blocking=*/true);
  wait_for(all.device());
  const auto count = static_cast<int64_t>(flags.size());
  check_text(here);
  check_steps(here.narrow(0, count, request_.steps), 0);
  for (int64_t i = 2; i < count; ++i) check_decoded(here[i]);
}

void Run::save_latents(const std::filesystem::path& path) const {
  check(completed() == request_.steps, Code::kInvalidArgument, completed(), " of ", request_.steps,
        " steps are done; the latents are saved after the last");
  std::vector<std::pair<std::string, Tensor>> tensors{{"latents", latents_}};
  if (image_.defined()) tensors.emplace_back("image", image_);
  save_tensors(
      path, tensors,
      {{kLatentsAre, kFinalLatents}, {"prompt", request_.prompt}, {"version", ALLAPRIMA_VERSION}});
}

Tensor Run::stage(const std::string& name) const {
  const auto found = stages_.find(name);
  check(found != stages_.end(), Code::kInvalidArgument, "no stage '", name,
        "' was kept; the request must set keep_stages, and the stage must be reached");
  return found->second;
}

Json Run::report() const {
  const auto& placement = pipeline_.placement();
  const bool from_file = !request_.latents.empty();
  const Encoded none;
  const Encoded& encoded = encoded_ ? *encoded_ : none;
  Json dropped = Json::array();
  for (const DroppedWords& entry : encoded.dropped) {
    dropped.push_back({{"prompt", entry.prompt}, {"words", entry.words}});
  }
  return {{"version", ALLAPRIMA_VERSION},
          {"commit", ALLAPRIMA_COMMIT},
          {"model", pipeline_.name()},
          {"device", device_name(placement.device)},
          {"precision", precision_name(placement.dtype)},
          {"seed", from_file || !request_.seeds.empty() ? Json() : Json(request_.seed)},
          {"seeds", from_file ? std::vector<uint64_t>() : request_.seeds},
          {"latents", from_file ? Json(request_.latents.string()) : Json()},
          {"plan", pipeline_.plan(Pipeline::Detail::kShort)},
          {"timings",
           {{"load_s", pipeline_.load_seconds()},
            {"prepare_s", prepare_seconds_},
            {"encode_s", encode_seconds_},
            {"steps_s", step_seconds_},
            {"decode_s", decode_seconds_},
            {"total_s", total_seconds_ > 0 ? total_seconds_ : since_begin_.seconds()}}},
          {"peak_rss_bytes", peak_resident_bytes()},
          {"prompt_cache", {{"hits", encoded.cache_hits}, {"misses", encoded.cache_misses}}},
          {"dropped", dropped}};
}

}  // namespace allaprima::runtime
