"""AutoencoderKL, three downsamplings.  python vae.py SECONDS [decoder]   (resumes; SECONDS is process time in all, per phase)

Phase "vae": encoder and decoder. Phase "decoder": the encoder is frozen and whitened, latents stay valid."""
import math, os, random, sys, time
import numpy as np, torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
import data
from common import WORK, Ema, Muon, save, load, log_row, setup

CONFIG = dict(in_channels=3, out_channels=3, down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
              block_out_channels=[16, 32, 64, 128], layers_per_block=1, latent_channels=4, norm_num_groups=4, sample_size=128,
              scaling_factor=0.13025, force_upcast=False)
BATCH = 4


def build():
    torch.manual_seed(1)
    m = AutoencoderKL(**CONFIG)
    for name, p in m.named_parameters():
        if p.dim() == 4:
            torch.nn.init.kaiming_normal_(p, nonlinearity="linear")
        if name.endswith("bias"):
            torch.nn.init.zeros_(p)
    for name, p in m.named_parameters():
        if name.endswith(("conv2.weight", "to_out.0.weight")):
            torch.nn.init.zeros_(p)
    return m


def to_tensor(imgs):
    return torch.from_numpy(np.stack(imgs)).permute(0, 3, 1, 2).contiguous().float() / 127.5 - 1


def dense(rng):
    return [(rng.randrange(data.N), data.SMALL, x + rng.randrange(2), y + rng.randrange(2), rng.random() < 0.5)
            for x in (0, 8) for y in (0, 8)]


def picture(rng, painter):
    k = rng.random()
    if k < 0.4:
        return painter.paint(rng.choice(data.COLOR_NAMES), dense(rng))
    if k < 0.8:
        parts = [(i, size, x, y, rng.random() < 0.5) for i, size, x, y, _ in data.large(rng, rng.randrange(data.N))]
        return painter.paint(rng.choice(data.COLOR_NAMES), parts)
    s = data.scene(rng)
    return painter.paint(data.COLOR_NAMES[s["color"]], s["parts"])


def validation(painter, n=96):
    rng = random.Random(777)
    scenes = [data.scene(rng) for _ in range(n)]
    return to_tensor([painter.paint(data.COLOR_NAMES[s["color"]], s["parts"]) for s in scenes]), scenes


@torch.no_grad()
def psnr(m, x):
    m.eval()
    y = torch.cat([m.decode(m.encode(b).latent_dist.mean).sample.clamp(-1, 1) for b in x.split(8)])
    m.train()
    mse = ((x - y) / 2).pow(2).mean((1, 2, 3))
    return -10 * mse.log10(), y


def sheet(path, x, y, n=12):
    from PIL import Image
    rows = [torch.cat(list(t[k:k + n]), 2) for k in (0, n) for t in (x, y)]
    im = ((torch.cat(rows, 1) + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    Image.fromarray(im).save(path)


def whiten(m, painter):
    """Folds per-channel mean and deviation into quant_conv and post_quant_conv: latents * scaling_factor get mean 0, deviation 1."""
    rng = random.Random(5)
    with torch.no_grad():
        z = []
        for _ in range(100):
            s = [data.scene(rng) for _ in range(8)]
            z.append(m.encode(to_tensor([painter.paint(data.COLOR_NAMES[t["color"]], t["parts"]) for t in s])).latent_dist.mean)
        z = torch.cat(z)
        mean, std = z.mean((0, 2, 3)), z.std((0, 2, 3))
        print("latent mean", mean.tolist(), "std", std.tolist(), flush=True)
        before = m.decode(z[:4]).sample
        k = 1 / (std * CONFIG["scaling_factor"])
        q, p = m.quant_conv, m.post_quant_conv
        p.bias += p.weight[:, :, 0, 0] @ mean
        p.weight *= (1 / k)[None, :, None, None]
        q.weight[:4] *= k[:, None, None, None]
        q.bias[:4] = (q.bias[:4] - mean) * k
        q.bias[4:] += 2 * k.log()
        after = m.decode((z[:4] - mean[None, :, None, None]) * k[None, :, None, None]).sample
        print("whitening changed the decoder by", (before - after).abs().max().item(), flush=True)


def white():
    """The autoencoder after its first phase, whitened. From here on the encoder never changes."""
    m, path = build(), f"{WORK}/vae-white.pt"
    if os.path.exists(path):
        m.load_state_dict(load(path))
    else:
        m.load_state_dict(load(f"{WORK}/vae.pt")["ema"])
        whiten(m.eval(), data.Painter())
        save(path, m.state_dict())
    return m.train()


def main(seconds, phase):
    setup()
    painter = data.Painter()
    val, _ = validation(painter)
    m = build()
    ck = f"{WORK}/{phase}.pt"
    decoder = phase == "decoder"
    if decoder and not os.path.exists(ck):
        m = white()
    if decoder:
        for p in list(m.encoder.parameters()) + list(m.quant_conv.parameters()):
            p.requires_grad_(False)
    params = [p for p in m.parameters() if p.requires_grad]
    peak = 7e-4 if decoder else 2e-3
    opt = Muon(m, lr=peak, adam_only=False)
    ema = Ema(m, 0.997)
    step, spent = 0, 0.0
    if os.path.exists(ck):
        s = load(ck)
        m.load_state_dict(s["model"]); ema.load(s["ema"]); opt.load_state_dict(s["opt"]); step, spent = s["step"], s["spent"]
    if spent >= seconds:
        return print(phase, "is done:", round(spent), "s")
    t0 = time.process_time() - spent
    saved, shown = time.time(), spent
    acc = {}
    while True:
        spent = time.process_time() - t0
        done = spent >= seconds
        if step % 500 == 0 and step or done:
            e = build(); e.load_state_dict(ema.state)
            p, y = psnr(e, val)
            log_row(f"{WORK}/{phase}.csv", dict(step=step, cpu_s=round(spent), **{k: round(v / max(1, acc["n"]), 5) for k, v in acc.items() if k != "n"},
                    psnr=round(p.mean().item(), 3), worst=round(p.min().item(), 2)))
            sheet(f"{WORK}/{phase}.png", val, y)
            acc = {}
        if done or time.time() - saved > 120:
            save(ck, dict(model=m.state_dict(), ema=ema.state, opt=opt.state_dict(), step=step, spent=spent)); saved = time.time()
        if done:
            break
        u = spent / seconds
        lr = peak * min(1, (step + 1) / 50) * (1 if u < 0.4 else 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (u - 0.4) / 0.6)))
        opt.set_lr(lr / peak)
        rng = random.Random(f"{phase} {step}"); torch.manual_seed(step)
        x = to_tensor([picture(rng, painter) for _ in range(BATCH)])
        with torch.autocast("cpu", torch.bfloat16):
            if decoder:
                with torch.no_grad():
                    z = m.encode(x).latent_dist.mean.float()
                    z = z + torch.randn_like(z) * (0.07 / CONFIG["scaling_factor"]) * torch.rand(BATCH, 1, 1, 1)
            else:
                d = m.encode(x).latent_dist
                mean, logvar = d.mean.float(), d.logvar.float()
                z = mean + torch.randn_like(mean) * (0.5 * logvar).exp()
            y = m.decode(z).sample
        y = y.float()
        l1, mse = (x - y).abs().mean(), F.mse_loss(y, x)
        grad = ((x[..., 1:] - x[..., :-1]) - (y[..., 1:] - y[..., :-1])).abs().mean() + \
               ((x[..., 1:, :] - x[..., :-1, :]) - (y[..., 1:, :] - y[..., :-1, :])).abs().mean()
        pool = (F.avg_pool2d(x, 8) - F.avg_pool2d(y, 8)).abs().mean()
        loss = l1 + 0.5 * grad + 4 * mse + max(0, 1 - step / 2000) * pool
        kl = torch.zeros(())
        if not decoder:
            kl = 0.5 * (mean.pow(2) + logvar.exp() - 1 - logvar).mean()
            loss = loss + 3e-5 * kl
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step(); m.zero_grad(set_to_none=True)
        ema.update(m, step)
        step += 1
        for k, v in dict(n=1, l1=l1.item(), grad=grad.item(), mse=mse.item(), kl=kl.item()).items():
            acc[k] = acc.get(k, 0) + v
        if step % 50 == 0:
            print(phase, step, f"{spent:.0f}s", " ".join(f"{k} {v / acc['n']:.4f}" for k, v in acc.items() if k != "n"), f"lr {lr:.5f}", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "vae")
