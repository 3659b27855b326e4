"""One compiled picture through the C API, for a profiler to watch.

    python3 benchmarks/gpu/one_picture.py LIBALLAPRIMA.SO MODEL cuda|cpu SIZE STEPS
"""

import ctypes
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools/oracle"), str(ROOT / "benchmarks/ladder_peers")]

from alla_prima import KINDS, Transform, declare  # noqa: E402
from allaprima_c import Library  # noqa: E402


def main():
    path, model, device, size, steps = sys.argv[1:]
    library = Library(path)
    declare(library)
    with library.open(model, device, "bf16", 4) as pipeline:
        for kind in ("fuse", "compile"):
            transform = Transform(ctypes.sizeof(Transform), KINDS[kind], 0, None, 0)
            library.call("pipeline_transform", pipeline.handle, ctypes.byref(transform))
        side = int(size)
        picture = pipeline.generate(prompt="a fox", width=side, height=side, steps=int(steps))
        print(picture["rgb"].shape)


if __name__ == "__main__":
    main()
