"""Read the year off an object: find text, ask how likely each allowed number is, weigh it all.

The object is cut out of the photo, tilt undone, upright where the turn is known, and looked at once
or twice (``LOOKS``). Text lies along the rim as well as straight: the detector's turned boxes cover
both. Only the numbers that are possible are asked for. The likelihoods of the best and of the next
year give the probability by a logistic model; below ``SURE`` the reader abstains.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from obverse import normalise
from obverse.types import F64, U8, Array, Photo, Region, YearReading
from obverse.year import ends, roman
from obverse.year.calendars import NUMERALS, Dated
from obverse.year.ctc import Numerals
from obverse.year.ends import Line
from obverse.year.ocr import Ocr, TextBox
from obverse.year.spots import Spot, spots

SIDE = 512
"""Side of the picture that lines are cut from, in pixels."""


@dataclass(frozen=True, slots=True)
class Look:
    """One way to look: the side at which text is searched, always in evened light, and whether its
    lines are read in evened light too or as photographed."""

    side: int
    evened: bool


LOOKS = (Look(384, evened=False), Look(256, evened=True))
TILTS = (0.0, 30.0, -30.0)
"""Degrees from upright at which it is looked, one after the other until the year is clear. Worn
text that is missed as it stands may be found tilted: of 87 photos of `wild_dev` (first half of the
designs) 0.91 were read without tilts, 0.97 with these, none more wrong."""
TURNS = (0.0, 90.0, 45.0, 135.0)
"""The same where the turn is not known. At 90 degrees a box around two digits, nearly square, is
taken by its other side."""
ENOUGH = 0.9
"""Likelihood of a year from which nobody looks a second time."""
LOWEST, TALLEST = 0.025, 0.33
"""Heights of a date's line, in sides of the picture: the box of an arc is tall."""
FLOOR = 1e-4
"""Likelihoods below this say nothing."""
SCORE, LEAD, BIAS = 0.35, 0.62, 0.37
"""Weights of ``features``, fitted by ``benchmarks/year.py --fit`` on 267 readings of `dev` and
`wild_dev` (first half of the designs). On 175 of the second half the mean probability of what was
read is 0.975, and 0.988 of it is right."""
OTHERS = 0.03
"""How likely a year that nobody expects is beside one that is expected, before anybody looks:
chosen by ``benchmarks/year.py --lists`` on the first half of the designs of `dev` and `wild_dev`.
Of 0.01, 0.03, 0.1, 0.3 and 1 the least with which fewer than 1 in 100 dates that are not listed are
taken for one that is."""
SURE = 0.5
"""Probability below which nothing is read: 0.019 wrong there, 0.011 on the second half."""


@dataclass(frozen=True, slots=True)
class Question:
    """What may be written: the dates, their numbers (each once), what these are made of, and the
    years that are expected."""

    dates: list[Dated]
    numbers: list[str]
    numerals: Numerals
    expected: frozenset[int]

    @classmethod
    def of(cls, dates: Sequence[Dated], ocr: Ocr, others: Sequence[Dated] = ()) -> Question:
        """Dates in letters that the recogniser does not know are left out."""
        known = [d for d in (*dates, *others) if set(d.written) <= ocr.columns.keys()]
        numbers = list(dict.fromkeys(d.written for d in known))
        numerals = Numerals(ocr.columns, NUMERALS + "".join(numbers))
        return cls(known, numbers, numerals, frozenset(d.year for d in dates))


@dataclass(frozen=True, slots=True)
class Reading:
    """What was made of an object.

    Attributes:
        best: the year, or None where nothing sure can be said.
        chances: the probability of every allowed year; together at most 1.
        likelihoods: of the two likeliest years, whether anybody expects them or not: what the
            probabilities were made of.
    """

    best: YearReading | None = None
    chances: dict[int, float] = field(default_factory=dict)
    likelihoods: tuple[float, float] = (0.0, 0.0)


class YearReader:
    """Reads years; keeps the models. Safe to share between threads."""

    def __init__(self) -> None:
        self.ocr = Ocr()

    def read(
        self,
        photo: Photo,
        region: Region,
        dates: Sequence[Dated],
        turn: float | None = None,
        others: Sequence[Dated] = (),
    ) -> Reading:
        """The year on an object.

        Args:
            photo, region: the object.
            dates: what it may say, see ``calendars.dates_of``.
            turn: how far it lies turned from upright, in degrees counter-clockwise, as far as
                anybody knows: where it cannot be read so, or with None, lines are read at every
                turn and from both ends.
            others: what it may say too, though nobody expects it. Not in Roman numerals, a piece of
                which is often another year: only those that are expected are asked for.
        """
        struck = [d for d in dates if roman.is_roman(d.written)]
        digits = [[d for d in one if not roman.is_roman(d.written)] for one in (dates, others)]
        asked = Question.of(digits[0], self.ocr, digits[1])
        reading = self.read_digits(asked, photo, region, turn) if asked.numbers else Reading()
        if reading.best is None and struck and region.ellipse is not None:
            return self._read_roman(struck, photo, region, turn) or reading
        return reading

    def _read_roman(
        self, dates: Sequence[Dated], photo: Photo, region: Region, turn: float | None
    ) -> Reading | None:
        """A year in Roman numerals; None if none can be read. Along the rim it is read at any
        turn, elsewhere only where that is known."""
        plain, evened, matrix = picture(photo, region, turn or 0.0)
        found = roman.read(self.ocr, plain, evened, [d.written for d in dates])
        if found is None:
            return None
        year = next(d.year for d in dates if d.written == found.number)
        rest = (1 - roman.SURE) / max(len(dates) - 1, 1)
        back = cv2.invertAffineTransform(matrix)
        corners = found.corners @ back[:, :2].T + back[:, 2]
        box = tuple((float(x), float(y)) for x, y in corners)
        read = YearReading(year, found.number, roman.SURE, (box,), (self.ocr.spell(found.table),))
        return Reading(read, {d.year: roman.SURE if d.year == year else rest for d in dates})

    def read_digits(
        self, asked: Question, photo: Photo, region: Region, turn: float | None
    ) -> Reading:
        """The year in numerals of a digit each, straight or in two halves."""
        if turn is not None:
            reading = self._read(asked, photo, region, [turn + t for t in TILTS], both=False)
            if reading.best is not None:
                return reading
        return self._read(asked, photo, region, TURNS, both=True)

    def _read(
        self, asked: Question, photo: Photo, region: Region, angles: Sequence[float], both: bool
    ) -> Reading:
        """Look until one year is clear; ``both``: read lines from both ends."""
        total, best = np.zeros((2, len(asked.numbers)))
        where: dict[int, tuple[Spot, F64]] = {}
        places: list[tuple[Spot, F64]] = []
        lines: list[Line] = []
        looks = 0
        for found, read, matrix in self.looks(asked, photo, region, angles, both):
            places += [(spot, matrix) for spot in found if spot.likelihoods.max() > FLOOR]
            lines += read
            looks += 1
            seen = np.zeros_like(best)
            for spot in found:
                better = np.flatnonzero(spot.likelihoods > best)
                where |= dict.fromkeys(better.tolist(), (spot, matrix))
                seen = np.maximum(seen, spot.likelihoods)
                best = np.maximum(best, spot.likelihoods)
            total = 1 - (1 - total) * (1 - seen)
            if total.max() >= ENOUGH:
                break
        if both:
            total *= ends.shares(best, places, lines, looks)
        return self._weigh(asked, total, where)

    def looks(
        self, asked: Question, photo: Photo, region: Region, angles: Sequence[float], both: bool
    ) -> Iterator[tuple[list[Spot], list[Line], F64]]:
        """The places found by each look, all its lines, and the map from the photo to the picture
        of it, float64 (2, 3).

        Args:
            asked: what may be written.
            photo, region: the object.
            angles: how far it may lie turned, looked at in this order.
            both: read lines from both ends.
        """
        for angle in angles:
            plain, evened, matrix = picture(photo, region, angle)
            for look in LOOKS:
                size = (look.side, look.side)
                small = np.asarray(cv2.resize(evened, size, interpolation=cv2.INTER_AREA), np.uint8)
                boxes = [b.scaled(SIDE / look.side) for b in self.ocr.find(small)]
                boxes = [b for b in boxes if LOWEST * SIDE < b.height < TALLEST * SIDE]
                found: list[Spot] = []
                lines: list[Line] = []
                for way in (boxes, [b.reversed() for b in boxes])[: 1 + both]:
                    tables = self.ocr.read(evened if look.evened else plain, way)
                    found += spots(asked.numerals, asked.numbers, way, tables)
                    read = zip(way, tables, strict=True)
                    lines += [Line.of(box, matrix, ends.letters(table)) for box, table in read]
                yield found, lines, matrix

    def _weigh(self, asked: Question, total: F64, where: Mapping[int, tuple[Spot, F64]]) -> Reading:
        """From the likelihood of every number to the chance of every year."""
        years: dict[int, tuple[float, int]] = {}
        places = {number: i for i, number in enumerate(asked.numbers)}
        for date in asked.dates:
            i = places[date.written]
            years[date.year] = max(years.get(date.year, (-1.0, 0)), (float(total[i]), i))
        order = sorted(years, key=lambda y: -years[y][0])
        first = years[order[0]][0]
        second = years[order[1]][0] if len(order) > 1 else 0.0
        if first < FLOOR:
            return Reading()
        sure = probability(first, second)
        rest = sum(years[y][0] + FLOOR for y in order[1:])
        chances = {y: (1 - sure) * (years[y][0] + FLOOR) / rest for y in order[1:]}
        chances[order[0]] = sure
        chances = expecting(chances, asked.expected)
        best = max(chances, key=chances.__getitem__)
        number = years[best][1]
        if chances[best] < SURE or number not in where:
            return Reading(None, chances, (first, second))
        spot, matrix = where[number]
        reading = YearReading(
            year=best,
            written=asked.numbers[number],
            probability=chances[best],
            boxes=tuple(in_photo(box, matrix) for box in spot.boxes),
            text=tuple(self.ocr.spell(table) for table in spot.tables),
        )
        return Reading(reading, chances, (first, second))


def expecting(
    chances: Mapping[int, float], expected: Collection[int], others: float = OTHERS
) -> dict[int, float]:
    """The chances of years, equally likely before anybody looked, if some of them were expected.

    Args:
        chances: of each year. What they lack to 1 is the chance of none, which is expected too.
        expected: some of the years.
        others: how likely any other one is beside one of these.
    """
    weighed = {y: p if y in expected else others * p for y, p in chances.items()}
    total = 1 - sum(chances.values()) + sum(weighed.values())
    return {y: p / total for y, p in weighed.items()}


def features(first: float, second: float) -> tuple[float, float]:
    """Log odds of the best year's likelihood, and the log of its lead over the next one's."""
    clear = min(max(first, FLOOR), 1 - FLOOR)
    return math.log(clear / (1 - clear)), math.log((first + FLOOR) / (second + FLOOR))


def probability(first: float, second: float) -> float:
    """The chance that the best year is right, from its likelihood and the next one's."""
    score, lead = features(first, second)
    return 1 / (1 + math.exp(-(SCORE * score + LEAD * lead + BIAS)))


def picture(photo: Photo, region: Region, turn: float) -> tuple[U8, U8, F64]:
    """An object to read from, set upright.

    Args:
        turn: how far it lies turned, in degrees counter-clockwise.

    Returns:
        uint8 (``SIDE``, ``SIDE``, 3) as photographed with the background levelled, the same with
        the light evened and in grey, and the map from full-size photo pixels to it, float64 (2, 3).
    """
    phi = math.radians(-turn)
    c, s = math.cos(phi), math.sin(phi)
    rotation = np.array([[c, s], [-s, c]])
    middle = np.array([(SIDE - 1) / 2] * 2)
    matrix = normalise.square_matrix(region, SIDE)
    matrix = np.hstack(
        [rotation @ matrix[:, :2], (rotation @ (matrix[:, 2] - middle) + middle)[:, None]]
    )
    plain = normalise.warp(photo, matrix, (SIDE, SIDE))
    inside = normalise.disc_mask(SIDE) if region.ellipse else np.ones((SIDE, SIDE), bool)
    evened = even_grey(plain, inside)
    plain[~inside] = plain[inside].mean(axis=0).astype(np.uint8)
    return plain, evened, matrix


def even_grey(plain: U8, inside: Array) -> U8:
    """A picture as text is searched in: in even light and grey, the background levelled.

    Args:
        plain: uint8 (s, s, 3), RGB.
        inside: bool (s, s), the object.
    """
    grey = cv2.cvtColor(normalise.even_light(plain, inside), cv2.COLOR_RGB2GRAY)
    grey[~inside] = normalise.GREY
    return np.repeat(grey[..., None], 3, axis=2)


def in_photo(box: TextBox, matrix: F64) -> tuple[tuple[float, float], ...]:
    """The corners of a box on a picture of the object, in full-size pixels of the photo.

    Args:
        matrix: from the photo to the picture, float64 (2, 3).
    """
    back = cv2.invertAffineTransform(matrix)
    return tuple((float(x), float(y)) for x, y in box.corners() @ back[:, :2].T + back[:, 2])
