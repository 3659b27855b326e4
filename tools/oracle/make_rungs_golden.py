"""Makes what int8 must give: for single layers, for whole pipelines, and for the choice of layers.

    python make_rungs_golden.py [--root REPOSITORY]

native/tests/data/int8/*.safetensors: linears in small, integers and scales of both schemes.
native/tests/data/int8/selection.json: which linears of SDXL base the tutorial's filter takes.
MODEL/golden-int8/*.safetensors: generations with every eligible linear in int8, QKV fused.
README.md says what they hold; int8_schemes.py says what is computed.
"""

import argparse
import json
from pathlib import Path

import torch
import torchao
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors import safe_open
from safetensors.torch import save_file
from torchao.quantization import Int8DynamicActivationInt8WeightConfig, quantize_

import int8_schemes
from diffusers_run import Request, distance, load_tiny, run
from int8_schemes import SCHEMES, product, replace_linears
from make_golden import sort_header
from tutorial_filter import tutorial_filter

LAYERS = "native/tests/data/int8"
MODELS = ("models/tiny", "models/emoji")
PERTURBATION = 1e-6


def write(path, tensors, texts):
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.contiguous() for name, value in tensors.items()}
    save_file(tensors, path, {name: str(value) for name, value in texts.items()})
    sort_header(path)
    print(f"{path}: {path.stat().st_size / 1024:.0f} KiB")


# Single layers


def plain(seed=1):
    """Numbers as a network has them, one row with an outlier; fp32, with a bias."""
    generator = torch.Generator("cpu").manual_seed(seed)
    x = torch.randn(17, 64, generator=generator)
    x[3, 5] = 40.0
    return x, torch.randn(48, 64, generator=generator) / 8, torch.randn(48, generator=generator)


def wide():
    """bf16, and sums of products beyond 16 bits and beyond what fp16 or bf16 could hold."""
    generator = torch.Generator("cpu").manual_seed(2)
    x = torch.randn(17, 640, generator=generator).abs()
    w = torch.randn(24, 640, generator=generator).abs() / 25
    bias = torch.randn(24, generator=generator)
    return x.bfloat16(), w.bfloat16(), bias.bfloat16()


def ties(scale, largest):
    """A row whose quotients by `scale` are halves, up to one that is `largest`."""
    halves = (torch.arange(32) - 15.5) * scale
    halves[0] = largest * scale
    return halves


def edges():
    """Rows of zeros, one-sided, huge, tiny, and with exact ties; no bias."""
    generator = torch.Generator("cpu").manual_seed(3)
    rows = [
        torch.zeros(32),
        -torch.rand(32, generator=generator) - 0.5,
        torch.rand(32, generator=generator) + 0.5,
        torch.randn(32, generator=generator) * 1e18,
        torch.randn(32, generator=generator) * 1e-4,  # largest quotient of 1e-5 over 127
        torch.randn(32, generator=generator) * 3e-6,  # under the tutorial's floor
        torch.randn(32, generator=generator) * 1e-7,  # under torchao's
        torch.randn(32, generator=generator) * 1e-39,  # denormal
        ties(0.125, 127),  # ties for the activations of "tutorial"
        ties(0.125, -127),
        ties(0.125, 127.5),  # ties for all others; 127.5 rounds to 128, which int8 has not
        ties(0.125, -127.5),
        torch.full((32,), 0.3),
        torch.full((32,), -0.3),
        torch.nn.functional.one_hot(torch.tensor(7), 32) * 2.5,
        torch.arange(32) * 1.0,
    ]
    w = torch.stack(rows)
    more = torch.randn(8, 32, generator=generator)
    return torch.cat([w, more]), w, None


CASES = {"plain": plain, "wide": wide, "edges": edges}


def layer_tensors(x, w, bias):
    tensors = {"x": x, "w": w} | ({} if bias is None else {"bias": bias})
    for scheme in SCHEMES:
        quantise_x, quantise_w = SCHEMES[scheme]
        (xq, xs), (wq, ws) = quantise_x(x.float()), quantise_w(w.float())
        sums = product(xq, wq)
        tensors |= {
            f"{scheme}.x_int": xq,
            f"{scheme}.x_scale": xs,
            f"{scheme}.w_int": wq,
            f"{scheme}.w_scale": ws,
            f"{scheme}.product": sums,
            f"{scheme}.output": int8_schemes.output(sums, xs, ws, None if bias is None else bias.float()),
        }
    return tensors


def check_torchao(x, w, bias, tensors):
    """torchao itself, in fp32, gives the integers and scales of our "torchao", and its output."""
    x, w = x.float(), w.float()
    linear = torch.nn.Linear(w.shape[1], w.shape[0], bias=bias is not None)
    linear.weight.data = w.clone()
    if bias is not None:
        linear.bias.data = bias.float().clone()
    quantize_(linear, Int8DynamicActivationInt8WeightConfig(set_inductor_config=False))
    weight = linear.weight
    assert torch.equal(weight.qdata, tensors["torchao.w_int"])
    assert torch.equal(weight.scale.flatten(), tensors["torchao.w_scale"])
    activation = type(weight).from_hp(x, weight.act_quant_kwargs.granularity)
    assert torch.equal(activation.qdata, tensors["torchao.x_int"])
    assert torch.equal(activation.scale.flatten(), tensors["torchao.x_scale"])
    assert torch.equal(linear(x), tensors["torchao.output"])


def write_layers(folder):
    for name, case in CASES.items():
        x, w, bias = case()
        tensors = layer_tensors(x, w, bias)
        check_torchao(x, w, bias, tensors)
        texts = {"torch": torch.__version__, "torchao": torchao.__version__}
        write(folder / f"{name}.safetensors", tensors, texts)


# Which layers


@torch.no_grad()
def rows_of_linears(network, *inputs, **named):
    """Name -> the rows that the linear saw; 0: it did not run."""
    rows = {}

    def note(name):
        return lambda module, arguments: rows.update({name: arguments[0].shape[:-1].numel()})

    linears = {n: m for n, m in network.named_modules() if isinstance(m, torch.nn.Linear)}
    handles = [module.register_forward_pre_hook(note(name)) for name, module in linears.items()]
    network(*inputs, **named)
    for handle in handles:
        handle.remove()
    return {name: (module, rows.get(name, 0)) for name, module in linears.items()}


def unfused_names(network):
    """Linears that fusing made superfluous; diffusers keeps them."""
    gone = set()
    for name, module in network.named_modules():
        if hasattr(module, "to_qkv"):
            gone |= {f"{name}.to_q", f"{name}.to_k", f"{name}.to_v"}
        elif hasattr(module, "to_kv"):
            gone |= {f"{name}.to_k", f"{name}.to_v"}
    return gone


def describe(network, *inputs, **named):
    """[name, in, out, rows, taken by the filter, quantised] of every linear after fusing."""
    before = sum(isinstance(module, torch.nn.Linear) for module in network.modules())
    network.fuse_qkv_projections()
    gone = unfused_names(network)
    linears = []
    for name, (module, rows) in rows_of_linears(network, *inputs, **named).items():
        if name in gone:
            continue
        taken = tutorial_filter(module.in_features, module.out_features)
        quantised = taken and int8_schemes.is_eligible(module, rows)
        linears.append([name, module.in_features, module.out_features, rows, taken, quantised])
    return {"before_fusing": before, "linears": linears}


@torch.no_grad()
def selection(configs):
    """SDXL base at 1024x1024 with guidance; no weights are made."""
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(json.loads((configs / "unet/config.json").read_text()))
        vae = AutoencoderKL.from_config(json.loads((configs / "vae/config.json").read_text()))
        added = {"text_embeds": torch.zeros(2, 1280), "time_ids": torch.zeros(2, 6)}
        sample, text, timestep = torch.zeros(2, 4, 128, 128), torch.zeros(2, 77, 2048), torch.zeros(1)
        described = {"unet": describe(unet, sample, timestep, text, added_cond_kwargs=added)}
        vae.forward = vae.decode
        described["vae"] = describe(vae, torch.zeros(1, 4, 128, 128))
    return described


def write_selection(path, configs):
    chosen = selection(configs)
    lines = []
    for component, part in chosen.items():
        rows = ",\n".join(json.dumps(row) for row in part["linears"])
        lines.append(f'"{component}": {{"before_fusing": {part["before_fusing"]}, "linears": [\n{rows}]}}')
        taken = sum(row[4] for row in part["linears"])
        quantised = sum(row[5] for row in part["linears"])
        print(f"{component}: {part['before_fusing']} linears, {len(part['linears'])} after fusing, "
              f"{taken} taken by the filter, {quantised} quantised")  # fmt: skip
    path.write_text("{" + ",\n".join(lines) + "}\n")


# Whole pipelines


def request_of(metadata):
    return Request(
        metadata["prompt"], int(metadata["width"]), int(metadata["height"]),
        negative_prompt=metadata.get("negative_prompt"), steps=int(metadata["steps"]),
        guidance=float(metadata["guidance"]), images=int(metadata["images"]),
    )  # fmt: skip


def quantised_pipeline(folder, scheme):
    """diffusers', with QKV fused and every eligible linear of UNet and VAE replaced."""
    pipeline = load_tiny(folder, torch.float32)
    replaced = {}
    for component in ("unet", "vae"):
        network = getattr(pipeline, component)
        network.fuse_qkv_projections()
        replaced[component] = replace_linears(network, scheme)
    return pipeline, replaced


def names(replaced, quantised):
    """Of the layers that ran, those that were quantised, or those that were not."""
    return {
        component: [n for n, m in layers.items() if (m.quantised if quantised else m.dense)]
        for component, layers in replaced.items()
    }


def write_pipelines(folder):
    with safe_open(folder / "golden.safetensors", "pt") as golden:
        texts, noise, exact = golden.metadata(), golden.get_tensor("noise"), golden.get_tensor("latents")
    request = request_of(texts)
    made, shaken = {}, {}
    for scheme in SCHEMES:
        pipeline, replaced = quantised_pipeline(folder, scheme)
        made[scheme] = run(pipeline, request, noise)
        generator = torch.Generator("cpu").manual_seed(5)
        jitter = 1 + PERTURBATION * torch.randn(noise.shape, generator=generator)
        shaken[scheme] = run(pipeline, request, noise * jitter)
    for scheme, other in zip(SCHEMES, reversed(SCHEMES)):
        own = made[scheme]
        texts |= {
            "scheme": scheme,
            "quantised": json.dumps(names(replaced, quantised=True)),
            "dense": json.dumps(names(replaced, quantised=False)),
            "distance_exact": distance(exact, own["latents"]),
            "distance_other": distance(made[other]["latents"], own["latents"]),
            "distance_perturbed": distance(shaken[scheme]["latents"], own["latents"]),
        }
        texts.pop("tolerance", None)
        tensors = {name: own[name] for name in ("noise_pred", "latents")} | {"noise": noise}
        tensors["image"] = (own["image"] * 255).round().to(torch.uint8)
        write(folder / "golden-int8" / f"{scheme}.safetensors", tensors, texts)
        print({name: f"{texts[name]:.2e}" for name in texts if name.startswith("distance")})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    root = parser.parse_args().root
    torch.set_num_threads(1)
    write_layers(root / LAYERS)
    write_selection(root / LAYERS / "selection.json", root / "models/configs/sdxl-base-1.0")
    for model in MODELS:
        write_pipelines(root / model)


if __name__ == "__main__":
    main()
