"""The configurations of the tiny pipelines: the default model, and others for parity tests.

Together they cover what a reader of checkpoints must not hard-code: the number of levels, heads,
groups and layers, eps, activations, both projections of a transformer, both rules for the pooled
position, both styles of tokenizer files and the dtype on disk.
"""

from dataclasses import dataclass, field, replace

import torch

from clip_vocabulary import vocabulary_size

DOWN, CROSS = "DownBlock2D", "CrossAttnDownBlock2D"


@dataclass(frozen=True)
class TextEncoder:
    width: int
    layers: int
    heads: int
    feed_forward: int
    activation: str
    projection: int
    eps: float = 1e-5
    # 2 is what nearly all published files say: the pooled position is that of the largest id.
    eos_token_id: int = 2


@dataclass(frozen=True)
class UNet:
    widths: tuple
    blocks: tuple
    layers: int
    heads: tuple
    transformers: tuple
    groups: int
    sample_size: int
    time_ids_width: int = 8
    eps: float = 1e-5
    linear_projection: bool = True
    more: dict = field(default_factory=dict)  # keys of the configuration


@dataclass(frozen=True)
class Vae:
    widths: tuple
    layers: int
    groups: int
    scaling: float = 0.13025
    stream: float = 1.0  # size of what the residual blocks add to
    more: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Pipeline:
    text_encoder: TextEncoder
    text_encoder_2: TextEncoder
    unet: UNet
    vae: Vae
    dtype: torch.dtype = torch.float32
    zeros_without_negative_prompt: bool = True
    added_tokens_decoder: bool = False
    files: str = "plain"  # weight_files.py
    gains: dict = field(default_factory=dict)  # beside, or in place of, those of make_tiny.py


# SDXL in small: three levels, 128x128 pixels.
TINY = Pipeline(
    TextEncoder(24, 3, 3, 96, "quick_gelu", 24),
    TextEncoder(32, 3, 4, 128, "gelu", 32),
    UNet((8, 16, 24), (DOWN, CROSS, CROSS), 2, (1, 2, 3), (1, 1, 2), groups=4, sample_size=16,
         time_ids_width=16),
    Vae((8, 8, 16, 16), 1, groups=4),
)

# As in diffusers' own tests: heads of one channel, one group.
A = Pipeline(
    TextEncoder(16, 5, 4, 37, "gelu", 16),
    TextEncoder(16, 5, 4, 37, "gelu", 16),
    UNet((2, 4), (DOWN, CROSS), 2, (2, 4), (1, 2), groups=1, sample_size=16),
    Vae((4, 8), 1, groups=1),
)

# Three levels that halve odd sizes, unequal encoders.
B = Pipeline(
    TextEncoder(16, 3, 2, 40, "quick_gelu", 12),
    TextEncoder(24, 2, 3, 64, "gelu", 20),
    UNet((4, 8, 12), (DOWN, CROSS, CROSS), 2, (2, 2, 3), (1, 2, 3), groups=2, sample_size=11),
    Vae((4, 8, 8, 8), 1, groups=2),
    added_tokens_decoder=True,
)

# Convolutions around the transformers, none at the last level but one with a head of 64 channels
# in the middle, bf16 on disk, no zeros for a missing negative prompt.
C = Pipeline(
    TextEncoder(16, 2, 2, 48, "quick_gelu", 16, eps=1e-4),
    TextEncoder(16, 3, 4, 32, "gelu", 24, eps=1e-4, eos_token_id=vocabulary_size() - 1),
    UNet((16, 64), (CROSS, DOWN), 1, (2, 1), (1, 1), groups=8, sample_size=12, eps=1e-3,
         linear_projection=False),
    Vae((8, 8, 16), 1, groups=4, scaling=0.18215),
    dtype=torch.bfloat16,
    zeros_without_negative_prompt=False,
)

# The smallest again, in fp16 files of other layouts; and with a VAE that overflows in fp16.
D = replace(A, dtype=torch.float16, files="variant")
E = replace(A, dtype=torch.float16, files="legacy")
F = replace(A, dtype=torch.float16, vae=replace(A.vae, stream=5e4))
# The text encoders of g and those that follow: what varies is behind them.
FIRST = TextEncoder(8, 2, 2, 16, "quick_gelu", 8)
SECOND = TextEncoder(12, 2, 2, 24, "gelu", 12)

# SSD-1B: depths of each transformer for itself, a single residual block in the middle.
G = Pipeline(
    FIRST, SECOND,
    UNet((4, 8, 12), (DOWN, CROSS, CROSS), 2, (1, 2, 3), [1, [2, 1], [1, 3]], groups=2,
         sample_size=8, more={
             "reverse_transformer_layers_per_block": [[1, 2, 3], [2, 1, 1], 1],
             "mid_block_type": "UNetMidBlock2D",
         }),
    Vae((4, 4, 8, 8), 1, groups=2),
    dtype=torch.bfloat16,
)  # fmt: skip

# Segmind-Vega, and a VAE without attention.
H = Pipeline(
    FIRST, SECOND,
    UNet((4, 8, 12), (DOWN, CROSS, CROSS), 2, (1, 2, 3), [1, [1, 1], [2, 2]], groups=2,
         sample_size=8, more={
             "reverse_transformer_layers_per_block": [[2, 2, 2], [1, 1, 1], 1],
             "mid_block_type": "UNetMidBlock2D",
         }),
    Vae((4, 4, 8, 8), 1, groups=2, more={"mid_block_add_attention": False}),
    dtype=torch.bfloat16,
)  # fmt: skip

# KOALA: one layer a level, nothing in the middle; a VAE of four pixels a latent.
I = Pipeline(
    FIRST, SECOND,
    UNet((4, 8, 12), (DOWN, CROSS, CROSS), 1, (1, 2, 3), (1, 2, 3), groups=2, sample_size=12,
         more={"mid_block_type": None}),
    Vae((4, 8, 8), 1, groups=2),
    dtype=torch.bfloat16,
)  # fmt: skip

# LCM: the UNet is told the guidance scale, and needs no negative row. Where guidance does not
# multiply what a weight does, the inner parts must be louder to matter.
J = Pipeline(
    FIRST, SECOND,
    UNet((4, 8), (DOWN, CROSS), 2, (1, 2), (1, 2), groups=2, sample_size=8,
         more={"time_cond_proj_dim": 15}),
    Vae((4, 4, 8, 8), 1, groups=2),
    dtype=torch.bfloat16,
    gains={
        "to_q.weight": 3.0,
        "to_k.weight": 3.0,
        "proj_out.weight": 1.5,
        "upsamplers.0.conv.weight": 2.0,
        "time_emb_proj.weight": 2.0,
        "add_embedding.linear_2.weight": 3.0,
    },
)  # fmt: skip

# Playground v2.5's VAE, without the two convolutions around the latents; nested depths with a
# transformer in the middle, which takes the first of the innermost level's.
K = Pipeline(
    FIRST, SECOND,
    UNet((4, 8), (CROSS, CROSS), 2, (1, 2), [[1, 2], [3, 1]], groups=2, sample_size=8,
         more={"reverse_transformer_layers_per_block": [[1, 2, 1], 1]}),
    Vae((4, 4, 8, 8), 1, groups=2, scaling=0.5, more={
        "latents_mean": [-1.6574, 0.886, -1.383, 2.5155],
        "latents_std": [8.4927, 5.9022, 6.5498, 5.2299],
        "use_quant_conv": False,
        "use_post_quant_conv": False,
        "shift_factor": 0.5,  # not read by the pipeline of SDXL
    }),
    dtype=torch.bfloat16,
)  # fmt: skip

# The refiner's levels: three halvings, odd sizes at each; projections as convolutions. What comes
# from below is loud, or the innermost of so many levels would hardly matter.
L = Pipeline(
    FIRST, SECOND,
    UNet((4, 8, 8, 12), (DOWN, CROSS, CROSS, DOWN), 1, (1, 2, 2, 3), 1, groups=2, sample_size=9,
         linear_projection=False),
    Vae((4, 4, 8, 8), 1, groups=2),
    dtype=torch.bfloat16,
    gains={"upsamplers.0.conv.weight": 2.0},
)  # fmt: skip

# Eight channels, sixteen pixels a latent, layers that differ between levels, one number of heads.
M = Pipeline(
    FIRST, SECOND,
    UNet((4, 8, 8), (CROSS, CROSS, DOWN), [1, 2, 1], 2, (1, 2, 1), groups=2, sample_size=6,
         more={"in_channels": 8, "out_channels": 8}),
    Vae((4, 4, 8, 8, 8), 1, groups=2, more={"latent_channels": 8}),
    dtype=torch.bfloat16,
)  # fmt: skip

# Keys that published UNets leave alone: sines first, their frequencies shifted, a time embedding of
# another width, no attention on the way down. The last seven keys change nothing.
N = Pipeline(
    FIRST, SECOND,
    UNet((4, 8), (DOWN, DOWN), 2, (1, 2), (2, 1), groups=2, sample_size=8, time_ids_width=7, more={
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        "flip_sin_to_cos": False,
        "freq_shift": 1,
        "time_embedding_dim": 20,
        "act_fn": "swish",
        "cross_attention_dim": (20, 20),
        "only_cross_attention": (False, False),
        "dropout": 0.5,
        "upcast_attention": True,
        "cross_attention_norm": "layer_norm",
        "resnet_out_scale_factor": 2.0,
        "resnet_skip_time_act": True,
        "mid_block_only_cross_attention": True,
    }),
    Vae((4, 4, 8, 8), 2, groups=2, more={"act_fn": "swish", "use_quant_conv": False}),
    dtype=torch.bfloat16,
)  # fmt: skip

# Folder in the repository -> configuration.
PIPELINES = {
    "models/tiny": TINY,
    "native/tests/data/pipelines/a": A,
    "native/tests/data/pipelines/b": B,
    "native/tests/data/pipelines/c": C,
    "native/tests/data/pipelines/d": D,
    "native/tests/data/pipelines/e": E,
    "native/tests/data/pipelines/f": F,
    "native/tests/data/pipelines/g": G,
    "native/tests/data/pipelines/h": H,
    "native/tests/data/pipelines/i": I,
    "native/tests/data/pipelines/j": J,
    "native/tests/data/pipelines/k": K,
    "native/tests/data/pipelines/l": L,
    "native/tests/data/pipelines/m": M,
    "native/tests/data/pipelines/n": N,
}
