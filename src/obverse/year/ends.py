"""Which end does a date begin at? 1981 is 1861 upside down.

Where nobody knows how an object lies, lines are read from both ends, and a date may say a year
either way. One of the two is wrong. Which one, the likelihoods tell, and the other text on the
object: upside down hardly a letter of it can be read surely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from obverse.types import F32, F64
from obverse.year.ocr import TextBox, kept
from obverse.year.spots import Spot

CLEAR = 0.95
"""Probability from which a letter is read surely: of 0.8, 0.9, 0.95 the one that tells most."""
WORTH = 1.55
"""What one more such letter, read in a date's direction rather than against it, adds to the log
odds of its being upright: fitted by ``benchmarks/year.py --ends`` on 266 dates of `dev` (scans at a
quarter and half a turn) and `wild_dev`, first half of the designs. Of 134 with more than a letter's
difference, 133 agree."""
TRUST = 0.35
"""What the log odds of a likelihood are worth, as ``reader.SCORE`` was fitted: a recogniser is
surer of a date that stands on its head than it should be."""
ALONG = 0.5
"""Cosine from which two lines run in one direction; below minus that they run against each
other."""
FLOOR = 1e-4
"""Likelihoods are kept that far from 0 and 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line of text as read from one end: its middle in the photo, the unit vector in which it is
    read, half its length in pixels, and how many of its letters are sure."""

    middle: F64
    along: F64
    reach: float
    letters: int = 0

    @classmethod
    def of(cls, box: TextBox, matrix: F64, letters: int = 0) -> Line:
        """A box on a picture of the object; ``matrix`` leads from the photo to it, (2, 3)."""
        back = cv2.invertAffineTransform(matrix)
        along = np.asarray(back[:, :2] @ box.along, np.float64)
        size = float(np.hypot(*along))
        middle = np.asarray(back[:, :2] @ (box.cx, box.cy) + back[:, 2], np.float64)
        return cls(middle, along / size, size * box.length / 2, letters)

    def covers(self, other: Line) -> bool:
        return float(np.hypot(*(self.middle - other.middle))) < self.reach


def letters(table: F32) -> int:
    """How many letters the recogniser's table of a line says surely."""
    return int((table.max(axis=1)[kept(table)] >= CLEAR).sum())


def shares(
    likelihoods: F64, spots: Sequence[tuple[Spot, F64]], lines: Sequence[Line], looks: int
) -> F64:
    """What is left of each number's likelihood, float64 (n,): all, but where the likeliest one's
    place says another when read from its other end, the chance of the end that says it.

    Args:
        likelihoods: of each number where it is read best, float64 (n,).
        spots: every place that says one, with the map from the photo to its picture.
        lines: every line that was read, from both ends.
        looks: how many pictures they were read from.
    """
    if not spots:
        return np.ones(len(likelihoods))
    first = int(likelihoods.argmax())
    places = [[Line.of(b, matrix) for b in spot.boxes] for spot, matrix in spots]
    date = places[max(range(len(spots)), key=lambda i: float(spots[i][0].likelihoods[first]))]
    aside, with_it, against = np.zeros((3, len(likelihoods)))
    by_end = {0: aside, 1: with_it, -1: against}
    for (spot, _), place in zip(spots, places, strict=True):
        end = by_end[_facing(date, place)]
        np.maximum(end, spot.likelihoods, out=end)
    rival = float(np.delete(against, first).max(initial=0.0))
    if rival <= FLOOR:
        return np.ones(len(likelihoods))
    log_odds = TRUST * (_log_odds(float(likelihoods[first])) - _log_odds(rival))
    log_odds += WORTH * surplus(date, lines, looks)
    chance = 1 / (1 + np.exp(-log_odds))
    left = np.maximum.reduce([aside, chance * with_it, (1 - chance) * against])
    return np.asarray(left / np.maximum(likelihoods, FLOOR))


def surplus(date: Sequence[Line], lines: Sequence[Line], looks: int) -> float:
    """How many more letters are sure in the other lines, read in a date's direction rather than
    against it; ``lines``, ``looks`` as for ``shares``."""
    others = (line for line in lines if not any(piece.covers(line) for piece in date))
    return sum(line.letters * float(line.along @ date[0].along) for line in others) / looks


def _facing(date: Sequence[Line], place: Sequence[Line]) -> int:
    """1 for a place that lies on the date's and is read in its direction, -1 for one that is read
    from the other end, 0 for any other place."""
    if not any(a.covers(b) or b.covers(a) for a in date for b in place):
        return 0
    cosine = float(date[0].along @ place[0].along)
    return int(cosine > ALONG) - int(cosine < -ALONG)


def _log_odds(likelihood: float) -> float:
    clear = min(max(likelihood, FLOOR), 1 - FLOOR)
    return float(np.log(clear / (1 - clear)))
