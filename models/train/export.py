"""Writes the model as a diffusers folder in bf16, checks it against the training code.  python export.py [folder]"""
import json, os, shutil, sys
import torch
from diffusers import StableDiffusionXLPipeline
from transformers import CLIPTokenizer
import data, tokens, unet, vae
from common import WORK, load
from model import Model, scheduler, sample


def main(folder):
    torch.set_num_threads(1)
    out = folder + ".new"
    shutil.rmtree(out, ignore_errors=True)
    tokens.write(out + "/tokenizer", tokens.END)
    tokens.write(out + "/tokenizer_2", "!")
    t1, t2 = CLIPTokenizer.from_pretrained(out + "/tokenizer"), CLIPTokenizer.from_pretrained(out + "/tokenizer_2")
    mine, rng = tokens.Tokens(), __import__("random").Random(3)
    for _ in range(500):
        c = data.caption(data.scene(rng), rng.randrange(6))
        for t, pad in ((t1, mine.end), (t2, 0)):
            assert t(c, padding="max_length", max_length=77, truncation=True).input_ids == mine(c, 77, pad), c
    m = Model()
    state = load(f"{WORK}/unet.pt")
    m.load_state_dict(state["ema"])
    m.eval()
    p = StableDiffusionXLPipeline(vae=unet.autoencoder(), text_encoder=m.text, text_encoder_2=m.text2, tokenizer=t1, tokenizer_2=t2,
                                  unet=m.unet, scheduler=scheduler(), force_zeros_for_empty_prompt=True, add_watermarker=False)
    p.to(torch.bfloat16).save_pretrained(out, safe_serialization=True)
    for name, pad in (("tokenizer", tokens.END), ("tokenizer_2", "!")):
        shutil.rmtree(f"{out}/{name}")
        tokens.write(f"{out}/{name}", pad)
    size = sum(os.path.getsize(os.path.join(r, f)) for r, _, fs in os.walk(out) for f in fs)
    assert size <= 20_000_000, size
    p = StableDiffusionXLPipeline.from_pretrained(out, torch_dtype=torch.float32)
    p.set_progress_bar_config(disable=True)
    g = torch.Generator().manual_seed(100003)
    a = p(["a red apple on blue"] * 4, num_inference_steps=20, guidance_scale=3.0, generator=g, output_type="latent").images
    b = sample(m.float(), mine, ["a red apple on blue"] * 4, 1, steps=20)
    d = (a - b).norm() / b.norm()
    print(f"step {state['step']}, {size} bytes, latents against the training code's (bf16 autocast): {d:.4f} relative", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(out, folder)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else f"{WORK}/export/emoji")
