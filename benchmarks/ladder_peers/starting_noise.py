"""The noise that every engine starts from, and the sizes that a checkpoint's configuration gives."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file


def config(model, component):
    return json.loads((Path(model) / component / "config.json").read_text())


def pixels_of_a_latent(model):
    return 2 ** (len(config(model, "vae")["block_out_channels"]) - 1)


def native_size(model):
    """Pixels of a side."""
    return config(model, "unet")["sample_size"] * pixels_of_a_latent(model)


def noise_file(folder, job, seed):
    """N(0,1) that bf16 holds exactly, so that both precisions start from the same."""
    factor = pixels_of_a_latent(job.model)
    channels = config(job.model, "unet")["in_channels"]
    shape = (job.batch, channels, job.height // factor, job.width // factor)
    values = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    rounded = ((values.view(np.uint32) + 0x8000) & 0xFFFF0000).view(np.float32)
    path = Path(folder) / f"noise-{seed}.safetensors"
    save_file({"latents": rounded}, path)
    return str(path)
