#!/usr/bin/env python3
"""Holds the table of layers: which folder of native/src may include which. Exit code 1 on a breach."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "native" / "src"

# docs/architecture.md, "Layers". A layer may always include itself and the standard library.
MAY_INCLUDE = {
    "base": set(),
    "io": {"base"},
    "text": {"base"},
    "kernels": {"base"},
    "sampling": {"base"},
    "nn": {"base", "kernels"},
    "networks": {"base", "io", "kernels", "nn"},
    "transforms": {"base", "kernels", "nn", "networks"},
    "runtime": {"base", "io", "text", "kernels", "sampling", "nn", "networks", "transforms"},
    "api": {"base", "runtime"},
}
NO_LIBTORCH = {"text", "api"}  # api: in the signatures; it catches libtorch's exceptions


def breaches(path):
    layer = path.relative_to(SOURCES).parts[0]
    if layer not in MAY_INCLUDE:
        yield f"{path}: folder '{layer}' is no layer"
        return
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#include\s+["<]([^">]+)[">]', line)
        if not match:
            continue
        target = match.group(1)
        first = target.split("/")[0]
        where = f"{path.relative_to(ROOT)}:{number}"
        if first in MAY_INCLUDE and first != layer and first not in MAY_INCLUDE[layer]:
            yield f"{where}: {layer} may not include {first} ({target})"
        if first in ("ATen", "c10", "torch") and layer in NO_LIBTORCH:
            yield f"{where}: {layer} must not know libtorch ({target})"
        # CUDA is a choice of files, and kernels know neither tensors nor streams of libtorch.
        if re.match(r"(ATen|c10)/cuda/|cuda\w*\.h$", target) and path.parent.name != "cuda":
            yield f"{where}: CUDA headers belong into files of a folder cuda/ ({target})"
        if first in ("ATen", "c10", "torch") and path.suffix == ".cu":
            yield f"{where}: a .cu file must not know libtorch ({target})"
        if target == "allaprima.h" and layer != "api":
            yield f"{where}: only api knows {target}"


def main():
    files = [f for f in sorted(SOURCES.rglob("*")) if f.suffix in (".h", ".cpp", ".cu")]
    found = [breach for path in files for breach in breaches(path)]
    print("\n".join(found) if found else f"layers hold: {len(files)} files")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
