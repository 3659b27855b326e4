"""What a service relies on, through the C API: sizes, batches, runs in turn, cancelling, memory.

    python3 benchmarks/gpu/service_checks.py LIBALLAPRIMA.SO cuda|cpu

Prints a line of JSON for each check; exit status 1 when one fails. On a processor what only a card
has (its memory running out) is left out.
"""

import ctypes
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools/oracle"), str(ROOT / "benchmarks/ladder_peers")]

from alla_prima import KINDS, Transform, declare  # noqa: E402
from allaprima_c import AllaPrimaError, Library  # noqa: E402

MODEL = ROOT / "models/tiny"
SMALL, LARGE = {"width": 64, "height": 64}, {"width": 96, "height": 64}
STEPS = 6
MIB = 2**20
LEFT = 64 * MIB  # of the card, when its memory is to run out
# What a first use leaves in the process for good: kernels that were loaded, handles of libraries.
KEPT_AT_MOST = 64 * MIB


class Checks:
    def __init__(self, library, device):
        self.library, self.device = Library(library), device
        declare(self.library)
        self.failed = 0

    def note(self, check, passed, found):
        self.failed += not passed
        print(json.dumps({"check": check, "passed": bool(passed), "found": found}), flush=True)

    def open(self):
        """Compiled: the path that keeps the most between runs."""
        pipeline = self.library.open(MODEL, self.device, "fp32", 2)
        transform = Transform(ctypes.sizeof(Transform), KINDS["compile"], 0, None, 0)
        self.library.call("pipeline_transform", pipeline.handle, ctypes.byref(transform))
        return pipeline

    def draw(self, pipeline, size=SMALL, **more):
        request = {"prompt": "a fox", "steps": STEPS, "seed": 1, **size, **more}
        return pipeline.generate(keep_stages=True, **request)["latents"]

    def sizes(self, pipeline):
        first = self.draw(pipeline)
        large = self.draw(pipeline, LARGE)
        again = self.draw(pipeline)
        self.note("a second size", np.isfinite(large).all(), f"latents {list(large.shape)}")
        self.note("the first size again", np.array_equal(first, again), "the same bits")
        return first

    def batch(self, pipeline, alone):
        both = self.draw(pipeline, images=2, seeds=(1, 2))
        gap = float(np.linalg.norm(both[0] - alone[0]) / np.linalg.norm(alone))
        self.note("a batch of 2", gap < 1e-4, f"its first is {gap:.1e} from the one drawn alone")

    def in_turn(self, pipeline, alone):
        """Two runs of one size, a step of each in turn: both use what was recorded for that size."""
        request = {"prompt": "a fox", "steps": STEPS, "keep_stages": True, **SMALL}
        other_alone = self.draw(pipeline, seed=2)
        with pipeline.begin(seed=1, **request) as one, pipeline.begin(seed=2, **request) as other:
            for _ in range(STEPS):
                one.step()
                other.step()
            one.finish(), other.finish()
            same = np.array_equal(one.read("latents"), alone)
            other_same = np.array_equal(other.read("latents"), other_alone)
        self.note("two runs in turn", same and other_same, f"as alone: {same}, {other_same}")

    def cancel(self, pipeline, alone):
        with pipeline.begin(prompt="a fox", steps=STEPS, seed=1, **SMALL) as run:
            run.step()
            run.cancel()
            status = self.status_of(run.step)
        same = np.array_equal(self.draw(pipeline), alone)
        self.note("cancel", status == "CANCELLED" and same, f"{status}; the next picture is as before: {same}")

    @staticmethod
    def status_of(call):
        try:
            call()
        except AllaPrimaError as error:
            return error.status
        return "OK"

    def out_of_memory(self, pipeline, alone):
        """All but a little of the card is taken, then a size is asked for that was never drawn."""
        cudart = ctypes.CDLL("libcudart.so.13")  # libtorch has it loaded
        taken = take_memory(cudart, LEFT)
        try:
            self.draw(pipeline, {"width": 1024, "height": 1024})
            text = "OK"
        except AllaPrimaError as error:
            text = f"{error.status}: {error}"
        for pointer in taken:
            cudart.cudaFree(pointer)
        gap = float(np.linalg.norm(self.draw(pipeline) - alone) / np.linalg.norm(alone))
        asked = "OUT_OF_MEMORY" in text and "iB" in text  # with how much was asked
        self.note("out of memory", asked and gap < 1e-5,
                  f"{text[:300]}; the next picture is {gap:.1e} from the one before")  # fmt: skip

    def held(self):
        """Bytes: of the card that are taken, or of tensors on the processor."""
        if self.device == "cuda":
            free, total = memory_of(ctypes.CDLL("libcudart.so.13"))
            return total - free
        return self.library.system_info()["live"]["tensor_bytes"]

    def go(self):
        self.open().close()  # the device's context and libraries stay for good
        before = self.held()
        with self.open() as pipeline:
            alone = self.sizes(pipeline)
            self.batch(pipeline, alone)
            self.in_turn(pipeline, alone)
            self.cancel(pipeline, alone)
            if self.device == "cuda":
                self.out_of_memory(pipeline, alone)
            during = self.held()
        first_left = self.held() - before
        with self.open() as pipeline:
            self.draw(pipeline)
        left = self.held() - before - first_left
        self.note("memory back after close", first_left <= KEPT_AT_MOST and left <= 0,
                  f"{(during - before) / MIB:.1f} MiB while open; {first_left / MIB:.1f} MiB left by the "
                  f"first use, {left / MIB:.1f} MiB more by the second")  # fmt: skip
        return 1 if self.failed else 0


def memory_of(cudart):
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    if cudart.cudaMemGetInfo(ctypes.byref(free), ctypes.byref(total)):
        raise SystemExit("cudaMemGetInfo failed")
    return free.value, total.value


def take_memory(cudart, left):
    """Pieces of the card's memory, until `left` bytes are free."""
    taken, piece = [], 2**30
    while piece >= MIB:
        free, _ = memory_of(cudart)
        pointer = ctypes.c_void_p()
        if free - piece < left or cudart.cudaMalloc(ctypes.byref(pointer), ctypes.c_size_t(piece)):
            cudart.cudaGetLastError()  # or libtorch would find it
            piece //= 2
            continue
        taken.append(pointer)
    return taken


if __name__ == "__main__":
    sys.exit(Checks(sys.argv[1], sys.argv[2]).go())
