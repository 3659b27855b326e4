"""Runs a checkpoint with diffusers on the CPU and keeps what went from stage to stage."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline
from diffusers.utils.torch_utils import randn_tensor

from weight_files import copy_for_diffusers, variant_of


@dataclass(frozen=True)
class Request:
    prompt: str
    width: int
    height: int
    negative_prompt: str | None = None
    steps: int = 3
    guidance: float = 5.0
    images: int = 1
    prompt_2: str | None = None
    negative_prompt_2: str | None = None
    clip_skip: int | None = None
    guidance_rescale: float = 0.0
    # Height and width, or top and left, in pixels.
    original_size: tuple | None = None
    crops_coords_top_left: tuple = (0, 0)
    target_size: tuple | None = None
    negative_original_size: tuple | None = None
    negative_crops_coords_top_left: tuple = (0, 0)
    negative_target_size: tuple | None = None
    # One for each picture: its noise then comes from a generator of its own.
    seeds: tuple | None = None
    # Changes to the checkpoint's scheduler_config.json.
    scheduler: dict | None = None
    # The scheduler's step in double: where a sigma is 4096, rounding to fp32 moves the result by 1e-4.
    step_in_double: bool = False

    @property
    def guided(self):
        return self.guidance > 1


class EulerInDouble(EulerDiscreteScheduler):
    def step(self, *arguments, **named):
        self.sigmas = self.sigmas.double()
        with mock.patch.object(torch, "float32", torch.float64):
            return super().step(*arguments, **named)


def load_pipeline(folder, dtype, variant=None):
    pipeline = StableDiffusionXLPipeline.from_pretrained(
        folder, torch_dtype=dtype, variant=variant, add_watermarker=False, local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def scheduler_config(pipeline, request):
    """Of the run, as scheduler_config.json has it."""
    config = {name: value for name, value in pipeline.scheduler.config.items() if name[0] != "_"}
    return {"_class_name": "EulerDiscreteScheduler", **config, **(request.scheduler or {})}


def load_tiny(folder, dtype):
    """A pipeline of make_tiny.py: its variant, if it has one, in a form that diffusers takes."""
    with tempfile.TemporaryDirectory() as scratch:
        return load_pipeline(copy_for_diffusers(folder, Path(scratch)), dtype, variant_of(folder))


def draw_noise(pipeline, request, seed):
    """Unscaled N(0,1) as diffusers draws it in fp32 from a generator of the CPU, or several."""
    factor = pipeline.vae_scale_factor
    channels = pipeline.unet.config.in_channels
    shape = (request.images, channels, request.height // factor, request.width // factor)
    if request.seeds:
        generators = [torch.Generator("cpu").manual_seed(own) for own in request.seeds]
        return randn_tensor(shape, generators, torch.device("cpu"), torch.float32)
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))


@torch.inference_mode()
def run(pipeline, request, noise):
    """Final latents, image and the stages before them; fp32 but for the token ids."""
    stages = Stages(pipeline)
    own_scheduler = pipeline.scheduler
    if request.scheduler:
        scheduler = EulerInDouble if request.step_in_double else EulerDiscreteScheduler
        pipeline.scheduler = scheduler.from_config(scheduler_config(pipeline, request))
    try:
        image = pipeline(
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            width=request.width,
            height=request.height,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            num_images_per_prompt=request.images,
            prompt_2=request.prompt_2,
            negative_prompt_2=request.negative_prompt_2,
            clip_skip=request.clip_skip,
            guidance_rescale=request.guidance_rescale,
            original_size=request.original_size,
            crops_coords_top_left=request.crops_coords_top_left,
            target_size=request.target_size,
            negative_original_size=request.negative_original_size,
            negative_crops_coords_top_left=request.negative_crops_coords_top_left,
            negative_target_size=request.negative_target_size,
            latents=noise.to(pipeline.dtype),
            callback_on_step_end=stages.keep_latents,
            output_type="pt",
        ).images
    finally:
        stages.remove_hooks()
        pipeline.scheduler = own_scheduler
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
