"""Measures an exported folder through plain diffusers and draws the golden sheet.  python evaluate.py [folder] [guidance] [steps]"""
import json, os, random, sys, time
import numpy as np, torch
from PIL import Image
from diffusers import StableDiffusionXLPipeline
import data, unet, vae
from classify import background, classifier, crop
from common import WORK


def sets():
    rng = random.Random(2024)
    out = dict(trained=[], unseen_background=[], trained_duo=[], unseen_duo=[])
    want = dict(trained=200, unseen_background=150, trained_duo=50, unseen_duo=100)
    while any(len(out[k]) < want[k] for k in out):
        i, j, c = rng.randrange(data.N), rng.randrange(data.N), rng.randrange(12)
        small = rng.random() < 1 / 3
        k = "unseen_background" if data.held_out(i, c) else "trained"
        if len(out[k]) < want[k]:
            out[k].append(dict(color=c, things=[i], small=small, place=None))
        if i != j and not data.held_out(i, c) and not data.held_out(j, c):
            k = "unseen_duo" if data.held_out_pair(i, j) else "trained_duo"
            if len(out[k]) < want[k]:
                out[k].append(dict(color=c, things=[i, j], small=False, place=None))
    return out


def main(folder, guidance=3.0, steps=25):
    torch.set_num_threads(1)
    m, accuracy = classifier()
    p = StableDiffusionXLPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    p.set_progress_bar_config(disable=True)

    def draw(captions, seed):
        out = []
        for k in range(0, len(captions), 25):
            g = torch.Generator().manual_seed(seed * 1000 + k)
            y = p(captions[k:k + 25], num_inference_steps=steps, guidance_scale=guidance, generator=g, output_type="np").images
            out.append(torch.from_numpy(y).permute(0, 3, 1, 2).float())
        return torch.cat(out)

    report = dict(folder=folder, guidance=guidance, steps=steps, classifier_accuracy=accuracy)
    with torch.no_grad():
        for n, (name, scenes) in enumerate(sets().items()):
            y = draw([data.caption(s) for s in scenes], n + 1)
            bg = [background(im) for im in y]
            report[name + "_background"] = float(np.mean([b[0] == s["color"] for b, s in zip(bg, scenes)]))
            true = torch.tensor([data.COLORS[data.COLOR_NAMES[s["color"]]] for s in scenes]) / 255
            report[name + "_background_error_levels"] = float((torch.stack([b[1] for b in bg]) - true).abs().mean() * 255)
            if "duo" in name:
                left = m(torch.stack([crop(im, b[1], 0, 64) for im, b in zip(y, bg)]) - 0.5).argmax(1).tolist()
                right = m(torch.stack([crop(im, b[1], 64, 128) for im, b in zip(y, bg)]) - 0.5).argmax(1).tolist()
                report[name + "_both"] = float(np.mean([sorted(s["things"]) == sorted(q) for s, q in zip(scenes, zip(left, right))]))
                report[name + "_each"] = float(np.mean([len(set(s["things"]) & set(q)) / 2 for s, q in zip(scenes, zip(left, right))]))
            else:
                logits = m(torch.stack([crop(im, b[1]) for im, b in zip(y, bg)]) - 0.5)
                true = torch.tensor([s["things"][0] for s in scenes])
                report[name + "_top1"] = (logits.argmax(1) == true).float().mean().item()
                report[name + "_top5"] = (logits.topk(5).indices == true[:, None]).any(1).float().mean().item()
                if name == "trained":
                    report["shuffled_captions_top1"] = (logits.argmax(1) == true.roll(1)).float().mean().item()
                    for size in (False, True):
                        pick = torch.tensor([s["small"] == size for s in scenes])
                        report["trained_top1_" + ("small" if size else "large")] = (logits.argmax(1) == true)[pick].float().mean().item()
            print({k: round(v, 4) for k, v in report.items() if k.startswith(name) and isinstance(v, float)}, flush=True)
        pairs = []
        for c in ("a cat on blue", "a red apple on teal", "a rocket on black", "a guitar on yellow", "a small frog on white", "a dog and a key on green"):
            y = draw([c] * 4, 77)
            pairs += [-10 * float((y[a] - y[b]).pow(2).mean().log10()) for a in range(4) for b in range(a)]
        report["four_seeds_mean_psnr"] = float(np.mean(pairs))
        x, scenes = vae.validation(data.Painter(), 192)
        q, _ = vae.psnr(p.vae, x)
        report["vae_psnr"], report["vae_psnr_worst"] = q.mean().item(), q.min().item()
        kind = ["pair" if len(s["things"]) == 2 else "small" if s["small"] else "large" for s in scenes]
        for k in ("large", "small", "pair"):
            report["vae_psnr_" + k] = q[torch.tensor([t == k for t in kind])].mean().item()
        y = draw(unet.SHEET, 5)
    os.makedirs(WORK + "/export", exist_ok=True)
    im = torch.cat([torch.cat(list(y[k:k + 8]), 2) for k in range(0, 24, 8)], 1)
    Image.fromarray((im * 255).round().byte().permute(1, 2, 0).numpy()).save(WORK + "/export/sheet.png")
    json.dump(report, open(WORK + "/export/evaluation.json", "w"), indent=1)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else WORK + "/export/emoji", *[float(a) for a in sys.argv[2:3]], *[int(a) for a in sys.argv[3:4]])
