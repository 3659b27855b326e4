"""A small vocabulary with the structure of CLIP's, and the tokenizer folders of a checkpoint.

CLIP's order: 256 bytes ("!" is id 0), the same 256 at the end of a word, one entry a merge, then
the start and the end of the text.
"""

import json
from collections import Counter
from pathlib import Path

from transformers.convert_slow_tokenizer import bytes_to_unicode

MERGES = 186
START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"

TEXTS = """
a photo of an astronaut riding a horse on the moon , highly detailed , cinematic light
astronaut in a jungle , cold color palette , muted colors , detailed , 8 k
an oil painting of a red fox in the snow at night , impasto , thick brush strokes
portrait of an old woman with a pearl earring , soft window light , by vermeer
a watercolor of a small harbor in the morning fog , boats and lighthouses
still life with lemons , a blue vase and the painter 's palette on a wooden table
a castle above the clouds , epic fantasy , sunset , trending , masterpiece , best quality
blurry , low quality , worst quality , bad anatomy , watermark , text , jpeg artifacts
a cat sleeping on a stack of books , warm colors , shallow depth of field
don 't you 're we 've i 'm they 'll he 'd it 's
wow !! look !! here ?? so ... well -- yes !!
a green field under a stormy sky , dramatic lighting , wide angle , landscape
""".split("\n")


def train_merges(count):
    """The `count` most frequent pairs of symbols, merged one after the other, ties by spelling."""
    words = Counter(word for text in TEXTS for word in text.split())
    pieces = {word: [*word[:-1], word[-1] + WORD_END] for word in words}
    merges = []
    while len(merges) < count:
        pairs = Counter()
        for word, symbols in pieces.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += words[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        pieces = {word: join_pair(symbols, best) for word, symbols in pieces.items()}
    return merges


def join_pair(symbols, pair):
    joined = []
    for symbol in symbols:
        # Only an unjoined left half equals pair[0]: the joined symbol is longer than both halves.
        if joined and (joined[-1], symbol) == pair:
            joined[-1] = "".join(pair)
        else:
            joined.append(symbol)
    return joined


def build_vocabulary():
    """(entries in the order of their ids, merges)"""
    merges = train_merges(MERGES)
    characters = list(bytes_to_unicode().values())
    entries = [*characters, *(c + WORD_END for c in characters)]
    entries += ["".join(pair) for pair in merges]
    entries += [START, END]
    assert len(entries) == len(set(entries)) and entries[0] == "!"
    return entries, merges


def vocabulary_size():
    return 2 * 256 + MERGES + 2


def write_tokenizers(folder, added_tokens_decoder):
    """Writes tokenizer/ and tokenizer_2/ as published SDXL checkpoints have them.

    Files of 2023 write special tokens as objects; later ones list them with their ids in
    "added_tokens_decoder". Both are common.
    """
    entries, merges = build_vocabulary()
    for name, pad in (("tokenizer", END), ("tokenizer_2", "!")):
        target = Path(folder) / name
        target.mkdir(parents=True, exist_ok=True)
        vocabulary = {entry: number for number, entry in enumerate(entries)}
        (target / "vocab.json").write_text(
            json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
        )
        lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
        (target / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        config = later_config(vocabulary, pad) if added_tokens_decoder else early_config(pad)
        write_json(target / "tokenizer_config.json", config)
        write_json(target / "special_tokens_map.json", special_tokens_map(pad))


def special_token(content):
    return {
        "content": content,
        "lstrip": False,
        "normalized": True,
        "rstrip": False,
        "single_word": False,
    }


def special_tokens_map(pad):
    return {
        "bos_token": special_token(START),
        "eos_token": special_token(END),
        "pad_token": pad,
        "unk_token": special_token(END),
    }


def early_config(pad):
    return {
        "add_prefix_space": False,
        "bos_token": {"__type": "AddedToken", **special_token(START)},
        "clean_up_tokenization_spaces": True,
        "do_lower_case": True,
        "eos_token": {"__type": "AddedToken", **special_token(END)},
        "errors": "replace",
        "model_max_length": 77,
        "pad_token": pad,
        "tokenizer_class": "CLIPTokenizer",
        "unk_token": {"__type": "AddedToken", **special_token(END)},
    }


def later_config(vocabulary, pad):
    added = {START: True, END: False, pad: False}
    return {
        "add_prefix_space": False,
        "added_tokens_decoder": {
            str(vocabulary[content]): {
                **special_token(content),
                "normalized": normalized,
                "special": True,
            }
            for content, normalized in sorted(added.items(), key=lambda item: vocabulary[item[0]])
        },
        "bos_token": START,
        "clean_up_tokenization_spaces": True,
        "do_lower_case": True,
        "eos_token": END,
        "errors": "replace",
        "model_max_length": 77,
        "pad_token": pad,
        "tokenizer_class": "CLIPTokenizer",
        "unk_token": END,
    }


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
