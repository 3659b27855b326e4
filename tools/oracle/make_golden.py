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

import weight_files
from diffusers_run import Request, draw_noise, load_tiny, run, scheduler_config
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
    request: Request = None  # the main case, in place of the one of all


SIZES = {
    "models/tiny": Sizes((128, 128)),
    "models/emoji": Sizes(
        (128, 128), request=Request("a red apple on blue", 128, 128, steps=25, guidance=3.0)
    ),
    "native/tests/data/pipelines/a": Sizes((32, 32), (16, 24)),
    "native/tests/data/pipelines/b": Sizes((88, 72), (24, 40)),  # latents of 11x9 and 3x5
    "native/tests/data/pipelines/c": Sizes((48, 40), (24, 32)),
    "native/tests/data/pipelines/d": Sizes((32, 32)),
    "native/tests/data/pipelines/e": Sizes((32, 32)),
    "native/tests/data/pipelines/f": Sizes((32, 32)),
    "native/tests/data/pipelines/g": Sizes((64, 48), (40, 56), ("two-images", "unguided")),
    "native/tests/data/pipelines/h": Sizes((48, 64), (56, 40), ("two-images", "unguided")),
    "native/tests/data/pipelines/i": Sizes((48, 40), (24, 32), ("two-images", "unguided")),
    "native/tests/data/pipelines/j": Sizes((64, 48), (40, 56), ("two-images", "unguided"), 8.0),
    "native/tests/data/pipelines/k": Sizes((64, 48), (40, 56), ("two-images", "unguided")),
    "native/tests/data/pipelines/l": Sizes((88, 72), (72, 88), ("two-images",)),
    "native/tests/data/pipelines/m": Sizes((64, 96), (48, 80), ("two-images", "unguided")),
    "native/tests/data/pipelines/n": Sizes((64, 48), (40, 56), ("two-images", "unguided")),
}


def main_case(sizes):
    return sizes.request or Request(FOX, *sizes.main, negative_prompt=UGLY, steps=4, guidance=sizes.guidance)


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


OTHER_TEXTS = {"prompt_2": "a castle in the clouds", "negative_prompt_2": "watermark"}
SIZES_OF_TRAINING = {
    "original_size": (512, 384),
    "crops_coords_top_left": (16, 40),
    "target_size": (96, 64),
}
NEGATIVE_SIZES = {
    "negative_original_size": (64, 72),
    "negative_crops_coords_top_left": (8, 0),
    "negative_target_size": (128, 120),
}
SCHEDULERS = {
    "karras": {"use_karras_sigmas": True},
    "exponential": {"use_exponential_sigmas": True, "final_sigmas_type": "sigma_min"},
    "linspace": {"timestep_spacing": "linspace", "interpolation_type": "log_linear"},
    "zero-snr": {
        "timestep_spacing": "trailing",
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": True,
    },
    "sample": {"prediction_type": "sample", "timestep_spacing": "trailing"},
    "continuous": {
        "timestep_type": "continuous",
        "prediction_type": "v_prediction",
        "interpolation_type": "log_linear",
        "use_karras_sigmas": True,
        "sigma_min": 0.002,
        "sigma_max": 80.0,
    },
}


def cases_of_text(sizes):
    """Other texts and other layers: with all stages."""
    plain = Request(FOX, *sizes.other, negative_prompt=UGLY)
    return {
        "other-texts": replace(plain, **OTHER_TEXTS),
        "other-negative-only": replace(plain, negative_prompt=None, negative_prompt_2="watermark"),
        "clip-skip-1": replace(plain, clip_skip=1),
    }


def scheduler_case(plain, name):
    changes = SCHEDULERS[name]
    in_double = "rescale_betas_zero_snr" in changes
    return replace(plain, scheduler=changes, steps=4, step_in_double=in_double)


def cases_of_numbers(sizes):
    """The texts of other cases: without the stages before the UNet, and in fp32 only."""
    plain = Request(FOX, *sizes.other, negative_prompt=UGLY)
    return {
        "rescale": replace(plain, guidance_rescale=0.7),
        "sizes": replace(plain, **SIZES_OF_TRAINING),
        "negative-sizes": replace(plain, **SIZES_OF_TRAINING, **NEGATIVE_SIZES),
        "seeds": replace(plain, images=2, seeds=(7, 8)),
        **{name: scheduler_case(plain, name) for name in SCHEDULERS},
    }


# Folder -> the case -> its request; in the order of the seeds of their noise, after those of above.
MORE_CASES = {
    "native/tests/data/pipelines/a": lambda sizes: {
        **cases_of_text(sizes),
        "clip-skip-2": replace(cases_of_text(sizes)["clip-skip-1"], clip_skip=2),
        **cases_of_numbers(sizes),
    },
    "native/tests/data/pipelines/c": cases_of_text,
}
STAGES_OF_NUMBERS = ("noise", "seed_noise", "noise_pred", "latents", "image")
SIZE_FIELDS = (*SIZES_OF_TRAINING, *NEGATIVE_SIZES)

def checksums(folder):
    """CRC-32 of each component's weights files: numbers cannot tell the last bit of one weight."""
    files = {name: weight_files.find(folder, name) for name in weight_files.STEMS}
    parts = {name: b"".join(file.read_bytes() for file in found) for name, found in files.items()}
    return {f"crc32:{name}": f"{crc32(part):08x}" for name, part in parts.items()}


def metadata(pipeline, request):
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
    for name in ("negative_prompt", "prompt_2", "negative_prompt_2", "clip_skip"):
        if getattr(request, name) is not None:
            values[name] = getattr(request, name)
    if request.guidance_rescale:
        values["guidance_rescale"] = request.guidance_rescale
    for name in (*SIZE_FIELDS, "seeds"):
        if getattr(request, name) not in (None, (0, 0)):
            values[name] = ",".join(map(str, getattr(request, name)))
    if request.scheduler:
        values["scheduler"] = json.dumps(scheduler_config(pipeline, request), sort_keys=True)
    return {name: str(value) for name, value in values.items()}


def golden_tensors(pipelines, request, seed):
    fp32 = pipelines["fp32"]
    noise = draw_noise(fp32, request, seed)
    tensors = {
        "noise": noise,
        "seed_noise": draw_noise(fp32, request, SEED_NOISE_SEED),
        **run(fp32, request, noise),
    }
    for precision in pipelines.keys() - {"fp32"}:
        rounded = run(pipelines[precision], request, noise)
        tensors |= {f"{name}_{precision}": rounded[name] for name in ("latents", "image")}
    return tensors


def write_goldens(name, folder, sizes):
    made = PIPELINES.get(name)  # none: trained
    dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16}
    if made and made.dtype == torch.float16:
        dtypes["fp16"] = torch.float16
    pipelines = {name: load_tiny(folder, dtype) for name, dtype in dtypes.items()}
    cases = {"": main_case(sizes)}
    if sizes.other:
        others = other_cases(sizes)
        cases |= {case: others[case] for case in sizes.cases or others}
    if name in MORE_CASES:
        cases |= MORE_CASES[name](sizes)
    for seed, (case, request) in enumerate(cases.items(), start=100):
        path = folder / f"golden{'-' if case else ''}{case}.safetensors"
        texts = metadata(pipelines["fp32"], request) | checksums(folder)
        if made and made.files == "variant":
            texts["variant"] = weight_files.VARIANT
        tensors = golden_tensors(pipelines, request, seed)
        if sizes.other and case in cases_of_numbers(sizes):
            tensors = {name: tensors[name] for name in STAGES_OF_NUMBERS}
            texts["without_text"] = "yes"
        save_file(tensors, path, texts)
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
    parser.add_argument("folders", nargs="*", default=list(SIZES), help="default: all")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.folders:
        write_goldens(name, arguments.root / name, SIZES[name])


if __name__ == "__main__":
    main()
