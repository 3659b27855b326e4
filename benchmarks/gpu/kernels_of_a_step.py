"""Where a step of the UNet goes on this card, three ways; each says what it measures."""

import json
import shutil
import sys

from built import Built
from ncu_log import last_step, read_ncu
from parts import FAILED, NO_GPU, ROOT, command_as_module
from sdxl_ladder import MODEL

UNET = "models/configs/sdxl-base-1.0/unet"
SHOWN = 25  # kernels
VARIANTS = {
    "eager bf16": [],
    "compiled bf16": ["--fuse-qkv", "--compile"],
    "compiled int8": ["--fuse-qkv", "--compile", "--int8", "all"],
}


class Profile:
    def __init__(self, parts, options, built):
        self.parts, self.built, self.device = parts, built, options.device
        self.tiny = options.tiny
        self.config = "models/tiny/unet" if self.tiny else UNET
        self.shape = ["--device", options.device, "--dtype", "bf16", "--batch", "2", "--latent",
                      "16" if self.tiny else "128", "--rounds", "3" if self.tiny else "20"]  # fmt: skip
        self.found = {}

    def by_operator(self):
        """Our steps, eagerly: a pair of the device's events around each of our calls."""
        tables = command_as_module("profile")
        for name, more in VARIANTS.items():
            self.parts.measure(f"by operator, {name}", 90, [
                self.built.program("unet_step"), "--config", self.config, *self.shape, *more, "--profile",
            ], needs_gpu=True)  # fmt: skip
            result = self.parts.measured.get(f"by operator, {name}")
            if not result:
                continue
            self.found[name] = result
            self.parts.say(f"\n{name}: {result['step_ms']['median']:.2f} ms a step when nobody watches; between "
                           f"events {result['profile']['step_ms']:.2f} ms\n")  # fmt: skip
            self.parts.say(tables.table(result, 0.005) + "\n")

    def floor(self):
        """What arithmetic says of the step, at the ceilings of this call."""
        result = next(iter(self.found.values()), None)
        if not result or not result["profile"]["ceilings"]:
            return
        ceilings = result["profile"]["ceilings"]
        output = self.parts.run("the step's floor", 30, [
            sys.executable, ROOT / "benchmarks/gpu/step-floor", "--config", ROOT / self.config / "config.json",
            "--size", "128" if self.tiny else "1024",
            "--tflops", ceilings["bf16_gflop_per_s"] / 1e3, "--tbytes", ceilings["memory_gb_per_s"] / 1e3,
        ])  # fmt: skip
        self.parts.say(output or "")

    def plain_torch(self):
        """The same network in plain torch, by torch's profiler: which kernels libtorch picks."""
        name = "by kernel, plain torch"
        self.parts.measure(name, 90, [
            self.parts.python, ROOT / "benchmarks/gpu/plain_unet.py", "--config",
            ROOT / self.config / "config.json", *self.shape, "--channels-last", "--profile",
        ], needs_gpu=True)  # fmt: skip
        result = self.parts.measured.get(name)
        if result:
            self.found[name] = result
            self.show(result["profile"], f"{name}: a forward pass")

    def recorded_step(self):
        """The replayed graph itself, node by node, where Nsight Compute is: with its own clock."""
        name = "by kernel, the recorded step"
        ncu = shutil.which("ncu")
        if self.parts.obstacle:
            return self.parts.close(name, NO_GPU)
        if not ncu or self.device != "cuda":
            return self.parts.say(f"{name}: left out, there is no ncu")
        if not self.tiny:
            self.parts.run("random weights of full size", 120, [
                self.parts.python, ROOT / "benchmarks/gpu/random_sdxl.py", MODEL])  # fmt: skip
        log = self.parts.out / "ncu.csv"
        model, size = ("models/tiny", 64) if self.tiny else (MODEL, 1024)
        # The clock stays as it is: settings of the card are not ours.
        self.parts.run(name, self.parts.left() - 20, [
            ncu, "--target-processes", "all", "--graph-profiling", "node", "--clock-control", "none",
            "--metrics", "gpu__time_duration.sum", "--csv", "--log-file", log,
            self.parts.python, ROOT / "benchmarks/gpu/one_picture.py", self.built.library, model,
            self.device, size, 3,
        ])  # fmt: skip
        if log.exists():
            rows = last_step(read_ncu(log.read_text().splitlines()))
            self.found[name] = rows
            self.show(rows, f"{name}: one replay")
            log.unlink()  # tens of MB

    def show(self, rows, title):
        total = sum(row["ms"] for row in rows.values()) or 1
        ordered = sorted(rows.items(), key=lambda item: -item[1]["ms"])
        calls = sum(row["calls"] for row in rows.values())
        self.parts.say(f"\n{title}: {calls} kernels, {total:.2f} ms\n")
        for name, row in ordered[:SHOWN]:
            self.parts.say(f"  {row['ms']:9.3f} ms {row['ms'] / total:6.1%} {row['calls']:6}  {name[:100]}")
        rest = sum(row["ms"] for _, row in ordered[SHOWN:])
        self.parts.say(f"  {rest:9.3f} ms {rest / total:6.1%}         {len(ordered[SHOWN:])} others\n")


def profile(parts, options):
    built = Built(parts, options.build_dir)
    if not built.ready():
        parts.close("profile", FAILED, why="nothing was built")
        return
    call = Profile(parts, options, built)
    call.by_operator()
    call.floor()
    call.plain_torch()
    call.recorded_step()
    (options.json or parts.out / "profile.json").write_text(json.dumps(call.found, indent=1) + "\n")
