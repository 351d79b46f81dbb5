"""Buildings: castles, lighthouses, temples, bridges, windmills."""

# ruff: noqa: RUF005 - an array plus a tuple is a shape moved, nothing is concatenated

from __future__ import annotations

import numpy as np

from obverse.mint.clay import Clay
from obverse.mint.motifs.parts import bricks, sea
from obverse.mint.shapes import arc, box, circle, curve, place, ribbon, star

Rng = np.random.Generator


def castle(clay: Clay, rng: Rng) -> None:
    """A castle with crenellated towers and a gate."""
    towers = int(rng.choice([1, 2, 3, 3]))
    xs = {1: [0.0], 2: [-0.5, 0.5], 3: [-0.58, 0.58, 0.0]}[towers]
    if towers > 1:
        clay.join([box(-0.6, -0.72, 0.6, -0.05)], 0.34, 0.04)
        clay.join(
            [box(x - 0.05, -0.05, x + 0.05, 0.06) for x in np.arange(-0.45, 0.5, 0.18)], 0.34, 0.03
        )
        bricks(clay, -0.6, -0.70, 0.6, -0.08, 0.09)
    roofs = rng.random() < 0.5
    for x in xs:
        big = x == 0.0
        w, top = (0.26 if big else 0.19) * (1.6 if towers == 1 else 1), (0.5 if big else 0.28)
        clay.over([box(x - w, -0.74, x + w, top)], 0.44, 0.09, keep=0.0)
        bricks(clay, x - w + 0.02, -0.70, x + w - 0.02, top, 0.085)
        clay.over([box(x - w - 0.05, top - 0.02, x + w + 0.05, top + 0.08)], 0.46, 0.03, keep=0.0)
        teeth = np.linspace(x - w - 0.01, x + w + 0.01, 4)
        clay.join([box(t - 0.04, top + 0.06, t + 0.04, top + 0.19) for t in teeth], 0.5, 0.03)
        if roofs:
            clay.over(
                [np.array([(x - w, top + 0.12), (x + w, top + 0.12), (x, top + 0.12 + w * 1.6)])],
                0.44,
                0.14,
                keep=0.1,
            )
            clay.join([circle(x, top + 0.13 + w * 1.6, 0.035)], 0.5, 0.03)
        slit = np.concatenate(
            [
                arc(0.055, 0, 180, 9) + (x, top - 0.18),
                [(x - 0.055, top - 0.34), (x + 0.055, top - 0.34)],
            ]
        )
        clay.cut([slit], 0.36, 0.03)
    gate = np.concatenate([arc(0.15, 0, 180, 13) + (0, -0.42), [(-0.15, -0.74), (0.15, -0.74)]])
    clay.over([place(gate, 0, 0.0, 1.0)], 0.1, 0.02, keep=0.4)
    clay.add(
        [box(x - 0.012, -0.74, x + 0.012, -0.30) for x in (-0.08, 0, 0.08)]
        + [box(-0.14, y, 0.14, y + 0.022) for y in (-0.62, -0.48)],
        0.14,
        0.012,
    )
    hill = curve([(-0.9, -0.9), (-0.5, -0.74), (0.5, -0.74), (0.9, -0.9), (0, -0.96)], closed=True)
    clay.over([hill], 0.40, 0.06, keep=0.2)


def lighthouse(clay: Clay, rng: Rng) -> None:
    """A lighthouse with beams over the sea."""
    n = int(rng.integers(3, 6))
    for s in (-1, 1):
        for a in np.linspace(-28, 28, n):
            beam = place(
                np.array([(0.16, 0.0), (0.78, 0.03), (0.78, -0.03)]),
                0,
                0.62,
                1,
                a if s > 0 else 180 - a,
            )
            clay.join([beam], 0.28, 0.02)
    tower = np.array([(-0.24, -0.60), (-0.13, 0.42), (0.13, 0.42), (0.24, -0.60)])
    clay.over([tower], 0.52, 0.16, keep=0.0)
    bands = int(rng.integers(2, 5))
    for k in range(bands):
        y0, y1 = -0.5 + 0.9 * k / bands, -0.5 + 0.9 * (k + 0.5) / bands
        w0, w1 = 0.23 - 0.11 * (y0 + 0.6), 0.23 - 0.11 * (y1 + 0.6)
        clay.add([np.array([(-w0, y0), (w0, y0), (w1, y1), (-w1, y1)])], 0.12, 0.03)
    clay.over([box(-0.21, 0.40, 0.21, 0.47)], 0.6, 0.03, keep=0.0)
    clay.over([box(-0.11, 0.47, 0.11, 0.70)], 0.5, 0.06, keep=0.0)
    clay.cut([box(x - 0.022, 0.50, x + 0.022, 0.68) for x in (-0.055, 0.0, 0.055)], 0.3, 0.015)
    clay.over([np.array([(-0.16, 0.70), (0.16, 0.70), (0, 0.92)])], 0.5, 0.08, keep=0.0)
    rocks = curve(
        [(-0.6, -0.72), (-0.4, -0.52), (-0.15, -0.62), (0.1, -0.50), (0.36, -0.58), (0.62, -0.74)],
        closed=True,
        steps=3,
    )
    clay.over([rocks], 0.48, 0.06, keep=0.1)
    sea(clay, -0.70)


def temple(clay: Clay, rng: Rng) -> None:
    """A temple front or a domed hall with columns."""
    n, domed = int(rng.choice([4, 6, 8])), rng.random() < 0.4
    for k in range(3):
        clay.join(
            [box(-0.86 + 0.06 * k, -0.74 + 0.09 * k, 0.86 - 0.06 * k, -0.66 + 0.09 * k)],
            0.34 + 0.06 * k,
            0.025,
        )
    clay.join([box(-0.70, -0.5, 0.70, 0.10)], 0.12, 0.03)
    for x in np.linspace(-0.62, 0.62, n):
        w = 0.26 / n + 0.022
        clay.over([box(x - w, -0.46, x + w, 0.10)], 0.46, w, keep=0.0)
        clay.cut(
            [box(x + d * w - 0.006, -0.40, x + d * w + 0.006, 0.04) for d in (-0.45, 0.0, 0.45)],
            0.10,
            0.008,
        )
        clay.join(
            [
                box(x - w * 1.5, 0.05, x + w * 1.5, 0.11),
                box(x - w * 1.4, -0.48, x + w * 1.4, -0.42),
            ],
            0.52,
            0.02,
        )
    clay.over([box(-0.78, 0.11, 0.78, 0.25)], 0.46, 0.03, keep=0.0)
    clay.add([circle(x, 0.18, 0.025) for x in np.linspace(-0.7, 0.7, 13)], 0.14, 0.02)
    if domed:
        clay.over([box(-0.44, 0.25, 0.44, 0.36)], 0.44, 0.03, keep=0.0)
        dome = np.concatenate([arc(0.42, 0, 180, 30) * (1, 1.1) + (0, 0.36)])
        clay.over([dome], 0.56, 0.24, keep=0.0)
        ribs = [
            ribbon(curve([(t * 0.41, 0.37), (t * 0.34, 0.64), (0, 0.82)]), [0.03, 0.02])
            for t in (-0.7, -0.35, 0, 0.35, 0.7)
        ]
        clay.add(ribs, 0.08, 0.015)
        clay.join([box(-0.03, 0.80, 0.03, 0.94), circle(0, 0.93, 0.045)], 0.5, 0.03)
    else:
        gable = np.array([(-0.86, 0.25), (0.86, 0.25), (0, 0.72)])
        clay.over([gable], 0.48, 0.04, keep=0.0)
        clay.cut([place(gable, 0, 0.30 * 0.28, 0.74)], 0.26, 0.025)
        clay.add([place(star(int(rng.integers(5, 9))), 0, 0.40, 0.11)], 0.26, 0.03)
        clay.join(
            [circle(x, y, 0.045) for x, y in ((-0.84, 0.30), (0.84, 0.30), (0, 0.76))], 0.5, 0.04
        )


def bridge(clay: Clay, rng: Rng) -> None:
    """An arched or a hanging bridge over water."""
    if rng.random() < 0.5:
        n = int(rng.integers(2, 5))
        deck = curve([(-0.98, -0.12), (0, 0.16), (0.98, -0.12)])
        wall = np.concatenate([deck, [(0.98, -0.62), (-0.98, -0.62)]])
        clay.join([wall], 0.44, 0.05)
        bricks(clay, -0.95, -0.60, 0.95, 0.0, 0.085)
        span = 1.9 / n
        for k in range(n):
            x = -0.95 + span * (k + 0.5)
            hole = np.concatenate(
                [
                    arc(span * 0.38, 0, 180, 20) + (x, -0.46),
                    [(x - span * 0.38, -0.62), (x + span * 0.38, -0.62)],
                ]
            )
            clay.over([place(hole, 0, 0)], 0.02, 0.02, keep=0.0)
            clay.add([ribbon(arc(span * 0.42, 0, 180, 20) + (x, -0.46), 0.04)], 0.14, 0.018)
        clay.over([ribbon(deck, 0.07)], 0.5, 0.03, keep=0.2)
        clay.join([box(x - 0.014, y, x + 0.014, y + 0.14) for x, y in deck[1:-1]], 0.44, 0.014)
        clay.join([ribbon(deck + (0, 0.14), 0.03)], 0.44, 0.015)
        for x in (-0.6, 0.6):
            clay.join(
                [circle(x, 0.45, 0.09), circle(x + 0.12, 0.42, 0.08), circle(x - 0.12, 0.42, 0.07)],
                0.24,
                0.07,
            )
    else:
        for x in (-0.5, 0.5):
            clay.join(
                [box(x - 0.11, -0.62, x - 0.04, 0.72), box(x + 0.04, -0.62, x + 0.11, 0.72)],
                0.5,
                0.03,
            )
            clay.join(
                [box(x - 0.13, y, x + 0.13, y + 0.06) for y in (-0.1, 0.2, 0.48, 0.70)], 0.5, 0.025
            )
        mid = curve([(-0.5, 0.70), (-0.25, 0.10), (0, -0.10), (0.25, 0.10), (0.5, 0.70)])
        ends = [np.array([(s * 0.5, 0.70), (s * 0.98, -0.10)]) for s in (-1, 1)]
        clay.join([ribbon(c, 0.04) for c in (mid, *ends)], 0.44, 0.02)
        clay.join([box(x - 0.008, -0.22, x + 0.008, y) for x, y in mid[2:-2:2]], 0.3, 0.008)
        clay.over([box(-0.98, -0.30, 0.98, -0.20)], 0.5, 0.03)
    sea(clay, -0.60)


def windmill(clay: Clay, rng: Rng) -> None:
    """A windmill with lattice sails."""
    clay = clay.at(0.0, -0.06, 0.88)
    clay.join([np.array([(-0.40, -0.80), (-0.24, 0.20), (0.24, 0.20), (0.40, -0.80)])], 0.46, 0.16)
    bricks(clay, -0.36, -0.78, 0.36, 0.10, 0.1)
    clay.over(
        [curve([(-0.27, 0.18), (0.27, 0.18), (0.20, 0.42), (0, 0.54), (-0.20, 0.42)], closed=True)],
        0.5,
        0.12,
        keep=0.1,
    )
    clay.over(
        [np.concatenate([arc(0.10, 0, 180, 11) + (0, -0.56), [(-0.10, -0.80), (0.10, -0.80)]])],
        0.12,
        0.02,
        keep=0.5,
    )
    start = rng.uniform(15, 75)
    for k in range(4):
        sail = clay.at(0, 0.28, 1.0, start + 90 * k)
        sail.over([box(0.0, -0.02, 0.86, 0.02), box(0.18, 0.02, 0.86, 0.22)], 0.20, 0.02, keep=0.3)
        sail.cut([box(x, 0.05, x + 0.055, 0.11) for x in np.arange(0.21, 0.84, 0.08)], 0.2, 0.015)
        sail.cut([box(x, 0.13, x + 0.055, 0.19) for x in np.arange(0.21, 0.84, 0.08)], 0.2, 0.015)
    clay.over([circle(0, 0.28, 0.07)], 0.44, 0.05)
    ground = curve(
        [(-0.86, -0.90), (-0.4, -0.78), (0.4, -0.78), (0.86, -0.90), (0, -0.96)], closed=True
    )
    clay.over([ground], 0.40, 0.05)
