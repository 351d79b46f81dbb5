"""What separates the best item from the next one: the places where the photo tells them apart.

The evidence for an item says cell by cell how well its view agrees with the photo, at its own turn
but always in the photo's frame. So two of them can be subtracted: where the difference is large,
the photo fits one and not the other. The few sectors that hold most of it are the answer to
"how do you know that it is not ...?", and they can be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from obverse.types import F32, Array

if TYPE_CHECKING:
    from obverse.types import Answer, Evidence

# Chosen on scans of `dev` in which one sector was exchanged (docs/decisions.md).
SOFT = 0.6
"""Standard deviation, in cells of a view's map, with which cells are smoothed before they are
compared: a cell alone is noise."""
HALF = 0.5
"""Cells with at least this share of the largest one's value make up a sector."""
MOST = 3
"""Sectors told."""
WIDEST = 120.0
"""Degrees; a wider sector is looked into with a higher bar, by ``STEP`` at a time."""
STEP, HIGHEST = 0.1, 0.95
LEAST = 0.1
"""A sector must hold this share of all that speaks for its side, unless it is the first."""
CENTRE = 0.35
"""A sector that ends within this radius has no direction."""


@dataclass(frozen=True, slots=True)
class Sector:
    """A part of a disc, and what two views showed there.

    Attributes:
        start, end: degrees counter-clockwise from the x axis of the photo's patch; ``start`` in
            [0, 360), ``end`` above it, at most 360 more.
        inner, outer: distances from the centre, 0 to 1 at the rim.
        first, second: how well the best and the next item agree with the photo there, on the scale
            of the score: the mean of the score over the whole face is the score.
        lead: by how much the sector adds to the lead of the best item's score; negative where it
            speaks for the next one.
        clock: the hour, 1 to 12, where it lies as the object stands upright; 0 where it has no
            direction.
    """

    start: float
    end: float
    inner: float
    outer: float
    first: float
    second: float
    lead: float
    clock: int

    def to_dict(self) -> dict[str, Any]:
        return {
            "angles": [round(self.start, 1), round(self.end, 1)],
            "radii": [round(self.inner, 3), round(self.outer, 3)],
            "clock": self.clock,
            "first": round(self.first, 4),
            "second": round(self.second, 4),
            "lead": round(self.lead, 5),
        }


@dataclass(frozen=True, slots=True)
class Separation:
    """What separates the best item from the next one.

    Attributes:
        photo: which photo shows it, 0 or 1 where two sides were asked about.
        sectors: where the best item agrees better, most telling first.
        against: where the next item agrees better, if it does anywhere.
        weakest: where the best item agrees least, whatever the next one does there.
        inliers: keypoints of both that lie on one plane, for things that are not round.
    """

    photo: int = 0
    sectors: tuple[Sector, ...] = ()
    against: Sector | None = None
    weakest: Sector | None = None
    inliers: tuple[int, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "photo": self.photo,
            "sectors": [s.to_dict() for s in self.sectors],
            "against": None if self.against is None else self.against.to_dict(),
            "weakest": None if self.weakest is None else self.weakest.to_dict(),
            "inliers": None if self.inliers is None else list(self.inliers),
        }


def is_likely(answer: Answer) -> bool:
    """Is the best item worth asking about? Where it is not known, it must at least be as likely as
    that the photo shows none of those listed: what separates two items that it shows neither of
    says nothing. Shares cannot tell."""
    if answer.known or not answer.calibrated:
        return True
    # What is left of one is "none of them", so there is no constant to choose.
    chances = [c.probability for c in answer.candidates]
    return bool(chances) and chances[0] >= 1 - sum(chances)


def separate(answer: Answer) -> Separation | None:
    """Compare the best two items of an answer; None if there is one only, or no photo that both
    have a picture for."""
    if len(answer.candidates) < 2:
        return None
    one, two = answer.candidates[:2]
    pairs = [(0, one.evidence, two.evidence, one.upright)]
    if one.sides and two.sides:
        pairs = [
            (k, a.evidence, b.evidence, a.view.upright - a.evidence.turn)
            for k, (a, b) in enumerate(zip(one.sides, two.sides, strict=True))
            if a is not None and b is not None
        ]
    if not pairs:
        return None
    photo, first, second, upright = max(pairs, key=lambda p: p[1].score - p[2].score)
    return compare(first, second, upright, photo)


def difference(first: Evidence, second: Evidence) -> float:
    """How far apart two views agree with one photo, cell by cell, as a share of how the first one
    does: 0 for a view and itself. Infinite where that cannot be told."""
    a, b = first.agreement, second.agreement
    if a.shape != b.shape or a.size == 1:
        return float("inf")
    return float(np.linalg.norm(a - b) / max(float(np.linalg.norm(a)), 1e-9))


def compare(first: Evidence, second: Evidence, upright: float, photo: int = 0) -> Separation | None:
    """Compare two pieces of evidence on one photo.

    Args:
        first, second: of the best item and of the next one.
        upright: degrees counter-clockwise by which the photo's patch must be turned to stand.
        photo: which one it is.
    """
    if first.matches is not None and second.matches is not None:
        inliers = int(first.matches.inliers.sum()), int(second.matches.inliers.sum())
        return Separation(photo, inliers=inliers)
    a, b = first.agreement, second.agreement
    if a.shape != b.shape or a.size == 1 or first.matches is not None or second.matches is not None:
        return None
    lead, against, weak = sectors(a - b), sectors(b - a), sectors(-a)

    def told(bounds: Bounds) -> Sector:
        return _sector(bounds, a, b, upright)

    return Separation(
        photo,
        tuple(told(bounds) for bounds in lead[:MOST]),
        told(against[0]) if against else None,
        told(weak[0]) if weak else None,
    )


Bounds = tuple[int, int, int, int]
"""First row and number of rows, which may run past the last one; first column and one past the
last."""


def sectors(cells: F32) -> list[Bounds]:
    """The parts of a disc where values are large, largest sum first.

    Args:
        cells: float32 (angles, radii), any values; angles wrap around.
    """
    soft = _smoothed(cells)
    total = float(np.maximum(soft, 0).sum())
    if total <= 0:
        return []
    found = sorted(_parts(soft, HALF), key=lambda f: -f[0])
    return [bounds for n, (held, bounds) in enumerate(found) if n == 0 or held >= LEAST * total]


def _parts(soft: F32, bar: float) -> Iterator[tuple[float, Bounds]]:
    """What lies above ``bar``, a share of the largest value: connected parts and their sums."""
    labels = _connected(soft >= bar * float(soft.max()))
    for label in range(1, int(labels.max()) + 1):
        inside = labels == label
        if not inside.any():  # its number went to another one across the last row
            continue
        start, count = _run(inside.any(axis=1))
        if count * 360 / len(soft) > WIDEST and bar + STEP < HIGHEST:
            yield from _parts(np.where(inside, soft, np.float32(0)), bar + STEP)
            continue
        where = np.flatnonzero(inside.any(axis=0))
        yield float(soft[inside].sum()), (start, count, int(where[0]), int(where[-1]) + 1)


def mask(bounds: Bounds, shape: tuple[int, ...]) -> Array:
    """The cells of a sector, bool (angles, radii)."""
    start, count, inner, outer = bounds
    out = np.zeros(shape, bool)
    out[np.arange(start, start + count) % shape[0], inner:outer] = True
    return out


def clock(angle: float) -> int:
    """The hour, 1 to 12, that a direction points to; degrees counter-clockwise from the x axis."""
    return round(3 - angle / 30) % 12 or 12


def _sector(bounds: Bounds, a: F32, b: F32, upright: float) -> Sector:
    rows, columns = a.shape
    inside = mask(bounds, a.shape)
    start, count, inner, outer = bounds
    step = 360 / rows
    low = (start - 0.5) * step % 360
    high = low + count * step
    blank = outer / columns <= CENTRE
    share = a.size / float(inside.sum())
    first, second = float(a[inside].sum()), float(b[inside].sum())
    return Sector(
        start=low,
        end=high,
        inner=inner / columns,
        outer=outer / columns,
        first=first * share,
        second=second * share,
        lead=first - second,
        clock=0 if blank else clock((low + high) / 2 + upright),
    )


def _smoothed(cells: F32) -> F32:
    """Cells smoothed along both directions; a query's rows may be several to a view's."""
    rows, columns = cells.shape
    # A view's map has twice as many rows as columns: what is more are phases of the query.
    along = SOFT * max(rows / (2 * columns), 1.0)
    pad = min(rows, int(np.ceil(4 * along)))
    wide = np.concatenate([cells[-pad:], cells, cells[:pad]]).astype(np.float32)
    soft = cv2.GaussianBlur(
        wide, (0, 0), sigmaX=SOFT, sigmaY=along, borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(soft[pad : pad + rows], np.float32)


def _connected(inside: Array) -> Array:
    """Labels from 1 of connected cells, int (angles, radii), 0 outside; the last row meets the
    first one."""
    _, labels = cv2.connectedComponents(inside.astype(np.uint8), connectivity=4)
    for first, last in zip(labels[0], labels[-1], strict=True):
        if first and last and first != last:
            labels[labels == max(first, last)] = min(first, last)
    return np.asarray(labels)


def _run(rows: Array) -> tuple[int, int]:
    """Where the used rows begin, past the longest gap, and how many follow."""
    used = np.flatnonzero(rows)
    gaps = np.diff(np.append(used, used[0] + len(rows)))
    last = int(gaps.argmax())
    start = int(used[(last + 1) % len(used)])
    return start, int(len(rows) - gaps[last] + 1)
