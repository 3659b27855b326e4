"""The ladder on a GPU: ours, rung by rung as the tutorial climbs, and what stands beside each."""

from rungs import ours, theirs

# One peer a call, by these names: torch.compile's search alone may take most of ten minutes.
PEERS = {
    "fp32": theirs("diffusers fp32", "fp32", tf32="off"),
    "tf32": theirs("diffusers TF32 math", "fp32", "diffusers fp32", attention="math", tf32="on"),
    "bf16": theirs("diffusers bf16 math", "bf16", "diffusers TF32 math", attention="math"),
    "sdpa": theirs("diffusers bf16", "bf16", "diffusers bf16 math"),
    "compile": theirs("torch.compile max-autotune", "bf16", "diffusers bf16",
                      compile="max-autotune", channels_last=True),
    "fused": theirs("torch.compile max-autotune fused", "bf16", "torch.compile max-autotune",
                    compile="max-autotune", channels_last=True, fuse=True),
    "int8": theirs("torch.compile max-autotune int8", "bf16", "torch.compile max-autotune fused",
                   compile="max-autotune", channels_last=True, fuse=True, int8="torchao"),
}  # fmt: skip


def beside(peer):
    return PEERS[peer].name


OURS = (
    ours("fp32", "fp32", beside("fp32"), tf32="off"),
    ours("TF32 math", "fp32", beside("tf32"), "fp32", attention="math", tf32="on"),
    ours("bf16 math", "bf16", beside("bf16"), "TF32 math", attention="math"),
    ours("bf16", "bf16", beside("sdpa"), "bf16 math"),
    ours("compile bf16", "bf16", beside("compile"), "bf16", compile="yes"),
    ours("compile bf16 fused", "bf16", beside("fused"), "compile bf16", compile="yes", fuse=True),
    ours("compile bf16 int8", "bf16", beside("int8"), "compile bf16 fused", compile="yes", fuse=True,
         swap_conv1x1=True, int8="tutorial"),
    ours("compile bf16 fp8", "bf16", beside("int8"), "compile bf16 fused", compile="yes", fuse=True,
         swap_conv1x1=True, fp8=True),
)  # fmt: skip


def beside_peers(peers):
    """The peers of these names and ours that stand beside them."""
    chosen = [PEERS[name] for name in peers]
    names = {rung.name for rung in chosen}
    return chosen + [rung for rung in OURS if rung.beside in names]


CUTS = ("bf16 math", "bf16")


def groups(rungs):
    """What is open at a time, so that a card of 80 GB holds it: fp32 ones take some 25 GB each, others
    12. A group begins with the rung that the one before ended with."""
    made = [[]]
    for rung in rungs:
        made[-1].append(rung)
        if rung.name in CUTS and rung is not rungs[-1]:
            made.append([rung])
    return made
