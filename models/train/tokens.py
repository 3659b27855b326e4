"""The byte-level BPE vocabulary in CLIP's format, learned from the captions' words.  python tokens.py"""
import json, os, re
from collections import Counter
import data
from common import WORK

MERGES = 1100
START, END = "<|startoftext|>", "<|endoftext|>"


def byte_chars():
    """CLIP's printable character for each byte, in CLIP's order."""
    bs = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    cs, n = bs[:], 0
    for b in range(256):
        if b not in bs:
            bs.append(b); cs.append(256 + n); n += 1
    return dict(zip(bs, map(chr, cs)))


def learn():
    enc = byte_chars()
    count = Counter()
    for i, name in enumerate(data.NAMES):
        for w in name.split():
            count[w] += 1000
    for w in data.COLOR_NAMES + "a an on and the at left right top bottom small picture of background in with big".split():
        count[w] += 100000
    count[","] += 100000
    words = {w: [enc[b] for b in w.encode()[:-1]] + [enc[w.encode()[-1]] + "</w>"] for w in count}
    merges = []
    while len(merges) < MERGES:
        pairs = Counter()
        for w, sy in words.items():
            for p in zip(sy, sy[1:]):
                pairs[p] += count[w]
        if not pairs:
            break
        best = max(pairs, key=lambda p: (pairs[p], p))
        merges.append(best)
        for w, sy in words.items():
            k = 0
            while k < len(sy) - 1:
                if (sy[k], sy[k + 1]) == best:
                    sy[k:k + 2] = [sy[k] + sy[k + 1]]
                k += 1
    base = list(enc.values())
    vocab = base + [c + "</w>" for c in base] + ["".join(m) for m in merges] + [START, END]
    vocab = {t: i for i, t in enumerate(vocab)}
    many = [w for w, sy in words.items() if len(sy) > 1]
    print(len(merges), "merges,", len(vocab), "tokens,", len(count), "words,", len(many), "of more than one token")
    return vocab, merges


def write(folder, pad, max_length=77):
    """vocab.json, merges.txt, tokenizer_config.json, special_tokens_map.json as published SDXL folders have them."""
    os.makedirs(folder, exist_ok=True)
    vocab, merges = learn_cached()
    json.dump(vocab, open(folder + "/vocab.json", "w", encoding="utf-8"), ensure_ascii=False)
    with open(folder + "/merges.txt", "w", encoding="utf-8") as f:
        f.write("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    tok = lambda c: dict(content=c, lstrip=False, normalized=True, rstrip=False, single_word=False)
    special = dict(bos_token=tok(START), eos_token=tok(END), pad_token=pad, unk_token=tok(END))
    json.dump(special, open(folder + "/special_tokens_map.json", "w"), indent=2)
    wrapped = lambda c: dict(tok(c), __type="AddedToken")
    json.dump(dict(add_prefix_space=False, bos_token=wrapped(START), clean_up_tokenization_spaces=True, do_lower_case=True,
                   eos_token=wrapped(END), errors="replace", model_max_length=max_length, pad_token=pad,
                   tokenizer_class="CLIPTokenizer", unk_token=wrapped(END)),
              open(folder + "/tokenizer_config.json", "w"), indent=2)


_cache = []


def learn_cached():
    if not _cache:
        _cache.append(learn())
    return _cache[0]


class Tokens:
    """Ids of a caption, for training. Words are split as CLIP does for plain lower-case text; checked against transformers in export."""

    def __init__(self):
        self.vocab, merges = learn_cached()
        self.rank = {m: i for i, m in enumerate(merges)}
        self.enc = byte_chars()
        self.memo = {}
        self.start, self.end = self.vocab[START], self.vocab[END]

    def word(self, w):
        if w not in self.memo:
            b = w.encode()
            sy = [self.enc[c] for c in b[:-1]] + [self.enc[b[-1]] + "</w>"]
            while len(sy) > 1:
                k = min(range(len(sy) - 1), key=lambda k: self.rank.get((sy[k], sy[k + 1]), 1 << 30))
                if (sy[k], sy[k + 1]) not in self.rank:
                    break
                best = (sy[k], sy[k + 1])
                k = 0
                while k < len(sy) - 1:
                    if (sy[k], sy[k + 1]) == best:
                        sy[k:k + 2] = [sy[k] + sy[k + 1]]
                    k += 1
            self.memo[w] = [self.vocab[t] for t in sy]
        return self.memo[w]

    def __call__(self, text, length, pad):
        ids = [t for w in re.findall(r"[a-z]+|[0-9]|[^\sa-z0-9]+", text.lower()) for t in self.word(w)]
        ids = [self.start] + ids[:length - 2] + [self.end]
        return ids + [pad] * (length - len(ids))


if __name__ == "__main__":
    t = Tokens()
    import random
    rng = random.Random(0)
    n = [len([i for i in t(data.caption(data.scene(rng), rng.randrange(6)), 77, -1) if i >= 0]) for _ in range(5000)]
    print("longest", max(n), "mean", sum(n) / len(n), Counter(n))
