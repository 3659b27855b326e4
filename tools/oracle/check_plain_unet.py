"""Is the peer of our benchmarks, benchmarks/gpu/plain_unet.py, the network that diffusers has?

    python check_plain_unet.py

Gives it diffusers' weights in the tiny configurations it knows and compares predictions in fp32; then
compares names and shapes of all tensors at full size. Exit status 1 when something differs.
"""

import json
import sys
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks/gpu"))

from plain_unet import CONFIG, PlainUNet  # noqa: E402

TOLERANCE = 1e-5
# Pipeline c has convolutions around its transformers, which SDXL has not.
TINY = ("models/tiny", "native/tests/data/pipelines/a", "native/tests/data/pipelines/b")


def distance(folder):
    """How far the predictions are apart, relative to diffusers'."""
    theirs = UNet2DConditionModel.from_pretrained(folder, subfolder="unet", local_files_only=True)
    config = json.loads((folder / "unet/config.json").read_text())
    ours = PlainUNet(config)
    ours.load_state_dict(theirs.state_dict())
    torch.manual_seed(0)
    side = config["sample_size"]
    pooled = config["projection_class_embeddings_input_dim"] - 6 * config["addition_time_embed_dim"]
    x = torch.randn(2, config["in_channels"], side, side)
    text = torch.randn(2, 77, config["cross_attention_dim"])
    added = {
        "text_embeds": torch.randn(2, pooled),
        "time_ids": torch.tensor([[8.0 * side, 8 * side, 0, 0, 8 * side, 8 * side]] * 2),
    }
    expected = theirs(x, 501, text, added_cond_kwargs=added).sample
    found = ours(x, torch.full((2,), 501.0), text, added["text_embeds"], added["time_ids"])
    return ((found - expected).norm() / expected.norm()).item()


def shapes(model):
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


@torch.inference_mode()
def main():
    good = True
    for name in TINY:
        found = distance(ROOT / name)
        good &= found <= TOLERANCE
        print(f"{name}: distance {found:.1e}, at most {TOLERANCE:.0e}")
    config = json.loads(CONFIG.read_text())
    with torch.device("meta"):
        ours, theirs = PlainUNet(config), UNet2DConditionModel.from_config(config)
    same = shapes(ours) == shapes(theirs)
    count = sum(p.numel() for p in ours.parameters())
    print(f"full size: {count:,} parameters, names and shapes {'equal' if same else 'DIFFER'}")
    sys.exit(0 if good and same else 1)


if __name__ == "__main__":
    main()
