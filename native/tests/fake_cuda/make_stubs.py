#!/usr/bin/env python3
"""Lists what a CUDA libtorch imports from NVIDIA's libraries and writes, for each of them, weak
functions that say that they are not imitated, and a version script.

make_stubs.py FOLDER_WITH_LIBTORCH OUT  prints the sonames, one a line.
"""

import collections
import pathlib
import re
import subprocess
import sys

LIBRARIES = ["libtorch_cuda.so", "libc10_cuda.so", "libtorch_nvshmem.so", "libtorch_cpu.so",
             "libtorch_cuda_linalg.so", "libtorch_python.so"]
# Where a symbol's version does not say which library it is from.
PREFIXES = {"cusparseLt": "libcusparseLt.so", "nccl": "libnccl.so", "cuFile": "libcufile.so"}
# "Not supported" in each library's own codes; 1 is an error in all others.
NOT_SUPPORTED = {"libcudart.so": 801, "libcublas.so": 15, "libcublasLt.so": 15,
                 "libcudnn.so": 3000, "libcusparse.so": 10, "libcusparseLt.so": 10,
                 "libcufft.so": 16, "libcufile.so": 5001}
FOREIGN = re.compile(r"lib(cu[a-zA-Z]+|nv[a-zA-Z_]+|nccl)\.so")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def read(library, versions, imports):
    dynamic = output("readelf", "-dW", library)
    sonames = [name for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
               if FOREIGN.match(name)]
    here = {}
    needed_file = None
    for line in output("readelf", "-VW", library).splitlines():
        if match := re.search(r"File: (\S+)", line):
            needed_file = match.group(1)
        elif (match := re.search(r"Name: (\S+)\s+Flags:", line)) and needed_file in sonames:
            here[match.group(1)] = needed_file
            versions[needed_file].add(match.group(1))
    for line in output("nm", "-D", "--undefined-only", library).splitlines():
        name, _, version = line.split()[-1].partition("@")
        soname = here.get(version.lstrip("@"))
        for prefix, stem in PREFIXES.items():
            if not soname and name.startswith(prefix):
                soname = next((s for s in sonames if s.startswith(stem)), None)
        if soname:
            imports[soname].add(name)
    return sonames


def write(out, soname, version, names):
    stem = soname[: soname.index(".so") + 3]
    status = NOT_SUPPORTED.get(stem, 1)
    lines = ["int fake_cuda_not_supported(const char* function, int status);",
             "#define STUB(name) __attribute__((weak)) int name(void) { \\",
             f"    return fake_cuda_not_supported(#name, {status}); }}"]
    lines += [f"STUB({name})" for name in sorted(names)]
    (out / f"{soname}.c").write_text("\n".join(lines) + "\n")
    script = f"{version} {{\n  global: *;\n}};\n" if version else "{\n  global: *;\n};\n"
    (out / f"{soname}.map").write_text(script)


def main(folder, out):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    versions, imports = collections.defaultdict(set), collections.defaultdict(set)
    sonames = set()
    for name in LIBRARIES:
        library = pathlib.Path(folder) / name
        if library.exists():
            sonames.update(read(str(library), versions, imports))
    if not any(soname.startswith("libcudart.so") for soname in sonames):
        sys.exit(f"{folder}: no {LIBRARIES[0]} that needs libcudart.so; is this a CUDA libtorch?")
    for soname in sorted(sonames):
        write(out, soname, next(iter(versions[soname]), None), imports[soname])
        print(soname)


if __name__ == "__main__":
    main(*sys.argv[1:])
