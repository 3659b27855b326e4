#!/usr/bin/env python3
"""Writes native/src/text/unicode_tables.{h,cpp}: what the `tokenizers` library knows of Unicode.

The tables are read off the library itself, character by character, because its three parts follow
three versions of Unicode (in 0.23.3: Oniguruma 16.0 for letters, numbers and spaces; Rust's
standard library 17.0 for lower-casing; unicode-normalization-alignments 9.0 for NFC). Only
combining classes and one-level decompositions come from Python's unicodedata, for the characters
that the library composes or reorders: Unicode never changes either once they are assigned.

    pip install tokenizers==0.23.3
    python tools/make_unicode_tables.py
"""

import pathlib
import sys
import unicodedata

import tokenizers
from tokenizers import Regex, normalizers

WANTED = "0.23.3"
VERSIONS = {"letters, numbers, spaces": "16.0", "lower case": "17.0", "NFC": "9.0"}
# Each was new in the version named; each version's successor is told by a character it lacks.
NEW_LETTER_16, NEW_LETTER_17 = 0xA7CB, 0xA7CE
NEW_CAPITAL_17 = 0x16EA0
NEW_MARK_9, NEW_MARK_10 = 0x8D4, 0x1DF6

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "native" / "src" / "text"
CHARACTERS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)  # composed by arithmetic
LOWEST_MARK = "\u0345"  # class 240, the highest: every other mark moves in front of it

nfc = normalizers.NFC().normalize_str
nfd = normalizers.NFD().normalize_str
lower = normalizers.Lowercase().normalize_str


def main():
    if tokenizers.__version__ != WANTED:
        sys.exit(f"wants tokenizers {WANTED}, found {tokenizers.__version__}")
    letters, numbers, spaces = map(matching, (r"\p{L}", r"\p{N}", r"\s"))
    classes = combining_classes()
    lowered = {c: lower(chr(c)) for c in CHARACTERS if lower(chr(c)) != chr(c)}
    check_versions(set(letters), lowered, classes)
    decompositions = one_level_decompositions()
    compositions = sorted(
        (first, second, composed)
        for composed, first, second in decompositions
        if second and nfc(chr(composed)) == chr(composed)
    )
    single = {c: ord(s) for c, s in lowered.items() if len(s) == 1}
    pairs = [(c, *map(ord, s)) for c, s in lowered.items() if len(s) == 2]
    assert len(single) + len(pairs) == len(lowered)
    tables = [
        ("Range", "kLetters", ranges(letters)),
        ("Range", "kNumbers", ranges(numbers)),
        ("Range", "kSpaces", ranges(spaces)),
        ("LowerCaseRange", "kLowerCase", strided(single)),
        ("Decomposition", "kLowerCasePairs", pairs),
        ("ClassRange", "kCombiningClasses", class_ranges(classes)),
        ("Decomposition", "kDecompositions", decompositions),
        ("Composition", "kCompositions", compositions),
    ]
    (SOURCE / "unicode_tables.h").write_text(header())
    (SOURCE / "unicode_tables.cpp").write_text(source(tables))


def matching(pattern):
    remove = normalizers.Replace(Regex(pattern), "")
    found = []
    for start in range(0, len(CHARACTERS), 4096):
        chunk = CHARACTERS[start : start + 4096]
        kept = set(remove.normalize_str("".join(map(chr, chunk))))
        found += [c for c in chunk if chr(c) not in kept]
    return found


def combining_classes():
    """Of the characters the library moves, or that others move in front of."""
    moved = {
        c
        for c in CHARACTERS
        if chr(c) != LOWEST_MARK and nfd(LOWEST_MARK + chr(c)) == chr(c) + LOWEST_MARK
    }
    classes = {c: unicodedata.combining(chr(c)) for c in moved | {ord(LOWEST_MARK)}}
    assert all(classes.values()), "Python's unicodedata is older than the library's"
    return classes


def one_level_decompositions():
    rows = []
    for c in CHARACTERS:
        if c in HANGUL or nfd(chr(c)) == chr(c):
            continue
        parts = [int(part, 16) for part in unicodedata.decomposition(chr(c)).split()]
        assert 1 <= len(parts) <= 2 and nfd("".join(map(chr, parts))) == nfd(chr(c)), hex(c)
        assert all(nfd(chr(second)) == chr(second) for second in parts[1:]), hex(c)
        rows.append((c, parts[0], parts[1] if len(parts) == 2 else 0))
    return rows


def check_versions(letters, lowered, classes):
    assert NEW_LETTER_16 in letters and NEW_LETTER_17 not in letters
    assert NEW_CAPITAL_17 in lowered
    assert NEW_MARK_9 in classes and NEW_MARK_10 not in classes


def ranges(characters):
    rows = []
    for c in characters:
        if rows and rows[-1][1] == c - 1:
            rows[-1] = (rows[-1][0], c)
        else:
            rows.append((c, c))
    return rows


def strided(mapping):
    """Rows of (first, last, step, offset): capitals come in blocks or as every second letter."""
    rows = []
    for c, target in sorted(mapping.items()):
        if rows:
            first, last, step, offset = rows[-1]
            gap = c - last
            if target - c == offset and (gap == step or first == last and gap in (1, 2)):
                rows[-1] = (first, c, gap, offset)
                continue
        rows.append((c, c, 1, target - c))
    return rows


def class_ranges(classes):
    rows = []
    for c, value in sorted(classes.items()):
        if rows and rows[-1][1] == c - 1 and rows[-1][2] == value:
            rows[-1] = (rows[-1][0], c, value)
        else:
            rows.append((c, c, value))
    return rows


def versions():
    return "; ".join(f"{what}: Unicode {version}" for what, version in VERSIONS.items())


def header():
    return f"""// What the `tokenizers` library {WANTED} knows of Unicode.
// Generated by tools/make_unicode_tables.py: do not edit.
// {versions()}.
#pragma once

#include <cstdint>
#include <span>

namespace allaprima::unicode {{

struct Range {{
  char32_t first, last;
}};

/// Every step-th character from first to last becomes itself plus offset.
struct LowerCaseRange {{
  char32_t first, last, step;
  int32_t offset;
}};

struct ClassRange {{
  char32_t first, last;
  uint32_t combining_class;
}};

/// second is 0 where there is only one.
struct Decomposition {{
  char32_t composed, first, second;
}};

struct Composition {{
  char32_t first, second, composed;
}};

// All are sorted; Hangul syllables are left to arithmetic.
extern const std::span<const Range> kLetters;
extern const std::span<const Range> kNumbers;
extern const std::span<const Range> kSpaces;
extern const std::span<const LowerCaseRange> kLowerCase;
extern const std::span<const Decomposition> kLowerCasePairs;
extern const std::span<const ClassRange> kCombiningClasses;
extern const std::span<const Decomposition> kDecompositions;
extern const std::span<const Composition> kCompositions;

}}  // namespace allaprima::unicode
"""


def source(tables):
    parts = [
        f"""// What the `tokenizers` library {WANTED} knows of Unicode.
// Generated by tools/make_unicode_tables.py: do not edit.
// {versions()}.
// clang-format off
#include "text/unicode_tables.h"

namespace allaprima::unicode {{

namespace {{
"""
    ]
    for kind, name, rows in tables:
        parts.append(f"\nconstexpr {kind} {name}Rows[] = {{\n{packed(kind, rows)}\n}};\n")
    parts.append("\n}  // namespace\n\n")
    for kind, name, _ in tables:
        parts.append(f"constinit const std::span<const {kind}> {name}{{{name}Rows}};\n")
    parts.append("\n}  // namespace allaprima::unicode\n")
    return "".join(parts)


def packed(kind, rows):
    lines = [""]
    for row in rows:
        cells = [f"0x{value:X}" for value in row]
        if kind == "LowerCaseRange":
            cells[2:] = [str(row[2]), str(row[3])]
        if kind == "ClassRange":
            cells[2] = str(row[2])
        text = "{" + ",".join(cells) + "},"
        if len(lines[-1]) + len(text) > 98:
            lines.append("")
        lines[-1] += text
    return "\n".join("  " + line for line in lines)


if __name__ == "__main__":
    main()
