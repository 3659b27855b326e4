#!/usr/bin/env python3
"""Holds what our shared libraries show to the outside: the C API from one, JNI from the other.

Use: tools/check_symbols.py [--release] LIBRARY_DIR SOURCE_DIR

Also: RUNPATH is $ORIGIN (or, with a pip-installed torch, that folder as well), and no path of the
build machine is inside. glibc and libstdc++ symbols newer than libtorch's own are said, and refused
with --release: they come from building on a newer system than Debian 12 or Ubuntu 22.04.
"""

import pathlib
import re
import subprocess
import sys

ALLOWED = {
    "liballaprima.so": re.compile(r"allaprima_\w+$"),
    "libjniallaprima.so": re.compile(r"(JNI_OnLoad|JNI_OnUnload|Java_\w+)(@@?\w*)?$"),
}
# What bytedeco's libtorch 2.13 needs itself.
NEWEST = {"GLIBC": (2, 35), "GLIBCXX": (3, 4, 30)}


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def problems(library, source_dir):
    pattern = ALLOWED[library.name]
    shown = [line.split()[-1] for line in output("nm", "-D", "--defined-only", library).splitlines()]
    if not shown:
        yield "shows no symbol at all"
    for symbol in shown:
        if not pattern.match(symbol):
            yield f"shows the symbol {symbol}"
    runpath = re.findall(r"R(?:UN)?PATH\).*\[(.*)\]", output("readelf", "-d", library))
    if not runpath or runpath[0].split(":")[0] != "$ORIGIN":
        yield f"RUNPATH is {runpath}, expected $ORIGIN"
    content = library.read_bytes()
    for path in {str(source_dir), str(pathlib.Path.home())}:
        if f"{path}/".encode() in content and path not in "".join(runpath):
            yield f"holds the path {path}"


def newer_symbols(library):
    for name, version in set(re.findall(r"\b(GLIBC|GLIBCXX)_([0-9.]+)",
                                        output("objdump", "-T", library))):
        if tuple(map(int, version.split("."))) > NEWEST[name]:
            yield f"needs {name}_{version}, libtorch itself needs no more than {NEWEST[name]}"


def main():
    release = "--release" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--release"]
    folder, source_dir = pathlib.Path(arguments[0]), pathlib.Path(arguments[1]).resolve()
    found = [] if (folder / "liballaprima.so").exists() else [f"{folder}: no liballaprima.so"]
    for name in ALLOWED:
        library = folder / name
        if library.exists():
            found += [f"{name}: {problem}" for problem in problems(library, source_dir)]
            newer = [f"{name}: {problem}" for problem in newer_symbols(library)]
            print("\n".join(f"note: {text}: not for a release" for text in newer), end="")
            found += newer if release else []
    print("\n".join(found) if found else "symbols hold")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
