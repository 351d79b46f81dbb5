"""How often is the year read, and how often wrongly?

    python benchmarks/year.py DATA              # the table
    python benchmarks/year.py DATA --fit        # the weights of obverse.year.reader, refitted
    python benchmarks/year.py DATA --ends       # the weight of a letter in obverse.year.ends
    python benchmarks/year.py DATA --lists      # catalogues that lack the year, for OTHERS

`dev` and `wild_dev` (same coins, composed photos) come in two halves by design; everything was
chosen on the first; `cents` is for reporting only. Of `wild_dev` only coins of at least 200 pixels
count. In `dev lying` and `cents lying` every photo is asked about four times, a quarter turned each
time, without the turn. `minted undated` are photos of the sides of minted coins that bear no date:
whatever is read there is wrong. ``possible`` is which years were asked for: all from 1800 on, or
the span of years of the coin's type in the same table, as a catalogue would give it. ``ms`` is time
of all processors.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from obverse import decide, find
from obverse.mint import coin_type, snap
from obverse.photo import load
from obverse.types import F64, Ellipse, Photo, Region
from obverse.year.calendars import dates_of
from obverse.year.ends import Line, surplus
from obverse.year.reader import (
    ENOUGH,
    TURNS,
    Question,
    Reading,
    YearReader,
    expecting,
    features,
)

WIDE = {"year_from": 1800}
LEAST = 200
LEGIBLE = 0.3
"""Least likelihood of a date that ``--ends`` looks at."""
SETS = "dev,dev lying,wild,wild lying,wild found,cents,cents lying,minted undated"
MINTED, SEED = 120, 7
"""Photos of dateless sides, and the seed of their coins."""


@dataclass(frozen=True, slots=True)
class Case:
    """A photo, what to read it with, and the year on it; 0 for none."""

    photo: Path | Photo
    year: int
    item: str
    half: int
    region: Region | None = None
    turn: float | None = 0.0
    quarters: int = 0

    def load(self) -> Photo:
        """The photo, lying as many quarters turned to the left as the case says."""
        photo = self.photo if isinstance(self.photo, Photo) else load(self.photo)
        return load(np.rot90(photo.pixels, self.quarters)) if self.quarters else photo


@dataclass(frozen=True, slots=True)
class Done:
    case: Case
    reading: Reading
    ms: float


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def undated() -> Iterator[Case]:
    """Photos of dateless sides of minted coins; the turn is not known."""
    for index in range(MINTED):
        coin = coin_type(SEED, index)
        side = "reverse" if "{year}" in str(coin.obverse.texts) else "obverse"
        shot = snap(coin, side, np.random.default_rng([SEED, index]))
        e = shot.ellipse
        if 2 * e.a >= LEAST:
            box = (e.cx - e.a, e.cy - e.a, e.cx + e.a, e.cy + e.a)
            yield Case(load(shot.image), 0, coin.item, index % 2, Region(box, 1.0, e), None)


def cases(data: Path, name: str) -> list[Case]:
    """A set: ``dev``; ``wild`` (true ellipse and turn), ``wild lying`` (the turn unknown), ``wild
    found`` (and the finder's ellipse); ``cents``; ``dev lying``, ``cents lying`` (every photo at
    four turns, unknown); ``minted undated``."""
    if name in ("dev lying", "cents lying"):
        upright = cases(data, name.removesuffix(" lying"))
        return [replace(c, turn=None, quarters=n) for c in upright for n in range(4)]
    if name == "minted undated":
        return list(undated())
    if name == "cents":
        folder = data / "cents"
        return [
            Case(folder / r["file"], int(r["year"]), "cent", 1) for r in rows(folder / "years.csv")
        ]
    table = data / ("worldcoins/dev.csv" if name.startswith("dev") else "wild_dev/wild.csv")
    listed = rows(table)
    designs = sorted({r["design_id"] for r in listed if r["year"]})
    out = []
    for r in listed:
        if not r["year"]:
            continue
        half = designs.index(r["design_id"]) % 2
        case = Case(table.parent / r.get("photo", r["file"]), int(r["year"]), r["design_id"], half)
        if not name.startswith("dev"):
            ellipse = Ellipse(*(float(r[k]) for k in ("cx", "cy", "a", "b", "ellipse_angle")))
            if 2 * ellipse.a < LEAST:
                continue
            turn = -float(r["turn"]) % 360 if name == "wild" else None
            given = None if "found" in name else Region((0, 0, 1, 1), 1.0, ellipse)
            case = replace(case, region=given, turn=turn)
        out.append(case)
    return out


def read(
    reader: YearReader, name: str, data: Path, possible: str, every: int, half: int | None
) -> Iterator[Done]:
    finder = find.get("unet")
    chosen = cases(data, name)
    years: dict[str, set[int]] = {}
    for case in chosen:
        years.setdefault(case.item, set()).add(case.year)
    for case in [c for c in chosen if half in (None, c.half)][::every]:
        photo = case.load()
        region = case.region or finder.find(photo)[0]
        listed = years[case.item]
        spread = {"year_from": min(listed), "year_to": max(listed)}
        dates = dates_of(spread if possible == "type" else WIDE)
        start = time.process_time()
        reading = reader.read(photo, region, dates, case.turn)
        yield Done(case, reading, 1e3 * (time.process_time() - start))


def counts(done: list[Done]) -> tuple[float, float, float]:
    """Shares read right, read wrong, not read."""
    right = sum(d.reading.best is not None and d.reading.best.year == d.case.year for d in done)
    none = sum(d.reading.best is None for d in done)
    n = max(len(done), 1)
    return right / n, (len(done) - right - none) / n, none / n


def summary(name: str, possible: str, done: list[Done]) -> str:
    right, wrong, none = counts(done)
    ms = float(np.mean([d.ms for d in done]))
    line = f"{name:<12} {possible:<8} {right:6.3f} {wrong:6.3f} {none:6.3f} {len(done):5} {ms:6.0f}"
    second = [d for d in done if d.case.half]
    if 0 < len(second) < len(done):
        line += "   {:6.3f} {:6.3f}".format(*counts(second)[:2])
    return line


def describe(done: Done) -> str:
    best, chances = done.reading.best, done.reading.chances
    likely = max(chances, key=chances.__getitem__, default=0)
    said = "nothing" if best is None else f"{best.year} ({best.probability:.2f})"
    photo = done.case.photo
    name = photo.name if isinstance(photo, Path) else done.case.item
    name += f" at {90 * done.case.quarters}°" if done.case.quarters else ""
    return f"  {name} is {done.case.year or 'undated'}: read {said}, likeliest {likely}"


def fit(done: list[Done]) -> tuple[float, float, float]:
    """Weights of score and lead and the bias: logistic regression by Newton's method, with a
    little shrinkage towards none."""
    known = [d for d in done if d.reading.likelihoods[0] > 0 and d.reading.chances]
    x = np.array([[*features(*d.reading.likelihoods), 1.0] for d in known])
    y = np.array(
        [max(d.reading.chances, key=d.reading.chances.__getitem__) == d.case.year for d in known],
        float,
    )
    w = np.zeros(3)
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ w))
        hessian = (x * (p * (1 - p))[:, None]).T @ x + 0.1 * np.diag([1.0, 1.0, 0.0])
        w -= np.linalg.solve(hessian, x.T @ (p - y) + 0.1 * np.array([1.0, 1.0, 0.0]) * w)
    return float(w[0]), float(w[1]), float(w[2])


def surpluses(reader: YearReader, data: Path) -> Iterator[float]:
    """Of dates of the first half that are read rightly, in the look that reads them best: how many
    letters more are sure in their direction than against it."""
    finder = find.get("unet")
    asked = Question.of(dates_of(WIDE), reader.ocr)
    chosen = [c for name in ("dev lying", "wild lying") for c in cases(data, name)]
    for case in [c for c in chosen if c.half == 0 and (c.region or c.quarters in (1, 2))]:
        photo = case.load()
        region = case.region or finder.find(photo)[0]
        number = asked.numbers.index(str(case.year))
        best, more = LEGIBLE, None
        for spots, lines, matrix in reader.looks(asked, photo, region, TURNS, both=True):
            for spot in spots:
                if spot.likelihoods[number] > best:
                    best = float(spot.likelihoods[number])
                    date = [Line.of(box, matrix) for box in spot.boxes]
                    more = surplus(date, lines, 1)
            if best >= ENOUGH:
                break
        if more is not None:
            yield more


def fit_ends(found: F64) -> float:
    """What a letter adds to the log odds that its direction is the right one: logistic regression
    through the origin, by Newton's method."""
    x, w = found, 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-w * x))
        w += float(((1 - p) @ x) / (p * (1 - p) @ x**2))
    return w


def by_lists(done: list[Done]) -> Iterator[str]:
    """What would be answered if 2, 5 or 20 years were listed, drawn from the 25 before and after
    the right one, this among them or not; for several chances of years that are not listed."""
    rng, least = np.random.default_rng(1), decide.get("coin").threshold
    lists = []
    for d in done:
        near = np.delete(np.arange(d.case.year - 25, d.case.year + 26), 25)
        for size, named in product((2, 5, 20), (True, False)):
            drawn = rng.choice(near, size - named, replace=False)
            lists.append((d, {*map(int, drawn), *([d.case.year] if named else [])}, named))
    for others in (1e-9, 0.01, 0.03, 0.1, 0.3, 1.0):
        shares = np.zeros((2, 2))
        for d, listed, named in lists:
            chances = expecting(d.reading.chances, listed, others)
            best = max(listed, key=lambda y: chances.get(y, 0.0))
            shares[int(named), int(best == d.case.year)] += chances.get(best, 0.0) >= least
        shares /= len(lists) / 2
        told = f"{others:<6} {shares[1, 1]:6.3f} {shares[1, 0]:6.3f} {shares[0, 0]:11.3f}"
        yield f"{told} {len(lists) // 2:6}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--possible", default="wide,type")
    parser.add_argument("--every", type=int, default=1, help="only every n-th photo")
    parser.add_argument("--half", type=int, choices=(0, 1), help="only one half of the designs")
    parser.add_argument("--fit", action="store_true", help="refit the weights on the first half")
    parser.add_argument("--show", action="store_true", help="name what was not read right")
    parser.add_argument("--ends", action="store_true", help="fit what a letter is worth, no more")
    parser.add_argument("--lists", action="store_true", help="as if few years were possible")
    args = parser.parse_args()
    reader = YearReader()
    if args.ends:
        x = np.array(list(surpluses(reader, args.data)))
        clear = np.abs(x) > 1
        print(f"WORTH = {fit_ends(x):.2f} of {len(x)}; {clear.sum()} differ by more than a letter,")
        print(f"{(x[clear] > 0).sum()} of these in the date's direction")
        return
    if args.lists:
        both = [read(reader, n, args.data, "wide", args.every, args.half) for n in ("dev", "wild")]
        done = [d for one in both for d in one]
        for half in sorted({d.case.half for d in done}):
            print(f"half {half}  listed: right, wrong; not listed: wrong; lists")
            print(*by_lists([d for d in done if d.case.half == half]), sep="\n", flush=True)
        return
    print("set          possible   exact  wrong   none     n     ms   second half: exact, wrong")
    everything: list[Done] = []
    for name in args.sets.split(","):
        for possible in args.possible.split(","):
            if possible == "type" and name in ("cents", "cents lying", "minted undated"):
                continue
            done = list(read(reader, name, args.data, possible, args.every, args.half))
            everything += done
            print(summary(name, possible, done), flush=True)
            for d in done if args.show else ():
                if d.reading.best is None or d.reading.best.year != d.case.year:
                    print(describe(d))
    sure = [
        (d.reading.best.probability, d.reading.best.year == d.case.year)
        for d in everything
        if d.reading.best
    ]
    p, y = np.array(sure, float).T
    print(
        f"calibration: mean probability {p.mean():.3f}, exact when it answers {y.mean():.3f}, "
        f"Brier {np.mean((p - y) ** 2):.4f}, n={len(p)}"
    )
    if args.fit:
        print("SCORE, LEAD, BIAS =", fit([d for d in everything if not d.case.half]))


if __name__ == "__main__":
    main()
