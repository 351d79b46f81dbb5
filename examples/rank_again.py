"""A shortlist ranked again by how its views lie among each other: expansion, neighbours, walks.

CATALOGUE was made with a descriptor by name: obverse add CATALOGUE PHOTOS/ --embedder hog

python examples/rank_again.py CATALOGUE photo.jpg
"""

from __future__ import annotations

import sys

import numpy as np

import obverse
from obverse.errors import told
from obverse.verify.vector import unpack
from obverse.zoo.rerank import again


def main(uri: str, photo: str) -> None:
    with obverse.Catalogue(uri, create=False) as catalogue:
        stages = catalogue.pipeline
        query = stages.embed_query(stages.look(catalogue.load(photo)))
        hits = stages.search(catalogue.store, query)
    vectors = unpack(hits.described)
    print("as found:", *hits.items[:3])
    for name in ("qe:3", "reciprocal", "diffusion", "csls"):
        order = np.argsort(-again(name, query.vector, vectors), kind="stable")
        print(f"{name}:", *(hits.items[i] for i in order[:3]))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with told():
        main(*sys.argv[1:])
