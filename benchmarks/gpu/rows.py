"""Rows of benchmarks/history, a file a card: what a call measured, and what comes home with it."""

import csv
import re
import sys

from parts import ROOT

HISTORY = ROOT / "benchmarks/history"


def file_of(row):
    """As in nvidia-h100-80gb-hbm3.csv; other tables than the ladder's in files of their own."""
    words = row["machine"] + ("" if row["table"] == "ladder" else f" {row['table']}")
    return HISTORY / (re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") + ".csv")


def append(path, rows):
    """Keeps the first line; refuses rows with other columns."""
    columns = list(rows[0])
    new = not path.exists()
    if not new:
        with path.open(newline="") as file:
            found = next(csv.reader(file))
        if found != columns:
            sys.exit(f"{path} has other columns than these rows; move it away first")
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)


def write(parts, rows, options):
    """To --out and, where it was a card that measured in full size, to the history of this tree."""
    if not rows:
        return
    path = parts.out / "rows.csv"
    path.unlink(missing_ok=True)
    append(path, rows)
    if options.device == "cuda" and not options.tiny:
        append(file_of(rows[0]), rows)
    parts.say(f"{len(rows)} rows in {path}; benchmarks/gpu/kit keep puts them into the history")


def keep(files):
    """At home: appends rows that are not there yet."""
    for path in files:
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        for target in sorted({file_of(row) for row in rows}):
            there = target.read_text() if target.exists() else ""
            new = [row for row in rows if file_of(row) == target and row["id"] not in there]
            if new:
                append(target, new)
            print(f"{target}: {len(new)} new rows of {path}")
    return 0
