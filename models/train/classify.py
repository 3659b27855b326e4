"""A small classifier of the things, trained apart from the model on the sprites.  python classify.py   (trains once, about two minutes)"""
import os, random, sys, time
import numpy as np, torch
import torch.nn.functional as F
from torch import nn
import data
from common import WORK, load, save

SIDE, STEPS, BATCH = 64, 2500, 64


def net():
    torch.manual_seed(3)
    b = lambda i, o, s: nn.Sequential(nn.Conv2d(i, o, 3, s, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))
    return nn.Sequential(b(3, 24, 2), b(24, 48, 2), b(48, 64, 1), b(64, 96, 2), b(96, 128, 1), b(128, 192, 2), nn.Flatten(),
                         nn.Dropout(0.3), nn.Linear(192 * 16, 256), nn.ReLU(), nn.Linear(256, data.N))


def background(img):
    """img [3,h,w] in 0..1: (index of the nearest background colour, the border's median colour)."""
    b = torch.cat([img[:, :3].flatten(1), img[:, -3:].flatten(1), img[:, :, :3].flatten(1), img[:, :, -3:].flatten(1)], 1).median(1).values
    colors = torch.tensor(list(data.COLORS.values())).float() / 255
    return int((colors - b).pow(2).sum(1).argmin()), b


def crop(img, color, left=0, right=128, jitter=None):
    """The square around what is not background within columns left..right, resized to SIDE; the surroundings are background."""
    part = img[:, :, left:right]
    mask = (part - color[:, None, None]).abs().amax(0) > 0.12
    rows, cols = mask.float().mean(1) > 0.02, mask.float().mean(0) > 0.02
    if not rows.any() or not cols.any():
        return color[:, None, None].expand(3, SIDE, SIDE)
    y, x = rows.nonzero().flatten(), cols.nonzero().flatten()
    y0, y1, x0, x1 = int(y[0]), int(y[-1]) + 1, int(x[0]), int(x[-1]) + 1
    half, cy, cx = max(y1 - y0, x1 - x0) * 0.54, (y0 + y1) / 2, (x0 + x1) / 2
    if jitter:
        half *= jitter.uniform(0.9, 1.2); cy += jitter.uniform(-0.1, 0.1) * half; cx += jitter.uniform(-0.1, 0.1) * half
    w = part.shape[2]
    g = torch.linspace(-1, 1, SIDE) * half
    gy, gx = (cy + g) / 128 * 2 - 1, (cx + g) / w * 2 - 1
    grid = torch.stack(torch.meshgrid(gy, gx, indexing="ij")[::-1], -1)[None]
    return F.grid_sample((part - color[:, None, None])[None], grid, align_corners=False)[0] + color[:, None, None]


def example(rng, painter):
    i, c = rng.randrange(data.N), rng.choice(data.COLOR_NAMES)
    parts = data.large(rng, i, flips=0.5) if rng.random() < 0.5 else data.small(rng, i)
    img = torch.from_numpy(painter.paint(c, parts)).permute(2, 0, 1).float() / 255
    x = crop(img, torch.tensor(data.COLORS[c]) / 255, jitter=rng)
    if rng.random() < 0.6:                                    # softened, as a decoder does
        k = rng.choice([2, 3])
        x = F.interpolate(F.avg_pool2d(x[None], k, stride=rng.choice([1, k])), SIDE, mode="bilinear")[0]
    gain, shift = rng.uniform(0.85, 1.15), rng.uniform(-0.08, 0.08)
    return x * gain + shift + torch.randn(3, 1, 1) * 0.03 + torch.randn_like(x) * rng.uniform(0, 0.05), i


def classifier():
    """The trained network and its accuracy on held-out augmentations."""
    path = WORK + "/classifier.pt"
    m = net()
    if os.path.exists(path):
        s = load(path)
        m.load_state_dict(s["model"])
        return m.eval(), s["accuracy"]
    painter, rng = data.Painter(), random.Random(11)
    opt = torch.optim.AdamW(m.parameters(), lr=2e-3, weight_decay=0.02)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, 2e-3, STEPS)
    t, right = time.time(), 0
    for step in range(STEPS):
        x, y = zip(*[example(rng, painter) for _ in range(BATCH)])
        x, y = torch.stack(x), torch.tensor(y)
        with torch.autocast("cpu", torch.bfloat16):
            z = m(x - 0.5)
        loss = F.cross_entropy(z.float(), y, label_smoothing=0.05)
        opt.zero_grad(); loss.backward(); opt.step(); sched.step()
        right += (z.argmax(1) == y).float().mean().item()
        if step % 100 == 99:
            print("classifier", step + 1, f"{time.time() - t:.0f}s loss {loss.item():.3f} accuracy {right / 100:.3f}", flush=True); right = 0
    m.eval()
    rng = random.Random(12)
    with torch.no_grad():
        x, y = zip(*[example(rng, painter) for _ in range(3000)])
        acc = (m(torch.stack(x) - 0.5).argmax(1) == torch.tensor(y)).float().mean().item()
    print("classifier: held-out augmentations", acc, flush=True)
    save(path, dict(model=m.state_dict(), accuracy=acc))
    return m, acc


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(classifier()[1])
