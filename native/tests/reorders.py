#!/usr/bin/env python3
"""Counts what oneDNN reorders while a compiled pipeline draws: nothing after a picture's first step.

Use: reorders.py ALLAPRIMA_TESTS
"""

import os
import subprocess
import sys


def main():
    environment = os.environ | {"ONEDNN_VERBOSE": "profile_exec"}
    command = [sys.argv[1], "--gtest_filter=CompiledSteps.*", "--gtest_also_run_disabled_tests"]
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    reorders, products, place = {}, {}, "before"
    for line in output.splitlines():
        if line.startswith("at: "):
            place = line.removeprefix("at: ")
        elif ",exec,cpu,reorder," in line:
            reorders[place] = reorders.get(place, 0) + 1
        elif ",exec,cpu,inner_product," in line or ",exec,cpu,convolution," in line:
            products[place] = products.get(place, 0) + 1
    print("reorders:", reorders)
    print("products:", products)
    steps = [place for place in products if " step " in place]
    late = [place for place in steps if not place.endswith(" step 1") and reorders.get(place)]
    if len(steps) < 12 or not reorders.get("compile"):
        sys.exit("the test did not run: no steps, or nothing was packed")
    if late:
        sys.exit(f"weights or maps were reordered in {', '.join(late)}")


if __name__ == "__main__":
    main()
