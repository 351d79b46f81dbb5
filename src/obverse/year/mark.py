"""Read the mint mark: one or two letters, at the place that the catalogue names.

A letter by itself is too little text for a detector, so the recogniser is shown windows around the
place, in three sizes, as photographed and in evened light. For every mark that is possible the
likelihoods of its best windows are averaged; these, sharpened, and a constant for no mark at all,
are the odds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from obverse.types import F64, MarkReading, Photo, Region
from obverse.year.ctc import Numerals
from obverse.year.ocr import Ocr, TextBox
from obverse.year.reader import SIDE, SURE, in_photo, picture

KEY, PLACE = "mint_mark", "mint_mark_at"
"""Attributes: the marks an item may show (text, several with commas, a list; ``none`` or empty for
no mark), and where: x, y in radii from the centre of its upright picture, x to the right, y up."""
NONE = ("", "-", "none")
USUAL = (*"ABCDEFGHJKMOPRSTW", "CC")
"""Marks that a coin may bear though no item has them: those of the busier mints."""
OTHERS = 0.1
"""How likely each of these is beside one that is expected, before anybody looks: chosen by
``benchmarks/mark.py --lists`` on the 120 minted photos of the next lines."""
HEIGHTS = (0.11, 0.15, 0.2)
"""Heights of the windows in radii; letters are two thirds of that."""
ASPECT = 1.6
STEPS = ((0.0, 0.0), (-0.3, 0.0), (0.3, 0.0), (0.0, -0.3), (0.0, 0.3))
"""Where windows lie about the place, in heights."""
BEST = 4
"""Windows whose likelihoods count."""
SHARPEN, NOTHING = 3.3, 0.01
"""The odds of a mark are its likelihood to this power, those of no mark this number: fitted by
``benchmarks/mark.py --fit`` on 120 minted photos with one of 12 marks or none; 0.942 right."""


@dataclass(frozen=True, slots=True)
class Marked:
    """What was made of the place: the mark read, if one is sure enough, and the chance of every
    mark that was possible (empty: no mark)."""

    best: MarkReading | None = None
    chances: dict[str, float] = field(default_factory=dict)


def marks_of(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """The marks an item may show, in the order given; none where nothing is said."""
    value = attributes.get(KEY)
    if value is None:
        return ()
    listed = value if isinstance(value, list | tuple) else re.split(r"[,;/]", str(value))
    marks = (str(one).strip() for one in listed)
    return tuple(dict.fromkeys("" if m.lower() in NONE else m for m in marks))


def lacks(attributes: Mapping[str, Any], mark: str) -> bool:
    """Does the item say its marks, and is this none of them?"""
    marks = marks_of(attributes)
    return bool(marks) and mark not in marks


def place_of(attributes: Mapping[str, Any]) -> tuple[float, float] | None:
    """Where the mark is, in radii, x to the right, y up; None where nothing usable is said."""
    value = attributes.get(PLACE)
    parts = value if isinstance(value, list | tuple) else re.split(r"[,;\s]+", str(value).strip())
    try:
        x, y = (float(part) for part in parts)
    except (TypeError, ValueError):
        return None
    return (x, y) if np.hypot(x, y) <= 1 else None


def read(
    ocr: Ocr,
    photo: Photo,
    region: Region,
    turn: float,
    place: tuple[float, float],
    marks: Sequence[str],
    others: Sequence[str] = (),
) -> Marked:
    """The mint mark of an object.

    Args:
        ocr: the recogniser.
        photo, region: the object.
        turn: how far it lies turned from upright, degrees counter-clockwise.
        place: see ``place_of``.
        marks: those that are expected, each once; the empty one is no mark, which is always
            possible. One in letters that the recogniser does not know has no chance. Small letters
            may be written for capitals.
        others: those that are possible too, though nobody expects them.
    """
    expected = [m for m in marks if m and set(m) <= ocr.columns.keys()]
    if not expected and "" not in marks:
        return Marked()
    named = {m.upper() for m in expected}
    letters = [*expected, *(m for m in others if m.upper() not in named)]
    if not letters:
        return Marked()
    plain, evened, matrix = picture(photo, region, turn)
    windows = [_window(place, height, step) for height in HEIGHTS for step in STEPS]
    capitals = [m.upper() if set(m.upper()) <= ocr.columns.keys() else m for m in letters]
    asked = Numerals(ocr.columns, "".join((*letters, *capitals)))
    tables = [table for image in (plain, evened) for table in ocr.read(image, windows)]
    either = [asked.likelihoods(*asked.reduce(t), [*letters, *capitals]) for t in tables]
    seen = np.max(np.reshape(either, (len(tables), 2, len(letters))), axis=1)
    shares = odds(np.sort(seen, axis=0)[-BEST:].mean(axis=0))
    shares[len(expected) :] *= OTHERS
    chances = dict(zip(letters, shares.tolist(), strict=True))
    chances[""] = NOTHING
    total = sum(chances.values())
    chances = {mark: chance / total for mark, chance in chances.items()}
    first = max(chances, key=chances.__getitem__)
    if chances[first] < SURE:
        return Marked(None, chances)
    window = windows[int(seen[:, letters.index(first)].argmax()) % len(windows) if first else 0]
    reading = MarkReading(mark=first, probability=chances[first], box=in_photo(window, matrix))
    return Marked(reading, chances)


def odds(likelihoods: F64) -> F64:
    """What each mark's likelihood is worth, float64 (n,)."""
    return np.asarray(np.maximum(likelihoods, 1e-4) ** SHARPEN)


def _window(place: tuple[float, float], height: float, step: tuple[float, float]) -> TextBox:
    radius = SIDE / 2
    x, y = place[0] + step[0] * height, place[1] + step[1] * height
    tall = radius * height
    return TextBox(radius - 0.5 + radius * x, radius - 0.5 - radius * y, ASPECT * tall, tall, 0, 1)
