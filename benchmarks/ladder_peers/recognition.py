"""How often the trained classifier names what the caption asked for; needs torch and models/train.

    python recognition.py CLASSIFIER PICTURES.npz LABELS

PICTURES: "rgb" [N, 128, 128, 3]. Prints the share. With a number alone it prints so many captions as JSON.
"""

import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models/train"))


def captions(count):
    """Single things on backgrounds that were trained: [[caption, number of the thing], …]."""
    import data

    generator, found = random.Random(2024), []
    while len(found) < count:
        thing, color = generator.randrange(data.N), generator.randrange(12)
        if not data.held_out(thing, color):
            scene = {"color": color, "things": [thing], "small": False, "place": None}
            found.append([data.caption(scene), thing])
    return found


def share(classifier, pictures, labels):
    import classify
    import numpy as np
    import torch

    network = classify.net()
    network.load_state_dict(torch.load(classifier, map_location="cpu", weights_only=False)["model"])
    network.eval()
    with torch.no_grad():
        rgb = torch.from_numpy(np.load(pictures)["rgb"]).permute(0, 3, 1, 2).float() / 255
        crops = [classify.crop(image, classify.background(image)[1]) for image in rgb]
        chosen = network(torch.stack(crops) - 0.5).argmax(1)
    return (chosen == torch.tensor(labels)).float().mean().item()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(json.dumps(captions(int(sys.argv[1]))))
    else:
        print(share(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))
