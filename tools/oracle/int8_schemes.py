"""Dynamic int8 in plain torch: two schemes of rounding, and a linear that computes with either.

Both are symmetric, an activation scale for each row and a weight scale for each output channel,
and all arithmetic but the integers' is fp32.

tutorial: torchao at commit 54bcd5a. Activations: the largest magnitude, at least 1e-5, over 127;
  quotients rounded half to even, -127..127. Weights: over 127.5, at least eps; -128..127.
torchao: version 0.18. Both: over 127.5, at least eps; the reciprocal is multiplied; -128..127.
"""

import torch

EPS = torch.finfo(torch.float32).eps
FEWEST_ROWS = 17


def largest(values):
    return values.abs().amax(dim=-1)


def integers(quotients, lowest):
    return torch.clamp(torch.round(quotients), lowest, 127).to(torch.int8)


def tutorial_activation(x):
    scale = largest(x).clamp(min=1e-5) / 127
    return integers(x / scale[..., None], -127), scale


def tutorial_weight(w):
    scale = (largest(w) / 127.5).clamp(min=EPS)
    return integers(w / scale[..., None], -128), scale


def torchao_either(values):
    scale = (largest(values) / 127.5).clamp(min=EPS)
    return integers(values * (1 / scale)[..., None], -128), scale


# Scheme -> what makes integers and scales of activations [M, K] and of weights [N, K].
SCHEMES = {
    "tutorial": (tutorial_activation, tutorial_weight),
    "torchao": (torchao_either, torchao_either),
}


def product(x, w):
    """int32 [M, N]. In double, where every sum of int8 products is exact, and fast."""
    return (x.double() @ w.double().T).to(torch.int32)


def output(sums, x_scale, w_scale, bias):
    scaled = sums.float() * x_scale[:, None] * w_scale
    return scaled if bias is None else scaled + bias


def is_eligible(linear, rows):
    multiples = linear.in_features % 8 == 0 and linear.out_features % 8 == 0
    return multiples and rows >= FEWEST_ROWS


class Int8Linear(torch.nn.Module):
    """In place of a linear: int8 where the rule allows it, else as it was; counts which."""

    def __init__(self, linear, scheme):
        super().__init__()
        self.linear = linear
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.quantise_activation, quantise_weight = SCHEMES[scheme]
        self.integers, self.scale = quantise_weight(linear.weight.detach().float())
        self.quantised = self.dense = 0

    def forward(self, x):
        rows = x.reshape(-1, x.shape[-1])
        if not is_eligible(self.linear, rows.shape[0]):
            self.dense += 1
            return self.linear(x)
        self.quantised += 1
        quantised, scale = self.quantise_activation(rows.float())
        y = output(product(quantised, self.integers), scale, self.scale, self.linear.bias)
        return y.to(x.dtype).reshape(*x.shape[:-1], -1)


def replace_linears(network, scheme):
    """All of them; name -> what took its place."""
    linears = {n: m for n, m in network.named_modules() if isinstance(m, torch.nn.Linear)}
    replaced = {name: Int8Linear(module, scheme) for name, module in linears.items()}
    for name, module in replaced.items():
        parent, _, own = name.rpartition(".")
        setattr(network.get_submodule(parent), own, module)
    return replaced
