"""What a photo of the very thing in a view can be expected to score.

A dark, blurred or worn picture in the catalogue agrees less with everything, photos of its own coin
included, so that a low score against it says less. How much less shows when the picture is asked
with hasty photos of itself, imitated as in training, always the same ones: what a photo scores
counts from there (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from obverse import canvas
from obverse.degrade import hasty
from obverse.types import I8, Evidence, Expected, Patch, View
from obverse.verify.remembered import Remembered

SEEDS = (23, 25, 30, 42)
"""Of the copies that are asked. Of 48 these four together tell best, on 300 training pictures, what
the worse half of all 48 would: ``benchmarks/expected.py``."""
KEPT = 65536
"""Views whose expectation is remembered."""
Ask = Callable[[list[Patch], I8], list[Evidence]]


class Expectations:
    """Asks the views of one catalogue with copies of themselves. Safe to share between threads."""

    def __init__(self) -> None:
        self._means: Remembered[Expected] = Remembered(KEPT)

    def of_view(
        self, id: str, fetch: Callable[[], View | None], kept: I8, ask: Ask
    ) -> Expected | None:
        """What to expect of a view; None where it has gone, or its verifier tells no weakest part.

        It is remembered: under one id a picture stays what it is.

        Args:
            id: of the view.
            fetch: reads its row; None if that has gone.
            kept: its map, int8 (channels, angles, radii).
            ask: the evidence of patches, each as a query of one phase, for that map.

        Raises:
            OSError: its thumbnail cannot be decoded.
        """

        def find(view: View) -> Expected | None:
            disc = canvas.decode(view.thumbnail)
            copies = [hasty(disc, np.random.default_rng(seed)) for seed in SEEDS]
            return mean(ask(copies, kept))

        return self._means.of(id, fetch, find)


def mean(asked: list[Evidence]) -> Expected | None:
    """The mean of what copies scored; None where their weakest parts are not known."""
    weakest = [e.weakest for e in asked if e.weakest is not None]
    if len(weakest) < len(asked):
        return None
    return Expected(float(np.mean([e.score for e in asked])), float(np.mean(weakest)))
