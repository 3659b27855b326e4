"""Pictures and captions: Noto Color Emoji sprites on twelve plain backgrounds, placed on the latent grid (8 pixels)."""
import io, os, random
import numpy as np

WORK = os.environ.get("EMOJI_WORK", os.path.expanduser("~/allaprima-emoji"))
HERE = os.path.dirname(os.path.abspath(__file__))
FONT = WORK + "/deb/x/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
SIZE, CELL = 128, 8
SMALL, LARGE = 56, 96            # sprite canvases, 7 and 12 cells
COLORS = {"white": (255, 255, 255), "black": (20, 20, 20), "gray": (135, 135, 135), "red": (215, 50, 50),
          "orange": (245, 145, 35), "yellow": (250, 220, 70), "green": (75, 175, 80), "teal": (0, 150, 150),
          "blue": (55, 105, 225), "purple": (135, 75, 195), "pink": (250, 155, 195), "brown": (125, 80, 50)}
COLOR_NAMES = list(COLORS)
NO_FLIP = {"stop sign", "calendar", "musical note", "fuel pump", "dice"}
PLURAL = {"grapes", "cherries", "blueberries", "french fries", "pancakes", "headphones", "glasses", "sunglasses", "jeans", "gloves",
          "socks", "shorts", "scissors", "swords", "scales", "paw prints", "footprints", "lungs", "masks", "ballet shoes", "sparkles"}
MASS = {"bacon", "bread", "meat", "cheese", "chocolate", "honey", "milk", "coffee", "wine", "beer", "soda", "bubble tea", "popcorn",
        "sushi", "spaghetti", "butter", "garlic", "corn", "broccoli", "fire", "lightning", "film", "dna", "yarn", "thread", "dango",
        "statue of liberty", "santa", "ping pong", "bowling"}


def things():
    """[(code point, name)] in file order; the index is the class."""
    out = []
    for line in open(HERE + "/things.txt"):
        if not line.startswith("#"):
            cp, name = line.strip().split(" ", 1)
            out.append((int(cp, 16), name))
    return out


NAMES = [n for _, n in things()]
N = len(NAMES)


def noun(name, small=False):
    s = "small " if small else ""
    if name in PLURAL or name in MASS:
        return s + name
    head = s or name
    return ("an " if head[0] in "aeiou" and not name.startswith("uni") or name.startswith("hour") and not s else "a ") + s + name


def held_out(i, c):
    """A pair of thing and background that no training picture has."""
    return (7 * i + 5 * c) % 10 == 3


def held_out_pair(i, j):
    """A pair of two things that no training picture has (in either order)."""
    a, b = min(i, j), max(i, j)
    return (3 * a + 7 * b) % 10 == 3


def sprites():
    """Premultiplied RGBA floats: {(size, flip): [N, size, size, 4]}, cached."""
    cache = WORK + "/sprites.npz"
    if not os.path.exists(cache):
        from fontTools.ttLib import TTFont
        from PIL import Image
        font = TTFont(FONT)
        cmap, strike = font.getBestCmap(), font["CBDT"].strikeData[0]
        out = {SMALL: [], LARGE: []}
        for cp, name in things():
            im = Image.open(io.BytesIO(strike[cmap[cp]].imageData)).convert("RGBA")
            a = np.asarray(im, np.float32) / 255
            a[..., :3] *= a[..., 3:]
            ys, xs = np.where(a[..., 3] > 0.05)
            a = a[ys.min():ys.max() + 1, xs.min():xs.max() + 1]
            for size in out:
                k = (size - 4) / max(a.shape[:2])
                w, h = max(1, round(a.shape[1] * k)), max(1, round(a.shape[0] * k))
                canvas = np.zeros((size, size, 4), np.float32)
                y, x = (size - h) // 2, (size - w) // 2
                for ch in range(4):
                    canvas[y:y + h, x:x + w, ch] = np.asarray(Image.fromarray(a[..., ch]).resize((w, h), Image.LANCZOS))
                out[size].append((canvas.clip(0, 1) * 255).round().astype(np.uint8))
        np.savez_compressed(cache, small=np.stack(out[SMALL]), large=np.stack(out[LARGE]))
    z = np.load(cache)
    return {SMALL: z["small"], LARGE: z["large"]}


class Painter:
    def __init__(self):
        self.sprites = sprites()

    def paint(self, color, parts):
        """parts: (thing, size, x, y, flip) with x and y in cells. uint8 [128,128,3]."""
        img = np.empty((SIZE, SIZE, 3), np.float32)
        img[:] = COLORS[color]
        for thing, size, x, y, flip in parts:
            s = self.sprites[size][thing].astype(np.float32)
            if flip:
                s = s[:, ::-1]
            x, y = x * CELL, y * CELL
            v = img[y:y + size, x:x + size]
            v *= 1 - s[..., 3:] / 255
            v += s[..., :3]
        return img.round().clip(0, 255).astype(np.uint8)


PLACES = ["left", "right", "top", "bottom"]
FREE = (2, 4, 6)                 # places are multiples of two cells, so that the UNet's second level sees one phase only


def large(rng, i, flips=0):
    x, y = rng.choice((0, 2, 4)), rng.choice((0, 2, 4))
    return [(i, LARGE, x, y, rng.random() < flips and NAMES[i] not in NO_FLIP)]


def small(rng, i, place=None):
    x, y = rng.choice(FREE), rng.choice(FREE)
    if place == "left": x = 0
    if place == "right": x = 8
    if place == "top": y = 0
    if place == "bottom": y = 8
    return [(i, SMALL, x, y, False)]


def pair(rng, i, j):
    return [(i, SMALL, 0, rng.choice(FREE), False), (j, SMALL, 8, rng.choice(FREE), False)]


def scene(rng, flips=0):
    """A training picture: dict(color, parts, things, small, place); the caption comes from caption(). `flips`: share of mirrored large things."""
    kind = rng.random()
    while True:
        color = rng.randrange(len(COLORS))
        i, j = rng.randrange(N), rng.randrange(N)
        if held_out(i, color):
            continue
        if kind < 0.5:
            return dict(color=color, things=[i], small=False, place=None, parts=large(rng, i, flips))
        if kind < 2 / 3:
            place = rng.choice(PLACES) if rng.random() < 0.5 else None
            return dict(color=color, things=[i], small=True, place=place, parts=small(rng, i, place))
        if i != j and not held_out(j, color) and not held_out_pair(i, j):
            return dict(color=color, things=[i, j], small=False, place=None, parts=pair(rng, i, j))


TEMPLATES = ["{a} on {c}", "{a} on {c}", "{a} on a {c} background", "{a} on a {c} background", "{a}, {c} background",
             "a picture of {a} on {c}"]


def caption(s, template=0):
    c = COLOR_NAMES[s["color"]]
    a = " and ".join(noun(NAMES[i], s["small"]) for i in s["things"])
    if s["place"]:
        a += {"left": " on the left", "right": " on the right", "top": " at the top", "bottom": " at the bottom"}[s["place"]]
        if template < 2:
            template = 4
    text = TEMPLATES[template].format(a=a, c=c)
    return text.replace("on a orange", "on an orange")
