"""The configurations of the tiny pipelines: the default model and three for parity tests.

Together they cover what a reader of checkpoints must not hard-code: the number of levels, heads,
groups and layers, eps, activations, both projections of a transformer, both rules for the pooled
position, both styles of tokenizer files and the dtype on disk.
"""

from dataclasses import dataclass, replace

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


@dataclass(frozen=True)
class Vae:
    widths: tuple
    layers: int
    groups: int
    scaling: float = 0.13025
    stream: float = 1.0  # size of what the residual blocks add to


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

# Folder in the repository -> configuration.
PIPELINES = {
    "models/tiny": TINY,
    "native/tests/data/pipelines/a": A,
    "native/tests/data/pipelines/b": B,
    "native/tests/data/pipelines/c": C,
    "native/tests/data/pipelines/d": D,
    "native/tests/data/pipelines/e": E,
    "native/tests/data/pipelines/f": F,
}
