"""Fit a named embedder on the photos that are about to be added, before there is a store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from obverse import photo as photos
from obverse.catalogue.importers import Row
from obverse.embed import named
from obverse.errors import ObverseError
from obverse.photo import Limits
from obverse.pipeline import REDUCE_TO, Pipeline
from obverse.types import Patch, Progress

MOST = 1500
"""Photos looked at, evenly spread: words, directions and codes do not get better with more."""
TOGETHER = 16
"""Photos decoded ahead."""


def fit(
    pipeline: Pipeline, rows: Sequence[Row], limits: Limits, progress: Progress | None = None
) -> bytes:
    """What the pipeline's recipe has to have fitted, on some of the rows' photos. One that cannot
    be used is passed over here; adding reports it.

    Raises:
        UsageError: too few photos.
    """
    if len(rows) > MOST:
        rows = [rows[i * len(rows) // MOST] for i in range(MOST)]

    def look(row: Row) -> Patch | None:
        try:
            return pipeline.look(photos.load(row.photo, limits=limits, reduce_to=REDUCE_TO))
        except ObverseError:
            return None

    def patches() -> Iterator[Patch]:
        done = 0
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for some in batches(rows):
                yield from (patch for patch in pool.map(look, some) if patch)
                done += len(some)
                if progress:
                    progress(done, len(rows), f"fitting {pipeline.recipe.embedder}")

    return named.fit(pipeline.recipe, patches(), progress)


def batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Rows, some at a time."""
    for start in range(0, len(rows), TOGETHER):
        yield rows[start : start + TOGETHER]
