"""diffusers, eager or by torch.compile, as an engine of the ladder."""

import os
import time

from serving import Skip, serve

from tutorial_filter import tutorial_filter


def quantise(network, everything):
    """torchao's dynamic int8 on the linears that the filter takes."""
    import torch
    from torchao.quantization import Int8DynamicActivationInt8WeightConfig, quantize_

    def takes(module, name):
        if not isinstance(module, torch.nn.Linear):
            return False
        widths = module.in_features, module.out_features
        return all(width % 8 == 0 for width in widths) and (everything or tutorial_filter(*widths))

    quantize_(network, Int8DynamicActivationInt8WeightConfig(), filter_fn=takes)


def load(rung, job):
    import torch
    from diffusers import StableDiffusionXLPipeline
    from diffusers.models.attention_processor import AttnProcessor

    torch.set_num_threads(job.threads)
    torch.set_grad_enabled(False)
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[rung.precision]
    pipeline = StableDiffusionXLPipeline.from_pretrained(
        job.model, torch_dtype=dtype, add_watermarker=False, local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    pipeline.to(job.device)
    for network in (pipeline.unet, pipeline.vae):
        if rung.attention == "math":
            network.set_attn_processor(AttnProcessor())
        if rung.fuse:
            network.fuse_qkv_projections()
        if rung.channels_last:
            network.to(memory_format=torch.channels_last)
        if rung.int8:
            quantise(network, job.int8_layers == "all")
    return pipeline


def compile_networks(pipeline, how):
    import torch
    import torch._inductor.config

    config = torch._inductor.config
    config.freezing = how == "freezing"
    if how == "max-autotune":  # the tutorial's choices
        config.conv_1x1_as_mm = True
        config.coordinate_descent_tuning = True
        config.epilogue_fusion = False
        config.coordinate_descent_check_all_directions = True
        config.force_fuse_int_mm_with_mul = True
    more = {"mode": how} if how == "max-autotune" else {}
    pipeline.unet = torch.compile(pipeline.unet, fullgraph=True, **more)
    pipeline.vae.decode = torch.compile(pipeline.vae.decode, fullgraph=True, **more)


def drawer(pipeline, job):
    """What serving.py calls for a picture."""
    import numpy as np
    import torch
    from safetensors.torch import load_file

    def draw(prompt, noise, keep):
        ends, latents = [time.perf_counter()], []

        def after_step(pipeline, step, timestep, tensors):
            ends.append(time.perf_counter())
            latents[:] = [tensors["latents"]]
            return tensors

        images = pipeline(
            prompt, width=job.width, height=job.height, num_inference_steps=job.steps,
            guidance_scale=job.guidance, num_images_per_prompt=job.batch, output_type="np",
            latents=load_file(noise)["latents"].to(pipeline.dtype).to(job.device),
            callback_on_step_end=after_step,
        ).images  # fmt: skip
        return {
            "rgb": np.rint(images * 255).astype(np.uint8),
            "latents": latents[0].float().cpu().numpy() if keep else None,
            # The first has the texts in it.
            "step_s": [end - start for start, end in zip(ends, ends[1:])],
        }

    torch.manual_seed(0)
    return draw


def engine(rung, job):
    if rung.int8 and not rung.compile:
        raise Skip("torchao's int8 is measured compiled only")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    pipeline = load(rung, job)
    if rung.compile:
        compile_networks(pipeline, rung.compile)
    return drawer(pipeline, job)


if __name__ == "__main__":
    serve(engine)
