#!/usr/bin/env python3
"""On a machine without NVIDIA's driver the CUDA build says so: auto runs on the CPU, cuda is an error,
and a library of NVIDIA's that is not there is one, too.

Use: no_driver.py SMOKE MODEL STAND_INS
"""

import ctypes
import os
import pathlib
import subprocess
import sys
import tempfile

SKIPPED = 77
DRIVER = "the NVIDIA driver's library does not load (libcuda.so.1: cannot open shared object file"


def run(smoke, model, device, libraries):
    environment = dict(os.environ, LD_LIBRARY_PATH=str(libraries))
    done = subprocess.run([smoke, "--model", model, "--device", device], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(f"--device {device}: exit code {done.returncode}\n{done.stdout}")
    return done.returncode, done.stdout


def expect(condition, what):
    if not condition:
        sys.exit(f"error: {what}")


def main():
    smoke, model, stand_ins = sys.argv[1:]
    try:
        ctypes.CDLL("libcuda.so.1")
        print("a driver is here")
        sys.exit(SKIPPED)
    except OSError:
        pass
    code, text = run(smoke, model, "auto", stand_ins)
    expect(code == 0 and text.rstrip().endswith("PASS"), "auto did not run on the CPU")
    expect(f"on cpu ({DRIVER}" in text, "auto does not say why it is the CPU")
    expect("no version information" not in text, "the stand-ins lack versions")

    code, text = run(smoke, model, "cuda", stand_ins)
    expect(code == 1 and f"FAIL load: device cuda:0 was asked for, but {DRIVER}" in text,
           "cuda does not fail with the reason")

    with tempfile.TemporaryDirectory() as folder:  # a driver of no use
        subprocess.run(["cc", "-shared", "-nostdlib", "-Wl,-soname,libcuda.so.1", "-o",
                        f"{folder}/libcuda.so.1", "-x", "c", "/dev/null"], check=True)
        code, text = run(smoke, model, "cuda", f"{folder}:{stand_ins}")
    expect(code == 1 and "the NVIDIA driver's library loads, but CUDA does not start: " in text,
           "a driver that does not work is not told from one that is not there")

    with tempfile.TemporaryDirectory() as folder:
        for library in pathlib.Path(stand_ins).glob("*.so.*"):
            if library.suffix != ".versions" and not library.name.startswith("libcublas.so"):
                pathlib.Path(folder, library.name).symlink_to(library.resolve())
        code, text = run(smoke, model, "cpu", folder)
    # A pip-installed torch finds the real ones by itself.
    expect(code == 0 or "libcublas.so.13: cannot open shared object file" in text,
           "a missing library is not named")


if __name__ == "__main__":
    main()
