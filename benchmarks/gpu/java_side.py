"""The Java side on this card, from the carried JDK: a picture, its latency, and what Java adds."""

import json
import os
import shutil
import statistics
import tarfile
import time

import rows
from built import Built
from parts import FAILED, KIT, NO_GPU, PASSED, ROOT, carried_commit, command_as_module
from sdxl_ladder import MODEL

NATIVES = "io/github/allaprima/internal/linux-x86_64"
SEED, THREADS = 7, 4


class Java:
    def __init__(self, parts, built):
        self.parts, self.built = parts, built
        self.home = ROOT / "target/gpu-java"

    def unpack(self):
        """The JDK's image, our jars, and the core that was built here beside the binding."""
        carried = KIT / "java"
        if not (carried / "jdk.tar.xz").exists():
            self.parts.close("Java", FAILED, why="nothing was carried: run prepare behind mvn package")
            return False
        shutil.rmtree(self.home, ignore_errors=True)
        with tarfile.open(carried / "jdk.tar.xz") as file:
            file.extractall(self.home, filter="fully_trusted")
        shutil.copytree(carried / "jars", self.home / "jars")
        shutil.copytree(carried / "natives", self.home / "natives")
        shutil.copy(self.built.library, self.home / "natives" / NATIVES)
        return True

    def command(self, flags, main, *arguments):
        entries = [*sorted((self.home / "jars").glob("*.jar")), self.home / "jars/classes",
                   self.home / "natives"]  # fmt: skip
        return [
            self.home / "jdk/bin/java", *flags, "--enable-native-access=ALL-UNNAMED", f"-Dallaprima.torch={self.parts.torch['lib']}",
            "-cp", os.pathsep.join(map(str, entries)), main, *map(str, arguments),
        ]  # fmt: skip

    def allaprima(self, *arguments):
        """As the launcher of that name starts it, but for its archive of classes."""
        flags = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        return self.command(flags, "io.github.allaprima.cli.Main", *arguments)

    def timed(self, numbers):
        return self.command([], "io.github.allaprima.benchmarks.TimedGenerations", *numbers)


def first_picture(parts, java, model, device, steps, more):
    """Seconds from the start of the process to the file; twice, the second with warm file caches."""
    taken = []
    for number in (1, 2):
        picture = parts.out / "picture.png"
        picture.unlink(missing_ok=True)
        start = time.monotonic()
        parts.run(f"allaprima generate, {model.name}, {number}", 150, java.allaprima(
            "generate", "a red apple", "--model", model, "--device", device, "--steps", steps,
            "--seed", SEED, "-o", picture, *more))  # fmt: skip
        if parts.parts[-1][1] != PASSED:
            return None
        taken.append(time.monotonic() - start)
        parts.say(f"             | {picture.stat().st_size} bytes")
    return taken


def added(parts, java, built, model, words, steps, rounds):
    """The C API's program and Java draw the same picture in turn; ratio of each round."""
    module = command_as_module("java-overhead")
    numbers = [model, steps, SEED, THREADS, *words]
    smoke = [built.program("allaprima-smoke"), "--timed", *numbers]
    start = time.monotonic()
    name = f"what Java adds, {model.name} {' '.join(words)}"
    try:
        times = module.measure((smoke, java.timed(numbers)), rounds, "cuda" not in words)
    except SystemExit as failure:
        parts.close(name, FAILED, time.monotonic() - start, str(failure))
        return None
    ratios = [java_s / smoke_s for smoke_s, java_s in times]
    middles = [statistics.median(column) for column in zip(*times)]
    parts.close(name, PASSED, time.monotonic() - start)
    parts.say(f"             | program {middles[0]:.4f} s, Java {middles[1]:.4f} s, ratio "
              f"{statistics.median(ratios):.4f} ({min(ratios):.4f} to {max(ratios):.4f}), {rounds} rounds")  # fmt: skip
    return {"smoke_s": middles[0], "java_s": middles[1], "ratio": statistics.median(ratios),
            "ratio_least": min(ratios), "ratio_most": max(ratios), "rounds": rounds}  # fmt: skip


def row_of(parts, model, words, steps, first, found):
    card = parts.torch["card"] or parts.facts["cpu"]
    return {
        "table": "java", "date": parts.facts["date"], "commit": carried_commit(), "machine": card,
        "driver": parts.facts["driver"], "torch": parts.torch["torch"], "model": model.name,
        "words": " ".join(words), "steps": steps,
        "first picture (secs)": f"{first[0]:.2f}" if first else "",
        "second start (secs)": f"{first[1]:.2f}" if first else "",
        **{key: f"{value:.5g}" for key, value in found.items()},
        "id": f"{parts.facts['date']} java {model.name}",
    }  # fmt: skip


def java(parts, options):
    built = Built(parts, options.build_dir)
    if not built.ready():
        parts.close("Java", FAILED, why="nothing was built")
        return
    side = Java(parts, built)
    if not side.unpack():
        return
    parts.run("allaprima info", 60, side.allaprima("info"))
    first_picture(parts, side, ROOT / "models/emoji", "cpu", 2, [])
    if parts.obstacle:
        for name in ("a picture on CUDA", "what Java adds on CUDA"):
            parts.close(name, NO_GPU)
        return
    on_card = ["cuda", "bf16", "compile"] if options.device == "cuda" else ["compile"]
    jobs = [(ROOT / "models/tiny", 4)] if options.tiny else [(ROOT / "models/emoji", 25), (MODEL, 30)]
    found = []
    for model, steps in jobs:
        if model == MODEL:
            parts.run("random weights of full size", 120, [
                parts.python, ROOT / "benchmarks/gpu/random_sdxl.py", MODEL])  # fmt: skip
        first = first_picture(parts, side, model, options.device, steps, ["--compile"])
        rounds = 3 if options.tiny else 5 if model == MODEL else 40
        ratio = added(parts, side, built, model, on_card, steps, rounds)
        if ratio:
            found.append(row_of(parts, model, on_card, steps, first, ratio))
    rows.write(parts, found, options)
    (options.json or parts.out / "java.json").write_text(json.dumps(found, indent=1) + "\n")
