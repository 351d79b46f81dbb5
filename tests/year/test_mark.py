"""Mint marks: what items say of them, and reading them at their place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from obverse import Catalogue
from obverse.catalogue.importers import Row
from obverse.mint.design import CoinType, coin_type
from obverse.mint.letters import Text
from obverse.mint.photo import snap
from obverse.mint.render import scan
from obverse.photo import load
from obverse.types import Photo, Region
from obverse.year import mark
from obverse.year.ocr import Ocr

PLACE = (0.42, -0.42)
MARKS = ("", "D", "S", "K")


def struck(letters: str) -> tuple[CoinType, str]:
    """A coin with that mint mark in its field, and the side that shows it."""
    coin = coin_type(5, 0)
    inner = coin.outline.inner
    text = Text(letters, 0.12 / inner, x=PLACE[0] / inner, y=PLACE[1] / inner, span=0.5)
    face = coin.reverse
    texts = tuple(replace(t, text=t.text.replace(f" {coin.mint_mark}", "")) for t in face.texts)
    more = (text,) if letters else ()
    return replace(coin, reverse=replace(face, texts=texts + more)), "reverse"


def shoot(letters: str, turn: float, seed: int = 1) -> tuple[Photo, Region]:
    rng = np.random.default_rng(seed)
    coin, side = struck(letters)
    shot = snap(coin, side, rng, turn=turn, tilt=6.0, wear=0.05)
    return load(shot.image), Region((0, 0, 1, 1), 1.0, shot.ellipse)


@pytest.fixture(scope="module")
def ocr() -> Ocr:
    return Ocr()


def test_what_items_say() -> None:
    assert mark.marks_of({}) == ()
    assert mark.marks_of({"mint_mark": "S"}) == ("S",)
    assert mark.marks_of({"mint_mark": ""}) == ("",)
    assert mark.marks_of({"mint_mark": "none, D, CC, D"}) == ("", "D", "CC")
    assert mark.marks_of({"mint_mark": ["P", "-"]}) == ("P", "")
    assert mark.place_of({"mint_mark_at": "0.5, -0.25"}) == (0.5, -0.25)
    assert mark.place_of({"mint_mark_at": [0.5, 0]}) == (0.5, 0.0)
    for nothing in (None, "", "below the date", "0.5", [0.5, "x"], "0.9, 0.9", "nan, 0"):
        assert mark.place_of({"mint_mark_at": nothing}) is None


@pytest.mark.parametrize(("letters", "turn"), [("", 0.0), ("D", 70.0), ("S", 200.0), ("K", 310.0)])
def test_the_mark_is_read_at_any_turn(ocr: Ocr, letters: str, turn: float) -> None:
    photo, region = shoot(letters, turn)
    read = mark.read(ocr, photo, region, turn, PLACE, MARKS)
    assert read.best is not None
    assert read.best.mark == letters
    assert read.best.probability == max(read.chances.values()) > 0.7
    assert sum(read.chances.values()) == pytest.approx(1.0)
    # The box lies where the mark was struck: its middle is at the place, turned with the coin.
    middle = np.mean(read.best.box, axis=0)
    e, a = region.ellipse, np.radians(turn)
    assert e is not None
    x, y = PLACE[0] * np.cos(a) - PLACE[1] * np.sin(a), PLACE[0] * np.sin(a) + PLACE[1] * np.cos(a)
    np.testing.assert_allclose(middle, [e.cx + e.a * x, e.cy - e.a * y], atol=0.12 * e.a)


def test_what_nobody_expects_is_read_all_the_same_but_doubted(ocr: Ocr) -> None:
    photo, region = shoot("K", 40.0)
    forced = mark.read(ocr, photo, region, 40.0, PLACE, ("", "D", "S"))
    free = mark.read(ocr, photo, region, 40.0, PLACE, ("", "D", "S"), mark.USUAL)
    asked = mark.read(ocr, photo, region, 40.0, PLACE, ("", "D", "S", "K"))
    assert "K" not in forced.chances
    assert free.best is not None
    assert free.best.mark == "K"
    assert asked.best is not None
    assert free.best.probability < asked.best.probability
    assert sum(free.chances.values()) == pytest.approx(1.0)
    ratio = free.chances["K"] / free.chances[""]
    assert ratio == pytest.approx(mark.OTHERS * asked.chances["K"] / asked.chances[""], rel=0.05)


def test_small_letters_may_stand_for_capitals(ocr: Ocr) -> None:
    photo, region = shoot("S", 200.0)
    read = mark.read(ocr, photo, region, 200.0, PLACE, ("", "d", "s"), mark.USUAL)
    assert read.best is not None
    assert read.best.mark == "s"
    assert not {"S", "D"} & set(read.chances)


def test_a_coin_without_a_mark_is_not_forced_to_one(ocr: Ocr) -> None:
    for n in range(4):
        photo, region = shoot("", 80.0 * n, seed=n)
        read = mark.read(ocr, photo, region, 80.0 * n, PLACE, ("D", "S"), mark.USUAL)
        assert sum(read.chances.values()) == pytest.approx(1.0)
        assert read.best is not None
        assert read.best.mark == ""
    assert mark.lacks({"mint_mark": "D"}, "")
    assert not mark.lacks({"mint_mark": "none, D"}, "")
    assert not mark.lacks({}, "S")


def test_what_is_not_possible_is_not_read(ocr: Ocr) -> None:
    photo, region = shoot("D", 0.0)
    told = mark.read(ocr, photo, region, 0.0, PLACE, ("", "S"))
    assert set(told.chances) == {"", "S"}
    assert mark.read(ocr, photo, region, 0.0, PLACE, ("",)) == mark.Marked()
    # Somewhere else there is none.
    elsewhere = mark.read(ocr, photo, region, 0.0, (-0.42, -0.42), MARKS).best
    assert elsewhere is None or elsewhere.mark == ""


def test_it_decides_between_items_that_differ_by_it_alone(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    root = tmp_path_factory.mktemp("marks")
    rows = []
    for letters in ("", "D", "S"):
        coin, side = struck(letters)
        path = root / f"{letters or 'none'}.png"
        Image.fromarray(scan(coin, side, size=480, seed=len(rows))).save(path)
        told = {"mint_mark": letters, "mint_mark_at": f"{PLACE[0]}, {PLACE[1]}", "year": 1990}
        rows.append(Row(path, path.stem, side, f"{coin.title} 1990 {letters}", told))
    with Catalogue(root / "coins.obv") as catalogue:
        assert not catalogue.add(rows).failed
        for letters in ("", "D", "S"):
            photo, _ = shoot(letters, 140.0, seed=4)
            answer = catalogue.identify(photo)
            assert answer.best is not None
            assert answer.best.item.id == (letters or "none")
            assert answer.mint_mark is not None
            assert answer.mint_mark.mark == letters
            assert answer.year is None
            assert answer.to_dict()["best"]["mint_mark"]["mark"] == letters
            assert catalogue.identify(photo, year=False).mint_mark is None
