"""Years in Roman numerals: written as they are counted, unrolled, and read off minted coins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from obverse.mint.design import coin_type
from obverse.mint.letters import Text
from obverse.mint.render import scan
from obverse.photo import load
from obverse.types import Ellipse, Region
from obverse.year.calendars import dates_of, roman
from obverse.year.reader import YearReader
from obverse.year.roman import INNER, OUTER, Ring, is_roman

VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def counted(text: str) -> int:
    """A letter before a larger one is taken off."""
    values = [VALUES[c] for c in text]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-one if one < after else one for one, after in pairs)


def test_every_number_counts_as_itself() -> None:
    written = [roman(n) for n in range(1, 4000)]
    assert [counted(text) for text in written] == list(range(1, 4000))
    assert len(set(written)) == len(written)
    assert not any(c * 4 in text for text in written for c in "IXCM")
    assert (roman(1875), roman(1949), roman(2024)) == ("MDCCCLXXV", "MCMXLIX", "MMXXIV")


def test_only_the_years_of_the_item_are_possible() -> None:
    dates = dates_of({"years": "1875, 1949", "calendar": "roman"})
    assert [(d.written, d.year) for d in dates] == [("MDCCCLXXV", 1875), ("MCMXLIX", 1949)]
    assert all(is_roman(d.written) for d in dates)
    both = dates_of({"year": 1875, "calendar": "gregorian,roman"})
    assert [d.written for d in both] == ["1875", "MDCCCLXXV"]


@pytest.mark.parametrize("outward", [False, True])
def test_the_ring_is_unrolled_where_it_lies(outward: bool) -> None:
    """A picture whose colours are the place: each pixel of the strip names where it came from."""
    side = 512
    y, x = np.mgrid[:side, :side]
    picture = np.stack([x // 2, y // 2, 0 * x], axis=2).astype(np.uint8)
    ring = Ring(side, outward)
    strip = ring.unroll(picture).astype(float)
    at = np.array([[5.0, 20.0], [700.0, 90.0]])
    for column, row in at:
        px, py = ring.place(np.array([column]), np.array([row]))
        assert strip[int(row), int(column), :2] == pytest.approx([px[0] / 2, py[0] / 2], abs=1.5)
    # Upper edge: the head of the letters, at the rim or, where feet look outward, inside.
    px, py = ring.place(np.array([0.0]), np.array([0.0]))
    away = np.hypot(px - (side - 1) / 2, py - (side - 1) / 2) / (side / 2)
    assert away[0] == pytest.approx(INNER if outward else OUTER)


@pytest.mark.parametrize(("year", "turn"), [(1875, 0.0), (1949, 70.0)])
def test_a_year_along_the_rim_is_read(year: int, turn: float) -> None:
    coin = coin_type(77, 3)
    text = Text(roman(year), 0.11, "bottom", 0.79, 270, span=115)
    face = replace(coin.obverse, texts=(text,))
    pixels = scan(replace(coin, obverse=face), "obverse", size=640)
    if turn:
        import cv2

        matrix = cv2.getRotationMatrix2D((319.5, 319.5), turn, 1.0)
        pixels = np.asarray(cv2.warpAffine(pixels, matrix, (640, 640)), np.uint8)
    inside = np.argwhere((scan(coin, "obverse", size=640) < 235).any(axis=2))
    (top, left), (low, right) = inside.min(axis=0), inside.max(axis=0)
    radius = float(max(low - top, right - left)) / 2
    ellipse = Ellipse((left + right) / 2, (top + low) / 2, radius, radius)
    region = Region((0, 0, 640, 640), 1.0, ellipse)
    dates = dates_of({"year_from": 1800, "year_to": 2000, "calendar": "roman"})
    reading = YearReader().read(load(pixels), region, dates, turn or None)
    assert reading.best is not None
    assert (reading.best.year, reading.best.written) == (year, roman(year))
    assert sum(reading.chances.values()) == pytest.approx(1.0)
    # It lies at the lower rim, turned with the coin.
    corner = np.mean(reading.best.boxes[0], axis=0) - (ellipse.cx, ellipse.cy)
    away = np.degrees(np.arctan2(-corner[1], corner[0]))
    assert (away - (270 + turn) + 180) % 360 - 180 == pytest.approx(0.0, abs=12)
