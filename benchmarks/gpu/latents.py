"""Every rung's latents on CUDA against fp32 on the CPU, and what a service relies on."""

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from built import Built
from parts import FAILED, NO_GPU, PASSED, ROOT, SKIPPED

sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "benchmarks/ladder_peers")]

import numpy as np  # noqa: E402
from engine_process import EngineProcess, Unavailable  # noqa: E402
from rungs import Job, ours  # noqa: E402
from starting_noise import native_size, noise_file  # noqa: E402

MODELS = ("models/tiny", "models/emoji")
ALL = {"fuse": True, "swap_conv1x1": True}

# fp32, TF32 off: the same sums in another order. On a CPU that is at most 2.4e-6, on the trained model;
# cuDNN's Winograd convolutions round some ten times as much. TF32 would be 1e-3 and more.
FP32 = 1e-4
# Rounding of lower precision: twice what the same rung is from fp32 on the CPU, in this call, or what
# bf16 is there with attention by products: a GPU rounds attention, which the CPU fuses in fp32.
TIMES_CPU = 2.0
# From there on a distance tells nothing; two unrelated pictures are at 1.
TOO_FAR = 0.25
# float8 has no CPU rung. e4m3 rounds by 2.6 % (root mean square of at most 2^-4), int8 with a row's
# scale by about 0.9 % (a step of 4 deviations in 127, over the root of 12): three times, and a third.
TIMES_INT8 = 4.0


def rung(name, precision, bound, **more):
    return ours(name, precision, beside=bound, tf32="off", **more)


RUNGS = (
    rung("fp32", "fp32", "fp32"),
    rung("fp32 math", "fp32", "fp32", attention="math"),
    rung("fp32 channels-last", "fp32", "fp32", channels_last=True),
    rung("fp32 fuse", "fp32", "fp32", fuse=True),
    rung("fp32 swap", "fp32", "fp32", swap_conv1x1=True),
    rung("fp32 compile", "fp32", "fp32", compile="yes"),
    rung("fp32 compile fuse swap", "fp32", "fp32", compile="yes", **ALL),
    rung("fp32 int8", "fp32", "cpu", int8="tutorial"),
    rung("fp32 int8 torchao", "fp32", "cpu", int8="torchao"),
    rung("bf16", "bf16", "cpu"),
    rung("bf16 math", "bf16", "cpu", attention="math"),
    rung("bf16 compile", "bf16", "cpu", compile="yes"),
    rung("bf16 int8", "bf16", "cpu", int8="tutorial"),
    rung("bf16 fp8", "bf16", "bf16 int8", fp8=True),
    rung("bf16 all int8", "bf16", "cpu", compile="yes", int8="tutorial", **ALL),
    rung("bf16 all fp8", "bf16", "bf16 all int8", compile="yes", fp8=True, **ALL),
)


def distance(ours, reference):
    reference = reference.astype(np.float64)
    return float(np.linalg.norm(ours - reference) / np.linalg.norm(reference))


class Latents:
    """Of one model: a picture a rung, from the same noise."""

    def __init__(self, parts, options, model, library, scratch):
        self.parts, self.device, self.scratch = parts, options.device, scratch
        size = native_size(model)
        steps = 4 if options.tiny else 20
        self.job = Job(str(ROOT / model), size, size, steps, 1, 3.0, min(8, parts.cores), "",
                       int8_layers="all", library=str(library))  # fmt: skip
        self.job = replace(self.job, noise=noise_file(scratch, self.job, 3))
        self.cpu, self.rows = {}, []

    def draw(self, rung, device):
        process = EngineProcess(rung, replace(self.job, device=device), self.scratch / "caches")
        try:
            file = self.scratch / "drawn.npz"
            process.draw("a red apple on blue", self.job.noise, file)
            with np.load(file) as drawn:
                return drawn["latents"]
        finally:
            process.close()

    def on_cpu(self):
        """fp32, and whatever else a bound is made of."""
        names = {"fp32"} | {r.name for r in RUNGS if r.beside == "cpu"} | {r.beside for r in RUNGS}
        for rung in RUNGS:
            if rung.name not in names or self.parts.left() < 60:
                continue
            try:
                latents = self.draw(rung, "cpu")
            except Unavailable as reason:
                self.parts.say(f"             | {rung.name} on the CPU: {reason}")
                continue
            if rung.name == "fp32":
                self.reference = latents
            self.cpu[rung.name] = distance(latents, self.reference)

    def bound(self, rung):
        if rung.beside == "fp32":
            return FP32
        if rung.fp8:
            return TIMES_INT8 * self.cpu.get(rung.beside, float("nan"))
        rounded = self.cpu.get("bf16 math", 0) if rung.precision == "bf16" else 0
        return TIMES_CPU * max(self.cpu.get(rung.name, float("nan")), rounded)

    def compare(self, rung, eager):
        """A row: how far from the CPU's fp32 and, compiled, from the same rung eager."""
        row = {"rung": rung.name, "cpu": self.cpu.get(rung.name), "bound": self.bound(rung)}
        try:
            latents = self.draw(rung, self.device)
        except Unavailable as reason:
            return row | {"status": SKIPPED if rung.fp8 else FAILED, "why": str(reason)}
        eager[rung.name] = latents
        row["distance"] = distance(latents, self.reference)
        if row["bound"] > TOO_FAR:
            return row | {"status": SKIPPED, "why": "the CPU's own is too far to tell anything"}
        plain = rung.name.replace(" compile", "")
        if rung.compile and plain in eager and plain != rung.name:
            row["from eager"] = distance(latents, eager[plain])
        near = [row["distance"], row.get("from eager", 0)]
        row["status"] = PASSED if all(value <= row["bound"] for value in near) else FAILED
        return row

    def on_device(self):
        eager = {}
        for rung in RUNGS:
            self.rows.append(self.compare(rung, eager))
        return self.rows


def line(row):
    def number(name):
        value = row.get(name)
        return f"{value:12.1e}" if isinstance(value, float) else " " * 12

    cells = "".join(number(name) for name in ("cpu", "distance", "from eager", "bound"))
    return f"  {row['rung']:24}{cells}  {row['status']} {row.get('why', '')}".rstrip()


def table(parts, model, rows):
    parts.say(f"\n{model}: distance of the latents from the CPU's fp32")
    parts.say(f"  {'rung':24}{'on the CPU':>12}{'here':>12}{'from eager':>12}{'at most':>12}")
    for row in rows:
        parts.say(line(row))
    bad = [row["rung"] for row in rows if row["status"] == FAILED]
    parts.close(f"latents, {model}", FAILED if bad else PASSED, why="; ".join(bad))


def numbers(parts, options):
    built = Built(parts, options.build_dir)
    if not built.ready():
        parts.close("latents", FAILED, why="nothing was built")
        return
    found = {}
    for model in MODELS[:1] if options.tiny else MODELS:
        with tempfile.TemporaryDirectory(prefix="allaprima-latents-") as folder:
            latents = Latents(parts, options, model, built.library, Path(folder))
            latents.on_cpu()
            parts.say(f"{model} on the CPU: {len(latents.cpu)} rungs")
            if parts.obstacle:
                parts.close(f"latents on CUDA, {model}", NO_GPU)
                continue
            found[model] = latents.on_device()
            table(parts, model, found[model])
    checks = parts.run("what a service relies on", 200, [
        sys.executable, ROOT / "benchmarks/gpu/service_checks.py", built.library, options.device],
        needs_gpu=True)  # fmt: skip
    if checks:
        lines = [text for text in checks.splitlines() if text.startswith("{")]
        found["checks"] = [json.loads(text) for text in lines]
        for check in found["checks"]:
            parts.say(f"  {check['check']:32} {'passed' if check['passed'] else FAILED}  {check['found']}")
    (options.json or parts.out / "numbers.json").write_text(json.dumps(found, indent=1) + "\n")
