"""Runs a checkpoint with diffusers on the CPU and keeps what went from stage to stage."""

from dataclasses import dataclass

import torch
from diffusers import StableDiffusionXLPipeline


@dataclass(frozen=True)
class Request:
    prompt: str
    width: int
    height: int
    negative_prompt: str | None = None
    steps: int = 3
    guidance: float = 5.0
    images: int = 1

    @property
    def guided(self):
        return self.guidance > 1


def load_pipeline(folder, dtype, variant=None):
    pipeline = StableDiffusionXLPipeline.from_pretrained(
        folder, torch_dtype=dtype, variant=variant, add_watermarker=False, local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw_noise(pipeline, request, seed):
    """Unscaled N(0,1) as diffusers draws it in fp32 from a generator of the CPU."""
    factor = pipeline.vae_scale_factor
    channels = pipeline.unet.config.in_channels
    shape = (request.images, channels, request.height // factor, request.width // factor)
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))


@torch.inference_mode()
def run(pipeline, request, noise):
    """Final latents, image and the stages before them; fp32 but for the token ids."""
    stages = Stages(pipeline)
    try:
        image = pipeline(
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            width=request.width,
            height=request.height,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            num_images_per_prompt=request.images,
            latents=noise.to(pipeline.dtype),
            callback_on_step_end=stages.keep_latents,
            output_type="pt",
        ).images
    finally:
        stages.remove_hooks()
    return stages.tensors(request, image)


class Stages:
    """Hooks on the networks of a pipeline that keep what they are given and what they give."""

    def __init__(self, pipeline):
        self.pipeline = pipeline
        self.token_ids = {"token_ids": [], "token_ids_2": []}
        self.unet_inputs = None
        self.noise_pred = None
        self.latents = None
        self.handles = [
            pipeline.text_encoder.register_forward_pre_hook(self.keep_ids("token_ids")),
            pipeline.text_encoder_2.register_forward_pre_hook(self.keep_ids("token_ids_2")),
            pipeline.unet.register_forward_hook(self.keep_first_step, with_kwargs=True),
        ]

    def keep_ids(self, name):
        return lambda module, arguments: self.token_ids[name].append(arguments[0])

    def keep_first_step(self, module, arguments, named, output):
        if self.noise_pred is None:
            self.unet_inputs = named
            self.noise_pred = output[0]

    def keep_latents(self, pipeline, step, timestep, tensors):
        self.latents = tensors["latents"]
        return tensors

    def remove_hooks(self):
        for handle in self.handles:
            handle.remove()

    def tensors(self, request, image):
        context = self.unet_inputs["encoder_hidden_states"][:: request.images]
        pooled = self.unet_inputs["added_cond_kwargs"]["text_embeds"][:: request.images]
        width = self.pipeline.text_encoder.config.hidden_size
        tensors = {
            "hidden_states": context[..., :width],
            "hidden_states_2": context[..., width:],
            "pooled": pooled,
            "noise_pred": self.noise_pred,
            "latents": self.latents,
            "image": image,
        }
        tensors = {name: value.float() for name, value in tensors.items()}
        # diffusers encodes the prompt first, then the negative one; our rows are as in the UNet.
        for name, ids in self.token_ids.items():
            tensors[name] = torch.cat(ids[::-1])
        return {name: value.clone().contiguous() for name, value in tensors.items()}


def distance(ours, theirs):
    """How far two tensors are apart, relative to the second."""
    return ((ours.double() - theirs.double()).norm() / theirs.double().norm()).item()
