"""Items that are in a catalogue twice: how many are found, and how many are wrongly taken for one.

    python benchmarks/duplicates.py --seed 31
    python benchmarks/duplicates.py --types 20

Minted coins, both sides scanned. A third of the types are there once more by scans of another
specimen, a third by phone-like photos, a third by a scan of another specimen's obverse alone, as
items of their own: these pairs are to be found.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image

from obverse import Catalogue
from obverse.catalogue.duplicates import Group
from obverse.catalogue.importers import Row
from obverse.mint import coin_type, scan, snap

SIDES = ("obverse", "reverse")
SIZE = 400
"""Pixels a side of a scan."""


def make_rows(folder: Path, seed: int, types: int) -> list[Row]:
    """Both sides of every item; what stands before the dash of an id is the type."""
    rows = []
    for index in range(types):
        coin = coin_type(seed, index)
        for number, side in enumerate(SIDES):
            pictures = {f"{index:03d}": scan(coin, side, size=SIZE)}
            if index % 3 == 0:
                pictures[f"{index:03d}-scan"] = scan(coin, side, size=SIZE, seed=1)
            if index % 3 == 1:
                rng = np.random.default_rng([seed, index, number])
                pictures[f"{index:03d}-photo"] = snap(coin, side, rng).image
            if index % 3 == 2 and side == "obverse":
                pictures[f"{index:03d}-half"] = scan(coin, side, size=SIZE, seed=1)
            for item, pixels in pictures.items():
                path = folder / f"{item}-{side}.png"
                Image.fromarray(pixels).save(path)
                rows.append(Row(path, item, side))
    return rows


def pairs_of(groups: list[Group]) -> set[tuple[str, str]]:
    """Items that are said to be the same, two by two."""
    return {
        pair
        for group in groups
        for pair in combinations(sorted({view.item for view in group.views}), 2)
    }


def type_of(item: str) -> str:
    return item.partition("-")[0]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--types", type=int, default=60)
    parser.add_argument("--seed", type=int, default=31)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="obverse-", ignore_cleanup_errors=True) as name:
        rows = make_rows(Path(name), options.seed, options.types)
        with Catalogue(Path(name, "coins.obv")) as catalogue:
            catalogue.add(rows)
            groups = catalogue.duplicates()
    items = {row.item for row in rows}
    twice = sum("-" in item for item in items)
    said = pairs_of(groups)
    right = sum(type_of(a) == type_of(b) for a, b in said)
    halves = sum(type_of(a) == type_of(b) for a, b in said if "-half" in a + b)
    wrong = sum(len({type_of(view.item) for view in group.views}) > 1 for group in groups)
    print(f"{len(items)} items, {len(rows)} views, seed {options.seed}: {len(groups)} groups")
    print(f"{right} of {twice} pairs found, {halves} of them by one side")
    print(f"{len(said) - right} wrong pairs in {wrong} groups")


if __name__ == "__main__":
    main()
