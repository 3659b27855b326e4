"""Writes native/tests/data/step_tables.json: what diffusers' EulerDiscreteScheduler makes of options.

    python make_step_tables.py

For each configuration and number of steps: the timesteps, the sigmas (one more) and the scale of the
noise to start from. scipy, which diffusers uses for beta sigmas, is not needed: mpmath, which comes
with torch, gives the quantiles with 30 digits.
"""

import json
import sys
import types
from pathlib import Path

import diffusers
import mpmath
from diffusers.schedulers import scheduling_euler_discrete
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler

PATH = Path(__file__).resolve().parents[2] / "native" / "tests" / "data" / "step_tables.json"

SDXL = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "timestep_spacing": "leading",
    "steps_offset": 1,
}
V, SAMPLE = {"prediction_type": "v_prediction"}, {"prediction_type": "sample"}
TRAILING, LINSPACE = {"timestep_spacing": "trailing"}, {"timestep_spacing": "linspace"}
KARRAS = {"use_karras_sigmas": True}
EXPONENTIAL = {"use_exponential_sigmas": True}
BETA = {"use_beta_sigmas": True}
LOG_LINEAR = {"interpolation_type": "log_linear"}
CONTINUOUS = {"timestep_type": "continuous"}
ZERO_SNR = {"rescale_betas_zero_snr": True}
SIGMA_MIN = {"final_sigmas_type": "sigma_min"}
ENDS = {"sigma_min": 0.02, "sigma_max": 20.0}

CONFIGS = [
    {},
    SDXL,
    SDXL | TRAILING,
    SDXL | LINSPACE,
    SDXL | {"steps_offset": 0},
    SDXL | V,
    SDXL | SAMPLE,
    SDXL | KARRAS,
    SDXL | KARRAS | TRAILING | V,
    SDXL | KARRAS | ENDS,
    SDXL | KARRAS | LOG_LINEAR | CONTINUOUS | V | {"sigma_min": 0.002, "sigma_max": 700.0},
    SDXL | EXPONENTIAL,
    SDXL | EXPONENTIAL | LINSPACE | ENDS,
    SDXL | BETA,
    SDXL | BETA | TRAILING | ENDS,
    SDXL | LOG_LINEAR,
    SDXL | LOG_LINEAR | TRAILING | SIGMA_MIN,
    SDXL | CONTINUOUS | V | LINSPACE,
    SDXL | CONTINUOUS,
    SDXL | ZERO_SNR | TRAILING | V,
    SDXL | ZERO_SNR | LINSPACE,
    SDXL | ZERO_SNR | KARRAS | TRAILING | V,
    SDXL | SIGMA_MIN,
    SDXL | SIGMA_MIN | KARRAS,
    SDXL | {"beta_schedule": "linear"},
    SDXL | {"beta_schedule": "squaredcos_cap_v2"},
    SDXL | {"beta_schedule": "squaredcos_cap_v2"} | ZERO_SNR | TRAILING,
    SDXL | {"num_train_timesteps": 40, "trained_betas": [0.001 + 0.0004 * i for i in range(40)]},
    SDXL | {"num_train_timesteps": 500},
]
STEPS = (1, 2, 7, 30)


def beta_quantile(p, a, b):
    """scipy.stats.beta.ppf."""
    if p in (0.0, 1.0):
        return float(p)
    mpmath.mp.dps = 30
    p, low, high = mpmath.mpf(float(p)), mpmath.mpf(0), mpmath.mpf(1)
    for _ in range(90):
        middle = (low + high) / 2
        if mpmath.betainc(a, b, 0, middle, regularized=True) < p:
            low = middle
        else:
            high = middle
    return float(high)


def offer_quantiles():
    """Under the names that diffusers would import from scipy."""
    beta = types.SimpleNamespace(ppf=beta_quantile)
    scheduling_euler_discrete.scipy = types.SimpleNamespace(stats=types.SimpleNamespace(beta=beta))
    scheduling_euler_discrete.is_scipy_available = lambda: True


def table(config, steps):
    scheduler = EulerDiscreteScheduler(**config)
    scheduler.set_timesteps(steps)
    return {
        "steps": steps,
        "initial": float(f"{float(scheduler.init_noise_sigma):.9g}"),
        "timesteps": [float(f"{t:.9g}") for t in scheduler.timesteps.tolist()],
        "sigmas": [float(f"{s:.9g}") for s in scheduler.sigmas.tolist()],
    }


def main():
    offer_quantiles()
    lines = []
    for config in CONFIGS:
        tables = [table(config, steps) for steps in STEPS]
        row = {"config": config, "tables": tables}
        lines.append(json.dumps(row, separators=(",", ":")))
    head = f'{{"diffusers": "{diffusers.__version__}", "cases": [\n'
    PATH.write_text(head + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
    print(f"{PATH}: {len(lines)} configurations, {PATH.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    sys.exit(main())
