"""Rungs in turn: each computes in a process of its own, once a round."""

import json
import subprocess
import sys

import numpy as np
import results
from device_memory import DeviceMemory
from engine_process import FOLDER, EngineProcess, Unavailable
from rungs import PLAIN
from starting_noise import noise_file

CAPTION = "a red apple on blue"


class Ladder:
    """`arguments`: those of benchmarks/ladder that say how to measure."""

    def __init__(self, arguments, job, scratch, caches=None):
        self.arguments, self.job, self.scratch = arguments, job, scratch
        self.caches = caches or scratch / "inductor"  # of compiled code, a folder a rung
        self.reference = PLAIN  # what pictures are compared with
        self.measured = {}
        self.left_out = {}  # by name of the rung: why
        self.processes = {}

    def start(self, rung):
        """A process that has drawn its first picture."""
        with DeviceMemory(self.job.device) as memory:
            process = EngineProcess(rung, self.job, self.caches / rung.name.replace(" ", "-"))
            try:
                file = self.kept(rung) if rung.name not in self.measured else ""
                process.draw(CAPTION, self.job.noise, file)
            except Unavailable:
                process.close()
                raise
        if rung.name not in self.measured:  # later processes find torch.compile's cache warm
            self.measured[rung.name] = results.Measured(
                rung, first_image_s=process.first_image_s, open_s=process.open_s,
                device_bytes=memory.more_bytes,
            )  # fmt: skip
        return process

    def kept(self, rung):
        return self.scratch / f"{rung.name.replace(' ', '-')}.npz"

    def round(self, rungs):
        """Each rung once; those that failed are taken out of the list."""
        for rung in list(rungs):
            process = self.processes.get(rung.name)
            try:
                process = process or self.start(rung)
                self.time(rung, process)
            except Unavailable as reason:
                print(f"  {rung.name}: left out, {reason}", flush=True)
                rungs.remove(rung)
                self.left_out[rung.name] = reason
                if rung.name in self.measured and not self.measured[rung.name].seconds:
                    self.measured.pop(rung.name)
                self.processes.pop(rung.name, None)
                if process:
                    process.close()
                continue
            print(f"  {rung.name}: {self.measured[rung.name].seconds[-1]:.3f} s", flush=True)
            if self.arguments.fresh:
                process.close()
            else:
                self.processes[rung.name] = process

    def time(self, rung, process):
        seconds, step_s = process.draw(CAPTION, self.job.noise)
        measured = self.measured[rung.name]
        if self.arguments.unet_only:  # the first step has the texts in it
            measured.seconds.append(float(np.median(step_s[1:])))
        else:
            measured.seconds.append(seconds)
        first = np.isnan(measured.later_image_s)
        measured.later_image_s = seconds if first else min(seconds, measured.later_image_s)
        measured.peak_bytes = max(measured.peak_bytes, process.peak_bytes())

    def compare(self):
        plain = self.scratch / f"{self.reference.replace(' ', '-')}.npz"
        if self.reference in self.measured:
            for measured in self.measured.values():
                measured.compare(np.load(plain), np.load(self.kept(measured.rung)))

    def recognise(self):
        """All rungs draw the same captions; the processes are still there, or are started again."""
        program = [sys.executable, FOLDER / "recognition.py"]
        answer = subprocess.run([*program, str(self.arguments.captions)], stdout=subprocess.PIPE,
                                text=True, check=True).stdout  # fmt: skip
        asked = json.loads(answer)
        noises = [noise_file(self.scratch, self.job, seed) for seed in range(len(asked))]
        for name, measured in self.measured.items():
            process = self.processes.get(name) or self.start(measured.rung)
            pictures = []
            for (caption, _), noise in zip(asked, noises):
                file = self.scratch / "one.npz"
                process.draw(caption, noise, file)
                pictures.append(np.load(file)["rgb"][0])
            np.savez(self.scratch / "all.npz", rgb=np.stack(pictures))
            labels = json.dumps([label for _, label in asked])
            command = [*program, self.arguments.classifier, self.scratch / "all.npz", labels]
            share = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            measured.recognised = float(share)
            if self.arguments.fresh:
                process.close()

    def close(self):
        for process in self.processes.values():
            process.close()
