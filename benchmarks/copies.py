"""How alike the pictures of a near-copy are, and those of two specimens of one design.

``python benchmarks/copies.py DATA [--every 2]``: scans of ``worldcoins/dev.csv`` (a development
split). A near-copy is the same scan smaller and compressed anew, lighter, turned or cropped. It
prints the score of one against the other as a catalogue keeps them, and how far apart the two agree
with a photo of another specimen (``separate.difference``).
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from obverse import explain, recipes, separate
from obverse.catalogue import duplicates
from obverse.photo import load
from obverse.pipeline import Pipeline
from obverse.types import F64, U8, Array, Embedding

SEED = 0


def copies(pixels: U8) -> Iterator[tuple[str, U8]]:
    """The same picture, as it comes from elsewhere."""
    small = cv2.resize(pixels, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 60])
    yield "smaller", np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)
    yield "lighter", np.clip(pixels * 1.15 + 8.0, 0, 255).astype(np.uint8)
    yield "turned", np.ascontiguousarray(np.rot90(pixels))
    edge = max(1, pixels.shape[0] // 100)
    yield "cropped", np.ascontiguousarray(pixels[edge:, : pixels.shape[1] - edge])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--every", type=int, default=2, help="take every so many designs")
    args = parser.parse_args()
    pipeline, rng = Pipeline(recipes.get("coin")), np.random.default_rng(SEED)
    with (args.data / "worldcoins" / "dev.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    designs: dict[str, list[int]] = defaultdict(list)
    for n, row in enumerate(rows):
        designs[row["design_id"]].append(n)

    def embed(pixels: U8) -> Embedding:
        return pipeline.embed([pipeline.look(load(pixels))])[0]

    def scan(n: int) -> U8:
        path = args.data / "worldcoins" / rows[n]["file"]
        return np.ascontiguousarray(load(path).pixels)

    alike: dict[str, list[float]] = defaultdict(list)
    apart: dict[str, list[float]] = defaultdict(list)
    for numbers in list(designs.values())[:: args.every]:
        first, *others = rng.permutation(numbers)[:4]
        whole = embed(scan(first))
        views = [(kind, embed(copy)) for kind, copy in copies(scan(first))]
        views += [("specimen", embed(scan(n))) for n in others]
        maps = np.stack([whole.map, *(view.map for _, view in views)])
        scores, _ = pipeline.verifier.scores(whole, maps)
        photo = args.data / f"wild_dev/{others[0] if others else first:04d}.jpg"
        query = pipeline.embed_query(pipeline.look(load(photo)))
        proofs = pipeline.prove(query, maps)
        for i, (kind, _) in enumerate(views, 1):
            alike[kind].append(float(scores[i]))
            if others:
                apart[kind].append(separate.difference(proofs[0], proofs[i]))
    tables: tuple[tuple[str, dict[str, list[float]], Callable[[F64], Array]], ...] = (
        ("score against each other", alike, lambda v: v >= duplicates.COPY),
        ("difference to a photo", apart, lambda v: v < explain.COPY),
    )
    for title, table, taken in tables:
        for kind, found in table.items():
            values = np.array(found)
            share = float(taken(values).mean())
            print(f"{title}, {kind}: {quantiles(values)}; taken for copies {share:.3f}", end=" ")
            print(f"(n = {len(values)})")


def quantiles(values: F64) -> str:
    marks = (0.0, 0.01, 0.05, 0.5, 0.95, 0.99, 1.0)
    return ", ".join(f"{m:.0%} {np.quantile(values, m):.3f}" for m in marks)


if __name__ == "__main__":
    main()
