"""SDXL base in full size with random weights, as a diffusers folder; needs torch alone.

    python3 benchmarks/gpu/random_sdxl.py FOLDER [--threads N]

7 GB in bf16, which loads in each precision. Names and shapes are those of models/manifests; the
tokenizers, small ones, are models/tiny's. A component that is there is not made again.
"""

import argparse
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/oracle"))

from random_weights import random_tensor, write_streamed  # noqa: E402

NAME = "sdxl-base-1.0"
COMPONENTS = ("text_encoder", "text_encoder_2", "unet", "vae")
SMALL = ROOT / "models/tiny"


def shapes_of(component):
    text = (ROOT / "models/manifests" / NAME / f"{component}.txt").read_text()
    lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return {name: torch.Size(map(int, shape.split("x"))) for name, shape in lines}


def write_component(folder, component, pool):
    target = folder / component
    target.mkdir(exist_ok=True)
    shutil.copy(ROOT / "models/configs" / NAME / component / "config.json", target)
    stem = "model" if component.startswith("text") else "diffusion_pytorch_model"
    path = target / f"{stem}.safetensors"
    if path.exists():
        return
    shapes = shapes_of(component)

    def draw(name):
        return random_tensor(f"{component}/{name}", shapes[name]).to(torch.bfloat16)

    drawn = {name: pool.submit(draw, name) for name in sorted(shapes)}
    write_streamed(path, shapes, torch.bfloat16, lambda name: drawn.pop(name).result())


def make(folder, threads):
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(SMALL / "model_index.json", folder)
    for name in ("scheduler", "tokenizer", "tokenizer_2"):
        shutil.copytree(SMALL / name, folder / name, dirs_exist_ok=True)
    torch.set_num_threads(1)  # a generator draws on one thread; tensors side by side
    with ThreadPoolExecutor(threads) as pool:
        for component in COMPONENTS:
            write_component(folder, component, pool)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    start = time.perf_counter()
    make(arguments.folder, arguments.threads)
    size = sum(path.stat().st_size for path in arguments.folder.rglob("*.safetensors"))
    print(f"{size / 1e9:.1f} GB in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
