"""A folder becomes a catalogue, a photo becomes an answer.

    python examples/quickstart.py PHOTOS/ photo.jpg

PHOTOS has a sub-folder per item, or files named item_obverse.jpg and item_reverse.jpg.
"""

from __future__ import annotations

import sys

import obverse
from obverse.errors import told


def main(folder: str, photo: str) -> None:
    with obverse.Catalogue("coins.obv") as catalogue:
        report = catalogue.add(folder)
        print(f"{report.added} added, {report.skipped} already there, {len(report.failed)} failed")

        answer = catalogue.identify(photo)
        if answer.best is None:
            print("the catalogue is empty")
        elif answer.known:
            best = answer.best
            print(f"{best.item.name}: {best.probability:.0%}, turned {best.evidence.turn:.0f}°")
        else:
            print(f"not recognised; closest is {answer.best.item.name}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with told():
        main(*sys.argv[1:])
