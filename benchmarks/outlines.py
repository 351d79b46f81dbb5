"""How far photos show the outlines of the catalogue's corners and scallops, and how far by chance.

    python benchmarks/outlines.py PROTOCOL [PROTOCOL ...] --root DATA

Every catalogue picture of the first protocol is searched for a regular outline
(``verify/outlines.py``). Each is looked for on every query: at the turn that the maps give where it
is the query's own item, and at turns drawn by chance on queries of denominations that have no
picture of that shape.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from obverse.evaluate import protocol
from obverse.photo import load
from obverse.pipeline import Pipeline
from obverse.recipes import RECIPES
from obverse.verify import outlines

CHANCES = 3
"""Turns by chance for each wave and query."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("protocols", type=Path, nargs="+")
    parser.add_argument("--root", type=Path)
    args = parser.parse_args()
    pipeline, rng = Pipeline(RECIPES["coin"]), np.random.default_rng(0)

    plans = [protocol.read(path, root=args.root) for path in args.protocols]
    waves, maps, traced = {}, {}, 0
    for n, case in enumerate(plans[0].catalogue):
        photo = load(case.path)
        region = pipeline.finder.first(photo)
        traced += region.outline is not None
        if wave := outlines.wave(region.to_dict()):
            waves[case.item] = wave
            maps[case.item] = pipeline.embed([pipeline.normalise(photo, region)])[0].map
        say(n, len(plans[0].catalogue), "pictures")
    corners = Counter(wave.corners for wave in waves.values())
    print(f"{len(plans[0].catalogue)} pictures, {traced} outlines, {len(waves)} of them regular")
    print("corners:", ", ".join(f"{n} ({count})" for n, count in sorted(corners.items())))

    # Items of one denomination, the digits of their names, may share their shape.
    shapes = {(item[:3], wave.corners) for item, wave in waves.items()}
    by_chance: dict[int, list[float]] = {n: [] for n in corners}
    for plan in plans:
        own: dict[str, list[float]] = {item: [] for item in waves}
        for n, case in enumerate(plan.queries):
            photo = load(case.path)
            region = pipeline.finder.first(photo)
            if region.ellipse is None:
                continue
            rim = outlines.rim(photo, region.ellipse)
            if case.item in waves:
                query = pipeline.embed_query(pipeline.normalise(photo, region))
                turn = pipeline.prove(query, maps[case.item][None])[0].turn
                own[case.item].append(outlines.gain(rim, waves[case.item], turn))
            for wave in waves.values():
                if (case.item[:3], wave.corners) not in shapes:
                    turns = rng.uniform(0, 360, CHANCES)
                    by_chance[wave.corners] += [outlines.gain(rim, wave, t) for t in turns]
            say(n, len(plan.queries), plan.name)
        for item, gains in own.items():
            if gains:
                tell(f"{plan.name}, {item}, {waves[item].corners} corners", gains)
    for n, gains in sorted(by_chance.items()):
        tell(f"by chance, {n} corners", gains)


def tell(name: str, gains: list[float]) -> None:
    shown = sum(gain >= outlines.SHOWN for gain in gains)
    least, middle, most = np.quantile(gains, (0, 0.5, 1))
    print(
        f"{name}: {len(gains)}, gain {least:.3f} / {middle:.3f} / {most:.3f} (least, median, most),"
        f" {shown} seen"
    )


def say(done: int, total: int, text: str) -> None:
    if done % 500 == 0:
        print(f"{text}: {done}/{total}", file=sys.stderr)


if __name__ == "__main__":
    main()
