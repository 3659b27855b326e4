"""benchmarks/gpu/step-floor's FLOPs against torch's own counter over diffusers' UNet, without its weights.

    python check_step_floor.py

The counter sees the whole network; what a compiled step does not do is taken off by its shapes: the
embeddings, the time projections, keys and values of the text.
"""

import json
import subprocess
import sys
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "models/configs/sdxl-base-1.0/unet"
BATCH, TOKENS = 2, 77


def prepared(unet):
    """FLOPs of the linear layers that a compiled step has behind it."""
    flops = 0
    for name, module in unet.named_modules():
        if not isinstance(module, torch.nn.Linear):
            continue
        product = 2 * module.in_features * module.out_features
        if name.endswith(("attn2.to_k", "attn2.to_v")):
            flops += BATCH * TOKENS * product
        elif "embedding" in name or "time_emb_proj" in name:
            flops += BATCH * product
    return flops


def counted(size):
    config = json.loads((FOLDER / "config.json").read_text())
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(config)
        latents = torch.empty(BATCH, unet.config.in_channels, size // 8, size // 8)
        text = torch.empty(BATCH, TOKENS, unet.config.cross_attention_dim)
        added = {"text_embeds": torch.empty(BATCH, 1280), "time_ids": torch.empty(BATCH, 6)}
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            unet(latents, torch.empty(BATCH), text, added_cond_kwargs=added)
    return counter.get_total_flops() - prepared(unet)


def stated(size):
    command = [ROOT / "benchmarks/gpu/step-floor", "--size", str(size), "--exact"]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return int(lines.split()[-1])


def main():
    for size in (1024, 512):
        ours, theirs = stated(size), counted(size)
        print(f"{size}: step-floor {ours}, torch {theirs}, {ours / theirs - 1:+.2e}")
        if ours != theirs:
            sys.exit("they differ")


if __name__ == "__main__":
    main()
