"""What the store costs: writing, searching with and without an index, building it, disk.

    python benchmarks/store.py [--views 1000 10000 20000 50000] [--queries 30]

Made-up views of the real size: a 512-d vector, a 40 x 14 x 7 map, a thumbnail of 10 kB. The vectors
lie in clusters of three, as the views of one design do. Times are medians on this machine as it is.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from obverse.catalogue import lance
from obverse.catalogue.lance import LanceStore
from obverse.catalogue.store import Manifest
from obverse.types import F32, Embedding, Item, View

DIM, MAP_SHAPE, THUMBNAIL = 512, (40, 14, 7), 10_000
K = 200
BATCH = 32
PER_DESIGN, SPREAD, DECAY = 3, 0.6, 0.35
"""Views of a design; how far they lie from its centre; the fall of the axes' deviations."""


class Views:
    """An endless supply of views."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.axes = (1.0 + np.arange(DIM)) ** -DECAY
        self.made = 0
        self.centre = self.axes

    def vector(self, centre: F32) -> F32:
        vector = centre + SPREAD * self.axes * self.rng.normal(size=DIM)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)

    def take(self, n: int) -> list[View]:
        views = []
        for number in range(self.made, self.made + n):
            if number % PER_DESIGN == 0:
                self.centre = self.axes * self.rng.normal(size=DIM)
            map = self.rng.integers(-127, 128, MAP_SHAPE, dtype=np.int8)
            sha = hashlib.sha256(str(number).encode()).hexdigest()
            views.append(
                View(
                    id=sha[:24],
                    item=f"item{number // PER_DESIGN:07}",
                    side="obverse",
                    sha256=sha,
                    source=f"/photos/{number // PER_DESIGN}/{number}.jpg",
                    region={"box": [0.0, 0.0, 1000.0, 1000.0], "score": 0.9},
                    thumbnail=self.rng.bytes(THUMBNAIL),
                    embedding=Embedding(self.vector(self.centre), map),
                    added="2026-01-01T00:00:00+00:00",
                )
            )
        self.made += n
        return views


def put(store: LanceStore, views: list[View]) -> None:
    store.put(views, [Item(id, id) for id in sorted({v.item for v in views})])


def median_ms(call: Callable[[], Any], times: int) -> float:
    took = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        took.append(time.perf_counter() - start)
    return 1e3 * statistics.median(took)


def memory_mb() -> float:
    with open("/proc/self/statm") as stream:  # noqa: PTH123 a file of Linux only
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(count: int, queries: int, folder: str) -> dict[str, str]:
    """All figures of one size."""
    manifest = Manifest("coin", {"embedder": "none"}, DIM, MAP_SHAPE)
    store = LanceStore.create(f"{folder}/{count}.obv", manifest)
    views = Views()
    while views.made < count:
        put(store, views.take(min(1000, count - views.made)))
        # Close to the state in which adding leaves a catalogue: few fragments, no index.
        if views.made % 20_000 == 0:
            store._views.optimize()
    lance.INDEX_FROM = 10**9
    store.optimise()
    bytes_per_view = store._views.stats()["total_bytes"] / count
    batches = [views.take(BATCH) for _ in range(7)]
    puts = iter(batches)
    row = {"views": f"{count:,}"}
    row["put views/s"] = (
        f"{BATCH / median_ms(lambda: put(store, next(puts)), len(batches)) * 1e3:,.0f}"
    )
    # Queries lie as far from a stored view as two views of a design.
    near = [v.embedding.vector for v in views.take(queries) if v.embedding]
    asked = [views.vector(v * np.linalg.norm(views.axes)) for v in near]
    searches = iter(asked * 2)
    store.search(asked[0], K)
    row["flat ms"] = f"{median_ms(lambda: store.search(next(searches), K), queries):.1f}"
    exact = [set(store.search(q, K).views) for q in asked]
    if count >= 5000:
        lance.INDEX_FROM = 0
        row["build s"] = f"{median_ms(store.optimise, 1) / 1e3:.2f}"
        store.search(asked[0], K)
        row["index ms"] = f"{median_ms(lambda: store.search(next(searches), K), queries):.1f}"
        found = [set(store.search(q, K).views) for q in asked]
        shares = [len(a & b) / len(b) for a, b in zip(found, exact, strict=True)]
        row[f"recall@{K}"] = f"{np.mean(shares):.3f}"
    row["hashes ms"] = f"{median_ms(store.hashes, 3):.0f}"
    row["stats ms"] = f"{median_ms(store.stats, 3):.1f}"
    ids = [v.id for v in batches[0][:5]]
    row["fetch 5 ms"] = f"{median_ms(lambda: store.views(ids), 9):.1f}"
    row["bytes/view"] = f"{bytes_per_view:,.0f}"
    row["memory MB"] = f"{memory_mb():,.0f}"
    return row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--views", type=int, nargs="+", default=[1000, 10_000, 20_000, 50_000])
    parser.add_argument("--queries", type=int, default=30)
    options = parser.parse_args()
    names = ["views", "put views/s", "flat ms", "index ms", f"recall@{K}", "build s", "hashes ms"]
    names += ["stats ms", "fetch 5 ms", "bytes/view", "memory MB"]
    print("| " + " | ".join(names) + " |")
    print("|" + " ---: |" * len(names))
    for count in options.views:
        with tempfile.TemporaryDirectory() as folder:
            row = measure(count, options.queries, folder)
        print("| " + " | ".join(row.get(name, "") for name in names) + " |", flush=True)


if __name__ == "__main__":
    main()
