"""Random weights under which a network's values keep their size; needs torch alone."""

import json
import struct
import zlib

import torch

# Standard deviation of a layer's output for inputs of variance 1, where it is not 1. Chosen so that
# every tensor moves the result by at least 3e-4 (sensitivity.py) and fp32 rounding by at most 1e-6.
GAINS = {
    # Attention that is far from uniform: otherwise queries and keys hardly matter.
    "to_q.weight": 1.5,
    "to_k.weight": 1.5,
    "q_proj.weight": 1.5,
    "k_proj.weight": 1.5,
    # The last layer of every residual branch: with 1 the networks amplify rounding errors.
    "conv2.weight": 0.6,
    "to_out.0.weight": 0.6,
    "net.2.weight": 0.6,
    "proj_out.weight": 0.6,
    "out_proj.weight": 0.6,
    "fc2.weight": 0.6,
    "/conv_out.weight": 0.8,
    # Latents end at about 5 / scaling_factor: bring them back to the size of the branches.
    "post_quant_conv.weight": 0.02,
    # Most of the picture lies between black and white.
    "decoder.conv_out.weight": 0.8,
}
BIAS = 0.4


def random_tensor(name, shape, gains=GAINS):
    """Drawn from a generator of its own, so that a new tensor leaves the others as they were."""
    generator = torch.Generator("cpu").manual_seed(zlib.crc32(name.encode()))
    normal = torch.randn(shape, generator=generator)
    if name.endswith("embedding.weight"):
        return normal
    if len(shape) > 1:
        gain = next((gain for end, gain in gains.items() if name.endswith(end)), 1.0)
        return normal * gain / shape[1:].numel() ** 0.5
    if name.endswith(".weight"):  # of a norm
        return 1 + 0.25 * normal.clamp(-2, 2)
    return BIAS * normal


def write_streamed(path, shapes, dtype, tensor_of):
    """A safetensors file with one tensor at a time in memory."""
    size, kind = {torch.float32: (4, "F32"), torch.bfloat16: (2, "BF16")}[dtype]
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in sorted(shapes.items()):
        start, end = end, end + size * torch.Size(shape).numel()
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(shapes):
            tensor = tensor_of(name).to(dtype).contiguous().flatten()
            file.write(tensor.view(torch.uint8).numpy().tobytes())
    part.rename(path)
