"""A catalogue's own views as queries, and when a change fitted on them is better beyond chance.

What ``obverse adapt`` and ``obverse calibrate`` share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from obverse import canvas
from obverse.catalogue.catalogue import Catalogue
from obverse.degrade import HARD, Severity, hasty
from obverse.normalise import ANGLES
from obverse.types import F64, Array, Patch, View

OFF_CELL = 0.14
"""A query is embedded at four turns a cell, so it lies within an eighth of one of a view."""
DRAWS, DOUBT = 2000, 0.05
"""Bootstrap draws of items; the share of them that may show no gain."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What came of fitting.

    Attributes:
        kept: is it on now?
        said: that in one line.
        card: what was measured; empty where nothing was.
    """

    kept: bool
    said: str
    card: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return {"kept": self.kept, "said": self.said, **self.card}


def sample(catalogue: Catalogue, most: int, rng: np.random.Generator) -> list[View]:
    """At most so many views with their embeddings, drawn at random, sorted by id."""
    ids = sorted(entry[0] for found in catalogue.store.hashes().values() for entry in found)
    some = rng.permutation(len(ids))[:most]
    return catalogue.store.views([ids[i] for i in sorted(some)], embeddings=True)


def degraded(view: View, angles: int, rng: np.random.Generator, severity: Severity = HARD) -> Patch:
    """The stored picture of a round thing as a hasty photo would show it, upright but for a part of
    a cell.

    Args:
        view: with its thumbnail.
        angles: of a view's map.
        rng: every random choice comes from it.
        severity: how hasty.
    """
    cell = 360 * (ANGLES // angles) / ANGLES
    turn = cell * rng.uniform(-1, 1) * OFF_CELL
    return hasty(canvas.decode(view.thumbnail), rng, severity, turn)


def have_twins(views: Sequence[View], among: Iterable[tuple[str, str]] | None = None) -> Array:
    """Bool (n,): views with another of the same item and the same known side.

    Args:
        views: asked about.
        among: (item, side) of all views there are, these included; these alone if not given.
    """
    shown = Counter([(v.item, v.side) for v in views] if among is None else among)
    return np.array([bool(v.side) and shown[v.item, v.side] > 1 for v in views])


def beyond_chance(gains: F64, owner: Array, rng: np.random.Generator) -> bool:
    """Is the mean gain of items above zero in all but ``DOUBT`` of the bootstrap draws of items?
    Queries of one item are no independent evidence.

    Args:
        gains: float64 (n,), of each query.
        owner: (n,), its item.
        rng: of the draws.
    """
    names, which = np.unique(owner, return_inverse=True)
    each = np.bincount(which, gains) / np.bincount(which)
    draws = rng.integers(0, len(names), (DRAWS, len(names)))
    return bool(np.mean(each[draws].mean(axis=1) <= 0) < DOUBT)
