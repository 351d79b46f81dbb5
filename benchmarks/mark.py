"""How often is the mint mark read, and how often wrongly?

    python benchmarks/mark.py                   # minted photos: settings were chosen on these
    python benchmarks/mark.py --fit             # the two numbers of obverse.year.mark, refitted
    python benchmarks/mark.py --lists           # catalogues that lack the mark, for OTHERS
    python benchmarks/mark.py --data DATA       # Lincoln cents (DATA/cents), reporting only

A minted photo shows a coin at any turn and tilt with one of 12 marks, or none, struck into a free
place of its field; the turn is known to 2 degrees, the place to 0.02 radii. The cents lie upright;
their marks, S, D or none, were read by eye.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from obverse import decide, find
from obverse.mint.design import CoinType, coin_type
from obverse.mint.letters import Text
from obverse.mint.photo import snap
from obverse.mint.relief import relief
from obverse.photo import load
from obverse.types import Photo, Region
from obverse.year import mark
from obverse.year.ocr import Ocr

MARKS = ("D", "S", "P", "O", "W", "CC", "F", "K", "M", "A", "H", "R")
LEAST = 200
"""Pixels across of a coin that counts."""
CENTS = {
    "S": "00 02 06 24 28 34 42 44 48 52 60 62 64 66 68 70 72 74 78 80 82",
    "D": "08 12 16 18 26 36 38 46 50 54",
    "": "04 10 14 20 22 30 32 40 56 58 76",
}
CENT_PLACE = (0.55, -0.56)


@dataclass(frozen=True, slots=True)
class Case:
    photo: Photo
    region: Region
    turn: float
    place: tuple[float, float]
    possible: tuple[str, ...]
    mark: str


def minted(count: int, seed: int) -> Iterator[Case]:
    """Photos of coins with a mark."""
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        coin = coin_type(99, index)
        side = "obverse" if "{year}" in str(coin.obverse.texts) else "reverse"
        struck = str(rng.choice(["", "", *MARKS]))
        coin, place = _with_mark(coin, side, struck, rng)
        shot = snap(coin, side, rng)
        e = shot.ellipse
        if 2 * e.a < LEAST:
            continue
        box = (e.cx - e.a, e.cy - e.a, e.cx + e.a, e.cy + e.a)
        near = tuple(coin.outline.inner * v + rng.normal(0, 0.02) for v in place)
        turn = shot.turn + rng.normal(0, 2)
        where = Region(box, 1.0, e)
        yield Case(load(shot.image), where, turn, (near[0], near[1]), ("", *MARKS), struck)


def _with_mark(
    coin: CoinType, side: str, struck: str, rng: np.random.Generator
) -> tuple[CoinType, tuple[float, float]]:
    """The coin with that mark in one of the emptiest places, and the place."""
    size, cap = 256, float(rng.uniform(0.075, 0.15))
    face = coin.face(side)
    own = f" {coin.mint_mark}"
    texts = tuple(replace(t, text=t.text.replace(own, "")) for t in face.texts)
    changed: dict[str, Any] = {side: replace(face, texts=texts if coin.mint_mark else face.texts)}
    bare = replace(coin, **changed)
    height = relief(bare, side, coin.years[0], size).astype(float)
    busy = cv2.blur(np.hypot(*np.gradient(height)), (round(size * cap),) * 2)
    y, x = np.mgrid[1 : -1 : size * 1j, -1 : 1 : size * 1j]
    busy[(np.hypot(x, y) > 0.72) | (np.hypot(x, y) < 0.15)] = np.inf
    at = int(rng.choice(np.argsort(busy.ravel())[:200]))
    place = float(x.ravel()[at]), float(y.ravel()[at])
    letters = (Text(struck, cap, x=place[0], y=place[1], span=0.5),) if struck else ()
    face = bare.face(side)
    changed = {side: replace(face, texts=face.texts + letters)}
    return replace(bare, **changed), place


def cents(data: Path) -> Iterator[Case]:
    finder = find.get("unet")
    for struck, names in CENTS.items():
        for name in names.split():
            photo = load(data / "cents" / f"0{name}.jpg")
            region = finder.find(photo)[0]
            yield Case(photo, region, 0.0, CENT_PLACE, ("", "D", "S"), struck)


def fit(cases: list[Case], read: list[mark.Marked]) -> tuple[float, float]:
    """The power and the odds of nothing that make the true marks likeliest, on a grid."""
    # What was read says the odds as they are now; their shares undo to likelihoods.
    shares = []
    for case, one in zip(cases, read, strict=True):
        ratio = {m: p / one.chances[""] * mark.NOTHING for m, p in one.chances.items() if m}
        shares.append((case.mark, {m: r ** (1 / mark.SHARPEN) for m, r in ratio.items()}))
    best = (np.inf, 0.0, 0.0)
    for power in np.arange(0.5, 5, 0.1):
        for nothing in 10 ** np.arange(-3, 0, 0.1):
            loss = 0.0
            for struck, likelihoods in shares:
                odds = {m: v**power for m, v in likelihoods.items()} | {"": nothing}
                loss -= np.log(odds[struck] / sum(odds.values()))
            best = min(best, (loss, float(power), float(nothing)))
    return best[1], best[2]


def by_lists(cases: list[Case], ocr: Ocr) -> Iterator[str]:
    """What would be answered if 2, 3 or 4 marks were listed, the right one among them or not; for
    several chances of marks that are not listed."""
    rng, least = np.random.default_rng(1), decide.get("coin").threshold
    every = tuple(dict.fromkeys(("", *MARKS, *mark.USUAL)))
    seen = [mark.read(ocr, c.photo, c.region, c.turn, c.place, every).chances for c in cases]
    lists = []
    for case, chances in zip(cases, seen, strict=True):
        rest = [m for m in ("", *MARKS) if m != case.mark]
        for size, named in product((2, 3, 4), (True, False)):
            drawn = rng.choice(rest, size - named, replace=False)
            lists.append((case, chances, {*map(str, drawn), *([case.mark] * named)}, named))
    for others in (0.0, 0.01, 0.03, 0.1, 0.3, 1.0):
        shares = np.zeros((2, 2))
        for case, chances, listed, named in lists:
            weighed = {m: p * (1 if m in {*listed, ""} else others) for m, p in chances.items()}
            best = max(listed, key=weighed.__getitem__)
            sure = weighed[best] / sum(weighed.values())
            shares[int(named), int(best == case.mark)] += sure >= least
        shares /= len(lists) / 2
        told = f"{others:<6} {shares[1, 1]:6.3f} {shares[1, 0]:6.3f} {shares[0, 0]:11.3f}"
        yield f"{told} {len(lists) // 2:6}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="read the cents instead")
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--lists", action="store_true", help="as if few marks were possible")
    args = parser.parse_args()
    cases = list(cents(args.data) if args.data else minted(args.count, args.seed))
    ocr = Ocr()
    if args.lists:
        print("others  listed: right, wrong; not listed: wrong; lists")
        print(*by_lists(cases, ocr), sep="\n")
        return
    read = [mark.read(ocr, c.photo, c.region, c.turn, c.place, c.possible) for c in cases]
    right = [
        one.best is not None and one.best.mark == c.mark for c, one in zip(cases, read, strict=True)
    ]
    none = [one.best is None for one in read]
    for case, one, ok in zip(cases, read, right, strict=True):
        if not ok:
            said = "nothing sure" if one.best is None else repr(one.best.mark)
            print(f"  {case.photo.source}: {case.mark!r}, read {said}")
    n = len(cases)
    wrong = n - sum(right) - sum(none)
    sure = np.mean([max(one.chances.values()) for one in read])
    print(f"right {sum(right) / n:.3f}, wrong {wrong / n:.3f}, not read {sum(none) / n:.3f}, n {n}")
    print(f"mean probability of the likeliest mark {sure:.3f}")
    if args.fit:
        print("SHARPEN, NOTHING =", fit(cases, read))


if __name__ == "__main__":
    main()
