"""The engine's half of the talk with the driver: one line of JSON in, one out."""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from rungs import Job, Rung

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/oracle"))


class Skip(Exception):
    """This engine cannot do this rung here; the message says why."""


def serve(engine):
    """`engine(rung, job)` opens and returns `draw(prompt, noise, keep)`, which gives a dictionary.

    Its `rgb` [B, H, W, 3] and `latents` go into the file that the driver names, `step_s`, the
    seconds of each step, into the answer. `keep` false: no latents are wanted.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is not an answer

    def answer(**values):
        answers.write(json.dumps(values) + "\n")

    rung, job = Rung(**json.loads(sys.argv[1])), Job(**json.loads(sys.argv[2]))
    try:
        start = time.perf_counter()
        draw = engine(rung, job)
        answer(open_s=time.perf_counter() - start)
    except (Skip, ImportError) as reason:
        answer(skip=str(reason))
        return
    for line in sys.stdin:
        wanted = json.loads(line)
        start = time.perf_counter()
        drawn = draw(wanted["prompt"], wanted["noise"], bool(wanted["file"]))
        seconds = time.perf_counter() - start
        if wanted["file"]:
            np.savez(wanted["file"], rgb=drawn["rgb"], latents=drawn["latents"])
        answer(seconds=seconds, step_s=drawn["step_s"])
