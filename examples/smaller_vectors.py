"""What smaller vectors cost: the vectors of a catalogue as codes of fewer and fewer bytes, and how
often the nearest other view stays the same.

python examples/smaller_vectors.py coins.obv
"""

from __future__ import annotations

import sys

import numpy as np

import obverse
from obverse.errors import told
from obverse.types import F32, Array
from obverse.zoo.post import Chain


def nearest(asked: F32, stored: F32) -> Array:
    cosines = asked @ stored.T
    np.fill_diagonal(cosines, -1)
    return np.asarray(cosines.argmax(axis=1))


def main(uri: str) -> None:
    with obverse.Catalogue(uri, create=False) as catalogue:
        views = catalogue.store.views(embeddings=True)
    vectors = np.array([view.embedding.vector for view in views if view.embedding])
    exact = nearest(vectors, vectors)
    for name in ("sq8", "pq:64", "pq:32", "pq:16", "centre,binary"):
        chain = Chain.fit(name, vectors)
        asked = chain.apply(vectors)
        same = float(np.mean(nearest(asked, chain.keep(asked)) == exact))
        size = chain.coder.size if chain.coder else 0
        print(f"{name:14} {4 * vectors.shape[1]} -> {size} bytes, {same:.0%} the same")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with told():
        main(*sys.argv[1:])
