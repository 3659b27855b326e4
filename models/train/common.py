import csv, os
import torch

WORK = os.environ.get("EMOJI_WORK", os.path.expanduser("~/allaprima-emoji"))


def setup():
    torch.set_num_threads(1)
    open(f"{WORK}/train.pid", "w").write(str(os.getpid()))


def save(path, obj):
    torch.save(obj, path + ".tmp")
    os.replace(path + ".tmp", path)


def load(path):
    return torch.load(path, map_location="cpu", weights_only=False)


def log_row(path, row):
    print(row, flush=True)
    new = not os.path.exists(path)
    with open(path, "a", newline="") as f:
        w = csv.DictWriter(f, row)
        if new:
            w.writeheader()
        w.writerow(row)


class Ema:
    """Exponential mean of the weights, with a warm-up."""

    def __init__(self, model, decay):
        self.decay = decay
        self.state = {k: v.detach().clone().float() for k, v in model.state_dict().items()}

    def load(self, state):
        self.state = state

    @torch.no_grad()
    def update(self, model, step, every=1):
        d = min(self.decay, (1 + step) / (10 + step)) ** every
        for k, v in model.state_dict().items():
            if v.dtype.is_floating_point:
                self.state[k].lerp_(v, 1 - d)


class Muon:
    """AdamW for vectors, embeddings and the ends; Muon (momentum made orthogonal by Newton-Schulz) for the matrices between."""

    def __init__(self, model, lr, adam_only=False, momentum=0.95):
        self.lr, self.momentum = lr, momentum
        ends = ("embedding.weight", "unet.conv_in.", "unet.conv_out.", "time_embedding", "add_embedding")
        hidden = lambda n, p: p.dim() >= 2 and not adam_only and not any(e in n for e in ends)
        named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        self.hidden = [p for n, p in named if hidden(n, p)]
        rest = [(n, p) for n, p in named if not hidden(n, p)]
        self.adam = torch.optim.AdamW([dict(params=[p for n, p in rest if p.dim() >= 2 and "embedding.weight" not in n], weight_decay=0.01),
                                       dict(params=[p for n, p in rest if p.dim() < 2 or "embedding.weight" in n], weight_decay=0.0)],
                                      lr=lr, betas=(0.9, 0.99), fused=True)
        self.buf = [torch.zeros_like(p) for p in self.hidden]
        self.scale = 1.0
        self.groups = {}
        for k, p in enumerate(self.hidden):
            n, m = p.shape[0], p.numel() // p.shape[0]
            self.groups.setdefault((n, m), []).append(k)

    def set_lr(self, k):
        self.scale = k
        for g in self.adam.param_groups:
            g["lr"] = self.lr * k

    @torch.no_grad()
    def step(self):
        self.adam.step()
        for (n, m), ks in self.groups.items():
            ks = [k for k in ks if self.hidden[k].grad is not None]
            if not ks:
                continue
            u = []
            for k in ks:
                g = self.hidden[k].grad
                self.buf[k].mul_(self.momentum).add_(g)
                u.append(g.add(self.buf[k], alpha=self.momentum).view(n, m))
            x = torch.stack(u).bfloat16()
            if n > m:
                x = x.mT
            x = x / (x.float().flatten(1).norm(dim=1)[:, None, None] + 1e-7).bfloat16()
            for _ in range(5):
                a = x @ x.mT
                x = 3.4445 * x + (-4.7750 * a + 2.0315 * (a @ a)) @ x
            if n > m:
                x = x.mT
            lr = self.lr * self.scale
            x = x.float() * (lr * 0.2 * max(n, m) ** 0.5)
            for k, d in zip(ks, x):
                self.hidden[k].mul_(1 - lr * 0.05).sub_(d.view_as(self.hidden[k]))

    def state_dict(self):
        return dict(adam=self.adam.state_dict(), buf=self.buf)

    def load_state_dict(self, s):
        self.adam.load_state_dict(s["adam"])
        for b, v in zip(self.buf, s["buf"]):
            b.copy_(v)
