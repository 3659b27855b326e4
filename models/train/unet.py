"""UNet and both text encoders on cached latents.  python unet.py SECONDS [muon|adam] [STOP]

Resumes. SECONDS is the process time in all that the learning rate's schedule counts on; STOP ends earlier (a comparison)."""
import glob, math, os, random, sys, time
import numpy as np, torch
from torch.nn.attention import SDPBackend, sdpa_kernel
import data, vae
from common import WORK, Ema, Muon, save, load, log_row, setup
from model import Model, sample, scheduler
from tokens import Tokens

BATCH, SHARD, SHARDS, SHORT = 32, 4096, 16, 20
FLIPPED_FROM = 8                 # shards from this one on mirror half of the large single things: once shapes are there
SHEET = ["a red apple on blue", "a cat on teal", "a fox on a white background", "a banana and a key on purple", "a rocket on black",
         "a small penguin on the left, pink background", "a guitar on yellow", "a dog and a robot on green", "a pizza on gray",
         "a butterfly on white", "a castle on orange", "a small car on red", "a sunflower on blue", "an octopus on yellow",
         "a crown and a gem on black", "a snail on brown", "a house on green", "a bicycle on white", "a tree and a mushroom on pink",
         "a ghost on purple", "a hamburger on teal", "a frog on red", "an umbrella on gray", "a star and a crescent moon on blue"]


def latents(index, autoencoder, painter):
    """Shard number index: scenes by seed, latents of mean 0 and deviation 1 in fp16."""
    rng = random.Random(f"scenes {index}")
    scenes = [data.scene(rng, flips=0.5 if index >= FLIPPED_FROM else 0) for _ in range(SHARD)]
    path = f"{WORK}/latents2/{index:03d}.pt"
    if not os.path.exists(path):
        os.makedirs(WORK + "/latents2", exist_ok=True)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            z = torch.cat([autoencoder.encode(vae.to_tensor([painter.paint(data.COLOR_NAMES[s["color"]], s["parts"]) for s in scenes[k:k + 16]]))
                           .latent_dist.mean.float() for k in range(0, SHARD, 16)])
        save(path, (z * vae.CONFIG["scaling_factor"]).half())
    return scenes, load(path)


def decode(autoencoder, z):
    with torch.no_grad():
        return torch.cat([autoencoder.decode(b / vae.CONFIG["scaling_factor"]).sample for b in z.split(8)]).clamp(-1, 1)


def autoencoder():
    m = vae.white()
    if os.path.exists(f"{WORK}/decoder.pt"):
        m.load_state_dict(load(f"{WORK}/decoder.pt")["ema"])
    return m.eval()


def check(model, tokens, ae, matcher, tag):
    """Quick look: sheet of fixed prompts, and template matching of 24 seen and 24 unseen pairs with the background, and 16 unseen duos."""
    from PIL import Image
    y = decode(ae, sample(model, tokens, SHEET, 1, steps=20))
    rows = [torch.cat(list(y[k:k + 8]), 2) for k in range(0, 24, 8)]
    im = ((torch.cat(rows, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    Image.fromarray(im).save(f"{WORK}/samples/{tag}.png")
    rng = random.Random(99)
    seen, unseen, duo = [], [], []
    while len(seen) < 24 or len(unseen) < 24:
        i, c = rng.randrange(data.N), rng.randrange(12)
        (unseen if data.held_out(i, c) else seen).append((i, c))
    while len(duo) < 16:
        i, j, c = rng.randrange(data.N), rng.randrange(data.N), rng.randrange(12)
        if i != j and data.held_out_pair(i, j) and not data.held_out(i, c) and not data.held_out(j, c):
            duo.append((i, j, c))
    single = seen[:24] + unseen[:24]
    caps = [data.caption(dict(color=c, things=[i], small=False, place=None)) for i, c in single] + \
           [data.caption(dict(color=c, things=[i, j], small=False, place=None)) for i, j, c in duo]
    y = (decode(ae, sample(model, tokens, caps, 2, steps=20)) + 1) / 2
    hit = [matcher.one(y[k])[0] == i for k, (i, c) in enumerate(single)]
    bg = [matcher.background(y[k]) == s[-1] for k, s in enumerate(single + duo)]
    two = [sorted(matcher.two(y[48 + k])) == sorted((i, j)) for k, (i, j, c) in enumerate(duo)]
    any_ = [len({*matcher.two(y[48 + k])} & {i, j}) / 2 for k, (i, j, c) in enumerate(duo)]
    return dict(seen=round(float(np.mean(hit[:24])), 3), unseen=round(float(np.mean(hit[24:])), 3), background=round(float(np.mean(bg)), 3),
                duo_both=round(float(np.mean(two)), 3), duo_each=round(float(np.mean(any_)), 3))


def validation(tokens, ae, painter, abar, n=128):
    """Fixed scenes, noise and times: what the averaged weights lose on them tells one setting from another."""
    rng, g = random.Random("validation"), torch.Generator().manual_seed(4)
    scenes = [data.scene(rng) for _ in range(n)]
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        x0 = torch.cat([ae.encode(vae.to_tensor([painter.paint(data.COLOR_NAMES[s["color"]], s["parts"]) for s in scenes[k:k + 16]]))
                        .latent_dist.mean.float() for k in range(0, n, 16)]) * vae.CONFIG["scaling_factor"]
    t = (torch.arange(n) * 1000 // n)[torch.randperm(n, generator=g)]
    noise = torch.randn(x0.shape, generator=g)
    a, s = abar[t].sqrt()[:, None, None, None], (1 - abar[t]).sqrt()[:, None, None, None]
    ids = [torch.tensor([tokens(data.caption(c), 77, pad) for c in scenes]) for pad in (tokens.end, 0)]
    return a * x0 + s * noise, a * noise - s * x0, t, ids


@torch.no_grad()
def validation_loss(model, fixed):
    x, v, t, ids = fixed
    total = 0.0
    with torch.autocast("cpu", torch.bfloat16):
        for k in range(0, len(x), 32):
            emb, pooled = model.encode(*(i[k:k + 32] for i in ids))
            total += (model(x[k:k + 32], t[k:k + 32], emb, pooled).float() - v[k:k + 32]).pow(2).mean((1, 2, 3)).sum().item()
    return round(total / len(x), 5)


def main(seconds, kind, stop=None):
    setup()
    from match import Matcher
    os.makedirs(WORK + "/samples", exist_ok=True)
    tokens, painter, ae, matcher = Tokens(), data.Painter(), autoencoder(), Matcher()
    model = Model()
    print({k: sum(p.numel() for p in m.parameters()) for k, m in (("unet", model.unet), ("text", model.text), ("text2", model.text2))}, flush=True)
    ck = f"{WORK}/unet{'-' + kind if kind != 'muon' else ''}.pt"
    opt = Muon(model, lr=float(os.environ.get("UNET_LR", "1.5e-3"))) if kind == "muon" else Muon(model, lr=1e-3, adam_only=True)
    ema = Ema(model, 0.999)
    step, spent = 0, 0.0
    if os.path.exists(ck):
        s = load(ck)
        model.load_state_dict(s["model"]); ema.load(s["ema"]); opt.load_state_dict(s["opt"]); step, spent = s["step"], s["spent"]
    if spent >= min(seconds, stop or seconds):
        return print("unet is done:", round(spent), "s")
    abar = scheduler().alphas_cumprod
    shards = max(2, len(glob.glob(WORK + "/latents2/*.pt")))
    scenes, z = [], []
    for k in range(shards):
        a, b = latents(k, ae, painter)
        scenes += a; z.append(b)
    z = torch.cat(z)
    print("scenes", len(scenes), "latent mean", z.float().mean((0, 2, 3)).tolist(), "std", z.float().std((0, 2, 3)).tolist(), flush=True)
    fixed = validation(tokens, ae, painter, abar)
    t0 = time.process_time() - spent
    saved, acc = time.time(), [0, 0.0, np.zeros(4), np.zeros(4)]
    while True:
        spent = time.process_time() - t0
        done = spent >= min(seconds, stop or seconds)
        if step and step % 200 == 0 or done:
            row = dict(step=step, cpu_s=round(spent), loss=round(acc[1] / max(1, acc[0]), 5),
                       **{f"q{k}": round(float(acc[2][k] / max(1, acc[3][k])), 4) for k in range(4)})
            e = Model(); e.load_state_dict(ema.state); e.eval()
            row["val"] = validation_loss(e, fixed)
            extra = {}
            if step % 1000 == 0 or done:
                extra = check(e, tokens, ae, matcher, f"{kind}-{step:06d}")
            log_row(f"{WORK}/unet-{kind}-val.csv", dict(row, **{k: extra.get(k, "") for k in ("seen", "unseen", "background", "duo_both", "duo_each")}))
            acc = [0, 0.0, np.zeros(4), np.zeros(4)]
        if done or time.time() - saved > 150:
            save(ck, dict(model=model.state_dict(), ema=ema.state, opt=opt.state_dict(), step=step, spent=spent)); saved = time.time()
        if done:
            break
        if step % 500 == 499 and shards < SHARDS:
            a, b = latents(shards, ae, painter)
            scenes += a; z = torch.cat([z, b]); shards += 1
        u = spent / seconds
        opt.set_lr(min(1, (step + 1) / 100) * (1 if u < 0.5 else 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (u - 0.5) / 0.5))))
        rng = random.Random(f"unet {step}"); torch.manual_seed(step)
        pick = [rng.randrange(len(scenes)) for _ in range(BATCH)]
        length = 77 if u > 0.9 or rng.random() < 0.1 else SHORT
        caps, keep = [], torch.ones(BATCH, 1)
        for k, p in enumerate(pick):
            r = rng.random()
            caps.append("" if r < 0.03 else data.caption(scenes[p], rng.randrange(len(data.TEMPLATES))))
            if 0.03 <= r < 0.1:
                keep[k] = 0
        ids = [torch.tensor([tokens(c, length, pad) for c in caps]) for pad in (tokens.end, 0)]
        x0 = z[pick].float()
        t = (torch.rand(BATCH) + torch.arange(BATCH)) / BATCH * 1000
        t = t.long().clamp(0, 999)
        noise = torch.randn_like(x0)
        a, s = abar[t].sqrt()[:, None, None, None], (1 - abar[t]).sqrt()[:, None, None, None]
        with torch.autocast("cpu", torch.bfloat16), sdpa_kernel([SDPBackend.MATH]):    # 0.29 s of backward, fused attention's 0.41
            emb, pooled = model.encode(*ids)
            v = model(a * x0 + s * noise, t, emb * keep[:, :, None], pooled * keep)
        mse = (v.float() - (a * noise - s * x0)).pow(2).mean((1, 2, 3))
        snr = abar[t] / (1 - abar[t])
        loss = (mse * (snr + 1).clamp(max=6) / (snr + 1)).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step(); model.zero_grad(set_to_none=True)
        if step % 4 == 0:
            ema.update(model, step, 4)
        step += 1
        acc[0] += 1; acc[1] += loss.item()
        q = (t // 250).numpy()
        np.add.at(acc[2], q, mse.detach().numpy()); np.add.at(acc[3], q, 1)
        if step % 50 == 0:
            print(kind, step, f"{spent:.0f}s loss {acc[1] / acc[0]:.4f}", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "muon", float(sys.argv[3]) if len(sys.argv) > 3 else None)
