"""What this card can do, measured: a bf16 product of 8192³, a copy of 4 GB. Prints a line of JSON.

    python3 benchmarks/gpu/ceilings.py cuda|cpu [--tiny]
"""

import json
import statistics
import sys
import time

import torch

ROUNDS = 10


def seconds_of(work, device):
    """Median of some rounds, after some that warm up; the device is idle before and after."""

    def wait():
        if device == "cuda":
            torch.cuda.synchronize()

    taken = []
    for _ in range(3 + ROUNDS):
        wait()
        start = time.perf_counter()
        work()
        wait()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[3:])


def main():
    device, tiny = sys.argv[1], "--tiny" in sys.argv
    side, size = (512, 64_000_000) if tiny else (8192, 4_000_000_000)
    torch.manual_seed(0)
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    product = torch.empty_like(a)
    source = torch.randint(0, 255, (size,), device=device, dtype=torch.uint8)
    target = torch.empty_like(source)
    with torch.inference_mode():
        product_s = seconds_of(lambda: torch.mm(a, b, out=product), device)
        copy_s = seconds_of(lambda: target.copy_(source), device)
    print(json.dumps({
        "tflop_per_s": 2 * side**3 / product_s / 1e12,
        "tbyte_per_s": 2 * size / copy_s / 1e12,  # read and written
    }))  # fmt: skip


if __name__ == "__main__":
    main()
