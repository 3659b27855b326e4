#!/usr/bin/env python3
"""Makes libraries without content in place of NVIDIA's, so that libtorch's CUDA build loads without them.

Use: stand_ins.py TORCH_LIBRARY_DIR CUDART FOLDER

libtorch binds its calls when they are made: to be loaded it needs the names and versions of cuBLAS,
cuDNN and the others (2 GB), not their functions. cudart is the real one, since it is asked for devices.
"""

import pathlib
import re
import subprocess
import sys

NVIDIA = re.compile(r"lib(cu[a-zA-Z]+|nv[a-zA-Z_]+|nccl)\.so\.\d+$")


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def wanted(folder):
    """Names of NVIDIA's libraries that libtorch needs, with the versions of their symbols."""
    libraries = {}
    for library in sorted(folder.glob("lib*torch*.so")) + [folder / "libc10_cuda.so"]:
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-dW", library)):
            if NVIDIA.match(name):
                libraries.setdefault(name, set())
        needed = None
        for line in output("readelf", "-VW", library).splitlines():
            if match := re.search(r" File: (\S+) ", line):
                needed = match.group(1)
            elif (match := re.search(r" Name: (\S+) ", line)) and needed in libraries:
                libraries[needed].add(match.group(1))
    return libraries


def main():
    torch, cudart, folder = (pathlib.Path(argument) for argument in sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    for name, versions in wanted(torch).items():
        if name.startswith("libcudart"):
            continue
        script = folder / f"{name}.versions"
        script.write_text("".join(f"{version} {{ }};\n" for version in sorted(versions)))
        subprocess.run(["cc", "-shared", "-nostdlib", f"-Wl,-soname,{name}",
                        *([f"-Wl,--version-script={script}"] if versions else []),
                        "-o", folder / name, "-x", "c", "/dev/null"], check=True)
    link = folder / cudart.name
    link.unlink(missing_ok=True)
    link.symlink_to(cudart)


if __name__ == "__main__":
    main()
