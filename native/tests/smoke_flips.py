"""One byte flipped in each weights file: allaprima-smoke must fail and name the stage.

Use: smoke_flips.py ALLAPRIMA_SMOKE MODEL

Three bytes are tried in each file, one at a time: the exponent of a weight and the last bits of its
mantissa, both in the middle of the file, and a byte of the header.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

FILES = {
    "text_encoder": "model.safetensors",
    "text_encoder_2": "model.safetensors",
    "unet": "diffusion_pytorch_model.safetensors",
    "vae": "diffusion_pytorch_model.safetensors",
}


def places(content):
    """Offsets of the bytes to flip in a file of fp32 weights."""
    data = 8 + int.from_bytes(content[:8], "little")
    middle = data + (len(content) - data) // 8 * 4
    return {"exponent": middle + 3, "mantissa": middle, "header": 8 + (data - 8) // 2}


def verdict(smoke, model):
    done = subprocess.run([smoke, "--model", model], stdout=subprocess.PIPE, text=True)
    return done.returncode, done.stdout.strip().splitlines()[-1]


def main():
    smoke, original = sys.argv[1], pathlib.Path(sys.argv[2])
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "model"
        shutil.copytree(original, model)
        if verdict(smoke, model) != (0, "PASS"):
            sys.exit("the untouched model does not pass")
        for component, name in FILES.items():
            file = model / component / name
            content = file.read_bytes()
            for kind, place in places(content).items():
                flipped = bytearray(content)
                flipped[place] ^= 0x01 if kind == "mantissa" else 0xFF
                file.write_bytes(flipped)
                code, line = verdict(smoke, model)
                named = f"/{component}/" in line if kind == "header" else False
                right = code == 1 and (named or line.startswith(f"FAIL {component}:"))
                failures += not right
                print(f"{component} {kind}: exit {code}, {line[:140]}")
            file.write_bytes(content)
    print("PASS" if failures == 0 else f"{failures} failures")
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
