"""The table that the shipped embedder learned from, out of a folder of collections.

    python scripts/training_table.py DATA OUT.csv

DATA holds `worldcoins/train.csv` (a class is a denomination), `us_types/train.csv` (a type and side
in every state of wear), `euro_national` (a folder for each series) and `cutouts`.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path


def rows(data: Path) -> Iterator[tuple[Path, str, str]]:
    """Photo, item, group."""
    for row in read(data / "worldcoins" / "train.csv"):
        yield data / "worldcoins" / row["file"], "", f"world-{row['class_id']}"
    for row in read(data / "us_types" / "train.csv"):
        yield data / "us_types" / row["file"], f"us-{row['type']}-{row['side']}", ""
    for path in sorted((data / "euro_national").rglob("*.*")):
        yield path, "", f"euro-{path.parent.name}"
    for path in sorted((data / "cutouts").rglob("*.jpg")):
        yield path, f"cutout-{path.stem}", ""


def read(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="") as file:
        yield from csv.DictReader(file)


def main() -> None:
    data, out = (Path(arg) for arg in sys.argv[1:])
    with out.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("photo", "item", "group"))
        for photo, item, group in rows(data):
            table.writerow((os.path.relpath(photo, out.parent), item, group))


if __name__ == "__main__":
    main()
