"""The driver's half: an engine in a process of its own, what it takes and what it gives."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from measuring import environment

FOLDER = Path(__file__).resolve().parent
# Read by libtorch and by NVIDIA's libraries.
TF32 = {"": {}, "on": {"TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1"}, "off": {"NVIDIA_TF32_OVERRIDE": "0"}}


RUNNING = set()


def stop_all():
    """Of a thread that watches the time: who waits for an answer is told that the engine ended."""
    for process in list(RUNNING):
        process.kill()


class Unavailable(Exception):
    """The rung cannot be measured here; the message says why."""


class Ended(Unavailable):
    """The engine's process did, of itself or because it was stopped."""


class EngineProcess:
    """From its start; `first_image_s` is there after the first picture."""

    def __init__(self, rung, job, caches):
        self.rung = rung
        self.started = time.perf_counter()
        self.first_image_s = None
        self.errors = tempfile.TemporaryFile("w+")
        folders = {"TORCHINDUCTOR_CACHE_DIR": str(caches), "TRITON_CACHE_DIR": f"{caches}/triton"}
        command = [FOLDER / f"{rung.engine}.py", json.dumps(asdict(rung)), json.dumps(asdict(job))]
        threads = str(job.threads)
        self.process = subprocess.Popen(
            [sys.executable, *map(str, command)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
            env=environment(
                OMP_NUM_THREADS=threads, MKL_NUM_THREADS=threads, **folders, **TF32[rung.tf32]
            ),
        )  # fmt: skip
        RUNNING.add(self.process)
        try:
            self.open_s = self.answer()["open_s"]
        except Unavailable:
            self.close()
            raise

    def draw(self, prompt, noise, file=""):
        """Seconds, and those of the steps; picture and latents go into the file, if there is one."""
        wanted = {"prompt": prompt, "noise": str(noise), "file": str(file)}
        try:
            self.process.stdin.write(json.dumps(wanted) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # answer() says why
        answer = self.answer()
        if self.first_image_s is None:
            self.first_image_s = time.perf_counter() - self.started
        return answer["seconds"], answer["step_s"]

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            self.errors.seek(0)
            last = [text.strip() for text in self.errors.read().splitlines() if text.strip()]
            raise Ended(f"ended with {code}: {last[-1] if last else 'no output'}")
        answer = json.loads(line)
        if "skip" in answer:
            raise Unavailable(answer["skip"])
        return answer

    def peak_bytes(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
        raise Unavailable("its memory cannot be read")

    def close(self):
        RUNNING.discard(self.process)
        try:
            self.process.stdin.close()
        except BrokenPipeError:  # it ended before us
            pass
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()
