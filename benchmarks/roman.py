"""Can a year in Roman numerals be read? Two ways that were tried; neither is in the package.

``python benchmarks/roman.py [--count 60] [--seed 6]``: minted photos of coins of 200 pixels or more
across, a year from 1700 to 2020 struck in Roman numerals in place of the date, where that stands by
itself; turn known to 2 degrees. *As the reader does*: the text detector's boxes on the coin as it
stands upright. *Unrolled*: also on its outer ring unrolled to a strip, read from the inside and
from the outside; of the numbers with a likelihood of ``LEAST`` the longest counts, as a box may
hold a part only.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from obverse.mint.design import coin_type
from obverse.mint.photo import snap
from obverse.photo import load
from obverse.types import F64, U8, Photo, Region
from obverse.year.calendars import Dated
from obverse.year.ctc import Numerals
from obverse.year.ocr import Ocr
from obverse.year.reader import SIDE, YearReader, picture

VALUES = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"),
    (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
YEARS = range(1700, 2021)
INNER, OUTER, HIGH = 0.52, 0.99, 128
"""The ring that is unrolled, in radii, and its height in pixels."""
GROW = (0.0, 0.5)
"""By how much boxes are made longer at either end, in heights."""
LEAST = 0.3
"""Chosen on 24 photos of seed 5."""


@dataclass(frozen=True, slots=True)
class Case:
    photo: Photo
    region: Region
    turn: float
    year: int


def roman(number: int) -> str:
    text = ""
    for value, letters in VALUES:
        text += letters * (number // value)
        number %= value
    return text


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
        shot = snap(replace(coin, **{side: replace(face, texts=tuple(texts))}), side, rng)
        e = shot.ellipse
        if 2 * e.a >= 200:
            box = (e.cx - e.a, e.cy - e.a, e.cx + e.a, e.cy + e.a)
            count -= 1
            turn = shot.turn + rng.normal(0, 2)
            yield Case(load(shot.image), Region(box, 1.0, e), turn, year)


def unrolled(image: U8) -> Iterator[U8]:
    """The outer ring as a strip, a part of it twice: feet to the centre, then feet to the rim."""
    middle = (SIDE - 1) / 2
    radii = np.linspace(OUTER, INNER, HIGH)[:, None] * SIDE / 2
    width = int(np.pi * (OUTER + INNER) * HIGH / (OUTER - INNER) / 32) * 32
    angles = np.linspace(0, 2 * np.pi, width, endpoint=False)
    for r, phi in ((radii, np.pi - angles), (radii[::-1], np.pi / 2 + angles)):
        x, y = middle + r * np.cos(phi), middle - r * np.sin(phi)
        strip = cv2.remap(image, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
        yield np.ascontiguousarray(np.hstack([strip, strip[:, : width // 8]]))


def likelihoods(ocr: Ocr, case: Case, numbers: Sequence[str]) -> F64:
    """Of every number, the highest at any place."""
    numerals = Numerals(ocr.columns, "MDCLXVI")
    plain, evened, _ = picture(case.photo, case.region, case.turn)
    best = np.zeros(len(numbers))
    for searched, read in ((evened, plain), *zip(unrolled(evened), unrolled(plain), strict=True)):
        for grow in GROW:
            boxes = [replace(b, length=b.length + 2 * grow * b.height) for b in ocr.find(searched)]
            for table in (*ocr.read(read, boxes), *ocr.read(searched, boxes)):
                best = np.maximum(best, numerals.likelihoods(*numerals.reduce(table), numbers))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=6)
    args = parser.parse_args()
    reader, dates = YearReader(), [Dated(roman(year), year) for year in YEARS]
    numbers = [date.written for date in dates]
    said: dict[str, list[int]] = {"as the reader does": [], "unrolled": []}
    for case in cases(args.count, args.seed):
        found = reader.read(case.photo, case.region, dates, case.turn).best
        said["as the reader does"].append(_judged(found and found.written, case))
        chances = likelihoods(reader.ocr, case, numbers)
        sure = [n for n, chance in zip(numbers, chances, strict=True) if chance >= LEAST]
        said["unrolled"].append(_judged(max(sure, key=len, default=None), case))
    for way, marks in said.items():
        right, wrong, none = (marks.count(m) / len(marks) for m in (1, -1, 0))
        print(f"{way}: right {right:.3f}, wrong {wrong:.3f}, not read {none:.3f}, n {len(marks)}")


def _judged(written: str | None, case: Case) -> int:
    """1 right, -1 wrong, 0 not read."""
    return 0 if written is None else 1 if written == roman(case.year) else -1


if __name__ == "__main__":
    main()
