"""Values are read off minted coins, whose numbers are known, at any turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from obverse import canvas, normalise
from obverse.types import F32, U8, Patch, Region, View
from obverse.verify import numerals
from obverse.verify.numerals import VALUES, NumeralReader, Value
from obverse.year.ocr import Ocr, TextBox

SIZE = 256


@pytest.fixture(scope="module")
def reader() -> NumeralReader:
    return NumeralReader(Ocr())


def coin(number: str, height: float = 0.4, legend: str = "SEN") -> U8:
    """A disc that says a number, its digits so many diameters high, and a word below."""
    side = 4 * SIZE
    disc = np.full((side, side, 3), 150, np.uint8)
    rng = np.random.default_rng(0)
    for text, tall, y in ((number, height, 0.55), (legend, 0.09, 0.85))[: 1 + bool(legend)]:
        thick = max(2, round(tall * side / 9))
        (w, h), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)
        scale = tall * side / h
        at = (round((side - w * scale) / 2), round(y * side))
        cv2.putText(
            disc, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (70, 60, 50), thick, cv2.LINE_AA
        )
    small = cv2.resize(disc, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float64)
    return np.clip(small + rng.normal(0, 4, small.shape), 0, 255).astype(np.uint8)


def patch(disc: U8) -> Patch:
    side = float(len(disc))
    return Patch(disc, disc, disc, np.eye(2, 3), Region((0.0, 0.0, side, side), 1.0))


def found(reader: NumeralReader, disc: U8, upright: float = 0.0) -> Value:
    value = reader.find(disc, upright)
    assert value is not None
    return value


@pytest.mark.parametrize("number", ["5", "20", "50", "100"])
def test_the_value_of_a_view_is_read(reader: NumeralReader, number: str) -> None:
    assert found(reader, coin(number)).written == number


def test_it_stands_where_it_was_drawn(reader: NumeralReader) -> None:
    box = found(reader, coin("20")).box.scaled(SIZE)
    dark = np.argwhere(coin("20", legend="").mean(axis=2) < 110)  # rows and columns of ink
    (top, left), (bottom, right) = dark.min(axis=0), dark.max(axis=0)
    assert box.cx == pytest.approx((left + right) / 2, abs=8)
    assert box.cy == pytest.approx((top + bottom) / 2, abs=10)
    assert box.height > bottom - top
    assert box.length > right - left


def test_small_numbers_are_dates_and_no_values(reader: NumeralReader) -> None:
    assert reader.find(coin("20", height=0.12)) is None


def test_a_number_that_is_no_value_was_misread(reader: NumeralReader) -> None:
    assert reader.find(coin("77")) is None


@pytest.mark.parametrize("turn", [0.0, 51.0, 200.0, 335.0])
def test_the_same_value_is_found_at_any_turn(reader: NumeralReader, turn: float) -> None:
    photo = patch(canvas.turned(coin("50"), turn))
    told = reader.ask(found(reader, coin("50")), photo, turn)
    assert (told.view, told.photo) == ("50", "50")
    assert told.agrees
    assert not told.differs
    assert told.ratio > 2


@pytest.mark.parametrize(("view", "photo"), [("20", "50"), ("50", "20"), ("10", "20"), ("5", "2")])
def test_another_value_speaks_against_the_view(
    reader: NumeralReader, view: str, photo: str
) -> None:
    turned = patch(canvas.turned(coin(photo), 120.0))
    told = reader.ask(found(reader, coin(view)), turned, 120.0)
    assert (told.view, told.photo) == (view, photo)
    assert told.differs
    assert not told.agrees
    assert told.ratio < -2


def test_nothing_legible_says_nothing(reader: NumeralReader) -> None:
    value = found(reader, coin("20"))
    blank = np.full((SIZE, SIZE, 3), 140, np.uint8)
    noise = np.random.default_rng(1).integers(0, 255, (SIZE, SIZE, 3)).astype(np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(coin("50"), (0, 0), 50), np.uint8)
    for disc in (blank, noise, blurred):
        told = reader.ask(value, patch(disc), 0.0)
        assert (told.photo, told.ratio) == ("", 0.0)
        assert not told.differs
        assert not told.agrees


@pytest.mark.parametrize(
    ("same", "others", "read"),
    [
        (0.6, {}, "20"),
        (0.45, {"10": 0.4, "40": 0.4}, "10"),  # likelier than each other, not than all of them
        (0.3, {"50": 0.7}, "50"),
        (0.4, {"50": 0.3}, ""),
        (0.6, {"50": 0.55}, ""),  # both legible: a digit that may be either of two
    ],
)
def test_what_is_read_goes_with_the_evidence(
    same: float, others: dict[str, float], read: str
) -> None:
    class Read:
        def read(self, image: U8, boxes: Sequence[TextBox]) -> list[None]:
            return [None] * len(boxes)

    class Likely:
        def reduce(self, table: None) -> tuple[()]:
            return ()

        def likelihoods(self, numbers: Sequence[str]) -> F32:
            said = {"20": same, **others}
            return np.array([said.get(number, 0.0) for number in numbers], np.float32)

    asked = NumeralReader(Read())  # type: ignore[arg-type]
    asked.__dict__["_numerals"] = Likely()
    value = Value("20", TextBox(0.0, 0.0, 0.5, 0.3, 0.0, 1.0))
    told = asked.ask(value, patch(coin("20")), 0.0)
    assert told.photo == read
    assert (told.agrees, told.differs) == (told.ratio > 0, told.ratio < 0)


def test_the_place_is_in_pixels_of_the_photo(reader: NumeralReader) -> None:
    """Twice as large and moved by (30, 40): so is the box."""
    disc, value = coin("20"), found(reader, coin("20"))
    matrix = np.array([[0.5, 0.0, -15.0], [0.0, 0.5, -20.0]])
    region = Region((30.0, 40.0, 542.0, 552.0), 1.0)
    plain = reader.ask(value, patch(disc), 0.0)
    moved = reader.ask(value, Patch(disc, disc, disc, matrix, region), 0.0)
    expected = 2 * np.array(plain.box) + [30.0, 40.0]
    np.testing.assert_allclose(np.array(moved.box), expected, atol=1e-6)


def test_a_view_that_does_not_stand_upright(reader: NumeralReader) -> None:
    """Its own ``upright`` says how it is to be read; its box lies as it does."""
    lying = canvas.turned(coin("50"), 90.0)
    value = found(reader, lying, upright=-90.0)
    assert value.written == "50"
    upright = found(reader, coin("50")).box
    expected = numerals.turned(upright, 90.0)
    assert value.box.cx == pytest.approx(expected.cx, abs=0.02)
    assert value.box.cy == pytest.approx(expected.cy, abs=0.02)


def test_a_view_is_read_once(reader: NumeralReader) -> None:
    jpeg = canvas.jpeg(coin("20"))
    view = View("v", "i", "", "", "", {}, jpeg, None, "")
    first = reader.of_view("v", lambda: view)
    assert first is not None
    assert reader.of_view("v", lambda: pytest.fail("fetched again")) is first
    assert reader.of_view("gone", lambda: None) is None
    assert reader.of_view("gone", lambda: replace(view, id="gone")) == first, (
        "nothing is remembered"
    )


def test_boxes_turn_as_pictures_do() -> None:
    disc = np.zeros((SIZE, SIZE, 3), np.uint8)
    box = TextBox(180.0, 90.0, 40.0, 20.0, 0.0, 1.0)
    cv2.circle(disc, (180, 90), 6, (255, 255, 255), -1)
    at = numerals.turned(box.scaled(1 / SIZE), 70.0).scaled(SIZE)
    ys, xs = np.nonzero((canvas.turned(disc, 70.0).mean(axis=2) > 200) & normalise.disc_mask(SIZE))
    assert (at.cx, at.cy) == (pytest.approx(xs.mean(), abs=1), pytest.approx(ys.mean(), abs=1))


def test_tall_digits_found_one_by_one_are_one_number() -> None:
    two = TextBox(100.0, 130.0, 90.0, 50.0, 90.0, 1.0)  # a digit taken for a line running down
    nought = TextBox(150.0, 128.0, 88.0, 50.0, -90.0, 1.0)
    far = TextBox(330.0, 128.0, 88.0, 50.0, -90.0, 1.0)
    boxes = numerals.whole([two, nought, far])
    joined = [b for b in boxes if b.length > 80]
    assert [(b.cx, b.length, b.angle) for b in joined] == [(125.0, 100.0, 0.0)]
    assert all(abs(b.angle) < 1 for b in boxes)


@pytest.mark.parametrize(
    ("text", "number"), [("20", "20"), (" 5O.", "50"), ("IO", "10"), ("SEN", ""), ("205", "")]
)
def test_what_is_a_value(text: str, number: str) -> None:
    assert numerals.as_number(text) == number
    assert not number or number in VALUES
