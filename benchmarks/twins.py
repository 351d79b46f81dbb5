"""Coins told apart by year and mint mark alone, half of which the catalogue lacks.

    python benchmarks/twins.py DATA             # Lincoln cents (DATA/cents), reporting only

Half of the photos, turned, are asked about; the catalogue names every second of their years (and
marks), each with the picture of a coin of the other half: its design is right, its date another
one. Right, wrong and refused are counted for coins that the catalogue names and for those that it
lacks, of which none can be right; once with years alone, once with years and mint marks.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from mark import CENT_PLACE, CENTS
from obverse import Catalogue
from obverse.catalogue.importers import Row
from obverse.photo import load
from obverse.types import U8, Answer

TURN = 67
"""Degrees from one photo's turn to the next one's."""
OUTCOMES = ("right", "wrong", "refused")


def cents(data: Path, marked: bool) -> list[tuple[Path, str]]:
    """Every photo with its year, and its mint mark if that is asked for: ``1909S``."""
    marks = {number: mark for mark, listed in CENTS.items() for number in listed.split()}
    with (data / "cents" / "years.csv").open(newline="") as stream:
        rows = [(r["file"], r["year"]) for r in csv.DictReader(stream)]
    return [(data / "cents" / f, year + (marks[f[1:3]] if marked else "")) for f, year in rows]


def turned(path: Path, degrees: float) -> U8:
    with Image.open(path) as image:
        fill = image.getpixel((2, 2))
        lies = image.convert("RGB").rotate(degrees, Image.Resampling.BICUBIC, fillcolor=fill)
    return np.asarray(lies, np.uint8)


def row(label: str, picture: Path, marked: bool) -> Row:
    """A cent of that year and mark in the catalogue."""
    year, mark = label[:4], label[4:]
    attributes: dict[str, object] = {"year": int(year), "country": "United States"}
    if marked:
        place = ", ".join(map(str, CENT_PLACE))
        attributes |= {"mint_mark": mark or "none", "mint_mark_at": place}
    return Row(picture, item=label, title=f"Cent {year} {mark}".strip(), attributes=attributes)


def ask(data: Path, marked: bool) -> Iterator[tuple[str, bool, Answer]]:
    """Every answer, with what the coin is and whether the catalogue names it."""
    coins = cents(data, marked)
    for half in (0, 1):
        asked, shown = coins[half::2], coins[1 - half :: 2]
        labels = list(dict.fromkeys(label for _, label in asked))
        for part in (0, 1):
            listed = labels[part::2]
            with tempfile.TemporaryDirectory() as folder:
                catalogue = Catalogue(Path(folder) / "cents.obv")
                catalogue.add([row(x, shown[n][0], marked) for n, x in enumerate(listed)])
                for n, (path, label) in enumerate(asked):
                    yield label, label in listed, catalogue.identify(load(turned(path, TURN * n)))


def outcome(label: str, answer: Answer) -> str:
    if not answer.known:
        return "refused"
    return "right" if answer.best and answer.best.item.id == label else "wrong"


def describe(label: str, answer: Answer) -> str:
    best = answer.best
    told = f"  {label}: {outcome(label, answer)}"
    if best is not None:
        told += f", {best.item.id} {best.probability:.3f}, score {best.score:.2f}"
    if answer.year is not None:
        told += f", read {answer.year.year} ({answer.year.probability:.2f})"
    if answer.mint_mark is not None:
        told += f", mark {answer.mint_mark.mark or 'none'} ({answer.mint_mark.probability:.2f})"
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--show", action="store_true", help="name what was not answered right")
    args = parser.parse_args()
    print("told apart by   catalogue   right  wrong  refused")
    for marked in (False, True):
        counts = {True: Counter[str](), False: Counter[str]()}
        for label, named, answer in ask(args.data, marked):
            counts[named][outcome(label, answer)] += 1
            if args.show and outcome(label, answer) != ("right" if named else "refused"):
                print(describe(label, answer), "" if named else "(lacked)", flush=True)
        for named, count in counts.items():
            numbers = "".join(f"{count[o]:7}" for o in OUTCOMES)
            told = "year, mark" if marked else "year"
            print(f"{told:<15} {'names it' if named else 'lacks it':<9} {numbers}", flush=True)


if __name__ == "__main__":
    main()
