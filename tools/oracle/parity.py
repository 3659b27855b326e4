"""How far are we from diffusers?

    python parity.py [--library LIBALLAPRIMA.SO] FOLDER...

Runs every golden*.safetensors under the folders through the C API, in each precision, and prints
||ours - theirs|| / ||theirs|| of every stage. "8-bit" is the largest difference of a channel of the
picture, "seed" how far a start from seed 7 is from one from a file with torch's noise of seed 7.
For bf16 and fp16 the distances of both from diffusers' fp32 stand beside: two roundings of one computation
are about as far from each other as from the truth. Exit status 1 when token ids or seeds differ or
an fp32 stage is farther away than its file allows.
"""

import argparse
import json
import sys
import tempfile
from itertools import groupby
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from allaprima_c import AllaPrimaError, Library

IDS = ("token_ids", "token_ids_2")
FP32 = ("hidden_states", "hidden_states_2", "pooled", "noise_pred", "latents", "image")
ROUNDED = ("latents", "image")
SEED = 7  # of the tensor seed_noise
SIZE_FIELDS = (
    ("original_size", "original_height", "original_width"),
    ("crops_coords_top_left", "crop_top", "crop_left"),
    ("target_size", "target_height", "target_width"),
)


class Golden:
    def __init__(self, path):
        self.path = path
        with safe_open(path, "np") as file:
            self.metadata = file.metadata()
            self.tensors = {name: file.get_tensor(name) for name in file.keys()}
        self.tolerance = float(self.metadata["tolerance"])

    def request(self, tensor, noise):
        """Arguments of allaprima_c.Run; the start, one of our tensors, goes to the path `noise`."""
        save_file({"latents": self.tensors[tensor]}, noise)
        numbers = ("width", "height", "steps", "images")
        texts = ("prompt", "negative_prompt", "prompt_2", "negative_prompt_2")
        return {
            **{name: int(self.metadata[name]) for name in numbers},
            **{name: self.metadata.get(name) for name in texts},
            "guidance": float(self.metadata["guidance"]),
            "clip_skip": int(self.metadata.get("clip_skip", 0)),
            "guidance_rescale": float(self.metadata.get("guidance_rescale", 0)),
            "sizes": self.sizes(""),
            "negative_sizes": self.sizes("negative_"),
            "latents": noise,
            "keep_stages": True,
        }


    def sizes(self, prefix):
        """Fields of SizeConditioning; diffusers has heights and tops first."""
        found = {}
        for key, first, second in SIZE_FIELDS:
            if prefix + key in self.metadata:
                found[first], found[second] = map(int, self.metadata[prefix + key].split(","))
        return found

    def seeds(self):
        text = self.metadata.get("seeds")
        return {"seeds": [int(seed) for seed in text.split(",")]} if text else {"seed": SEED}

    def model(self, folder, scratch):
        """The checkpoint, or one of links to its parts around a scheduler of the case's own."""
        if "scheduler" not in self.metadata:
            return folder
        linked = scratch / self.path.stem
        if not linked.exists():
            (linked / "scheduler").mkdir(parents=True)
            for part in folder.iterdir():
                if part.name != "scheduler":
                    (linked / part.name).symlink_to(part)
            config = linked / "scheduler" / "scheduler_config.json"
            config.write_text(self.metadata["scheduler"], encoding="utf-8")
        return linked


def distance(ours, theirs):
    if ours.shape != theirs.shape:
        return float("nan")
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    # Zeroed embeddings of a missing negative prompt have no norm to compare with.
    return np.linalg.norm(ours - theirs) / (np.linalg.norm(theirs) or 1.0)


def steps_of_8_bits(ours, theirs):
    return np.abs(np.rint(ours * 255) - np.rint(theirs * 255)).max()


def compare_fp32(golden, ours):
    """Distances by stage; token ids: 0 when equal, else the number that differ."""
    theirs, found = golden.tensors, {}
    with_text = "without_text" not in golden.metadata
    for name in IDS if with_text else ():
        same_shape = ours[name].shape == theirs[name].shape
        found[name] = (ours[name] != theirs[name]).sum() if same_shape else float("nan")
    compared = FP32 if with_text else FP32[3:]
    found |= {name: distance(ours[name], theirs[name]) for name in compared}
    found["8-bit"] = steps_of_8_bits(ours["image"], theirs["image"])
    return found


def compare_rounded(golden, ours, precision):
    theirs, found = golden.tensors, {}
    for name in ROUNDED:
        rounded = theirs[f"{name}_{precision}"]
        found[name] = distance(ours[name], rounded)
        found[f"{name}, ours from fp32"] = distance(ours[name], theirs[name])
        found[f"{name}, theirs from fp32"] = distance(rounded, theirs[name])
    found["8-bit"] = steps_of_8_bits(ours["image"], theirs[f"image_{precision}"])
    return found


def is_fault(golden, precision, name, value):
    """Written so that a NaN is one."""
    if name in (*IDS, "seed"):
        return value != 0
    if precision == "fp32" and name in FP32:
        return not value <= golden.tolerance
    return False


def print_row(label, found):
    print(f"{label:32}", "  ".join(f"{name} {value:.1e}" for name, value in found.items()))


def seed_distance(pipeline, golden, noise):
    """0 when we draw the noise that torch draws."""
    from_file = golden.request("seed_noise", noise)
    from_seed = {**from_file, "latents": None, **golden.seeds()}
    latents = [pipeline.generate(**request)["latents"] for request in (from_seed, from_file)]
    return distance(*latents)


def check_case(pipeline, golden, precision, noise):
    """Prints a row; whether the case is as it should be."""
    label = f"{golden.path.parent.name}/{golden.path.stem} {precision}"
    try:
        ours = pipeline.generate(**golden.request("noise", noise))
        rounded = precision != "fp32"
        found = compare_rounded(golden, ours, precision) if rounded else compare_fp32(golden, ours)
        found["seed"] = seed_distance(pipeline, golden, noise)
    except AllaPrimaError as error:
        print(f"{label:32} {error}")
        return False
    print_row(label, found)
    wrong = [name for name in found if is_fault(golden, precision, name, found[name])]
    if wrong:
        print(f"{'':32} too far: {', '.join(wrong)}")
    return not wrong


def check_folder(library, folder, scratch):
    """The number of cases with faults, in the precisions that the files have values of."""
    goldens = [Golden(path) for path in sorted(folder.glob("golden*.safetensors"))]
    variant = goldens[0].metadata.get("variant", "")
    failed = 0
    for precision in ("fp32", "bf16", "fp16"):
        if precision != "fp32" and f"latents_{precision}" not in goldens[0].tensors:
            continue
        for model, cases in groupby(goldens, lambda golden: golden.model(folder, scratch)):
            with library.open(model, precision=precision, variant=variant) as pipeline:
                for golden in cases:
                    if precision != "fp32" and "without_text" in golden.metadata:
                        continue
                    noise = scratch / "noise.safetensors"
                    failed += not check_case(pipeline, golden, precision, noise)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--library", type=Path, help="default: $ALLAPRIMA_LIBRARY")
    arguments = parser.parse_args()
    library = Library(arguments.library)
    print(json.dumps(library.system_info()))
    goldens = (path for root in arguments.folders for path in root.rglob("golden*.safetensors"))
    checkpoints = sorted({path.parent.resolve() for path in goldens})
    failed = 0
    for folder in checkpoints:
        with tempfile.TemporaryDirectory() as scratch:
            failed += check_folder(library, folder, Path(scratch))
    print(f"{len(checkpoints)} checkpoints, {failed} cases failed")
    sys.exit(1 if failed or not checkpoints else 0)


if __name__ == "__main__":
    main()
