#!/usr/bin/env python3
"""SDXL's UNet in plain PyTorch, without diffusers, with random weights: the peer of unet_step.

    python3 benchmarks/gpu/plain_unet.py --device cuda --latent 128

Prints one line of JSON with the names of benchmarks/native/unet_step.cpp. `forward_ms` is a whole
forward pass: diffusers, like our eager pipeline, repeats the work on text and time in every step.
tools/oracle/check_plain_unet.py holds this network against diffusers' own.
"""

import argparse
import json
import math
import resource
import statistics
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

CONFIG = Path(__file__).parents[2] / "models/configs/sdxl-base-1.0/unet/config.json"
TEXT_TOKENS = 77
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def sinusoid(values, width):
    """values [N] fp32 to [N, width], cosines first."""
    half = width // 2
    exponents = torch.arange(half, dtype=torch.float32, device=values.device)
    angles = values[:, None] * torch.exp(exponents * -math.log(10000.0) / half)
    return torch.cat([angles.cos(), angles.sin()], -1)


# Members are named as in the checkpoint.


class TimestepEmbedding(nn.Module):
    def __init__(self, width_in, width):
        super().__init__()
        self.linear_1 = nn.Linear(width_in, width)
        self.linear_2 = nn.Linear(width, width)

    def forward(self, x):
        return self.linear_2(F.silu(self.linear_1(x)))


class Resnet(nn.Module):
    def __init__(self, width_in, width, time_width, config):
        super().__init__()
        groups, eps = config["norm_num_groups"], config["norm_eps"]
        self.norm1 = nn.GroupNorm(groups, width_in, eps)
        self.conv1 = nn.Conv2d(width_in, width, 3, padding=1)
        self.time_emb_proj = nn.Linear(time_width, width)
        self.norm2 = nn.GroupNorm(groups, width, eps)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        if width_in != width:
            self.conv_shortcut = nn.Conv2d(width_in, width, 1)

    def forward(self, x, time_embedding):
        h = self.conv1(F.silu(self.norm1(x)))
        h = h + self.time_emb_proj(F.silu(time_embedding))[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h)))
        return h + (self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x)


class Attention(nn.Module):
    def __init__(self, width, context_width, heads):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(context_width, width, bias=False)
        self.to_v = nn.Linear(context_width, width, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x, context):
        def split(y):
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        q, k, v = split(self.to_q(x)), split(self.to_k(context)), split(self.to_v(context))
        mixed = F.scaled_dot_product_attention(q, k, v)
        return self.to_out[0](mixed.transpose(1, 2).flatten(2))


class Geglu(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.proj = nn.Linear(width, 8 * width)

    def forward(self, x):
        values, gates = self.proj(x).chunk(2, -1)
        return values * F.gelu(gates)


class FeedForward(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.net = nn.ModuleList([Geglu(width), nn.Identity(), nn.Linear(4 * width, width)])

    def forward(self, x):
        return self.net[2](self.net[0](x))


class TransformerBlock(nn.Module):
    def __init__(self, width, context_width, heads):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.attn1 = Attention(width, width, heads)
        self.attn2 = Attention(width, context_width, heads)
        self.ff = FeedForward(width)

    def forward(self, x, text):
        h = self.norm1(x)
        x = x + self.attn1(h, h)
        x = x + self.attn2(self.norm2(x), text)
        return x + self.ff(self.norm3(x))


class Transformer(nn.Module):
    def __init__(self, width, heads, depth, config):
        super().__init__()
        self.norm = nn.GroupNorm(config["norm_num_groups"], width, 1e-6)
        self.proj_in = nn.Linear(width, width)
        text_width = config["cross_attention_dim"]
        self.transformer_blocks = nn.ModuleList(
            TransformerBlock(width, text_width, heads) for _ in range(depth)
        )
        self.proj_out = nn.Linear(width, width)

    def forward(self, x, text):
        tokens = self.proj_in(self.norm(x).permute(0, 2, 3, 1).flatten(1, 2))
        for block in self.transformer_blocks:
            tokens = block(tokens, text)
        return self.proj_out(tokens).unflatten(1, x.shape[2:]).permute(0, 3, 1, 2) + x


class Sampler(nn.Module):
    """Halves the picture, or only convolves what was doubled before."""

    def __init__(self, width, stride):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, stride, padding=1)

    def forward(self, x):
        return self.conv(x)


class Block(nn.Module):
    """Residual blocks, each with a transformer behind it where `depth` is not 0."""

    def __init__(self, widths_in, level, time_width, config):
        super().__init__()
        width, heads, depth = level
        self.resnets = nn.ModuleList(Resnet(w, width, time_width, config) for w in widths_in)
        if depth:
            self.attentions = nn.ModuleList(
                Transformer(width, heads, depth, config) for _ in widths_in
            )

    def unit(self, i, x, time_embedding, text):
        x = self.resnets[i](x, time_embedding)
        return self.attentions[i](x, text) if hasattr(self, "attentions") else x


class DownBlock(Block):
    def __init__(self, widths_in, level, time_width, config, last):
        super().__init__(widths_in, level, time_width, config)
        if not last:
            self.downsamplers = nn.ModuleList([Sampler(level[0], 2)])

    def forward(self, x, time_embedding, text, skips):
        for i in range(len(self.resnets)):
            x = self.unit(i, x, time_embedding, text)
            skips.append(x)
        if hasattr(self, "downsamplers"):
            x = self.downsamplers[0](x)
            skips.append(x)
        return x


class MidBlock(Block):
    def __init__(self, level, time_width, config):
        super().__init__([level[0]] * 2, level, time_width, config)
        del self.attentions[1]

    def forward(self, x, time_embedding, text):
        x = self.unit(0, x, time_embedding, text)
        return self.resnets[1](x, time_embedding)


class UpBlock(Block):
    def __init__(self, widths_in, level, time_width, config, last):
        super().__init__(widths_in, level, time_width, config)
        if not last:
            self.upsamplers = nn.ModuleList([Sampler(level[0], 1)])

    def forward(self, x, time_embedding, text, skips):
        for i in range(len(self.resnets)):
            x = self.unit(i, torch.cat([x, skips.pop()], 1), time_embedding, text)
        if hasattr(self, "upsamplers"):
            x = self.upsamplers[0](F.interpolate(x, size=skips[-1].shape[2:], mode="nearest"))
        return x


class PlainUNet(nn.Module):
    """UNet2DConditionModel as SDXL configures it."""

    def __init__(self, config):
        super().__init__()
        assert config["use_linear_projection"] and config["addition_embed_type"] == "text_time"
        self.config = config
        widths, heads = config["block_out_channels"], config["attention_head_dim"]
        depths, layers = config["transformer_layers_per_block"], config["layers_per_block"]
        time_width, last = 4 * widths[0], len(widths) - 1

        def level(i, kind):
            return widths[i], heads[i], depths[i] if kind.startswith("CrossAttn") else 0

        self.conv_in = nn.Conv2d(config["in_channels"], widths[0], 3, padding=1)
        self.time_embedding = TimestepEmbedding(widths[0], time_width)
        self.add_embedding = TimestepEmbedding(
            config["projection_class_embeddings_input_dim"], time_width
        )
        skips, x = [widths[0]], widths[0]
        self.down_blocks = nn.ModuleList()
        for i, kind in enumerate(config["down_block_types"]):
            widths_in = [x] + [widths[i]] * (layers - 1)
            self.down_blocks.append(
                DownBlock(widths_in, level(i, kind), time_width, config, i == last)
            )
            x = widths[i]
            skips += [x] * (layers + (i < last))
        self.mid_block = MidBlock((x, heads[-1], depths[-1]), time_width, config)
        self.up_blocks = nn.ModuleList()
        for i, kind in enumerate(config["up_block_types"]):
            width = widths[last - i]
            widths_in = [w + skips.pop() for w in [x] + [width] * layers]
            self.up_blocks.append(
                UpBlock(widths_in, level(last - i, kind), time_width, config, i == last)
            )
            x = width
        self.conv_norm_out = nn.GroupNorm(config["norm_num_groups"], x, config["norm_eps"])
        self.conv_out = nn.Conv2d(x, config["out_channels"], 3, padding=1)

    def forward(self, x, timestep, text, pooled, time_ids):
        """x [B, C, H, W], timestep [B] fp32, text [B, T, D], pooled [B, P], time_ids [B, 6]."""
        time_embedding = self.time_embedding(sinusoid(timestep, self.conv_in.out_channels).to(x))
        sizes = sinusoid(time_ids.flatten(), self.config["addition_time_embed_dim"])
        added = torch.cat([pooled, sizes.view(len(pooled), -1).to(pooled)], -1)
        time_embedding = time_embedding + self.add_embedding(added)
        h = self.conv_in(x)
        skips = [h]
        for block in self.down_blocks:
            h = block(h, time_embedding, text, skips)
        h = self.mid_block(h, time_embedding, text)
        for block in self.up_blocks:
            h = block(h, time_embedding, text, skips)
        return self.conv_out(F.silu(self.conv_norm_out(h)))


def fill(model, seed):
    """Random weights under which the values keep their size from layer to layer."""
    torch.manual_seed(seed)
    for name, tensor in model.named_parameters():
        if tensor.dim() > 1:
            tensor.normal_(0, 1 / math.sqrt(tensor[0].numel()))
        else:
            tensor.normal_(1 if "norm" in name and name.endswith("weight") else 0, 0.1)


def count_products(model, forward):
    """Floating-point operations of all linears, convolutions and attentions of a forward pass."""
    count = 0

    def product(module, arguments, result):
        nonlocal count
        count += 2 * result.numel() * module.weight.numel() // module.weight.shape[0]

    def attention(module, arguments):
        nonlocal count
        x, context = arguments
        count += 4 * x.numel() * context.shape[1]

    handles = [
        module.register_forward_pre_hook(attention)
        if isinstance(module, Attention)
        else module.register_forward_hook(product)
        for module in model.modules()
        if isinstance(module, (nn.Linear, nn.Conv2d, Attention))
    ]
    forward()
    for handle in handles:
        handle.remove()
    return count


def time_rounds(work, device, rounds):
    """Milliseconds of each round; the device is idle before and after."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(1000 * (time.perf_counter() - start))
    return taken


def inputs(config, options):
    """What forward takes, random, in its order."""
    shape = (options.batch, config["in_channels"], options.latent, options.latent)
    pooled = config["projection_class_embeddings_input_dim"] - 6 * config["addition_time_embed_dim"]
    like = {"device": options.device, "dtype": DTYPES[options.dtype]}
    fp32 = {"device": options.device, "dtype": torch.float32}
    x = torch.randn(shape, **like)
    if options.channels_last:
        x = x.to(memory_format=torch.channels_last)
    text = torch.randn(options.batch, TEXT_TOKENS, config["cross_attention_dim"], **like)
    side = 8.0 * options.latent
    time_ids = torch.tensor([side, side, 0, 0, side, side], **fp32).expand(options.batch, 6)
    return (
        x,
        torch.full((options.batch,), 501.0, **fp32),
        text,
        torch.randn(options.batch, pooled, **like),
        time_ids,
    )


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--device", type=torch.device, default="cpu")
    parser.add_argument("--dtype", choices=DTYPES, default="bf16")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--latent", type=int, default=128, help="side of the latents")
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=0, help="0: one per core")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--profile", action="store_true", help="a forward pass by kernel")
    return parser.parse_args()


def profile(forward, device):
    """Milliseconds and calls of each kernel, as torch's profiler has them; on a CPU, of operators."""
    from torch.profiler import ProfilerActivity

    on_gpu = device.type == "cuda"
    kind = ProfilerActivity.CUDA if on_gpu else ProfilerActivity.CPU
    with torch.profiler.profile(activities=[kind]) as watched:
        forward()
        if on_gpu:
            torch.cuda.synchronize(device)
    own = "self_device_time_total" if on_gpu else "self_cpu_time_total"
    rows = {row.key: {"calls": row.count, "ms": getattr(row, own) / 1000}
            for row in watched.key_averages()}  # fmt: skip
    return {name: row for name, row in rows.items() if row["ms"] > 0}


@torch.inference_mode()
def main():
    options = parse()
    if options.threads:
        torch.set_num_threads(options.threads)
    config = json.loads(options.config.read_text())
    start = time.perf_counter()
    with torch.device("meta"):
        model = PlainUNet(config).to(DTYPES[options.dtype])
    model.to_empty(device=options.device)
    fill(model, options.seed)
    if options.channels_last:
        model.to(memory_format=torch.channels_last)
    arguments = inputs(config, options)
    fill_seconds = time.perf_counter() - start

    def forward():
        return model(*arguments)

    first = time_rounds(forward, options.device, 1)[0]
    flop = count_products(model, forward)
    time_rounds(forward, options.device, max(0, options.warmup - 2))
    taken = time_rounds(forward, options.device, options.rounds)
    result = forward().float()
    cuda = options.device.type == "cuda"
    median = statistics.median(taken)
    print(json.dumps({
        "program": "plain_unet",
        "libtorch": torch.__version__,
        "device": torch.cuda.get_device_name(options.device) if cuda else "cpu",
        "dtype": options.dtype,
        "latents": list(arguments[0].shape),
        "channels_last": options.channels_last,
        "threads": torch.get_num_threads(),
        "rounds": options.rounds,
        "parameters": sum(p.numel() for p in model.parameters()),
        "fill_s": round(fill_seconds, 3),
        "first_forward_ms": round(first, 3),
        "forward_ms": {
            "median": round(median, 3),
            "min": round(min(taken), 3),
            "max": round(max(taken), 3),
        },
        "forward_tflop": flop / 1e12,
        "forward_gflop_per_s": round(flop / median / 1e6, 1),
        "peak_device_bytes": torch.cuda.max_memory_allocated(options.device) if cuda else None,
        "peak_resident_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "output_rms": round(result.square().mean().sqrt().item(), 4),
        "profile": profile(forward, options.device) if options.profile else None,
    }))
    if not result.isfinite().all():
        raise SystemExit("error: the result holds values that are not finite")


if __name__ == "__main__":
    main()
