"""The rungs of the ladder: ours, and what stands beside each. A new one is one line here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rung:
    """What a process is started with, and what its row in the CSV says."""

    name: str
    engine: str  # alla_prima, diffusers_peer, openvino_peer: the module beside this one
    precision: str
    attention: str = "sdpa"
    fuse: bool = False
    channels_last: bool = False
    swap_conv1x1: bool = False
    int8: str = ""  # the scheme
    fp8: bool = False
    compile: str = ""  # "yes" for ours and OpenVINO; for torch.compile default, freezing, max-autotune
    tf32: str = ""  # fp32 products on a GPU: "on", "off"; "" as libtorch does, convolutions alone
    beside: str = ""  # of ours: the peer that does the same
    after: str = ""  # the rung whose gain this one adds to

    @property
    def is_ours(self):
        return self.engine == "alla_prima"


def ours(name, precision, beside, after="", **more):
    return Rung(name, "alla_prima", precision, beside=beside, after=after, **more)


def theirs(name, precision, after="", **more):
    return Rung(name, "diffusers_peer", precision, after=after, **more)


PLAIN = "diffusers fp32"  # what pictures are compared with

STACK = {"fuse": True, "channels_last": True}
RUNGS = (
    theirs("diffusers fp32 math", "fp32", attention="math"),
    theirs(PLAIN, "fp32", after="diffusers fp32 math"),
    theirs("diffusers bf16 math", "bf16", attention="math"),
    theirs("diffusers bf16", "bf16", after="diffusers bf16 math"),
    theirs("diffusers bf16 fused", "bf16", after="diffusers bf16", fuse=True),
    theirs("torch.compile fp32", "fp32", after=PLAIN, compile="default", channels_last=True),
    theirs("torch.compile fp32 freezing", "fp32", after=PLAIN, compile="freezing", channels_last=True),
    theirs("torch.compile bf16", "bf16", after="diffusers bf16", compile="default", **STACK),
    theirs("torch.compile bf16 freezing", "bf16", after="diffusers bf16", compile="freezing", **STACK),
    theirs("torch.compile bf16 freezing int8", "bf16", after="torch.compile bf16 freezing", compile="freezing",
           int8="torchao", **STACK),
    Rung("openvino fp32", "openvino_peer", "fp32", compile="yes"),
    Rung("openvino bf16", "openvino_peer", "bf16", compile="yes"),
    ours("fp32 math", "fp32", "diffusers fp32 math", attention="math"),
    ours("fp32", "fp32", PLAIN, "fp32 math"),
    ours("bf16 math", "bf16", "diffusers bf16 math", attention="math"),
    ours("bf16", "bf16", "diffusers bf16", "bf16 math"),
    ours("bf16 channels-last", "bf16", "diffusers bf16", "bf16", channels_last=True),
    ours("bf16 fused", "bf16", "diffusers bf16 fused", "bf16", fuse=True),
    ours("bf16 fused int8", "bf16", "diffusers bf16 fused", "bf16 fused", fuse=True,
         swap_conv1x1=True, int8="tutorial"),
    ours("compile fp32", "fp32", "torch.compile fp32 freezing", "fp32", compile="yes", fuse=True),
    ours("compile bf16", "bf16", "torch.compile bf16 freezing", "bf16 fused", compile="yes", fuse=True),
    ours("compile bf16 int8", "bf16", "torch.compile bf16 freezing int8", "compile bf16", compile="yes",
         fuse=True, swap_conv1x1=True, int8="tutorial"),
    ours("compile bf16 int8 torchao", "bf16", "torch.compile bf16 freezing int8", "compile bf16",
         compile="yes", fuse=True, swap_conv1x1=True, int8="torchao"),
)  # fmt: skip

def diffusion_fast_conv(in_channels, out_channels):
    return 128 in (in_channels, out_channels)


@dataclass
class Job:
    """What every engine is asked for."""

    model: str
    width: int
    height: int
    steps: int
    batch: int
    guidance: float
    threads: int
    noise: str  # a safetensors file with "latents"
    prompt: str = "a red apple on blue"
    int8_layers: str = "diffusion-fast"  # or "all"
    device: str = "cpu"
    library: str = ""
