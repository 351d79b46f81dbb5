"""Which training pictures show the same design: from labels where there are any, else by likeness.

A denomination (``group``) mixes sides, eras and designs. Two of its pictures whose maps agree well
at some turn are one design; two that hardly agree are two; between, nobody knows and the pair
teaches nothing. The limits were read off pairs looked at by eye, for an untrained model; another
model's scores are another scale, so the limits are ranks: the shares of pairs *across* groups,
which cannot be one coin, that lie below them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from obverse.train.model import correlate
from obverse.train.pictures import Picture
from obverse.types import Array

NEIGHBOURS = 64
"""How many likely twins are looked at for each picture, nearest by vector."""
SAME, OTHER, VETO = 0.38, 0.28, 0.5
"""Untrained correlation: above ``SAME`` one design, below ``OTHER`` two; pairs from different
groups are two designs unless they agree above ``VETO`` (one portrait on every denomination)."""
SHARES = 0.76, 0.55, 0.93
"""The shares of neighbours across groups below these three."""
ENOUGH = 1000
"""Fewer pairs across groups than this say little about ranks: the limits stay where they are."""

POSITIVE, NEGATIVE, UNKNOWN = 1, 0, -1


@dataclass(slots=True)
class Bank:
    """What the model makes of every training picture: ``vectors`` (n, dim), ``maps``
    (n, c, angles, radii) as float16, refreshed as it learns."""

    vectors: Tensor
    maps: Tensor


class Designs:
    """The relation between any two training pictures.

    Args:
        pictures: what is known of each.
    """

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self.items = _codes([p.item for p in pictures])
        self.groups = _codes([p.group for p in pictures])
        self.same, self.other, self.veto = SAME, OTHER, VETO
        self.neighbours: Array = np.zeros((len(pictures), 0), np.int64)
        self.positives: list[Array] = [np.zeros(0, np.int64)] * len(pictures)

    def refresh(self, bank: Bank) -> None:
        """Find each picture's neighbours and its likely twins anew."""
        n = len(self.items)
        k = min(NEIGHBOURS, n - 1)
        near = torch.zeros((n, k), dtype=torch.long)
        score = torch.zeros((n, k))
        for start in range(0, n, 256):
            rows = torch.arange(start, min(start + 256, n))
            table = bank.vectors[rows] @ bank.vectors.T
            table[torch.arange(len(rows)), rows] = -2
            near[rows] = table.topk(k, 1).indices
        for start in range(0, n, 32):
            rows = near[start : start + 32]
            mine, theirs = bank.maps[start : start + 32].float(), bank.maps[rows].float()
            score[start : start + 32] = correlate(mine, theirs)
        order = score.argsort(1, descending=True)
        self.neighbours = near.gather(1, order).numpy()
        scores = score.gather(1, order).numpy()
        self._set_limits(scores)
        each = np.repeat(np.arange(n)[:, None], k, 1)
        relation = self._relate(each, self.neighbours, scores)
        self.positives = []
        for i in range(n):
            likely = self.neighbours[i][relation[i] == POSITIVE]
            if self.items[i] >= 0:
                likely = np.flatnonzero(self.items == self.items[i])
            self.positives.append(likely[likely != i])

    def relation(self, rows: Array, columns: Array, bank: Bank) -> Array:
        """Int8 (p, m): ``POSITIVE``, ``NEGATIVE`` or ``UNKNOWN`` for pictures ``rows`` (p,) and
        ``columns`` (m,)."""
        maps = bank.maps[torch.from_numpy(rows)].float()
        scores = correlate(maps, bank.maps[torch.from_numpy(columns)].float()).numpy()
        return self._relate(*np.meshgrid(rows, columns, indexing="ij"), scores)

    def _relate(self, i: Array, j: Array, scores: Array) -> Array:
        item_i, item_j = self.items[i], self.items[j]
        group_i, group_j = self.groups[i], self.groups[j]
        known = (item_i >= 0) & (item_j >= 0)
        together = (group_i >= 0) & (group_i == group_j) & ~known
        relation = np.where(scores >= self.veto, UNKNOWN, NEGATIVE)
        likeness = np.where(
            scores >= self.same, POSITIVE, np.where(scores < self.other, NEGATIVE, UNKNOWN)
        )
        relation = np.where(together, likeness, relation)
        relation = np.where(known, np.where(item_i == item_j, POSITIVE, NEGATIVE), relation)
        return np.where(i == j, POSITIVE, relation).astype(np.int8)

    def _set_limits(self, scores: Array) -> None:
        """Keep the limits at their ranks among pairs across groups."""
        key = np.where(self.items >= 0, -2 - self.items, self.groups)
        across = np.sort(scores[key[:, None] != key[self.neighbours]])
        if across.size >= ENOUGH:
            self.same, self.other, self.veto = (float(v) for v in np.quantile(across, SHARES))


def _codes(words: Sequence[str]) -> Array:
    """A number for each word; -1 for the empty one."""
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(w, len(seen)) if w else -1 for w in words], np.int64)
