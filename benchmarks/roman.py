"""How often is a year in Roman numerals read, and how often wrongly?

``python benchmarks/roman.py [--count 60] [--seed 6]``: minted photos of coins of 200 pixels or more
across, a year from 1700 to 2020 struck in Roman numerals in place of the date, where that stands by
itself; any of these years is possible, the turn is known to 2 degrees. Settings were chosen on 24
photos of seed 5.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from obverse.mint.design import coin_type
from obverse.mint.photo import snap
from obverse.photo import load
from obverse.types import Photo, Region
from obverse.year.calendars import dates_of, roman
from obverse.year.reader import Question, YearReader

YEARS = range(1700, 2021)


@dataclass(frozen=True, slots=True)
class Case:
    photo: Photo
    region: Region
    turn: float
    year: int


def cases(count: int, seed: int) -> Iterator[Case]:
    index = 0
    while count:
        rng, coin = np.random.default_rng([seed, index]), coin_type(77, index)
        index += 1
        side = "obverse" if "{year}" in str(coin.obverse.texts) else "reverse"
        face = coin.face(side)
        texts = list(face.texts)
        at = [i for i, t in enumerate(texts) if t.text.split()[:1] == ["{year}"]]
        if not at:
            continue
        year, date = int(rng.choice(YEARS)), texts[at[0]]
        span = min(1.0, 1.6 * date.span) if date.place == "line" else 115.0
        texts[at[0]] = replace(date, text=roman(year), span=span)
        changed: dict[str, Any] = {side: replace(face, texts=tuple(texts))}
        shot = snap(replace(coin, **changed), side, rng)
        e = shot.ellipse
        if 2 * e.a >= 200:
            box = (e.cx - e.a, e.cy - e.a, e.cx + e.a, e.cy + e.a)
            count -= 1
            turn = shot.turn + rng.normal(0, 2)
            yield Case(load(shot.image), Region(box, 1.0, e), turn, year)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=6)
    args = parser.parse_args()
    reader = YearReader()
    dates = dates_of({"year_from": YEARS[0], "year_to": YEARS[-1], "calendar": "roman"})
    asked = Question.of(dates, reader.ocr)
    marks: dict[str, list[int]] = {"in the package": [], "as dates in digits are read": []}
    for case in cases(args.count, args.seed):
        photo, region, turn = case.photo, case.region, case.turn
        found = (
            reader.read(photo, region, dates, turn),
            reader.read_digits(asked, photo, region, turn),
        )
        for name, one in zip(marks, found, strict=True):
            is_right = one.best is not None and one.best.year == case.year
            marks[name].append(0 if one.best is None else 1 if is_right else -1)
    for name, told in marks.items():
        right, wrong, none = (told.count(m) / len(told) for m in (1, -1, 0))
        print(f"{name}: right {right:.3f}, wrong {wrong:.3f}, not read {none:.3f}, n {len(told)}")


if __name__ == "__main__":
    main()
