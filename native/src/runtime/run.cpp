#include "runtime/run.h"

#include <sys/resource.h>

#include "base/shape.h"
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

bool is_finite(const Tensor& x) { return at::isfinite(x).all().item<bool>(); }

/// The bytes of a picture [1, 3, H, W], rows from the top; returns where they end.
uint8_t* write_rgb(const Tensor& picture, uint8_t* rgb) {
  // Rounds half to even, as numpy does for diffusers.
  const Tensor bytes = (picture * 255).round_().to(at::kByte).permute({0, 2, 3, 1}).contiguous();
  std::memcpy(rgb, bytes.const_data_ptr<uint8_t>(), bytes.nbytes());
  return rgb + bytes.nbytes();
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
  latents_ = noise.to(pipeline.placement().device) * table_.initial_scale;
  prepare_seconds_ = since_begin_.seconds();
}

void Run::check_usable() const {
  stop_.check();
  check(!failed_, Code::kInvalidArgument, "this run has failed; close it and begin another");
}

/// After a failure a run has lost its place: it can be read and closed, not continued.
template <class Work>
void Run::guarded(Work work) {
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
    check_finite(is_finite(encoded_->condition.context), "the text encoders' output is");
    check_finite(is_finite(encoded_->condition.pooled), "the pooled text is");
    encode_seconds_ = watch.seconds();
  });
}

// All steps at once on a device: a look at each would make it wait for the host.
void Run::check_latents(int64_t first) const {
  const at::TensorList looked_at = at::TensorList(finite_).slice(static_cast<size_t>(first));
  if (looked_at.empty()) return;
  const Tensor finite = at::stack(looked_at).to(at::kCPU);
  for (int64_t i = 0; i < finite.size(0); ++i) {
    check_finite(finite[i].item<bool>(), "the latents after step " + std::to_string(first + i + 1) +
                                             " of " + std::to_string(request_.steps) + " are");
  }
}

/// Eager recomputes what does not change at each step, as published.
void Run::prepare(int64_t step) {
  if (pipeline_.compiled() && step > 0) return;
  pipeline_.fit({request_.width, request_.height, request_.images, guided()});
  std::vector<double> timesteps;
  for (int64_t i = 0; i < (pipeline_.compiled() ? request_.steps : 1); ++i) {
    timesteps.push_back(table_.rows[static_cast<size_t>(step + i)].timestep);
  }
  const auto& unet = pipeline_.unet();
  text_ = unet.prepare(forward(), encoded_->condition);
  times_ = unet.prepare(forward(), text_,
                        at::tensor(timesteps, at::kFloat).to(pipeline_.placement().device));
}

Tensor Run::predict(int64_t step) {
  prepare(step);
  const Tensor scaled = latents_ * table_.rows[static_cast<size_t>(step)].input_scale;
  const Tensor input = (guided() ? at::cat({scaled, scaled}) : scaled)
                           .to(pipeline_.placement().dtype)
                           .contiguous(pipeline_.memory_format());
  return pipeline_.unet().step(forward(), input, {text_, times_, pipeline_.compiled() ? step : 0});
}

Tensor Run::updated(const Tensor& prediction, const sampling::StepRow& row) const {
  const kernels::UpdateFactors factors{row.latent_factor, row.prediction_factor};
  const bool one_pass = pipeline_.compiled() && request_.guidance_rescale == 0;
  if (one_pass) return kernels::guided_update(latents_, prediction, request_.guidance, factors);
  return kernels::update_latent(
      latents_,
      guided() ? kernels::guide(prediction, {request_.guidance, request_.guidance_rescale})
               : prediction,
      factors);
}

void Run::step() {
  encode();
  check(completed() < request_.steps, Code::kInvalidArgument, "all ", request_.steps,
        " steps are done; finish the run");
  guarded([&] {
    const Stopwatch watch;
    const Tensor prediction = predict(completed());
    if (completed() == 0) keep("noise_pred", prediction);
    latents_ = updated(prediction, table_.rows[static_cast<size_t>(completed())]);
    finite_.push_back(at::isfinite(latents_).all());
    if (pipeline_.placement().device.is_cpu()) check_latents(completed());
    fence_.after_step();
    step_seconds_.push_back(watch.seconds());
    completed_.fetch_add(1, std::memory_order_relaxed);
  });
}

Tensor Run::decode(const Tensor& latent) const {
  const Tensor input = latent.to(pipeline_.vae_dtype()).contiguous(pipeline_.memory_format());
  const Tensor decoded = pipeline_.vae().decode(forward(), input);
  check_finite(is_finite(decoded), "the VAE's output is");
  stop_.check();
  // In place: a picture of full size has 12 bytes a pixel, and here that is enough once.
  return decoded.to(at::kFloat).mul_(0.5).add_(0.5).clamp_(0, 1);
}

void Run::finish(std::span<uint8_t> rgb) {
  check_usable();
  check(completed() == request_.steps, Code::kInvalidArgument, completed(), " of ", request_.steps,
        " steps are done; finish comes after the last");
  check(static_cast<int64_t>(rgb.size()) >= rgb_bytes(), Code::kBufferTooSmall, "the buffer holds ",
        rgb.size(), " bytes, the pictures need ", rgb_bytes());
  guarded([&] {
    const Stopwatch watch;
    check_latents(0);
    keep("latents", latents_);
    const Tensor image =
        at::empty({request_.images, 3, request_.height, request_.width}, at::kFloat);
    uint8_t* next = rgb.data();
    for (int64_t i = 0; i < request_.images; ++i) {  // a decode at full size needs gigabytes
      const Tensor picture = image.narrow(0, i, 1);
      picture.copy_(decode(latents_.narrow(0, i, 1)));
      next = write_rgb(picture, next);
    }
    image_ = image;
    keep("image", image_);
    decode_seconds_ = watch.seconds();
    total_seconds_ = since_begin_.seconds();
  });
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
