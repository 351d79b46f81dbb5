"""Which descriptor serves your own pictures best? Each in a catalogue of its own, in one table.

A protocol is a CSV file with the columns photo, role (catalogue, query or unknown) and item.

python examples/which_embedder.py protocol.csv polar hist-gray-256 vlad-sift:16,pca-whiten:8
"""

from __future__ import annotations

import sys

from obverse.errors import told
from obverse.evaluate import read
from obverse.evaluate.several import HEAD, evaluate_all


def main(protocol: str, *embedders: str) -> None:
    print("  ".join(HEAD))
    for row in evaluate_all(read(protocol), embedders):
        print("  ".join(row.cells))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    with told():
        main(*sys.argv[1:])
