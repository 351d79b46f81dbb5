"""Years in Roman numerals: long words along the rim, read from the ring unrolled to a strip.

MDCCCLXXV is three times as long as 1875, and a detector's straight box around an arc holds a part
of it only, which is a year too. Unrolled it is straight. What still falls apart is told by length:
of the numbers that can be read somewhere the longest counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from obverse.types import F32, F64, U8
from obverse.year.ctc import Numerals
from obverse.year.ocr import Ocr, TextBox

LETTERS = "MDCLXVI"
INNER, OUTER, HIGH = 0.52, 0.99, 128
"""The ring that is unrolled, in radii, and its height in pixels."""
OVERLAP = 8
"""One part in so many of the ring stands at both ends of the strip."""
GROW = (0.0, 0.5)
"""By how much boxes are made longer at either end, in heights."""
LEAST = 0.3
"""Likelihood from which a number counts as read: chosen on 24 minted photos."""
SURE = 0.96
"""Chance that what was read is right: 51 of 52 on 60 other minted photos, and one to be modest
(``benchmarks/roman.py``)."""


@dataclass(frozen=True, slots=True, eq=False)
class Struck:
    """A number that was read.

    Attributes:
        number: in Roman numerals.
        corners: of its place in the picture, float64 (4, 2).
        table: the recogniser's, of that place.
    """

    number: str
    corners: F64
    table: F32


@dataclass(frozen=True, slots=True)
class Ring:
    """A disc's outer ring as a strip: feet to the centre or, ``outward``, to the rim."""

    side: int
    outward: bool

    @property
    def width(self) -> int:
        """Pixels once around, square ones in the middle of the ring."""
        return int(np.pi * (OUTER + INNER) * HIGH / (OUTER - INNER) / 32) * 32

    def place(self, x: F64, y: F64) -> tuple[F64, F64]:
        """Where points of the strip lie in the picture."""
        share = (HIGH - 1 - y if self.outward else y) / (HIGH - 1)
        radius = (OUTER + (INNER - OUTER) * share) * self.side / 2
        angle = 2 * np.pi * x / self.width
        angle = np.pi / 2 + angle if self.outward else np.pi - angle
        middle = (self.side - 1) / 2
        return middle + radius * np.cos(angle), middle - radius * np.sin(angle)

    def unroll(self, picture: U8) -> U8:
        """The strip of a square picture, uint8 (``HIGH``, width and a part of it again, 3)."""
        x, y = np.meshgrid(
            np.arange(self.width + self.width // OVERLAP, dtype=np.float64),
            np.arange(HIGH, dtype=np.float64),
        )
        column, row = (v.astype(np.float32) for v in self.place(x, y))
        return np.asarray(cv2.remap(picture, column, row, cv2.INTER_LINEAR), np.uint8)


def is_roman(number: str) -> bool:
    """Is it written in Roman numerals?"""
    return bool(number) and set(number) <= set(LETTERS)


def read(ocr: Ocr, plain: U8, evened: U8, numbers: Sequence[str]) -> Struck | None:
    """The longest of the numbers that can be read on a disc, straight or along the rim.

    Args:
        plain, evened: the object upright, uint8 (s, s, 3), as ``reader.picture`` gives them.
        numbers: those that are possible, in Roman numerals.
    """
    numerals = Numerals(ocr.columns, LETTERS)
    best, where = np.zeros(len(numbers)), dict[int, Struck]()
    for corners, table in _places(ocr, plain, evened):
        seen = numerals.likelihoods(*numerals.reduce(table), numbers)
        for i in np.flatnonzero((seen > best) & (seen >= LEAST)).tolist():
            where[i] = Struck(numbers[i], corners, table)
        best = np.maximum(best, seen)
    return max(where.values(), key=lambda struck: len(struck.number), default=None)


def _places(ocr: Ocr, plain: U8, evened: U8) -> Iterator[tuple[F64, F32]]:
    """Every line of text: its corners in the picture, and the recogniser's table of it."""
    rings = [None, *(Ring(plain.shape[0], outward) for outward in (False, True))]
    for ring in rings:
        searched, photo = (ring.unroll(p) if ring else p for p in (evened, plain))
        found = ocr.find(searched)
        for grow in GROW:
            boxes = [replace(b, length=b.length + 2 * grow * b.height) for b in found]
            for source in (photo, searched):
                tables = ocr.read(source, boxes)
                for box, table in zip(boxes, tables, strict=True):
                    yield _corners(box, ring), table


def _corners(box: TextBox, ring: Ring | None) -> F64:
    corners = np.asarray(box.corners(), np.float64)
    return corners if ring is None else np.stack(ring.place(*corners.T), axis=1)
