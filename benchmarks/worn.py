"""Worn US coins by grade, and by design: some types are one design struck as several denominations.

    obverse evaluate DATA/protocols/dev_worn.csv --root DATA --report OUT
    python benchmarks/worn.py DATA/protocols/dev_worn.csv OUT

A photo does not tell the size of a coin, so an answer of the same design and another denomination
is wrong by its label and right by its design. The table gives both.
"""

from __future__ import annotations

import argparse
import csv
import re
from pathlib import Path

GRADES = ((1, 3), (4, 10), (12, 30), (35, 55), (58, 70))

OBVERSES = (
    ("FlowingDol", "FlowingHalf", "FlowingHalfDime"),
    ("Capped10Lg", "Capped25Lg", "Capped50", "CappedBust5"),
    ("Draped10SE", "Draped10LE", "Draped25LE", "Draped50SE", "Draped50LE", "DrapedDolSE",
     "DrapedHalfDime"),
    ("DrapedBust10SE", "DrapedBust10LE", "DrapedBust5SE", "DrapedBust5LE"),
    ("2.5Lib", "5Lib", "10Lib"),
    ("GoldDollar3", "3Gold"),
)  # fmt: skip
REVERSES = (
    ("FlowingDol", "FlowingHalf", "FlowingHalfDime"),
    ("Capped10Lg", "Capped25Lg", "Capped50", "CappedBust5"),
    ("Draped10SE", "Draped50SE", "DrapedDolSE", "DrapedHalfDime"),
    ("Draped10LE", "Draped25LE", "Draped50LE", "DrapedBust10LE", "DrapedBust5LE"),
    ("DrapedBust10SE", "DrapedBust5SE"),
    ("2.5Lib", "5Lib", "10Lib"),
    ("GoldDollar2", "GoldDollar3", "3Gold"),
    ("CoronetCent", "ClassicCent"),
)
"""Designs that several denominations share, by side: by the types' histories, and looked at."""


def design(photo: str) -> str:
    """The design on a picture ``…/Type-GGo.jpg``: its side, and its family or its type."""
    named = re.fullmatch(r"(.+)-\d\d([or])", Path(photo).stem)
    if named is None:
        return photo
    kind, side = named.groups()
    families = OBVERSES if side == "o" else REVERSES
    return f"{next((f[0] for f in families if kind in f), kind)}-{side}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("protocol", type=Path)
    parser.add_argument("report", type=Path, help="folder that `obverse evaluate` wrote")
    args = parser.parse_args()
    with args.protocol.open(newline="", encoding="utf-8") as stream:
        shown = {r["item"]: r["photo"] for r in csv.DictReader(stream) if r["role"] == "catalogue"}
    with (args.report / "predictions.csv").open(newline="", encoding="utf-8") as stream:
        asked = [r for r in csv.DictReader(stream) if r["role"] == "query"]
    grades = [int(Path(r["photo"]).stem[-3:-1]) for r in asked]
    exact = [r["answer"] == r["item"] for r in asked]
    alike = [
        r["answer"] in shown and design(shown[r["answer"]]) == design(r["photo"]) for r in asked
    ]
    print("| grade | photos | recall@1 | recall@1, same design counted |\n|---|---|---|---|")
    for low, high in (*GRADES, (0, 99)):
        rows = [i for i, g in enumerate(grades) if low <= g <= high]
        if rows:
            name = "all" if high == 99 else f"{low}-{high}"
            figures = (sum(hits[i] for i in rows) / len(rows) for hits in (exact, alike))
            print(f"| {name} | {len(rows)} | " + " | ".join(f"{f:.3f}" for f in figures) + " |")


if __name__ == "__main__":
    main()
