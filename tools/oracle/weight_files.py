"""The weights of a component in files: whole or in shards, plain or of a variant.

Three layouts, as a pipeline's `files` in tiny_configs.py says: "plain", "variant" (as today's
libraries write it) and "legacy" (names that only old checkpoints have).
"""

import json

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

VARIANT = "fp16"
STEMS = {
    "text_encoder": "model",
    "text_encoder_2": "model",
    "unet": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
}
OLD_ATTENTION = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def save(tensors, path):
    save_file(tensors, path, metadata={"format": "pt"})
    path.chmod(0o644)  # safetensors makes it private


def write(folder, component, tensors, layout):
    """All tensors of a component into its folder."""
    {"plain": write_plain, "variant": write_variant, "legacy": write_legacy}[layout](
        folder, component, tensors
    )


def write_plain(folder, component, tensors):
    save(tensors, folder / f"{STEMS[component]}.safetensors")


def write_variant(folder, component, tensors):
    stem = STEMS[component]
    if component == "text_encoder":  # plain weights beside it, which are not to be taken
        write_plain(folder, component, {name: value * 1.5 for name, value in tensors.items()})
        save(tensors, folder / f"{stem}.{VARIANT}.safetensors")
    elif component != "vae":
        shards = stem + "." + VARIANT + "-{:05}-of-00002.safetensors"
        write_shards(folder, tensors, shards, f"{stem}.safetensors.index.{VARIANT}.json")
    else:  # has no variant
        write_plain(folder, component, tensors)


def write_legacy(folder, component, tensors):
    stem = STEMS[component]
    if component == "unet":
        shards = stem + "-{:05}-of-00002." + VARIANT + ".safetensors"
        write_shards(folder, tensors, shards, f"{stem}.safetensors.{VARIANT}.index.json")
        return
    if component == "vae":
        tensors = dict(old_attention(name, value) for name, value in tensors.items())
    else:
        positions = torch.arange(77).unsqueeze(0)
        tensors = {**tensors, "text_model.embeddings.position_ids": positions}
    save(tensors, folder / f"{stem}.{VARIANT}.safetensors")


def write_shards(folder, tensors, name, index):
    names = sorted(tensors)
    weight_map = {}
    for number, part in enumerate((names[::2], names[1::2]), start=1):
        file = name.format(number)
        save({key: tensors[key] for key in part}, folder / file)
        weight_map |= {key: file for key in part}
    size = sum(value.nbytes for value in tensors.values())
    text = json.dumps({"metadata": {"total_size": size}, "weight_map": weight_map}, indent=2)
    (folder / index).write_text(text + "\n")


def old_attention(name, value):
    """A tensor of the VAE under its old name, its linear layers as convolutions of one pixel."""
    for new, old in OLD_ATTENTION.items():
        if f".attentions.0.{new}." in name:
            name = name.replace(f".{new}.", f".{old}.")
            return name, value[:, :, None, None].contiguous() if value.dim() == 2 else value
    return name, value


def today(name):
    """The name that a tensor of the VAE has in diffusers' module."""
    for new, old in OLD_ATTENTION.items():
        name = name.replace(f".attentions.0.{old}.", f".attentions.0.{new}.")
    return name


def variant_of(folder):
    """What diffusers must be asked for, or None."""
    return VARIANT if any(folder.glob(f"*/*{VARIANT}*")) else None


def find(folder, component):
    """The files that are loaded: those of the variant, where there are any."""
    files = sorted((folder / component).glob("*.safetensors"))
    return [file for file in files if f".{VARIANT}" in file.name] or files


def owner(folder, component, name):
    """The file that holds a tensor."""
    for file in find(folder, component):
        with safe_open(file, "pt") as opened:
            if name in opened.keys():
                return file
    raise KeyError(name)


def load(folder, component):
    return {k: v for file in find(folder, component) for k, v in load_file(file).items()}


def copy_for_diffusers(folder, scratch):
    """The checkpoint as links; the VAE's linear layers as such: diffusers takes no others."""
    for path in filter(lambda p: p.is_file(), folder.rglob("*")):
        link = scratch / path.relative_to(folder)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path.resolve())
    for file in find(scratch, "vae"):
        tensors = load_file(file)
        file.unlink()
        for name, value in tensors.items():
            if ".attentions.0." in name and value.dim() == 4:
                tensors[name] = value[:, :, 0, 0].contiguous()
        save(tensors, file)
    return scratch
