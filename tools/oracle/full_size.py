"""Networks of SDXL's real size, random weights from a seed: ours against diffusers.

    python full_size.py --library LIBALLAPRIMA.SO [--work FOLDER] [--only text-vae|unet|loading]

Makes SDXL base's networks in FOLDER (14 GB in fp32), runs diffusers and then us on them in fp32 and
bf16, each in a process of its own, and prints how far each stage is. So that no more than one large
network is in memory, there are two checkpoints: `text-vae` has both encoders and the VAE of full
size, at 512x512 pixels behind a small UNet that predicts zeros, so that the VAE alone is compared;
`unet` has the UNet, one step at 256x256, batch 2, between small encoders and a small VAE.
`loading` puts the same weights together, in fp32 and in bf16, and runs loading.py on both.
What is there already is not made again: a run that was cut off goes on where it stopped. Needs
12 GB of memory and 14 GB of disk, for `loading` 16 and 21; the folder is yours to delete.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import make_tiny
from allaprima_c import Worker
from clip_vocabulary import write_tokenizers
from diffusers_run import Request, distance, load_pipeline, run
from make_manifests import build
from random_weights import random_tensor, write_streamed
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


def weights_of(folder, component):
    stem = "model" if component.startswith("text") else "diffusion_pytorch_model"
    return folder / component / f"{stem}.safetensors"


def write_large(folder, component):
    path = weights_of(folder, component)
    path.parent.mkdir(exist_ok=True)
    text = (CONFIGS / component / "config.json").read_text()
    (path.parent / "config.json").write_text(text)
    if path.exists():
        return
    with torch.device("meta"):
        shapes = {name: t.shape for name, t in build(json.loads(text)).state_dict().items()}

    def draw(name):
        return random_tensor(f"{component}/{name}", shapes[name])

    write_streamed(path, shapes, torch.float32, draw)


def predict_zeros(folder):
    path = weights_of(folder, "unet")
    weights = load_file(path)
    for name in ("conv_out.weight", "conv_out.bias"):
        weights[name].zero_()
    save_file(weights, path, metadata={"format": "pt"})


def write_rest(folder):
    folder.mkdir(parents=True, exist_ok=True)
    make_tiny.write_model_index(folder, SMALL)
    make_tiny.write_scheduler(folder)
    write_tokenizers(folder, SMALL.added_tokens_decoder)


def make(folder, large):
    write_rest(folder)
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


def make_whole(work, dtype):
    """Both checkpoints' large networks as one: links to the fp32 ones, or converted."""
    folder = work / f"whole-{dtype}"
    write_rest(folder)
    for name, components in LARGE.items():
        for component in components:
            source, target = work / name / component, folder / component
            if dtype == "fp32":
                target.is_symlink() or target.symlink_to(source.resolve())
            elif not weights_of(folder, component).exists():
                convert(work / name, folder, component)
    return folder


def convert(source, folder, component):
    target = weights_of(folder, component)
    target.parent.mkdir(exist_ok=True)
    config = (source / component / "config.json").read_text()
    (target.parent / "config.json").write_text(config)
    with safe_open(weights_of(source, component), "pt") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}
        write_streamed(target, shapes, torch.bfloat16, file.get_tensor)


def measure_loading(work, library):
    for name, large in LARGE.items():
        make(work / name, large)
    script = Path(__file__).with_name("loading.py")
    for files, precision in (("bf16", "bf16"), ("fp32", "bf16"), ("fp32", "fp32")):
        folder = make_whole(work, files)
        print(f"files in {files}, ", end="", flush=True)
        command = [sys.executable, script, folder, "--library", library, "--precision", precision]
        subprocess.run(command, check=True)


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
    parser.add_argument("--only", choices=[*LARGE, "loading"])
    parser.add_argument("--part", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        whose, name, dtype = arguments.part
        if whose == "theirs":
            return run_theirs(arguments.work, name, dtype)
        return run_ours(arguments.work, name, dtype, arguments.library)
    for name in [arguments.only] if arguments.only else [*LARGE, "loading"]:
        if name == "loading":
            measure_loading(arguments.work, arguments.library)
            continue
        make(arguments.work / name, LARGE[name])
        for dtype in ("float32", "bfloat16"):
            for whose in ("theirs", "ours"):
                in_process_of_its_own(arguments, whose, name, dtype)
        compare(arguments.work, name)


if __name__ == "__main__":
    main()
