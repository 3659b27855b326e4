"""Writes the names and shapes that diffusers and transformers give to the weights of a configuration.

    python make_manifests.py [--root REPOSITORY]

Each models/configs/MODEL/COMPONENT/config.json gives models/manifests/MODEL/COMPONENT.txt: a line
with both totals, then name, tab, shape for each tensor, sorted. No weights are made.
"""

import argparse
import json
from math import prod
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModelWithProjection


def build(config):
    kind = config.get("_class_name") or config["architectures"][0]
    if kind == "UNet2DConditionModel":
        return UNet2DConditionModel.from_config(config)
    if kind == "AutoencoderKL":
        return AutoencoderKL.from_config(config)
    # Published files have every name under "text_model.", with or without a projection.
    module = CLIPTextModelWithProjection(CLIPTextConfig(**config))
    if kind == "CLIPTextModel":
        del module.text_projection
    return module


def manifest(config):
    with torch.device("meta"):
        shapes = {name: tuple(value.shape) for name, value in build(config).state_dict().items()}
    lines = [f"{name}\t{'x'.join(map(str, shape))}" for name, shape in sorted(shapes.items())]
    total = sum(map(prod, shapes.values()))
    return "\n".join([f"# {len(lines)} tensors, {total} parameters", *lines]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    models = parser.parse_args().root / "models"
    for file in sorted((models / "configs").glob("*/*/config.json")):
        name = file.parent.relative_to(models / "configs")
        target = models / "manifests" / f"{name}.txt"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(manifest(json.loads(file.read_text())))
        print(f"{name}: {target.open().readline().strip('# ').strip()}")


if __name__ == "__main__":
    main()
