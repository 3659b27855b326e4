"""The ladder at SDXL's full size on this card: ours, or ours beside one peer of diffusers."""

import argparse
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import rows
from built import Built
from carried import unpacked_wheels
from parts import FAILED, KIT, NO_GPU, PASSED, ROOT, carried_commit

sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "benchmarks/ladder_peers")]

import results  # noqa: E402
from engine_process import Ended, stop_all  # noqa: E402
from gpu_rungs import OURS, PEERS, beside_peers, groups  # noqa: E402
from interleaved import Ladder  # noqa: E402
from rungs import Job  # noqa: E402
from starting_noise import native_size, noise_file  # noqa: E402

MODEL = ROOT / "target/gpu-sdxl"
CACHES = ROOT / "target/gpu-caches"  # of compiled code, a folder a rung
TINY = {"model": ROOT / "models/tiny", "steps": 3, "rounds": 2}
END = 45  # seconds for what comes after the measuring
CACHE_MOST = 15 * 2**20


def step_floor():
    """The command beside this file, as a module."""
    path = ROOT / "benchmarks/gpu/step-floor"
    loader = importlib.machinery.SourceFileLoader("step_floor", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("step_floor", loader))
    loader.exec_module(module)
    return module


def floor_of(job, ceilings):
    """FLOPs of all steps of a picture, and seconds below which the card does none of them."""
    module = step_floor()
    step = module.Step(ceilings["tflop_per_s"], ceilings["tbyte_per_s"])
    config = json.loads((Path(job.model) / "unet/config.json").read_text())
    module.count(config, job.width, 2 * job.batch, step)
    _, flops, _, _, _, captured_s, alone_s, fused_s = map(sum, zip(*step.kinds.values()))
    return {"flops": job.steps * flops, "captured_s": job.steps * captured_s,
            "alone_s": job.steps * alone_s, "fused_s": job.steps * fused_s}  # fmt: skip


class Call:
    def __init__(self, parts, options, library):
        self.parts, self.options = parts, options
        self.tiny = options.tiny
        model = TINY["model"] if self.tiny else MODEL
        size = 64 if self.tiny else 1024
        steps = TINY["steps"] if self.tiny else options.steps
        self.rounds = min(options.rounds, TINY["rounds"]) if self.tiny else options.rounds
        self.job = Job(str(model), size, size, steps, 1, 5.0, min(8, parts.cores), "",
                       device=options.device, library=str(library),
                       int8_layers="all" if self.tiny else "diffusion-fast")  # fmt: skip

    def rungs(self):
        if self.options.peer:
            return [beside_peers([name]) for name in self.options.peer.split(",")]
        wanted = self.options.only.split(",") if self.options.only else [""]
        chosen = [rung for rung in OURS if any(part in rung.name for part in wanted)]
        return groups(chosen)

    def ceilings(self):
        more = ["--tiny"] if self.tiny else []
        self.parts.measure("ceilings of this card", 60, [
            self.parts.python, ROOT / "benchmarks/gpu/ceilings.py", self.options.device, *more])  # fmt: skip
        self.ceiling = self.parts.measured.get("ceilings of this card")
        if self.ceiling:
            self.parts.say(f"             | {self.ceiling['tflop_per_s']:.4g} TFLOP/s bf16, "
                           f"{self.ceiling['tbyte_per_s']:.3g} TB/s read and written")  # fmt: skip
        return self.ceiling is not None

    def model(self):
        if self.tiny:
            return True
        self.parts.run("random weights of full size", 150, [
            self.parts.python, ROOT / "benchmarks/gpu/random_sdxl.py", MODEL])  # fmt: skip
        return self.parts.parts[-1][1] == PASSED

    def measure(self, rungs, scratch):
        """Rounds until all are done or the time is; what was measured until then counts."""
        ladder = Ladder(argparse.Namespace(unet_only=False, fresh=False), self.job, scratch, CACHES)
        ladder.reference = rungs[0].name
        names = ", ".join(rung.name for rung in rungs)
        self.parts.say(f"\n{names}: {self.rounds} rounds")
        watch = threading.Timer(max(1, self.parts.left() - END), stop_all)
        watch.start()
        start = time.monotonic()
        try:
            longest = 0
            for _ in range(self.rounds):
                if not rungs or self.parts.left() - END < longest:
                    break
                begin = time.monotonic()
                ladder.round(rungs)
                longest = time.monotonic() - begin
            ladder.compare()
        finally:
            watch.cancel()
            for process in ladder.processes.values():
                process.close()
        measured = [m for m in ladder.measured.values() if m.seconds]
        ended = [name for name, why in ladder.left_out.items() if isinstance(why, Ended)]
        why = f"not measured to the end: {', '.join(ended)}" if ended else ""
        if self.parts.left() < END:
            why += "; the time was up" if why else "the time was up"
        status = PASSED if measured and not ended else FAILED
        self.parts.close(f"ladder: {names}", status, time.monotonic() - start, why)
        return measured

    def go(self):
        found = []
        with tempfile.TemporaryDirectory(prefix="allaprima-gpu-") as folder:
            scratch = Path(folder)
            self.job = replace(self.job, noise=noise_file(scratch, self.job, 3))
            floor = floor_of(self.job, self.ceiling)
            for group in self.rungs():
                measured = self.measure(list(group), scratch)
                if measured:
                    self.show(measured, floor)
                    found += [self.row(m, floor) for m in measured]
        return found

    def show(self, measured, floor):
        self.parts.say(results.table(measured))
        for m in measured:
            self.parts.say(f"  {m.rung.name}: {self.share(m, floor)[0]:.1%} of the card's bf16 TFLOP/s, "
                           f"{self.share(m, floor)[1]:.1%} of what its operators one by one may take")  # fmt: skip
        self.parts.say(results.verdicts(measured))

    def share(self, m, floor):
        tflops = floor["flops"] / m.median / 1e12
        return tflops / self.ceiling["tflop_per_s"], floor["alone_s"] / m.median

    def row(self, m, floor):
        """The ladder's columns, then the card's. Shares count the UNet's steps alone, per picture."""
        name = "sdxl-base-1.0, random weights" if not self.tiny else "tiny"
        row = results.row(m, replace(self.job, model=name), False, self.options.peer)
        card = self.parts.torch["card"] or row["machine"]
        flops, floors = self.share(m, floor)
        row |= {"machine": card, "commit": carried_commit()}
        return row | {
            "table": "ladder",
            "driver": self.parts.facts["driver"],
            "torch": self.parts.torch["torch"],
            "cuda": self.parts.torch["cuda"],
            "seconds of rounds": " ".join(f"{value:.5f}" for value in m.seconds),
            "ceiling (TFLOP/s)": f"{self.ceiling['tflop_per_s']:.1f}",
            "ceiling (TB/s)": f"{self.ceiling['tbyte_per_s']:.3f}",
            "floor captured (secs)": f"{floor['captured_s']:.4f}",
            "floor alone (secs)": f"{floor['alone_s']:.4f}",
            "floor fused (secs)": f"{floor['fused_s']:.4f}",
            "share of TFLOP/s": f"{flops:.4f}",
            "share of floor alone": f"{floors:.4f}",
            "id": f"{self.parts.facts['date']} {m.rung.name} {self.options.peer or 'ladder'}",
        }

    def warm_peers(self):
        """diffusers for the processes to come, and what earlier calls compiled."""
        site = unpacked_wheels(ROOT / "target/gpu-site")
        paths = [str(site), os.environ.get("PYTHONPATH", "")]
        if site.exists():
            os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        for name in self.options.peer.split(","):
            archive = KIT / f"caches-{name}.tar.xz"
            if archive.exists():
                with tarfile.open(archive) as file:
                    file.extractall(CACHES, filter="data")

    def keep_caches(self):
        """So that the next call need not search again: on this machine, or carried to another."""
        for name in self.options.peer.split(","):
            folder = CACHES / PEERS[name].name.replace(" ", "-")
            if not PEERS[name].compile or not folder.exists():
                continue
            archive = self.parts.out / f"caches-{name}.tar.xz"
            subprocess.run(["tar", "-C", CACHES, "-I", "xz -T0 -1", "-cf", archive, folder.name],
                           timeout=max(5, self.parts.left()))  # fmt: skip
            size = archive.stat().st_size
            if size > CACHE_MOST:
                archive.unlink()
                self.parts.say(f"{folder}: {size / 2**20:.0f} MiB compressed, kept here only")
            else:
                self.parts.say(f"{archive}: {size / 2**20:.1f} MiB; carried in target/gpu-kit it "
                               "saves the next call of this peer its search")  # fmt: skip


def ladder(parts, options):
    unknown = set(filter(None, options.peer.split(","))) - set(PEERS)
    if unknown:
        sys.exit(f"--peer {', '.join(sorted(unknown))}: expected {', '.join(PEERS)}")
    built = Built(parts, options.build_dir)
    if not built.ready():
        parts.close("ladder", FAILED, why="nothing was built")
        return
    call = Call(parts, options, built.library)
    if options.peer:
        call.warm_peers()
    if parts.obstacle:
        parts.close("ceilings of this card", NO_GPU)
        parts.close("ladder", NO_GPU)
        return
    if not call.ceilings() or not call.model():
        return
    found = call.go()
    rows.write(parts, found, options)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    if options.peer:
        call.keep_caches()
