"""Does every weight matter, and as much as in diffusers?

    python sensitivity.py CHECKPOINT --library LIBALLAPRIMA.SO
    python sensitivity.py CHECKPOINT                              (diffusers alone)

Multiplies one tensor of the checkpoint by 1.5 at a time and looks how far the final latents move
(for the VAE: the picture), guidance on, fp32. A tensor fails when it moves the result by less than
1e-4, or by another amount than in diffusers. Tensors that cannot matter are named by rule.
"""

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import weight_files
from allaprima_c import Worker
from diffusers_run import Request, distance, draw_noise, load_tiny, run

FACTOR = 1.5
LEAST_MOVE = 1e-4
# Two correct fp32 runs differ by up to 1e-5; a move of 1e-4 is then known to a few percent only.
RATIO_TOLERANCE = 0.01
ROUNDING = 4e-6

# Of the request that both engines are given.
FIELDS = ("prompt", "negative_prompt", "width", "height", "steps", "guidance", "images")


def reason_dead(component, name, last_layer):
    """Why the tensor cannot matter, or None."""
    if component == "text_encoder" and f".layers.{last_layer}." in name:
        return "last layer of the first encoder: its input is what the UNet is given"
    if component == "text_encoder" and ".final_layer_norm." in name:
        return "final norm of the first encoder: hidden_states[-2] comes before it"
    if name.endswith("k_proj.bias") or name.endswith("to_k.bias"):
        return "bias of keys: adds the same to all scores of a query, softmax ignores it"
    if name.endswith("attentions.0.key.bias"):
        return reason_dead(component, weight_files.today(name), last_layer)
    if name.endswith("embeddings.position_ids"):
        return "a buffer of old checkpoints: the numbers from 0 to 76"
    if component == "vae" and re.match(r"(encoder|quant_conv)\.", name):
        return "encoder half of the VAE: text to image only decodes"
    return None


class Diffusers:
    def __init__(self, folder):
        self.pipeline = load_tiny(folder, torch.float32)

    def generate(self, request, noise, component=None, name=None, value=None):
        if component is None:
            return run(self.pipeline, request, noise)
        if name.endswith("position_ids"):
            return run(self.pipeline, request, noise)
        parameter = self.parameter(component, weight_files.today(name))
        before = parameter.detach().clone()
        with torch.no_grad():
            parameter.copy_(value.reshape(parameter.shape))
        try:
            return run(self.pipeline, request, noise)
        finally:
            with torch.no_grad():
                parameter.copy_(before)

    def parameter(self, component, name):
        module = getattr(self.pipeline, component)
        if component == "text_encoder":  # without the prefix of the file since transformers 5
            name = name.removeprefix("text_model.")
        return module.get_parameter(name)


class AllaPrima:
    def __init__(self, folder, worker, scratch):
        self.folder, self.worker, self.scratch = folder, worker, scratch

    def generate(self, request, noise, component=None, name=None, value=None):
        latents = self.scratch / "noise.safetensors"
        save_file({"latents": noise}, latents)
        model = self.folder
        if component is not None:
            model = self.scratch / "perturbed"
            self.perturb(model, component, name, value)
        variant = weight_files.variant_of(self.folder) or ""
        fields = {name: getattr(request, name) for name in FIELDS}
        given = {**fields, "latents": str(latents)}
        stages = self.worker.generate(model, "fp32", given, variant)
        return {stage: torch.from_numpy(stages[stage]) for stage in ("latents", "image")}

    def perturb(self, model, component, name, value):
        """The checkpoint with one tensor replaced; all other files are links."""
        for path in filter(Path.is_file, self.folder.rglob("*")):
            copy = model / path.relative_to(self.folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.unlink(missing_ok=True)
            copy.symlink_to(path)
        weights = weight_files.owner(model, component, name)
        tensors = load_file(weights)
        tensors[name] = value
        weights.unlink()
        save_file(tensors, weights, metadata={"format": "pt"})


def small_request(folder, steps):
    """Latents of 8x6 for SDXL's VAE: enough for three levels of a UNet, and quick."""
    levels = {
        part: len(json.loads((folder / part / "config.json").read_text())["block_out_channels"])
        for part in ("vae", "unet")
    }
    pixels = max(8, 2 ** (levels["vae"] - 1))  # diffusers takes multiples of 8 only
    pixels *= 2 ** max(0, levels["unet"] - 3)  # attention over one token has no weights
    return Request(
        prompt="a watercolor of a red fox in the snow , wow!! look! cinematic light",
        negative_prompt="blurry , low quality",
        width=8 * pixels,
        height=6 * pixels,
        steps=steps,
    )


def list_tensors(folder):
    """(component, tensor name, its value times the factor, reason that it is dead or None)"""
    for component in weight_files.STEMS:
        config = json.loads((folder / component / "config.json").read_text())
        last_layer = config.get("num_hidden_layers", 0) - 1
        for name, value in sorted(weight_files.load(folder, component).items()):
            yield component, name, value * FACTOR, reason_dead(component, name, last_layer)


def judge(dead, theirs, ours):
    """What is wrong with these moves, or None; `ours` is None without the library."""
    if dead:
        moves = [move for move in (theirs, ours) if move is not None]
        return "moves though it should be dead" if max(moves) >= LEAST_MOVE else None
    if theirs < LEAST_MOVE:
        return "does not matter to diffusers: change the checkpoint or explain it"
    if ours is None:
        return None
    if ours < LEAST_MOVE:
        return "does not matter to us"
    if abs(ours - theirs) > RATIO_TOLERANCE * theirs + ROUNDING:
        return "matters by another amount"
    return None


def print_dead(reasons):
    for reason in dict.fromkeys(reasons):
        print(f"dead, {reasons.count(reason):3} tensors: {reason}")


def print_failures(failures):
    if failures:
        print(f"{'diffusers':>10} {'ours':>10}  tensor")
    for name, theirs, ours, fault in failures:
        mine = "-" if ours is None else f"{ours:.3e}"
        print(f"{theirs:10.3e} {mine:>10}  {name}: {fault}")


def measure(engines, request, noise, tensors):
    """(tensor name, moves of each engine, reason that it is dead) for every tensor"""
    still = [engine.generate(request, noise) for engine in engines]
    for component, name, value, dead in tensors:
        stage = "image" if component == "vae" else "latents"
        moves = [
            distance(engine.generate(request, noise, component, name, value)[stage], at_rest[stage])
            for engine, at_rest in zip(engines, still)
        ]
        yield f"{component}/{name}", moves, dead


def check(folder, library, steps):
    request = small_request(folder, steps)
    diffusers = Diffusers(folder)
    noise = draw_noise(diffusers.pipeline, request, seed=5)
    tensors = list(list_tensors(folder))
    if library is None:
        return report(measure([diffusers], request, noise, tensors))
    with Worker(library) as worker, tempfile.TemporaryDirectory() as scratch:
        engines = [diffusers, AllaPrima(folder, worker, Path(scratch))]
        return report(measure(engines, request, noise, tensors))


def report(measured):
    """Prints what was found; the number of failures."""
    failures, reasons, live = [], [], []
    for name, moves, dead in measured:
        theirs, ours = (*moves, None)[:2]
        fault = judge(dead, theirs, ours)
        if fault:
            failures.append((name, theirs, ours, fault))
        elif dead:
            reasons.append(dead)
        else:
            live.append((min(moves), name))
    print_dead(reasons)
    if live:
        print("least move: {:.3e} {}".format(*min(live)))
    print_failures(failures)
    total = len(failures) + len(reasons) + len(live)
    print(
        f"{total} tensors, {len(live)} moved, {len(reasons)} dead as explained, "
        f"{len(failures)} failures"
    )
    return len(failures)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--library", type=Path, help="without it, diffusers alone is looked at")
    parser.add_argument("--steps", type=int, default=3, help="few are fast, but weights matter less")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sys.exit(1 if check(arguments.checkpoint.resolve(), arguments.library, arguments.steps) else 0)


if __name__ == "__main__":
    main()
