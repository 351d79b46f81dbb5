"""Dates that say a year either way: the other text tells which, else neither is sure."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from obverse.types import F64, U8, Ellipse, Region
from obverse.year import ends
from obverse.year.calendars import dates_of
from obverse.year.ends import CLEAR, Line, shares
from obverse.year.ocr import TextBox
from obverse.year.reader import Reading, YearReader
from obverse.year.spots import Spot
from tests.coins import photo_of, turned

UPRIGHT = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
DATE, WORD = (
    TextBox(50.0, 80.0, 40.0, 12.0, 0.0, 1.0),
    TextBox(50.0, 30.0, 60.0, 12.0, 10.0, 1.0),
)
NUMBERS = 4


def spot(box: TextBox, number: int, likelihood: float) -> Spot:
    likelihoods = np.zeros(NUMBERS)
    likelihoods[number] = likelihood
    return Spot((box,), (np.empty((0, 0), np.float32),), likelihoods)


def asked(up: float, down: float, letters: tuple[int, int], matrix: F64 = UPRIGHT) -> list[float]:
    """The shares of: a number read upright, one read on its head, a third one that is read with the
    first, and one that is read elsewhere on its head."""
    elsewhere = TextBox(50.0, 55.0, 30.0, 12.0, 180.0, 1.0)
    places = [
        (spot(DATE, 0, up), matrix),
        (spot(DATE.reversed(), 1, down), matrix),
        (spot(DATE, 2, 0.01), matrix),
        (spot(elsewhere, 3, 0.02), matrix),
    ]
    lines = [Line.of(DATE, matrix, 4), Line.of(DATE.reversed(), matrix)]
    lines += [
        Line.of(box, matrix, n) for box, n in zip((WORD, WORD.reversed()), letters, strict=True)
    ]
    likelihoods = np.array([up, down, 0.01, 0.02])
    return [float(share) for share in shares(likelihoods, places, lines, 1)]


@pytest.mark.parametrize("letters", [(0, 0), (5, 1), (1, 4)])
def test_the_chance_is_that_of_both_likelihoods_and_the_letters(letters: tuple[int, int]) -> None:
    odds = (0.9 / 0.1) / (0.6 / 0.4)
    more = (letters[0] - letters[1]) * math.cos(math.radians(10))
    chance = 1 / (1 + odds**-ends.TRUST * math.exp(-ends.WORTH * more))
    assert asked(0.9, 0.6, letters) == pytest.approx([chance, 1 - chance, chance, 1.0])


def test_a_number_that_both_ends_may_say_keeps_what_the_right_one_says() -> None:
    """Else its neighbour would seem surer than it is."""
    up, down = spot(DATE, 0, 0.9), spot(DATE.reversed(), 1, 0.6)
    up.likelihoods[2], down.likelihoods[2] = 0.04, 0.05
    both = [(up, UPRIGHT), (down, UPRIGHT)]
    lines = [Line.of(WORD, UPRIGHT, 5)]
    left = shares(np.array([0.9, 0.6, 0.05, 0.0]), both, lines, 1)
    assert left[0] > 0.99
    assert left[1] < 0.01
    assert left[2] == pytest.approx(left[0] * 0.04 / 0.05)


def test_nothing_changes_where_only_one_end_says_a_year() -> None:
    assert asked(0.9, 0.0, (0, 6)) == [1.0] * NUMBERS
    assert shares(np.zeros(2), [], [], 1).tolist() == [1.0, 1.0]


def test_it_does_not_matter_how_the_object_lies_in_the_photo() -> None:
    for turn, scale in ((90.0, 1.0), (180.0, 2.0), (217.0, 0.3)):
        matrix = np.asarray(cv2.getRotationMatrix2D((40.0, 60.0), turn, scale), np.float64)
        assert asked(0.8, 0.7, (3, 1), matrix) == pytest.approx(asked(0.8, 0.7, (3, 1)))


def test_letters_are_counted_once_and_only_where_they_are_sure() -> None:
    table = np.full((7, 3), 0.001, np.float32)
    for step, (column, chance) in enumerate(
        [(0, 0.99), (1, 0.99), (1, 0.98), (0, 0.99), (1, CLEAR + 0.01), (2, CLEAR - 0.01), (2, 0.6)]
    ):
        table[step, column] = chance
    assert ends.letters(table) == 2


@pytest.fixture(scope="module")
def reader() -> YearReader:
    return YearReader()


def coin(date: str, words: tuple[str, ...]) -> U8:
    """A disc with a date, an I for each 1, and words above it."""
    image = np.full((512, 512, 3), 150, np.uint8)
    cv2.circle(image, (256, 256), 240, (175, 175, 175), -1)
    for text, y, scale, thick in ((date, 330, 1.8, 5), *((w, 150, 1.2, 3) for w in words)):
        (width, _), _ = cv2.getTextSize(text, 0, scale, thick)
        at = (256 - width // 2, y)
        cv2.putText(image, text, at, 0, scale, (60, 60, 60), thick, cv2.LINE_AA)
    return image


def read(reader: YearReader, image: U8) -> Reading:
    region = Region((0, 0, 512, 512), 1.0, Ellipse(255.5, 255.5, 240, 240))
    return reader.read(photo_of(image), region, dates_of({"year_from": 1500}), None)


@pytest.mark.parametrize("turn", [0.0, 90.0, 180.0])
@pytest.mark.parametrize("year", [1981, 1861, 1991])
def test_a_date_that_is_one_on_its_head_too_is_read_as_the_legend_stands(
    reader: YearReader, year: int, turn: float
) -> None:
    image = turned(coin(str(year).replace("1", "I"), ("LIBERTY",)), turn)
    best = read(reader, image).best
    assert best is not None
    assert best.year == year
    assert best.probability > 0.9


def test_without_other_text_neither_is_sure(reader: YearReader) -> None:
    for year in (1981, 1991):
        chances = read(reader, coin(str(year).replace("1", "I"), ())).chances
        on_its_head = int(str(year)[::-1].replace("9", "x").replace("6", "9").replace("x", "6"))
        assert chances[year] + chances[on_its_head] > 0.9
        assert min(chances[year], chances[on_its_head]) > 0.15
