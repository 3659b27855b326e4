"""Finds sprites in a picture by template matching (no learned part): for each sprite, flip and grid position the squared residual."""
import numpy as np, torch
import data


class Matcher:
    def __init__(self):
        s = data.sprites()
        self.s = {}
        for size, a in s.items():
            t = torch.from_numpy(a).float() / 255
            self.s[size] = torch.cat([t, t.flip(2)])            # [2N, size, size, 4]
        self.colors = torch.tensor(list(data.COLORS.values())).float() / 255
        self.bank = {}

    def background(self, img):
        """img [3,128,128] in 0..1. The colour of the border's median pixel, as an index."""
        b = torch.cat([img[:, :3].flatten(1), img[:, -3:].flatten(1), img[:, :, :3].flatten(1), img[:, :, -3:].flatten(1)], 1)
        return int((self.colors - b.median(1).values).pow(2).sum(1).argmin())

    def gains(self, img, color, size):
        """How much each sprite at each place explains: [2N, positions^2]."""
        key = (size, color)
        if key not in self.bank:
            s = self.s[size]
            d = s[..., :3] - s[..., 3:] * self.colors[color]
            d = d.permute(0, 3, 1, 2).flatten(1)
            self.bank[key] = (d.bfloat16(), d.pow(2).sum(1))
        d, norm = self.bank[key]
        r = img - self.colors[color][:, None, None]
        u = torch.nn.functional.unfold(r[None], size, stride=8)[0]
        return 2 * (d @ u.bfloat16()).float() - norm[:, None]

    def one(self, img, color=None):
        """(thing, size) that explains the picture best."""
        color = self.background(img) if color is None else color
        best = max(((self.gains(img, color, size), size) for size in (data.SMALL, data.LARGE)), key=lambda g: g[0].max())
        return int(best[0].max(1).values.argmax()) % data.N, best[1]

    def two(self, img, color=None):
        color = self.background(img) if color is None else color
        g = self.gains(img, color, data.SMALL).view(2 * data.N, 10, 10)
        left = int(g[:, :, :4].flatten(1).max(1).values.argmax()) % data.N
        right = int(g[:, :, 6:].flatten(1).max(1).values.argmax()) % data.N
        return left, right
