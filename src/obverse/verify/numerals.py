"""Do the photo and a view say the same number? The value is what tells sisters of a series apart.

Coins of one series share all but the value: 10, 20 and 50 sen have one flower and one legend, and
their maps agree but for a few cells. So the tallest number of a view is read, and the photo is
asked at the same place of the aligned disc: how likely is that number there, and how likely any
other value? The log of the ratio is evidence; where nothing is legible there is none. What counts
as a value, and how tall it is: docs/decisions.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from obverse import canvas, normalise
from obverse.types import U8, NumeralReading, Patch, View
from obverse.verify.remembered import Remembered
from obverse.year.calendars import NUMERALS
from obverse.year.ctc import LOOKALIKES, Numerals
from obverse.year.ocr import Ocr, TextBox
from obverse.year.reader import even_grey, in_photo

LOOK = 256
"""Side at which text is searched, in pixels; that of a patch."""
TALL, TALLEST = 0.25, 0.6
"""Heights of a value, in diameters. Of the scans of `dev` all 198 boxes of dates are less than 0.25
high, 150 of 156 of values more."""
LEGIBLE = 0.5
"""Least likelihood of a number that was read."""
FLOOR = 0.01
"""Likelihoods below this say nothing, so evidence is at most its log either way."""
PLAY, WIDER = 0.08, 1.2
"""How far off its place a number is looked for, in its heights, and how much larger."""
ROUND = {n * 10**k for n in (1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 40, 50) for k in range(4)}
OTHERS = {6, 8, 12, 16, 24, 32, 48, 60, 64, 75, 80, 90, 96, 120, 125, 160, 240, 320, 480, 640, 960}
VALUES = tuple(map(str, sorted(ROUND | OTHERS)))
"""Numbers that are values of coins; any other was misread."""
KEPT = 4096
"""Views whose number is remembered."""
MARKS = " .,·'-–=*"
"""What may stand beside a number and is no part of it."""
SPACE, SHIFT, TALLER = 0.6, 0.3, 1.43
"""Pieces of a number lie side by side: the widest space and the most that one is raised, both in
heights, and the most that one is taller than the other."""


@dataclass(frozen=True, slots=True)
class Value:
    """The number on a view, and where, in a disc of side 1 about its middle, as the view lies."""

    written: str
    box: TextBox


class NumeralReader:
    """Reads the values of views and asks photos for them. Safe to share between threads.

    Args:
        ocr: the text models.
    """

    def __init__(self, ocr: Ocr) -> None:
        self.ocr = ocr
        self._values: Remembered[Value] = Remembered(KEPT)

    @cached_property
    def _numerals(self) -> Numerals:
        return Numerals(self.ocr.columns, NUMERALS)

    def of_view(self, id: str, fetch: Callable[[], View | None]) -> Value | None:
        """The number on a view; None where there is none to read.

        It is remembered: under one id a picture stays what it is. A view in which none was found
        as it lay, and which is set upright later, is read again by the next process only.

        Args:
            id: of the view.
            fetch: reads its row; None if that has gone.

        Raises:
            OSError: its thumbnail cannot be decoded.
        """
        return self._values.of(
            id, fetch, lambda view: self.find(canvas.decode(view.thumbnail), view.upright)
        )

    def find(self, disc: U8, upright: float = 0.0) -> Value | None:
        """The tallest number on a disc.

        Args:
            disc: uint8 (n, n, 3), RGB, as photographed.
            upright: degrees counter-clockwise by which it must be turned to stand upright.
        """
        plain, side = canvas.turned(disc, upright) if upright else disc, len(disc)
        boxes = [box.scaled(side / LOOK) for box in self.ocr.find(_evened(plain))]
        boxes = [b for b in whole(boxes) if TALL * side < b.height < TALLEST * side]
        found: list[tuple[int, float, Value]] = []
        for box, table in zip(boxes, self.ocr.read(plain, boxes), strict=True):
            if number := as_number(self.ocr.spell(table)):
                reduced = self._numerals.reduce(table)
                sure = float(self._numerals.likelihoods(*reduced, [number])[0])
                lies = turned(box.scaled(1 / side), -upright)
                found.append((len(number), sure, Value(number, lies)))
        # Of 20 the detector may mark the 2 alone, too.
        legible = [f for f in found if f[1] >= LEGIBLE]
        return max(legible, key=lambda f: f[:2])[2] if legible else None

    def ask(self, value: Value, patch: Patch, turn: float) -> NumeralReading:
        """What a photo says where a view says its number.

        Args:
            value: of the view.
            patch: the photo's.
            turn: degrees counter-clockwise by which the view must be turned to lie as it does.
        """
        place = turned(value.box, turn).scaled(len(patch.original))
        allowed = [value.written, *(v for v in VALUES if v != value.written)]
        tables = self.ocr.read(patch.original, around(place))
        reduced = [self._numerals.reduce(table) for table in tables]
        likely = np.array([self._numerals.likelihoods(*r, allowed) for r in reduced])
        # Of 50 beside a date's 00 some read 500, some 5000: together they are not 20.
        same, other = likely[:, 0].max(), likely[:, 1:].sum(axis=1).max()
        box = in_photo(place, patch.matrix)
        if (same >= LEGIBLE) == (other >= LEGIBLE):  # nothing, or a digit that may be either of two
            return NumeralReading(value.written, "", 0.0, box)
        read = value.written if same > other else allowed[1 + int(likely[:, 1:].max(0).argmax())]
        ratio = math.log((same + FLOOR) / (other + FLOOR))
        return NumeralReading(value.written, read, ratio, box)


def as_number(text: str) -> str:
    """The value that a line is, if it is one; else nothing."""
    plain = text.strip(MARKS)
    for numeral, others in LOOKALIKES.items():
        plain = "".join(numeral if c in others else c for c in plain)
    return plain if plain in VALUES else ""


def whole(boxes: Sequence[TextBox]) -> list[TextBox]:
    """Boxes of upright text, and of what two or three that lie side by side say together: tall
    digits are often found one by one, and each taken for a line that runs upwards."""
    level = sorted((_level(box) for box in boxes), key=lambda box: box.cx)
    joined, chains = list(level), [[box] for box in level]
    for _ in range(2):
        chains = [
            [*c, box] for c in chains for box in level if box.cx > c[-1].cx and _beside(c[-1], box)
        ]
        joined += [_around(chain) for chain in chains]
    return joined


def _level(box: TextBox) -> TextBox:
    """The box read across, not up or down."""
    if abs(box.angle) <= 45:
        return box
    angle = box.angle - math.copysign(90.0, box.angle)
    return TextBox(box.cx, box.cy, box.height, box.length, angle, box.score)


def _beside(first: TextBox, second: TextBox) -> bool:
    """Can the second piece go on where the first ends?"""
    height = (first.height + second.height) / 2
    space = second.cx - first.cx - (first.length + second.length) / 2
    return (
        1 / TALLER < first.height / second.height < TALLER
        and abs(first.cy - second.cy) < SHIFT * height
        and abs(space) < SPACE * height
    )


def _around(chain: Sequence[TextBox]) -> TextBox:
    """One level box around pieces."""
    left, right = chain[0].cx - chain[0].length / 2, chain[-1].cx + chain[-1].length / 2
    cy, height = np.mean([b.cy for b in chain]), np.mean([b.height for b in chain])
    return TextBox((left + right) / 2, float(cy), right - left, float(height), 0.0, 1.0)


def turned(box: TextBox, degrees: float) -> TextBox:
    """A box in a disc of side 1 about its middle, turned counter-clockwise as seen."""
    phi = math.radians(degrees)
    c, s = math.cos(phi), math.sin(phi)
    x, y = c * box.cx + s * box.cy, c * box.cy - s * box.cx
    return replace(box, cx=x, cy=y, angle=box.angle - degrees)


def around(box: TextBox) -> list[TextBox]:
    """The places where what stands in a box may lie: a little off it, and a little larger. All
    eight corners of both sizes told no more than these four."""
    off = PLAY * box.height
    return [
        replace(box, cx=box.cx + dx, cy=box.cy + dy, length=box.length * s, height=box.height * s)
        for s, dx, dy in (
            (1.0, -off, -off),
            (1.0, off, off),
            (WIDER, -off, off),
            (WIDER, off, -off),
        )
    ]


def _evened(disc: U8) -> U8:
    """In even light and grey, at the side that text is searched at."""
    small = np.asarray(cv2.resize(disc, (LOOK, LOOK), interpolation=cv2.INTER_AREA), np.uint8)
    return even_grey(small, normalise.disc_mask(LOOK))
