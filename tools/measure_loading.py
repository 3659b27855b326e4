#!/usr/bin/env python3
"""How long does a checkpoint load, and how much memory does that take at most?

Use: tools/measure_loading.py --library target/native/lib/liballaprima.so [--layers N] [--rounds N]

Makes the small model with a first text encoder of N layers of width 2048 (50 million parameters
each) and random weights, as fp32 and as bf16, in a folder that is removed afterwards; opens each
in a process of its own, with files in the page cache and without. Prints seconds, the most anonymous memory above what the
library had before, as a part of the weights' final size, and the most resident memory. Needs numpy.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "oracle"))

import numpy as np  # noqa: E402
from allaprima_c import Library  # noqa: E402
from loading import HighWater  # noqa: E402

WIDTH = 2048
NUMPY = {"F32": np.float32, "BF16": np.uint16, "F16": np.float16}


def read_shapes(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    header.pop("__metadata__", None)
    return {name: entry["shape"] for name, entry in header.items()}


def write_random(path, shapes, dtype):
    size = np.dtype(NUMPY[dtype]).itemsize
    header, offset = {}, 0
    for name, shape in shapes.items():
        end = offset + size * int(np.prod(shape, dtype=np.int64))
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    random = np.random.default_rng(1)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for shape in shapes.values():
            values = 0.02 * random.standard_normal(shape, np.float32)
            if dtype == "BF16":
                values = (values.view(np.uint32) >> 16).astype(np.uint16)
            values.tofile(file)
        file.flush()
        os.fsync(file.fileno())  # so that its pages can leave the cache


def encoder_shapes(layers):
    prefix = "text_model."
    shapes = {
        prefix + "embeddings.token_embedding.weight": [1000, WIDTH],
        prefix + "embeddings.position_embedding.weight": [77, WIDTH],
    }
    linears = {"mlp.fc1": (4, 1), "mlp.fc2": (1, 4)}
    linears |= {f"self_attn.{name}_proj": (1, 1) for name in "qkv"} | {"self_attn.out_proj": (1, 1)}
    norms = [f"{prefix}encoder.layers.{i}.layer_norm{n}" for i in range(layers) for n in (1, 2)]
    for norm in [*norms, prefix + "final_layer_norm"]:
        shapes |= {norm + ".weight": [WIDTH], norm + ".bias": [WIDTH]}
    for i in range(layers):
        for name, (rows, columns) in linears.items():
            path = f"{prefix}encoder.layers.{i}.{name}"
            shapes[path + ".weight"] = [rows * WIDTH, columns * WIDTH]
            shapes[path + ".bias"] = [rows * WIDTH]
    return shapes


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def make_model(folder, layers, dtype):
    shutil.copytree(ROOT / "models" / "tiny", folder)
    change(
        folder / "text_encoder/config.json", hidden_size=WIDTH, num_hidden_layers=layers,
        intermediate_size=4 * WIDTH, num_attention_heads=16, vocab_size=1000,
    )  # fmt: skip
    second = json.loads((folder / "text_encoder_2/config.json").read_text())["hidden_size"]
    change(folder / "unet/config.json", cross_attention_dim=WIDTH + second)
    unet = folder / "unet/diffusion_pytorch_model.safetensors"
    shapes = read_shapes(unet)
    for name, shape in shapes.items():
        if name.endswith(("attn2.to_k.weight", "attn2.to_v.weight")):
            shape[1] = WIDTH + second
    write_random(unet, shapes, dtype)
    write_random(folder / "text_encoder/model.safetensors", encoder_shapes(layers), dtype)


def drop_from_cache(folder):
    for path in folder.rglob("*.safetensors"):
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(library, folder, label):
    library = Library(library)
    library.open(ROOT / "models" / "tiny", precision="bf16").close()  # what libtorch needs itself
    start = time.perf_counter()
    with HighWater() as water:
        pipeline = library.open(folder, precision="bf16")
        seconds = time.perf_counter() - start
    with pipeline:
        final = sum(pipeline.info()["bytes"].values())
    anonymous = water.most["RssAnon"] - water.before["RssAnon"]
    print(
        f"{label:24} {seconds:6.2f} s, weights {final / 2**20:7.1f} MiB, anonymous at most "
        f"{anonymous / 2**20:7.1f} MiB ({anonymous / final - 1:+.1%}), resident at most "
        f"{water.most['VmRSS'] / 2**20:7.1f} MiB, {water.before['VmRSS'] / 2**20:.1f} MiB before",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--label", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        measure(arguments.library, arguments.folder, arguments.label)
        return
    with tempfile.TemporaryDirectory() as scratch:
        for dtype in ("F32", "BF16"):
            folder = Path(scratch) / dtype
            make_model(folder, arguments.layers, dtype)
            command = [sys.executable, __file__, "--library", arguments.library, "--folder", folder]
            for _ in range(arguments.rounds):
                subprocess.run([*command, "--label", f"{dtype} as bf16, cached"], check=True)
                drop_from_cache(folder)
                subprocess.run([*command, "--label", f"{dtype} as bf16, from disk"], check=True)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
