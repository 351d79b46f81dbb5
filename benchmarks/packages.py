"""Write the protocol of a folder of packaged products: one studio picture each, shop photos to ask.

    python benchmarks/packages.py FOLDER packages.csv
    obverse evaluate packages.csv --root FOLDER --recipe flat

FOLDER holds a sub-folder per product; ``iconic.jpg`` in it is the catalogue's, the rest are asked.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Sequence
from pathlib import Path


def rows(folder: Path) -> list[tuple[str, str, str]]:
    """(photo, role, item) of every picture, relative to the folder."""
    found = []
    for picture in sorted(folder.glob("*/*.jpg")):
        role = "catalogue" if picture.name == "iconic.jpg" else "query"
        found.append((picture.relative_to(folder).as_posix(), role, picture.parent.name))
    return found


def write(description: str, rows: Callable[[Path], Sequence[tuple[str, str, str]]]) -> None:
    """The command line of such a script: the rows of a folder of pictures, as a protocol."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    with args.out.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["photo", "role", "item"])
        writer.writerows(rows(args.folder))


if __name__ == "__main__":
    write(__doc__, rows)
