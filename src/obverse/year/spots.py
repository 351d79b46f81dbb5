"""Places that may say a number: single lines of text, and pieces that follow one another.

A date may be struck in two halves with the design between them (19 ♣ 90), and a worn one falls
apart (198 8), so boxes that could belong together are also read as one number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from obverse.types import F32, F64
from obverse.year.ctc import Numerals
from obverse.year.ocr import TextBox

LEGIBLE = 0.02
"""A piece with less chance of being any part of a number is passed over."""
BEND = 40.0
"""The most that the directions of two pieces differ, in degrees."""
RAISED = 0.5
"""The most that the second piece is out of line, in heights."""
TALLER = 1.43
"""The most that one is taller than the other, as a ratio."""
NEAR = 1.0
"""The widest space within a date that is not struck in halves, in heights."""


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """A place that may say a number: its boxes in reading order, each with its table of the
    recogniser, and every number's likelihood, float64 (numbers,)."""

    boxes: tuple[TextBox, ...]
    tables: tuple[F32, ...]
    likelihoods: F64


def spots(
    numerals: Numerals, numbers: Sequence[str], boxes: Sequence[TextBox], tables: Sequence[F32]
) -> list[Spot]:
    """Every place that may say one of the numbers.

    Args:
        numerals: of the recogniser that made the tables.
        numbers: written with its characters alone.
        boxes, tables: lines of text, all read in their own direction.
    """
    reduced = [numerals.reduce(table) for table in tables]
    found = [
        Spot((box,), (table,), numerals.likelihoods(*r, numbers))
        for box, table, r in zip(boxes, tables, reduced, strict=True)
    ]
    for cut in (2, 1, 3):
        split = [len(n) == 4 and n.isascii() for n in numbers]
        heads = sorted({n[:cut] for n, s in zip(numbers, split, strict=True) if s})
        tails = sorted({n[cut:] for n, s in zip(numbers, split, strict=True) if s})
        if not heads:
            continue
        head_of = np.array(
            [heads.index(n[:cut]) if s else 0 for n, s in zip(numbers, split, strict=True)]
        )
        tail_of = np.array(
            [tails.index(n[cut:]) if s else 0 for n, s in zip(numbers, split, strict=True)]
        )
        firsts = [numerals.likelihoods(*r, heads) for r in reduced]
        seconds = [numerals.likelihoods(*r, tails) for r in reduced]
        able = np.array(split, float)
        for i, j in _pairs(boxes, firsts, seconds, halves=cut == 2):
            both = firsts[i][head_of] * seconds[j][tail_of] * able
            found.append(Spot((boxes[i], boxes[j]), (tables[i], tables[j]), both))
    return found


def _pairs(
    boxes: Sequence[TextBox], firsts: Sequence[F64], seconds: Sequence[F64], halves: bool
) -> Iterator[tuple[int, int]]:
    """Indices of pieces, the second of which continues the first."""
    starts = [i for i, f in enumerate(firsts) if f.max() > LEGIBLE]
    ends = [j for j, s in enumerate(seconds) if s.max() > LEGIBLE]
    return ((i, j) for i in starts for j in ends if i != j and follows(boxes[i], boxes[j], halves))


def follows(first: TextBox, second: TextBox, halves: bool) -> bool:
    """Can the second piece go on where the first ends? Along an arc the line between their middles
    runs in the mean of their directions."""
    bend = (second.angle - first.angle + 180.0) % 360.0 - 180.0
    ratio = first.height / second.height
    if abs(bend) > BEND or not 1 / TALLER < ratio < TALLER:
        return False
    along = first.along + second.along
    along /= np.hypot(*along)
    gap = np.array([second.cx - first.cx, second.cy - first.cy])
    height = (first.height + second.height) / 2
    ahead, aside = float(gap @ along), abs(float(gap[0] * along[1] - gap[1] * along[0]))
    space = ahead - (first.length + second.length) / 2
    if aside > RAISED * height or space < -height:
        return False
    return ahead > 0.8 * height and (halves or space < NEAR * height)
