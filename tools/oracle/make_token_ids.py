#!/usr/bin/env python3
"""Writes native/tests/data/token_ids.json: what transformers' CLIPTokenizer makes of awkward texts.

Also writes the two small tokenizers it uses, native/tests/data/tokenizer and tokenizer_2: CLIP's
layout (256 bytes, 256 last bytes, merges, specials; "!" is 0), its merges learned from SENTENCES; and
both again as the one file that transformers 5 saves, tokenizer_one_file and tokenizer_2_one_file.

    pip install transformers==5.24.0 tokenizers==0.23.3
    python tools/oracle/make_token_ids.py
"""

import collections
import json
import pathlib
import random
import tempfile

import tokenizers
import transformers
from transformers import CLIPTokenizer

DATA = pathlib.Path(__file__).resolve().parents[2] / "native" / "tests" / "data"
BEGIN, END = "<|startoftext|>", "<|endoftext|>"
LENGTH = 77
MERGES = 186

WORDS = """a an the of in on and with portrait landscape astronaut jungle cold color palette muted
detailed photo photograph painting oil watercolor style cinematic light lighting dramatic soft
sharp focus 8k 4k hdr unreal engine octane render artstation trending concept art highly intricate
city street night rain neon sunset mountain lake forest castle dragon cat dog robot girl boy man
woman face eyes hair dress armor sword magic fantasy sci-fi futuristic ancient old young beautiful
""".split()

CONTRACTIONS = [
    "it's", "don't", "we're", "I've", "I'm", "they'll", "he'd", "IT'S", "DON'T", "WE'RE", "I'M",
    "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'sun", "'tis", "'reel", "'dd", "''s", "'''s",
    "s's's", "rock'n'roll", "O'Neill", "l'été", "'", "''", "' s", "’s", "it’s", "!'s", "1's", "'1s",
    "'ſ", "'S", "'LL", "'Ll", "x'v", "x'r", "x'l", "'rE", "a'b'c",
]
DIGITS = [
    "1", "12", "123", "3.14", "1,000", "4k", "8K", "x2y", "2x2", "007", "v1.5", "½", "²", "x²",
    "①②",
    "Ⅳ", "٣٤٥", "१२३", "一二三", "𝟘𝟙", "1st 2nd 3rd", "0x1F", "1e-5", "2024-01-01", "৴", "㊿", "𐄇",
]
MARKS = [
    "!", "!!", "!!!", "! !", "!!!!", "wow!", "wow!!!", "a!b", "a!!b", "!a", "!a!", "hello!world",
    "?!",
    "!?", "!'s", "1!2", "!\n!", "¡!", "！", "a ! b", "<|endoftext|>!", "!<|startoftext|>", "it's!",
    "...", "…", "--", "—", "(a:1.2)", "((b))", "[c]", "{d}", "a|b", "a_b", "#tag", "@user", "$5",
    "50%", "a&b", "&amp;", "<b>", "</w>", "a</w>b", "\\", "/", "\"q\"", "`c`", "^", "~", "a+b=c",
    "*", "a-b",
    "<cat-toy>", "a <CAT-TOY> b", "<cat-toy><cat-toy>", "x<Dog>y", "<dog>", "<Dog>!", "<Dog >",
    "<", "<|", "|>", "<|>", "<||>",
]
SPECIALS = [
    BEGIN, END, BEGIN + END, END * 3, BEGIN.upper(), END.upper(), "<|EndOfText|>",
    "<|StartOfText|>",
    "a" + BEGIN + "b", "a " + END + " b", "  " + END + "  ", "<" + BEGIN, BEGIN + ">", "<|" + END,
    END + "|>", "<|startoftext |>", "<| startoftext|>", "<|startoftext|", "|startoftext|>",
    "<|start" + END + "oftext|>", BEGIN + "'s", "'" + END + "s", "1" + END + "2", END + "\n" + END,
    "e" + END + "\u0301", "<|ENDOFTEXT|>\u0301", "<|endoftext|\u200b>", "A" + BEGIN.upper() + "B",
    BEGIN.upper() + "!!", END.title(), "\u212a" + END.upper() + "\u212a", "<|STARTOFTEXT|>" * 2,
]
EMOJI = [
    "😀", "😀😀", "a😀b", "👨‍👩‍👧‍👦", "👩🏽‍🚀", "🏳️‍🌈", "🇩🇪", "🇩🇪🇫🇷", "1️⃣", "❤️", "❤", "☕", "✨ sparkle ✨",
    "👍🏿", "🧑‍💻 coding", "©", "™", "®", "♥", "★", "→", "¯\\_(ツ)_/¯", "\u200d", "a\u200db", "\ufe0f",
    "\u20e3",
]
SCRIPTS = [
    "猫", "猫と犬", "宇航员在丛林中", "寒冷的色调,细节丰富", "한국어", "한국어 문장", "ㄱㄴㄷ", "ภาษาไทย", "हिन्दी",
    "العربية", "عَرَبِيّ", "עִבְרִית", "русский", "РУССКИЙ", "Ёлка", "українська", "ქართული",
    "ᲥᲐᲠᲗᲣᲚᲘ", "Հայերեն",
    "አማርኛ", "தமிழ்", "ខ្មែរ", "བོད", "𐐀𐐁", "𞤀𞤁", "Ꭰꭰ", "ᏸᏰ", "𝕳𝖊𝖑𝖑𝖔", "ｆｕｌｌｗｉｄｔｈ", "ＦＵＬＬ", "ﬁre",
    "ﬀ",
    "カタカナ", "ｶﾀｶﾅ", "が", "か\u3099", "「引用」", "、。", "𠮷野家", "〇", "々", "ー", "\U00016ea0", "\ua7cb",
]
COMPOSITION = [
    "é", "e\u0301", "É", "E\u0301", "caf\u00e9", "cafe\u0301", "ñ", "n\u0303", "Å", "A\u030a",
    "\u212b",
    "ộ", "o\u0323\u0302", "o\u0302\u0323", "ỗ", "\u1e9b\u0323", "\u0344", "\u0958", "\u0928\u093c",
    "a\u0315\u0300\u05ae\u0300b", "q\u0307\u0323", "q\u0323\u0307", "\u0301", "\u0301a", " \u0301",
    "\u1100\u1161", "\u1100\u1161\u11a8", "\uac00\u11a8", "\u1100\uac00", "\u1161\u11a8",
    "\uac01\u11a8",
    "\uf900", "\ufa10", "\U0002f800", "\u2126", "\u212a", "\u1fc1", "\u0390", "\u1d15e",
    "\U0001d15e",
    "e\u0301\u0301", "e\u0300\u0301", "e\u0327\u0301", "e\u200d\u0301", "\u0b47\u0b3e",
    "\u0cca\u0cd5",
    "a\u0897\u0323\u0301", "a\u07fd\u0301", "\U00011935\U00011930", "=\u0338", "!\u0338", "<\u0338",
]
CASING = [
    "İstanbul", "ISTANBUL", "ısı", "IĞDIR", "I\u0307", "i\u0307", "Straße", "STRASSE", "STRAẞE",
    "ẞ", "ΣΊΣΥΦΟΣ",
    "Σ", "ΑΣ", "ΑΣ ", "ΟΔΟΣ.", "ΣΑΣ", "σς", "Ά", "ᾈ", "ᾼ", "Ω", "Ǆ", "ǅ", "ǆ", "Ⓐ", "Ⅷ", "Þ", "Ÿ",
    "Ꙁ", "Ɐ", "Ꞌ",
    "McDonald", "iPhone", "HeLLo WoRLD", "ÀÉÎÕÜ", "ŁÓDŹ", "Ĳ", "ŉ", "ǰ", "ΐ", "և",
]
SPACES = [
    "", " ", "   ", "\t", "\n", "\r\n", "a b", "a  b", " a", "a ", "  a  b  ", "a\tb", "a\nb",
    "a\r\nb",
    "a\u00a0b", "a\u3000b", "a\u2003b", "a\u202fb", "a\u1680b", "a\u2028b", "a\u2029b", "a\u0085b",
    "a\u205fb",
    "a\u200bb", "a\u180eb", "a\ufeffb", "\ufeffa", "a\x0bb", "a\x0cb", "a\x1cb", "a\x1fb", "a\x00b",
    "\x00",
    "a\x01b", "a\x7fb", "a\x1bb", "a\u00adb", "a\u2060b", "a\u202eb", "\u00a0", "\u3000 \u3000",
    "a \u0301",
    "\ufffd", "\uffff", "\U0010ffff", "\ue000", "\u0378", "a\u034fb",
]
SHORT = (
    CONTRACTIONS + DIGITS + MARKS + SPECIALS + EMOJI + SCRIPTS + COMPOSITION + CASING + SPACES
)
SENTENCES = [
    "Astronaut in a jungle, cold color palette, muted colors, detailed, 8k",
    "a photo of an astronaut riding a horse on mars",
    "A cinematic shot of a baby racoon wearing an intricate italian priest robe.",
    "portrait of a girl, (masterpiece:1.2), best quality, ultra-detailed, 4K!!!",
    "naïve café in São Paulo, crème brûlée, piñata",
    "Él niño comió jalapeños; ¿verdad?",
    "lowres, bad anatomy, bad hands, text, error, missing fingers, extra digit",
]


def generated(chance):
    """Longer ones: random words, one word without end, and random neighbours of the ones above."""
    texts = [" ".join(chance.choices(WORDS, k=200)), " ".join(chance.choices(WORDS, k=76))]
    texts += ["a" * 300, "ab" * 120, "!" * 90, "😀" * 40, "é" * 100, "1" * 75, "1" * 76]
    texts += [(END + " ") * 80, " ".join(WORDS[:30]) + " 猫" * 30]
    texts += ["x" * 74 + " 😀😀😀 end", "dragon " * 74 + "😀 tail"]
    texts += ["".join(chance.choices(SHORT, k=chance.randint(2, 5))) for _ in range(40)]
    return texts


# First and last characters of what is drawn from: every plane that has characters, and controls.
RANGES = [
    (0x00, 0x20), (0x20, 0x7F), (0x7F, 0xA0), (0xA0, 0x250), (0x250, 0x530), (0x530, 0x900),
    (0x900, 0x1100), (0x1100, 0x1200), (0x1200, 0x1E00), (0x1E00, 0x2000), (0x2000, 0x2070),
    (0x2070, 0x2BFF), (0x2C00, 0x3040), (0x3040, 0x3400), (0x4E00, 0xA000), (0xA000, 0xAC00),
    (0xAC00, 0xD7A4), (0xE000, 0xE010), (0xF900, 0x10000), (0x10000, 0x10FFE), (0x11000, 0x12000),
    (0x13000, 0x18D00), (0x1AFF0, 0x1E000), (0x1E000, 0x1F000), (0x1F000, 0x1FB00),
    (0x20000, 0x2A6E0), (0x2F800, 0x2FA1E), (0x30000, 0x323B0), (0xE0000, 0xE01F0),
    (0xF0000, 0xF0010), (0x10FFF0, 0x110000),
]  # fmt: skip
JOINED = ["\u200d", "\ufe0f", "\U0001f3fb", "\U0001f3ff", "\u20e3", "\u2640", "\u2642", "\u2764"]


def drawn(chance):
    """Short ones: characters of all planes, emoji with joiners, digits and apostrophes in words."""
    texts = [chr(c) for c in (*range(0x20), *range(0x7F, 0xA0))]
    for first, last in RANGES:
        for length in (1, 2, 3, 5):
            texts.append("".join(chr(chance.randrange(first, last)) for _ in range(length)))
    characters = [chr(chance.randrange(*chance.choice(RANGES))) for _ in range(400)]
    texts += ["".join(chance.choices(characters, k=chance.randint(2, 8))) for _ in range(160)]
    emoji = [chr(chance.randrange(0x1F300, 0x1FAFF)) for _ in range(60)]
    texts += ["".join(chance.choices(emoji + JOINED * 4, k=chance.randint(2, 7))) for _ in range(110)]
    small = [*"0123456789", *"'!?.,-", " ", *CONTRACTIONS[:9], *WORDS[:20]]
    texts += ["".join(chance.choices(small, k=chance.randint(2, 10))) for _ in range(120)]
    return texts


def texts():
    everything = SHORT + SENTENCES + generated(random.Random(77)) + drawn(random.Random(1000))
    return list(dict.fromkeys(everything))


def alphabet():
    """GPT-2's: byte to character, in the order of CLIP's vocabulary."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(rest)}


def learn_merges(symbols):
    lines = SENTENCES * 3 + WORDS * 2
    lines += ["it's don't we're", "!! !!! !!", "été café 猫 猫 😀 😀 привет"] * 4
    words = collections.Counter(word for line in lines for word in line.lower().split())
    parts = {w: [symbols[b] for b in w.encode()] for w in words}
    for pieces in parts.values():
        pieces[-1] += "</w>"
    merges = []
    while len(merges) < MERGES:
        pairs = collections.Counter()
        for word, pieces in parts.items():
            for pair in zip(pieces, pieces[1:]):
                pairs[pair] += words[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for pieces in parts.values():
            at = 0
            while at + 1 < len(pieces):
                if (pieces[at], pieces[at + 1]) == best:
                    pieces[at : at + 2] = ["".join(best)]
                at += 1
    return merges


def token(content, **fields):
    plain = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    return {"content": content, **plain, **fields}


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_tokenizers(symbols, merges):
    tokens = [*symbols.values(), *(s + "</w>" for s in symbols.values())]
    tokens += [*dict.fromkeys("".join(merge) for merge in merges), BEGIN, END]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    for name in ("tokenizer", "tokenizer_2"):
        folder = DATA / name
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "vocab.json", vocabulary)
        lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
        (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_first_specials(DATA / "tokenizer")
    write_second_specials(DATA / "tokenizer_2", vocabulary)


def write_first_specials(folder):
    """As in SDXL's first tokenizer: the end is both an object and, as padding, a text."""
    names = {"bos_token": token(BEGIN), "eos_token": token(END), "unk_token": token(END)}
    write_json(folder / "special_tokens_map.json", names | {"pad_token": END})
    typed = {name: {"__type": "AddedToken"} | value for name, value in names.items()}
    config = typed | {"pad_token": END, "model_max_length": LENGTH}
    write_json(folder / "tokenizer_config.json", config)


def write_second_specials(folder, vocabulary):
    """The newer way, with an added_tokens_decoder; "!" pads, and two tokens are added."""
    names = {"bos_token": BEGIN, "eos_token": END, "pad_token": "!", "unk_token": END}
    write_json(folder / "special_tokens_map.json", names)
    count = len(vocabulary)
    decoder = {
        0: token("!", normalized=False, special=True),
        vocabulary[BEGIN]: token(BEGIN, special=True),
        vocabulary[END]: token(END, special=True),
        count: token("<cat-toy>", special=False),
        count + 1: token("<Dog>", normalized=False, special=False),
    }
    config = {"added_tokens_decoder": {str(i): t for i, t in decoder.items()}, **names}
    write_json(folder / "tokenizer_config.json", config | {"model_max_length": LENGTH})


def write_one_file(name, merges_as_texts):
    """tokenizer.json in place of vocab.json and merges.txt: as saved, or as older versions did.

    Those wrote merges as texts, and no added_tokens_decoder into tokenizer_config.json.
    """
    tokenizer = CLIPTokenizer.from_pretrained(DATA / name)
    target = DATA / f"{name}_one_file"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        files = {path.name: json.loads(path.read_text()) for path in pathlib.Path(folder).iterdir()}
    whole, config = files["tokenizer.json"], files["tokenizer_config.json"]
    assert "vocab.json" not in files
    if merges_as_texts:
        whole["model"]["merges"] = [" ".join(pair) for pair in whole["model"]["merges"]]
        config.pop("added_tokens_decoder", None)
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    (target / "tokenizer.json").write_text(text + "\n", encoding="utf-8")
    write_json(target / "tokenizer_config.json", config)
    return CLIPTokenizer.from_pretrained(target)


def ids_and_dropped(tokenizer, text):
    """The ids before padding, and the text diffusers says it dropped."""
    padded = tokenizer(text, padding="max_length", max_length=LENGTH, truncation=True).input_ids
    ids = tokenizer(text, max_length=LENGTH, truncation=True).input_ids
    assert padded == ids + [tokenizer.pad_token_id] * (LENGTH - len(ids))
    whole = tokenizer(text).input_ids
    return ids, tokenizer.decode(whole[LENGTH - 1 : -1]) if len(whole) > LENGTH else ""


def main():
    symbols = alphabet()
    write_tokenizers(symbols, learn_merges(symbols))
    first = CLIPTokenizer.from_pretrained(DATA / "tokenizer")
    second = CLIPTokenizer.from_pretrained(DATA / "tokenizer_2")
    one_file = write_one_file("tokenizer", merges_as_texts=False)
    one_file_2 = write_one_file("tokenizer_2", merges_as_texts=True)
    lines = []
    for text in texts():
        ids, dropped = ids_and_dropped(first, text)
        ids_2, dropped_2 = ids_and_dropped(second, text)
        assert (ids, dropped) == ids_and_dropped(one_file, text), text
        assert (ids_2, dropped_2) == ids_and_dropped(one_file_2, text), text
        row = {"text": text, "ids": ids, "ids_2": ids_2}
        if dropped or dropped_2:
            row |= {"dropped": dropped, "dropped_2": dropped_2}
        lines.append(json.dumps(row, separators=(",", ":")))
    head = {
        "made_by": f"transformers {transformers.__version__}, tokenizers {tokenizers.__version__}",
        "length": LENGTH,
        "pad": first.pad_token_id,
        "pad_2": second.pad_token_id,
    }
    body = json.dumps(head)[:-1] + ', "prompts": [\n' + ",\n".join(lines) + "\n]}\n"
    (DATA / "token_ids.json").write_text(body, encoding="utf-8")
    print(len(lines), "texts")


if __name__ == "__main__":
    main()
