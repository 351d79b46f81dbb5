"""``obverse year`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from obverse.mint.design import coin_type
from obverse.mint.render import scan
from tests.e2e.conftest import Run
from tests.year.test_reader import dated_side


def test_the_year_of_a_coin_without_a_catalogue(run: Run, tmp_path: Path) -> None:
    coin = coin_type(5, 1)
    year = coin.years[0]
    photo, drawn = tmp_path / "coin.png", tmp_path / "date.jpg"
    Image.fromarray(scan(coin, dated_side(coin), year=year, size=512)).save(photo)
    done = run("year", photo, "--turn", 0, "--draw", drawn)
    assert done.code == 0
    assert done.out.startswith(f"{photo}: {year} (")
    assert drawn.stat().st_size > 5_000
    told = run("year", photo, "--years", f"{year - 2}-{year + 2}", "--json").json
    assert told["year"]["year"] == year
    assert told["year"]["probability"] > 0.5


def test_no_year_is_no_failure(run: Run, tmp_path: Path) -> None:
    photo = tmp_path / "plain.png"
    Image.fromarray(np.full((200, 200, 3), 120, np.uint8)).save(photo)
    done = run("year", photo, "--years", "1950-1960", "--json")
    assert done.code == 0
    assert json.loads(done.out)["year"] is None


def test_what_makes_no_sense_is_misuse(run: Run, tmp_path: Path) -> None:
    photo = tmp_path / "plain.png"
    Image.fromarray(np.full((64, 64, 3), 120, np.uint8)).save(photo)
    for option in (
        ("--calendar", "mayan"),
        *(
            ("--years", text)
            for text in (
                "soon",
                "",
                "2010-2000",
                "1948-19",
                "1948,,50",
                "1-2-3",
                "0",
                "5000",
                "1",
                "27-99",
            )
        ),
    ):
        done = run("year", photo, *option)
        assert done.code == 2
        assert done.err.count("\n") == 1
        assert done.out == ""
