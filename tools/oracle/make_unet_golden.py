"""Makes tiny random UNets that no text-to-image pipeline has, with what diffusers computes with them.

    python make_unet_golden.py [--root REPOSITORY]

native/tests/data/networks/refiner: five numbers about the picture, the last an aesthetic score.
native/tests/data/networks/inpaint: nine channels in, latents with a mask and a masked picture.
golden.safetensors holds the inputs `sample`, `timestep`, `context`, `pooled`, `time_ids` and the
output `prediction`, all fp32.
"""

import argparse
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file

from make_golden import sort_header
from make_tiny import random_weights
from tiny_configs import CROSS, DOWN

POOLED, TOKENS, SIZE_WIDTH = 12, 7, 6
COMMON = {
    "sample_size": 9,
    "layers_per_block": 2,
    "cross_attention_dim": 12,
    "norm_num_groups": 2,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": SIZE_WIDTH,
}
REFINER = COMMON | {
    "block_out_channels": (4, 8, 12, 12),
    "attention_head_dim": (1, 2, 3, 3),
    "down_block_types": (DOWN, CROSS, CROSS, DOWN),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": 2,
    "projection_class_embeddings_input_dim": POOLED + 5 * SIZE_WIDTH,
}
INPAINT = COMMON | {
    "in_channels": 9,
    "block_out_channels": (4, 8),
    "attention_head_dim": (1, 2),
    "down_block_types": (DOWN, CROSS),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "projection_class_embeddings_input_dim": POOLED + 6 * SIZE_WIDTH,
}
# Name -> configuration, numbers about the picture for a batch of two.
UNETS = {
    "refiner": (REFINER, [[72.0, 88.0, 0.0, 0.0, 6.0], [72.0, 88.0, 8.0, 4.0, 2.5]]),
    "inpaint": (INPAINT, [[72.0, 88.0, 0.0, 0.0, 72.0, 88.0], [64.0, 64.0, 8.0, 4.0, 72.0, 88.0]]),
}


@torch.inference_mode()
def predict(unet, time_ids):
    generator = torch.Generator("cpu").manual_seed(11)
    inputs = {
        "sample": torch.randn(2, unet.config.in_channels, 9, 11, generator=generator),
        "timestep": torch.tensor([341.0]),
        "context": torch.randn(2, TOKENS, unet.config.cross_attention_dim, generator=generator),
        "pooled": torch.randn(2, POOLED, generator=generator),
        "time_ids": torch.tensor(time_ids),
    }
    added = {"text_embeds": inputs["pooled"], "time_ids": inputs["time_ids"]}
    prediction = unet(
        inputs["sample"], inputs["timestep"], inputs["context"], added_cond_kwargs=added
    ).sample
    return inputs | {"prediction": prediction}


def write(folder, config, time_ids):
    unet = UNet2DConditionModel(**config).eval()
    shapes = {name: value.shape for name, value in unet.state_dict().items()}
    weights = random_weights(shapes, "unet", torch.bfloat16)
    unet.load_state_dict({name: value.float() for name, value in weights.items()})
    unet.save_config(folder)
    for name, tensors in {
        "diffusion_pytorch_model.safetensors": weights,
        "golden.safetensors": predict(unet, time_ids),
    }.items():
        save_file({key: value.contiguous() for key, value in tensors.items()}, folder / name)
        sort_header(folder / name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    root = parser.parse_args().root
    torch.set_num_threads(1)
    for name, (config, time_ids) in UNETS.items():
        folder = root / "native/tests/data/networks" / name
        folder.mkdir(parents=True, exist_ok=True)
        write(folder, config, time_ids)


if __name__ == "__main__":
    main()
