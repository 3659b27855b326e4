"""Networks of SDXL's real size, random weights from a seed: ours against diffusers.

    python full_size.py --library LIBALLAPRIMA.SO [--work FOLDER] [--only text-vae|unet]

Makes SDXL base's networks in FOLDER (14 GB in fp32), runs diffusers and then us on them in fp32 and
bf16, each in a process of its own, and prints how far each stage is. So that no more than one large
network is in memory, there are two checkpoints: `text-vae` has both encoders and the VAE of full
size, at 512x512 pixels behind a small UNet that predicts zeros, so that the VAE alone is compared;
`unet` has the UNet, one step at 256x256, batch 2, between small encoders and a small VAE.
What is there already is not made again: a run that was cut off goes on where it stopped. Needs
12 GB of memory and 14 GB of disk; the folder is yours to delete.
"""

import argparse
import json
import struct
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import make_tiny
from allaprima_c import Worker
from clip_vocabulary import write_tokenizers
from diffusers_run import Request, distance, load_pipeline, run
from make_manifests import build
from tiny_configs import CROSS, DOWN, Pipeline, TextEncoder, UNet, Vae

CONFIGS = Path(__file__).resolve().parents[2] / "models/configs/sdxl-base-1.0"
PROMPT = "a watercolor of a red fox in the snow , cinematic light"
REQUESTS = {
    "text-vae": Request(PROMPT, 512, 512, negative_prompt="blurry , low quality", steps=1),
    "unet": Request(PROMPT, 256, 256, negative_prompt="blurry , low quality", steps=1),
}
# Components of full size, and the stages that they are judged by.
LARGE = {"text-vae": ("text_encoder", "text_encoder_2", "vae"), "unet": ("unet",)}
STAGES = {
    "text-vae": ("hidden_states", "hidden_states_2", "pooled", "image"),
    "unet": ("noise_pred",),
}
SMALL = Pipeline(
    TextEncoder(768, 2, 12, 768, "quick_gelu", 768),
    TextEncoder(1280, 2, 20, 1280, "gelu", 1280),
    UNet((16, 32), (DOWN, CROSS), 1, (1, 2), (1, 1), groups=4, sample_size=64),
    Vae((8, 8, 16, 16), 1, groups=4),
)


def write_streamed(path, shapes, component):
    """A safetensors file in fp32, with one tensor at a time in memory."""
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in sorted(shapes.items()):
        start, end = end, end + 4 * shape.numel()
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in sorted(shapes.items()):
            tensor = make_tiny.random_tensor(f"{component}/{name}", shape)
            file.write(tensor.contiguous().numpy().tobytes())
    part.rename(path)


def write_large(folder, component):
    target = folder / component
    target.mkdir(exist_ok=True)
    text = (CONFIGS / component / "config.json").read_text()
    (target / "config.json").write_text(text)
    stem = "model" if component.startswith("text") else "diffusion_pytorch_model"
    path = target / f"{stem}.safetensors"
    if not path.exists():
        with torch.device("meta"):
            module = build(json.loads(text))
        write_streamed(path, {n: t.shape for n, t in module.state_dict().items()}, component)


def predict_zeros(folder):
    path = folder / "unet/diffusion_pytorch_model.safetensors"
    weights = load_file(path)
    for name in ("conv_out.weight", "conv_out.bias"):
        weights[name].zero_()
    save_file(weights, path, metadata={"format": "pt"})


def make(folder, large):
    folder.mkdir(parents=True, exist_ok=True)
    make_tiny.write_model_index(folder, SMALL)
    make_tiny.write_scheduler(folder)
    write_tokenizers(folder, SMALL.added_tokens_decoder)
    for component in ("text_encoder", "text_encoder_2", "unet", "vae"):
        if component in large:
            write_large(folder, component)
        elif component == "unet":
            make_tiny.write_unet(folder, SMALL)
            predict_zeros(folder)
        elif component == "vae":
            make_tiny.write_vae(folder, SMALL)
        else:
            make_tiny.write_text_encoder(folder, SMALL, component, component.endswith("_2"))


def noise_of(request):
    """Noise that bf16 holds exactly, so that both precisions start from the same."""
    shape = (1, 4, request.height // 8, request.width // 8)
    noise = torch.randn(shape, generator=torch.Generator("cpu").manual_seed(3))
    return noise.to(torch.bfloat16).float()


def run_theirs(work, name, dtype):
    pipeline = load_pipeline(work / name, getattr(torch, dtype))
    request = REQUESTS[name]
    stages = run(pipeline, request, noise_of(request))
    save_file({key: stages[key] for key in STAGES[name]}, result(work, "theirs", name, dtype))


def run_ours(work, name, dtype, library):
    request = REQUESTS[name]
    latents = work / f"{name}-noise.safetensors"
    save_file({"latents": noise_of(request)}, latents)
    precision = {"float32": "fp32", "bfloat16": "bf16"}[dtype]
    with Worker(library) as worker:
        stages = worker.generate(
            work / name, precision, {**asdict(request), "latents": str(latents)}
        )
    kept = {key: torch.from_numpy(stages[key]) for key in STAGES[name]}
    save_file(kept, result(work, "ours", name, dtype))


def result(work, whose, name, dtype):
    return work / f"{whose}-{name}-{dtype}.safetensors"


def in_process_of_its_own(arguments, whose, name, dtype):
    if result(arguments.work, whose, name, dtype).exists():
        return
    print(f"{name}: {whose} in {dtype}", flush=True)
    command = [sys.executable, __file__, "--work", arguments.work, "--library", arguments.library]
    subprocess.run([*command, "--part", whose, name, dtype], check=True)


def compare(work, name):
    def load(whose, dtype):
        return load_file(result(work, whose, name, dtype))

    ours, theirs = load("ours", "float32"), load("theirs", "float32")
    ours16, theirs16 = load("ours", "bfloat16"), load("theirs", "bfloat16")
    for stage in STAGES[name]:
        print(
            f"{name:9} {stage:16} fp32 {distance(ours[stage], theirs[stage]):.1e}"
            f"   bf16: ours to theirs {distance(ours16[stage], theirs16[stage]):.1e},"
            f" ours to fp32 {distance(ours16[stage], theirs[stage]):.1e},"
            f" theirs to fp32 {distance(theirs16[stage], theirs[stage]):.1e}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("/tmp/allaprima-full-size"))
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--only", choices=list(LARGE))
    parser.add_argument("--part", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        whose, name, dtype = arguments.part
        if whose == "theirs":
            return run_theirs(arguments.work, name, dtype)
        return run_ours(arguments.work, name, dtype, arguments.library)
    for name in [arguments.only] if arguments.only else LARGE:
        make(arguments.work / name, LARGE[name])
        for dtype in ("float32", "bfloat16"):
            for whose in ("theirs", "ours"):
                in_process_of_its_own(arguments, whose, name, dtype)
        compare(arguments.work, name)


if __name__ == "__main__":
    main()
