"""What the benchmarks' Python commands have in common: where and on what they measure, and spread."""

import os
import platform
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def environment(**more):
    """Of a measured process: OpenBLAS chooses its kernels itself, waiting threads give cores back."""
    kept = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    return {"GOMP_SPINCOUNT": "3000", **kept, **more}


def commit(folder=ROOT):
    if not (Path(folder) / ".git").exists():  # a copy without its history
        return "unknown"

    def git(*arguments):
        return subprocess.run(
            ["git", "-C", folder, *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    changed = "-changed" if git("status", "--porcelain", "--untracked-files=no") else ""
    return git("rev-parse", "--short", "HEAD") + changed


def machine():
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{model}, {len(os.sched_getaffinity(0))} cores"


def quartiles(values):
    """First, second and third; of fewer than two values, that one."""
    if len(values) < 2:
        return (values[0],) * 3
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def median_interval(values):
    """Between which values the median lies with 95 %, from ranks alone; of few values, all."""
    ordered = sorted(values)
    reach = 0.98 * len(ordered) ** 0.5
    low = max(0, int(len(ordered) / 2 - reach))
    return ordered[low], ordered[len(ordered) - 1 - low]
