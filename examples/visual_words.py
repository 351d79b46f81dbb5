"""Local features gathered into one vector: a Gaussian mixture is fitted on the photos that are
added, Fisher vectors are whitened, and all of it is kept with the catalogue.

python examples/visual_words.py words.obv PHOTOS/ photo.jpg
"""

from __future__ import annotations

import sys

import obverse
from obverse.errors import told


def main(uri: str, photos: str, query: str) -> None:
    embedder, post = "fisher-rootsift:8", "pca-whiten:6"
    with obverse.Catalogue(uri, recipe="flat", embedder=embedder, post=post) as catalogue:
        print(f"{catalogue.add(photos).added} added")
    # From here on the catalogue knows by itself how to describe a photo.
    with obverse.Catalogue(uri) as catalogue:
        for candidate in catalogue.identify(query, top=3).candidates:
            print(f"{candidate.score:.3f}  {candidate.item.id}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with told():
        main(*sys.argv[1:])
