"""Parts of a call on a bare machine: each with a time limit, a log, and a line of a summary."""

import datetime
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
KIT = ROOT / "target" / "gpu-kit"  # in the layout of the cache of tools/fetch

PASSED, FAILED, SKIPPED, NO_GPU = "passed", "FAILED", "skipped", "no GPU"

PROBE = """
import json, pathlib, torch
folder = pathlib.Path(torch.__file__).parent
cuda = torch.cuda.is_available()
try:
    torch.cuda.init()
    why = ""
except Exception as error:
    why = str(error).strip().splitlines()[0].split(". ")[0]
try:
    cudnn = torch.backends.cudnn.version()
except RuntimeError:  # one of another version was found
    cudnn = None
print(json.dumps({
    "why": why, "capability": torch.cuda.get_device_capability() if cuda else None,
    "torch": torch.__version__, "include": str(folder / "include"), "lib": str(folder / "lib"),
    "cuda": torch.version.cuda, "cudnn": cudnn,
    "card": torch.cuda.get_device_name() if cuda else None}))
"""


def first_line(*command):
    """What a tool says of itself, or that it is not there."""
    try:
        text = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              cwd=ROOT, timeout=30).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        text = ""
    return text.splitlines()[-1 if command[0] == "nvcc" else 0] if text else "not found"


def command_as_module(name):
    """A command of benchmarks/, which has no ending that Python would know, to be called from here."""
    loader = importlib.machinery.SourceFileLoader(
        name.replace("-", "_") + "_command", str(ROOT / "benchmarks" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def carried_commit():
    """Of this tree; where it was copied without its history, what `prepare` noted."""
    noted = KIT / "commit.txt"
    if (ROOT / ".git").exists():
        return first_line("git", "rev-parse", "--short=12", "HEAD")
    return noted.read_text().strip() if noted.exists() else "unknown"


class Parts:
    """A failed part does not stop the others. DIR gets summary.txt and log.txt with all output."""

    def __init__(self, out, limit, python=sys.executable):
        self.python = python
        self.out = out.resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self.log = open(self.out / "log.txt", "w", buffering=1)
        self.summary = open(self.out / "summary.txt", "w", buffering=1)
        self.start = time.monotonic()
        self.deadline = self.start + limit
        self.cores = len(os.sched_getaffinity(0))
        self.parts = []  # (name, status, seconds, why)
        self.measured = {}
        self.obstacle = None  # why there is no CUDA
        # Nothing may be fetched, so that a gap in the kit shows at once.
        self.environment = {**os.environ, "ALLAPRIMA_CACHE": str(KIT), "PIP_NO_INDEX": "1"}

    def left(self):
        """Seconds."""
        return self.deadline - time.monotonic()

    def say(self, text=""):
        print(text, flush=True)
        print(text, file=self.summary)

    def close(self, name, status, seconds=0.0, why=""):
        self.parts.append((name, status, seconds, why))
        self.say(f"{seconds:7.1f} s  {status:8} {name}" + (f": {why}" if why else ""))

    def run(self, name, limit, command, needs_gpu=False, expect_no_gpu=False):
        """One part, its output in the log. Returns the output, None when it was not run."""
        command = [str(word) for word in command]
        if needs_gpu and self.obstacle:
            self.close(name, NO_GPU)
            return None
        if "/" in command[0] and not os.path.exists(command[0]):
            self.close(name, SKIPPED, why=f"{command[0]} was not built")
            return None
        limit = min(limit, self.left())
        if limit < 1:
            self.close(name, FAILED, why="no time was left for it")
            return None
        print(f"\n== {name}\n$ {' '.join(command)}", file=self.log)
        start = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, env=self.environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   errors="replace", start_new_session=True)
        try:
            output, timed_out = process.communicate(timeout=limit)[0], False
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, timed_out = process.communicate()[0], True
        seconds = time.monotonic() - start
        self.log.write(output)
        if timed_out:
            self.close(name, FAILED, seconds, f"stopped at its limit of {limit:.0f} s")
        elif process.returncode and expect_no_gpu:
            self.close(name, NO_GPU, seconds)
        elif process.returncode:
            self.close(name, FAILED, seconds, f"exit status {process.returncode}; it ended in")
            for line in output.rstrip().splitlines()[-12:]:
                self.say(f"             | {line[:200]}")
        else:
            self.close(name, PASSED, seconds)
        return output

    def measure(self, name, limit, command, needs_gpu=True):
        """A part whose last line is a line of JSON."""
        output = self.run(name, limit, command, needs_gpu)
        if output is not None and self.parts[-1][1] == PASSED:
            self.measured[name] = json.loads(output.strip().splitlines()[-1])

    def describe(self):
        """What is here; False when there is no torch to build against."""
        probe = subprocess.run([self.python, "-c", PROBE], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, timeout=120)
        if probe.returncode:
            print(f"error: {self.python} cannot import torch; use a Python that can.\n"
                  f"{probe.stderr.strip()}", file=sys.stderr)
            return False
        self.torch = json.loads(probe.stdout.strip().splitlines()[-1])
        cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                    if line.startswith("model name")), platform.machine())
        self.facts = {
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%MZ"),
            "commit": carried_commit(),
            "card": self.torch["card"] or "none",
            "driver": first_line("nvidia-smi", "--query-gpu=driver_version",
                                 "--format=csv,noheader"),
            "torch": self.torch["torch"],
            "cuda": self.torch["cuda"] or "none",
            "cudnn": self.torch["cudnn"] or "none",
            "cpu": cpu,
            "cores": self.cores,
            "compiler": first_line("g++", "--version"),
            "cmake": first_line("cmake", "--version"),
            "ninja": first_line("ninja", "--version"),
            "nvcc": first_line("nvcc", "--version"),
        }
        for name, value in self.facts.items():
            self.say(f"{name:9} {value}")
        self.say()
        return True

    def finish(self):
        """The last lines, and the exit status."""
        names = {status: [part[0] for part in self.parts if part[1] == status]
                 for status in (FAILED, SKIPPED, NO_GPU)}
        self.say(f"\n{len(self.parts)} parts in {time.monotonic() - self.start:.0f} s; everything is in "
                 f"{self.out}")
        if names[NO_GPU]:
            self.say(f"Not run on CUDA, because of «{self.obstacle}»: {'; '.join(names[NO_GPU])}.")
        if names[FAILED] or names[SKIPPED]:
            self.say(f"FAIL: {'; '.join(names[FAILED] + names[SKIPPED])}")
            return 1
        self.say("All that needs no GPU passed; there is none here." if names[NO_GPU] else "PASS")
        return 3 if names[NO_GPU] else 0
