"""Makes golden files with diffusers, next to the checkpoints they belong to.

    python make_golden.py [--root REPOSITORY] [FOLDER...]

`golden.safetensors` is the main case, `golden-<case>.safetensors` are the others; README.md says
what they hold.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import diffusers
import torch
import transformers
from safetensors.torch import save_file

from diffusers_run import Request, draw_noise, load_pipeline, run
from tiny_configs import PIPELINES

TOLERANCE = "1e-5"
SEED_NOISE_SEED = 7

FOX = "a watercolor of a red fox in the snow , cinematic light"
UGLY = "blurry , low quality"
WORDS = "an oil painting of a harbor in the morning fog with boats , 3 lighthouses and a castle"


@dataclass(frozen=True)
class Sizes:
    """Width and height in pixels of the main case and of the others."""

    main: tuple
    other: tuple = None
    cases: tuple = ()  # which of the others; none named: all
    guidance: float = 5.0  # of the main case


SIZES = {
    "models/tiny": Sizes((128, 128)),
    "native/tests/data/pipelines/a": Sizes((32, 32), (16, 24)),
    "native/tests/data/pipelines/b": Sizes((88, 72), (24, 40)),  # latents of 11x9 and 3x5
    "native/tests/data/pipelines/c": Sizes((48, 40), (24, 32)),
    "native/tests/data/pipelines/g": Sizes((64, 48), (40, 56), ("two-images", "unguided")),
    "native/tests/data/pipelines/h": Sizes((48, 64), (56, 40), ("two-images", "unguided")),
    "native/tests/data/pipelines/i": Sizes((48, 40), (24, 32), ("two-images", "unguided")),
    "native/tests/data/pipelines/j": Sizes((64, 48), (40, 56), ("two-images", "unguided"), 8.0),
    "native/tests/data/pipelines/k": Sizes((64, 48), (40, 56), ("two-images", "unguided")),
    "native/tests/data/pipelines/l": Sizes((88, 72), (72, 88), ("two-images",)),
    "native/tests/data/pipelines/m": Sizes((96, 80), (48, 112), ("two-images", "unguided")),
    "native/tests/data/pipelines/n": Sizes((64, 48), (40, 56), ("two-images", "unguided")),
}


def main_case(sizes):
    return Request(FOX, *sizes.main, negative_prompt=UGLY, steps=4, guidance=sizes.guidance)


def other_cases(sizes):
    plain = Request(FOX, *sizes.other, negative_prompt=UGLY)
    return {
        "negative-none": replace(plain, negative_prompt=None, guidance=7.5),
        "negative-empty": replace(plain, negative_prompt=""),
        "unguided": replace(plain, guidance=1.0),
        "empty-prompt": replace(plain, prompt=""),
        "long-prompt": replace(plain, prompt=" ".join((WORDS.split() * 12)[:200]), steps=2),
        "marks": replace(
            plain, prompt="wow! look!! a RED fox!!! (8k), don't \U0001f600 \U0001f3a8 !",
            negative_prompt="ugly!!",
        ),  # fmt: skip
        "unicode": replace(
            plain, prompt="L'\u00c9T\u00c9\u00a02024 \u2014 caf\u00e9's  na\u00efve\n\t"
            "\u5317\u4eac e\u0301 \ufb01n \u0130 \u03a3\u03a3 \u2167\u00bd _ \u0664",
        ),  # fmt: skip
        "two-images": replace(plain, images=2),
    }


WEIGHTS = {
    "text_encoder": "model",
    "text_encoder_2": "model",
    "unet": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
}


def checksums(folder):
    """CRC-32 of each weights file: numbers cannot tell the last bit of one weight."""
    files = {name: folder / name / f"{stem}.safetensors" for name, stem in WEIGHTS.items()}
    return {f"crc32:{name}": f"{crc32(file.read_bytes()):08x}" for name, file in files.items()}


def metadata(request):
    values = {
        "prompt": request.prompt,
        "width": request.width,
        "height": request.height,
        "steps": request.steps,
        "guidance": request.guidance,
        "images": request.images,
        "tolerance": TOLERANCE,
        "diffusers": diffusers.__version__,
        "transformers": transformers.__version__,
        "torch": torch.__version__,
    }
    if request.negative_prompt is not None:
        values["negative_prompt"] = request.negative_prompt
    return {name: str(value) for name, value in values.items()}


def golden_tensors(fp32, bf16, request, seed):
    noise = draw_noise(fp32, request, seed)
    in_bf16 = run(bf16, request, noise)
    return {
        "noise": noise,
        "seed_noise": draw_noise(fp32, request, SEED_NOISE_SEED),
        **run(fp32, request, noise),
        "latents_bf16": in_bf16["latents"],
        "image_bf16": in_bf16["image"],
    }


def write_goldens(folder, sizes):
    fp32, bf16 = load_pipeline(folder, torch.float32), load_pipeline(folder, torch.bfloat16)
    cases = {"": main_case(sizes)}
    if sizes.other:
        others = other_cases(sizes)
        cases |= {case: others[case] for case in sizes.cases or others}
    for seed, (case, request) in enumerate(cases.items(), start=100):
        path = folder / f"golden{'-' if case else ''}{case}.safetensors"
        texts = metadata(request) | checksums(folder)
        save_file(golden_tensors(fp32, bf16, request, seed), path, texts)
        sort_header(path)
        print(f"{path}: {path.stat().st_size / 1024:.0f} KiB")


def sort_header(path):
    """safetensors writes metadata in a random order: sorted, the same case gives the same bytes."""
    file = path.read_bytes()
    start = 8 + int.from_bytes(file[:8], "little")
    header = json.dumps(json.loads(file[8:start]), sort_keys=True, ensure_ascii=False).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(len(header).to_bytes(8, "little") + header + file[start:])
    path.chmod(0o644)  # safetensors makes it private


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", default=list(PIPELINES), help="default: all")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.folders:
        write_goldens(arguments.root / name, SIZES[name])


if __name__ == "__main__":
    main()
