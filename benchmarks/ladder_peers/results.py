"""Rows of the ladder: quality, spread, verdicts, the CSV and the table."""

import csv
import datetime
import math
import statistics
from dataclasses import dataclass, field

import numpy as np

from measuring import commit, machine

GIB = 2**30


@dataclass
class Measured:
    """Of one rung: a number of seconds for each round."""

    rung: object
    seconds: list = field(default_factory=list)
    first_image_s: float = math.nan
    later_image_s: float = math.nan
    open_s: float = math.nan
    peak_bytes: int = 0
    device_bytes: float = math.nan  # of the card's memory, the most until the first picture was there
    psnr: float = math.nan
    max_error: int = -1  # of 255
    latents_distance: float = math.nan
    recognised: float = math.nan

    @property
    def median(self):
        return statistics.median(self.seconds)

    @property
    def ready_s(self):
        """From the start of the process, what the first picture takes beyond a later one."""
        return self.first_image_s - self.later_image_s

    def compare(self, plain, own):
        """Quality against the plain fp32 run; both as serving.py keeps them."""
        difference = own["rgb"].astype(np.int64) - plain["rgb"]
        error = np.mean(difference.astype(np.float64) ** 2)
        self.psnr = math.inf if error == 0 else 10 * math.log10(255**2 / error)
        self.max_error = int(np.abs(difference).max())
        theirs = plain["latents"].astype(np.float64)
        self.latents_distance = float(np.linalg.norm(own["latents"] - theirs) / np.linalg.norm(theirs))


def verdict(faster, slower):
    """How many times as fast, and whether that can be said: ratios of the same rounds."""
    ratios = [theirs / ours for ours, theirs in zip(faster.seconds, slower.seconds)]
    middle, spread = statistics.median(ratios), max(ratios) - min(ratios)
    text = f"{middle:.2f}x ({min(ratios):.2f} to {max(ratios):.2f})"
    if len(ratios) < 2:
        return text + ", one round: no verdict"
    if spread > abs(middle - 1) / 2:
        return text + ", no verdict: the spread exceeds half of the difference"
    return text + (", faster" if middle > 1 else ", slower")


def row(measured, job, unet_only, tag):
    """diffusion-fast's columns, then ours."""
    rung = measured.rung
    classes = {
        "alla_prima": "io.github.allaprima.Pipeline",
        "diffusers_peer": "StableDiffusionXLPipeline",
        "openvino_peer": "StableDiffusionXLPipeline, OpenVINO",
    }
    return {
        "pipeline_cls": classes[rung.engine],
        "ckpt_id": job.model,
        "bf16": rung.precision == "bf16",
        "sdpa": rung.attention == "sdpa",
        "fused_qkv_projections": rung.fuse,
        "upcast_vae": False,
        "batch_size": job.batch,
        "num_inference_steps": job.steps,
        "compile_unet": bool(rung.compile),
        "compile_vae": bool(rung.compile),
        "compile_mode": rung.compile,
        "change_comp_config": rung.compile == "freezing",
        "do_quant": quantisation(rung),
        "time (secs)": f"{measured.median:.5f}",
        "memory (gbs)": f"{measured.peak_bytes / GIB:.3f}",
        "actual_gpu_memory (gbs)": number(measured.device_bytes / GIB, ".3f"),
        "tag": tag,
        "rung": rung.name,
        "measured": "UNet step" if unet_only else "generation",
        "machine": machine(),
        "commit": commit(),
        "engine": rung.engine,
        "date": datetime.date.today().isoformat(),
        "device": job.device,
        "width": job.width,
        "height": job.height,
        "guidance": job.guidance,
        "threads": job.threads,
        "rounds": len(measured.seconds),
        "min (secs)": f"{min(measured.seconds):.5f}",
        "max (secs)": f"{max(measured.seconds):.5f}",
        "first image (secs)": f"{measured.first_image_s:.2f}",
        "ready (secs)": f"{measured.ready_s:.2f}",
        "open (secs)": f"{measured.open_s:.2f}",
        "psnr (dB)": number(measured.psnr, ".2f"),
        "max error (of 255)": measured.max_error if measured.max_error >= 0 else "",
        "latents distance": number(measured.latents_distance, ".2e"),
        "recognised": number(measured.recognised, ".3f"),
    }


def quantisation(rung):
    kinds = [f"int8dynamic {rung.int8}"] * bool(rung.int8) + ["fp8dynamic"] * rung.fp8
    return ", ".join(kinds)


def number(value, form):
    return "" if math.isnan(value) else format(value, form)


def append(path, rows):
    """To the CSV, which keeps its first line."""
    new = not path.exists()
    if not new:
        header = path.read_text().splitlines()[0]
        if header != ",".join(rows[0]):
            raise SystemExit(f"{path} has other columns; move it away first")
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)


def table(all_measured):
    """Markdown, a line a rung."""
    head = ("rung", "seconds (min to max)", "ready", "peak memory", "PSNR", "max error")
    recognised = any(not math.isnan(m.recognised) for m in all_measured)
    if recognised:
        head += ("recognised",)
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join(["---"] * len(head)) + " |"]
    for m in all_measured:
        name = f"**{m.rung.name}**" if m.rung.is_ours else m.rung.name
        cells = [
            name,
            f"{m.median:.3f} ({min(m.seconds):.3f} to {max(m.seconds):.3f})",
            f"{m.ready_s:.1f} s",
            f"{m.peak_bytes / GIB:.2f} GiB",
            number(m.psnr, ".1f"),
            str(m.max_error) if m.max_error >= 0 else "",
        ]
        if recognised:
            cells.append("" if math.isnan(m.recognised) else f"{m.recognised:.0%}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdicts(all_measured):
    by_name = {m.rung.name: m for m in all_measured}
    lines = []
    for m in all_measured:
        for word, other in (("beside", m.rung.beside), ("after", m.rung.after)):
            if other in by_name:
                lines.append(f"{m.rung.name} {word} {other}: {verdict(m, by_name[other])}")
    return "\n".join(lines)
