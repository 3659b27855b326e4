"""Makes what linear layers in float8 must give: torchao's bytes and scales, and exact outputs.

    python make_fp8_golden.py [--root REPOSITORY]

native/tests/data/fp8/*.safetensors; README.md says what they hold. torchao multiplies on a GPU only,
but its tensors quantise anywhere: they are what its linear layers make of weight and activations.
"""

import argparse
from pathlib import Path

import torch
import torchao
from torchao.quantization import PerRow
from torchao.quantization.quantize_.workflows.float8.float8_tensor import Float8Tensor

from make_rungs_golden import plain, write

LAYERS = "native/tests/data/fp8"


def wide():
    """Sums that grow, and fewer rows than int8 takes."""
    generator = torch.Generator("cpu").manual_seed(12)
    x = torch.randn(5, 640, generator=generator).abs()
    w = torch.randn(16, 640, generator=generator).abs() / 25
    return x, w, torch.randn(16, generator=generator)


def quotients(values, scale):
    """A row whose quotients are `values`: the scale is a power of two, 448 is among them."""
    row = torch.zeros(32)
    row[: len(values)] = torch.tensor(values)
    row[31] = 448
    return row * scale


def edges():
    """Rows that are one-sided, huge, tiny, cut at the end, between two floats, under the least."""
    generator = torch.Generator("cpu").manual_seed(13)
    between = [17, 19, 27, 29, 432, 416, -17, -19, -432, 1.0625, 1.1875, -1.0625]
    least = [2.0**-9, 2.0**-10, 3 * 2.0**-10, 5 * 2.0**-10, -(2.0**-10), 2.0**-11, 2.0**-6, 7.5 * 2.0**-9]
    rows = [
        -torch.rand(32, generator=generator) - 0.5,
        torch.rand(32, generator=generator) + 0.5,
        torch.randn(32, generator=generator) * 1e18,
        torch.randn(32, generator=generator) * 1e-18,
        torch.randn(32, generator=generator) * 1e-30,
        quotients(between, 0.125),
        quotients(least, 4.0),
        torch.full((32,), 0.3),
        torch.full((32,), -0.3),
        torch.nn.functional.one_hot(torch.tensor(7), 32) * 2.5,
        torch.arange(32) * 1.0,
    ]
    # Scales are rounded to bf16: below, quotients pass 448 and are cut; above, none reaches it.
    rows += [torch.linspace(-1, 1, 32) * largest for largest in (1.0, 1.01, 1.02, 1.03, 1.5)]
    w = torch.stack(rows)
    more = torch.randn(7, 32, generator=generator)
    return torch.cat([w, more]), w, None


CASES = {"plain": lambda: plain(seed=11), "wide": wide, "edges": edges}


def quantised(values):
    """torchao's bytes [rows, width] and scales [rows, 1]."""
    tensor = Float8Tensor.from_hp(values, torch.float8_e4m3fn, PerRow())
    assert tensor.scale.dtype == torch.float32 and tensor.scale.shape == (values.shape[0], 1)
    return tensor.qdata, tensor.scale


def layer_tensors(x, w, bias):
    x, w = x.bfloat16(), w.bfloat16()
    (xq, xs), (wq, ws) = quantised(x), quantised(w)
    output = (xq.double() * xs.double()) @ (wq.double() * ws.double()).T
    tensors = {"x": x, "w": w, "x_fp8": xq, "x_scale": xs, "w_fp8": wq, "w_scale": ws}
    if bias is not None:
        tensors["bias"] = bias.bfloat16()
        output += tensors["bias"].double()
    assert torch.isfinite(output).all()
    return tensors | {"output": output}


def check_zeros():
    """Where ours differs: torchao makes NaN of a row of zeros."""
    values, _ = quantised(torch.zeros(1, 16, dtype=torch.bfloat16))
    assert torch.isnan(values.float()).all()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    root = parser.parse_args().root
    torch.set_num_threads(1)
    check_zeros()
    texts = {"torch": torch.__version__, "torchao": torchao.__version__}
    for name, case in CASES.items():
        tensors = layer_tensors(*case())
        write(root / LAYERS / f"{name}.safetensors", tensors, texts)
        cut = (tensors["x"].double() / tensors["x_scale"].double()).abs() > 448
        print(f"{name}: {int(cut.sum())} activations beyond 448 are cut")


if __name__ == "__main__":
    main()
