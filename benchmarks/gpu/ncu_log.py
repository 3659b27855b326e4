"""What Nsight Compute wrote: kernels in order, and those of one replayed step."""

import csv
from collections import defaultdict

STEP_END = "advance_step_kernel"  # the last kernel of a recorded step


def read_ncu(lines):
    """(kernel, milliseconds) in order; what the program printed lies between, and is left out."""
    start = next((i for i, line in enumerate(lines) if '"Kernel Name"' in line), None)
    if start is None:
        return []
    scales = {"ns": 1e-6, "nsecond": 1e-6, "us": 1e-3, "usecond": 1e-3, "ms": 1.0, "msecond": 1.0}
    kernels = []
    for row in csv.DictReader(line for line in lines[start:] if line.startswith('"')):
        if row.get("Metric Name") == "gpu__time_duration.sum":
            value = float(row["Metric Value"].replace(",", ""))
            kernels.append((row["Kernel Name"], value * scales[row["Metric Unit"]]))
    return kernels


def last_step(kernels):
    """What ran between the last two ends of a step, by kernel; all of it, when there are none."""
    ends = [i for i, (name, _) in enumerate(kernels) if STEP_END in name]
    chosen = kernels[ends[-2] + 1 : ends[-1] + 1] if len(ends) > 1 else kernels
    rows = defaultdict(lambda: {"calls": 0, "ms": 0.0})
    for name, milliseconds in chosen:
        rows[name]["calls"] += 1
        rows[name]["ms"] += milliseconds
    return dict(rows)
