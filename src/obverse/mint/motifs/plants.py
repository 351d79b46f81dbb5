"""Plants: trees, ears, vines, blossoms and single leaves."""

# ruff: noqa: RUF005 - an array plus a tuple is a shape moved, nothing is concatenated

from __future__ import annotations

import math

import numpy as np

from obverse.mint.clay import Clay
from obverse.mint.shapes import circle, curve, leaf, limb, place, ribbon, star

Rng = np.random.Generator


def tree(clay: Clay, rng: Rng) -> None:
    """A broad tree with branches, leaf clumps and roots."""
    tips: list[tuple[float, float]] = []

    def grow(x: float, y: float, turn: float, length: float, width: float, depth: int) -> None:
        bend = rng.uniform(-14, 14)
        a = math.radians(turn + bend / 2)
        ex, ey = x + length * math.cos(a), y + length * math.sin(a)
        clay.join([limb([(x, y, width), (ex, ey, width * 0.68)])], 0.3 + width, 0.05)
        if depth == 0:
            tips.append((ex, ey))
            return
        for lean in rng.uniform(18, 40, 2) * (-1, 1):
            grow(
                ex,
                ey,
                turn + lean + bend,
                length * rng.uniform(0.68, 0.84),
                width * 0.62,
                depth - 1,
            )

    grow(0.0, -0.78, 90 + rng.uniform(-6, 6), rng.uniform(0.42, 0.55), rng.uniform(0.08, 0.12), 4)
    clay.join([leaf(0, -0.74, a, 0.42, 0.26) for a in (-8, -40, 188, 220)], 0.4, 0.04)
    size = rng.uniform(0.14, 0.2)
    for x, y in tips:
        for a in rng.uniform(0, 360, 4):
            clay.over([leaf(x, y, a, size, 0.55)], 0.24, 0.03, keep=0.85)
    if rng.random() < 0.5:
        clay.add([circle(x, y, 0.035) for x, y in tips[::2]], 0.3, 0.035)


def palm(clay: Clay, rng: Rng) -> None:
    """A palm with fronds, on an island."""
    lean = rng.uniform(-0.25, 0.25)
    stem = curve([(-lean, -0.80), (-lean * 0.6, -0.2), (lean * 0.4, 0.32)])
    clay.join([ribbon(stem, [0.17, 0.12, 0.10])], 0.45, 0.05)
    clay.cut(
        [ribbon([tuple(p - (0.08, 0.0)), tuple(p + (0.08, 0.02))], 0.016) for p in stem[::2]],
        0.12,
        0.012,
    )
    n = int(rng.integers(7, 11))
    for a in np.linspace(-28, 208, n):
        r, t = rng.uniform(0.62, 0.78), math.radians(a)
        end = (
            lean * 0.4 + r * math.cos(t),
            0.32 + r * math.sin(t) * 0.75 - 0.22 * abs(math.cos(t)),
        )
        rib = curve(
            [(lean * 0.4, 0.32), ((lean * 0.4 + end[0]) / 2, (0.32 + end[1]) / 2 + 0.16), end]
        )
        blades = []
        for k in range(2, len(rib) - 1):
            d = rib[k] - rib[k - 1]
            way = math.degrees(math.atan2(d[1], d[0]))
            blades += [leaf(rib[k][0], rib[k][1], way + s * 38, 0.20, 0.26) for s in (-1, 1)]
        clay.over(blades, 0.24, 0.025, keep=0.8)
        clay.join([ribbon(rib, [0.04, 0.02])], 0.4, 0.015)
    clay.over([circle(lean * 0.4 + x, 0.26, 0.065) for x in (-0.08, 0.03, 0.12)], 0.36, 0.06)
    shore = curve(
        [(-0.75, -0.86), (-0.3, -0.74), (0.2, -0.76), (0.75, -0.86), (0.0, -0.92)], closed=True
    )
    clay.over([shore], 0.34, 0.05)


def pine(clay: Clay, rng: Rng) -> None:
    """One to three conifers."""
    for x, size in [(-0.55, 0.6), (0.58, 0.66), (0.0, 1.0)][2 - int(rng.integers(0, 3)) :]:
        one = clay.at(x, (size - 1) * 0.8, size)
        one.join([ribbon([(0, -0.92), (0, 0.0)], [0.14, 0.06])], 0.4, 0.05)
        tiers = int(rng.integers(5, 8))
        for k in range(tiers):
            y, w = -0.62 + 1.38 * k / tiers, 0.56 * (1 - k / tiers) + 0.1
            needles = [leaf(0, y + 0.24, -90 + a,
                w * 1.0 / max(math.cos(math.radians(abs(a) * 0.55)), 0.5), 0.3)
                       for a in np.linspace(-62, 62, 9)]  # fmt: skip
            for needle in needles:
                one.over([needle], 0.18, 0.035, keep=0.85)
        one.join([leaf(0, 0.66, 90, 0.34, 0.3)], 0.5, 0.04)
    clay.join(
        [ribbon(curve([(-0.85, -0.93), (0, -0.90), (0.85, -0.93)]), [0.02, 0.07, 0.02])], 0.3, 0.03
    )


def ears(clay: Clay, rng: Rng) -> None:
    """A sheaf of ears of grain, tied."""
    n = int(rng.integers(3, 8))
    awn = rng.uniform(0.12, 0.4)
    spread = rng.uniform(0.35, 0.62)
    for t in sorted(np.linspace(-1, 1, n), key=abs, reverse=True):
        stalk = curve(
            [
                (-0.25 * t, -0.92),
                (0.0, -0.35),
                (spread * 0.55 * t, 0.10),
                (spread * t, 0.42 - 0.1 * abs(t)),
            ]
        )
        clay.over([ribbon(stalk, [0.035, 0.04, 0.03])], 0.3, 0.02, keep=0.8)
        end, way = stalk[-1], math.degrees(math.atan2(*(stalk[-1] - stalk[-4])[::-1]))
        for k in range(6):
            p = end + (0.085 * (k - 2)) * np.array(
                [math.cos(math.radians(way)), math.sin(math.radians(way))]
            )
            for s in (-1, 1):
                clay.over([leaf(p[0], p[1], way + s * 28, 0.17, 0.5)], 0.26, 0.035, keep=0.85)
                tip = place(
                    np.array([(0.13, 0.0), (0.13 + awn, 0.03 * s)]), p[0], p[1], 1.0, way + s * 16
                )
                clay.join([ribbon(tip, [0.014, 0.006])], 0.3, 0.008)
        clay.over([leaf(end[0], end[1], way, 0.2, 0.4)], 0.26, 0.035)
    for s in (-1, 1):
        blade = curve([(0, -0.42), (0.30 * s, -0.20), (0.56 * s, -0.40), (0.62 * s, -0.60)])
        clay.over([ribbon(blade, [0.05, 0.09, 0.02])], 0.26, 0.035)
        clay.over(
            [ribbon(curve([(0, -0.40), (0.16 * s, -0.56), (0.28 * s, -0.80)]), [0.05, 0.09, 0.08])],
            0.26,
            0.03,
        )
    clay.over([circle(0, -0.38, 0.11, 0.07)], 0.36, 0.05)


def vine(clay: Clay, rng: Rng) -> None:
    """A bunch of grapes with two leaves."""
    rows = int(rng.integers(5, 8))
    r = 0.62 / rows
    spots = [((k - (rows - 1 - row) / 2) * 2 * r * 0.9, 0.30 - row * r * 1.7)
             for row in range(rows) for k in range(rows - row)]  # fmt: skip
    for x, y in spots:
        clay.over([circle(x + rng.uniform(-0.02, 0.02), y, r)], 0.5, r, keep=0.3)
    clay.join([ribbon(curve([(0, 0.3), (0.02, 0.6), (-0.14, 0.90)]), [0.05, 0.07])], 0.45, 0.03)
    for s in (-1, 1):
        _lobed(clay.at(0.44 * s, 0.52, 0.42, -40 * s + rng.uniform(-15, 15)), rng, 5)
        curl = place(curve([(0, 0), (0.2, 0.1), (0.3, 0.3), (0.15, 0.35), (0.14, 0.22)]), 0, 0)
        clay.join([ribbon(curl * (s, -1) + (0.5 * s, 0.0), [0.03, 0.02])], 0.3, 0.015)


def _lobed(clay: Clay, rng: Rng, lobes: int) -> None:
    """A leaf with pointed or round lobes and veins, its stalk down."""
    sharp = rng.random() < 0.5
    tips = np.linspace(-115, 115, lobes) + 90
    outline: list[tuple[float, float]] = []
    for k, a in enumerate(tips):
        r = 1.0 - 0.28 * abs(k - (lobes - 1) / 2) / (lobes / 2)
        for da, f in ((-16, 0.62), (-7, 0.86), (0, 1.06), (7, 0.86), (16, 0.62)):
            t = math.radians(a + da)
            outline.append((r * f * math.cos(t), r * f * math.sin(t)))
        if k < lobes - 1:
            t = math.radians((a + tips[k + 1]) / 2)
            outline.append((0.36 * math.cos(t), 0.36 * math.sin(t)))
    blade = (
        np.array(outline + [(0.0, -0.2)]) if sharp else curve([*outline, (0.0, -0.2)], closed=True)
    )
    clay.over([blade], 0.30, 0.09, keep=0.5)
    clay.add([blade], 0.2)
    for k, a in enumerate(tips):
        r = 0.85 - 0.25 * abs(k - (lobes - 1) / 2) / (lobes / 2)
        vein = place(np.array([(0.0, 0.0), (r / 2, 0.0), (r, 0.0)]), 0, -0.1, 1, a)
        clay.cut([ribbon(vein, [0.05, 0.03, 0.01])], 0.16, 0.02)
    clay.join(
        [ribbon(curve([(0, -0.15), (0.02, -0.6), (0.10, -0.95)]), [0.05, 0.06, 0.08])], 0.4, 0.03
    )


def foliage(clay: Clay, rng: Rng) -> None:
    """One large leaf: maple, oak, plane …"""
    _lobed(clay.at(0, -0.05, 0.92, rng.uniform(-15, 15)), rng, int(rng.choice([3, 5, 7, 9])))


def rose(clay: Clay, rng: Rng) -> None:
    """A heraldic rose or a rosette of several rings of petals."""
    n = int(rng.integers(5, 10))
    rings = int(rng.integers(2, 4))
    if rng.random() < 0.6:
        clay.join([leaf(0, 0, 90 + 360 * (k + 0.5) / n, 0.98, 0.26) for k in range(n)], 0.34, 0.05)
    for ring in range(rings):
        r = 0.84 * (1 - ring / (rings + 0.4))
        for k in range(n):
            a = 90 + 360 * (k + 0.5 * ring) / n
            petal = curve([(0.1, 0), (0.55, 0.30 * 6 / n * 1.2), (0.90, 0.24 * 6 / n),
                (0.96, 0.05), (0.90, 0.0), (0.96, -0.05),
                           (0.90, -0.24 * 6 / n),
                               (0.55, -0.30 * 6 / n * 1.2)], closed=True)  # fmt: skip
            clay.over([place(petal, 0, 0, r, a)], 0.30, 0.07 * r + 0.02, keep=0.55)
            clay.cut(
                [place(ribbon([(0.3, 0), (0.6, 0), (0.84, 0)], [0.01, 0.04, 0.01]), 0, 0, r, a)],
                0.10,
                0.02,
            )
    core = 0.84 / (rings + 0.4) * 0.62
    clay.over([circle(0, 0, core)], 0.46, 0.08)
    clay.add([circle(core * 0.62 * math.cos(a), core * 0.62 * math.sin(a), core * 0.17)
              for a in np.linspace(0, 2 * math.pi, 9)[:-1]], 0.16, 0.02)  # fmt: skip


def blossom(clay: Clay, rng: Rng) -> None:
    """A flower on its stem: tulip, daisy, lily or thistle."""
    kind = str(rng.choice(["tulip", "daisy", "lily", "thistle"]))
    bend = rng.uniform(-0.12, 0.12)
    stem = curve([(0.0, -0.95), (bend, -0.4), (0.0, 0.12)])
    clay.join([ribbon(stem, [0.07, 0.06])], 0.42, 0.035)
    for s in (-1, 1):
        a, y = 90 - s * rng.uniform(28, 55), rng.uniform(-0.85, -0.55)
        blade = leaf(0, y, a, rng.uniform(0.55, 0.8), 0.34)
        clay.over([blade], 0.30, 0.06)
        mid = place(np.array([(0.05, 0.0), (0.3, 0.0), (0.55, 0.0)]), 0, y, 1, a)
        clay.cut([ribbon(mid, [0.03, 0.02, 0.01])], 0.12, 0.015)
    if kind == "tulip":
        for x, lean in ((-0.16, 12), (0.16, -12), (0, 0)):
            clay.over([leaf(x, 0.05, 90 + lean, 0.86, 0.46)], 0.40, 0.12)
        clay.cut([ribbon([(0, 0.2), (0, 0.7)], [0.03, 0.01])], 0.1, 0.015)
    elif kind == "daisy":
        n = int(rng.integers(11, 18))
        for k in range(n):
            clay.over([leaf(0, 0.36, 360 * k / n, 0.52, 0.30)], 0.30, 0.045, keep=0.75)
        clay.over([circle(0, 0.36, 0.17)], 0.40, 0.10)
        dots = [
            (
                0.16 * math.sqrt(k / 40) * math.cos(2.4 * k),
                0.36 + 0.16 * math.sqrt(k / 40) * math.sin(2.4 * k),
            )
            for k in range(40)
        ]
        clay.add([circle(d[0], d[1], 0.016) for d in dots], 0.12, 0.012)
    elif kind == "lily":
        for a in (150, 30, 118, 62, 90):
            petal = place(
                curve(
                    [
                        (0, 0),
                        (0.35, 0.13),
                        (0.75, 0.05),
                        (0.86, -0.10),
                        (0.70, -0.08),
                        (0.3, -0.11),
                    ],
                    closed=True,
                ),
                0,
                0.05,
                1.0,
                a,
            )
            clay.over([petal], 0.32, 0.06, keep=0.7)
        for a in (70, 90, 110):
            wire = place(np.array([(0.2, 0.0), (0.86, 0.0)]), 0, 0.05, 1, a)
            clay.over([ribbon(wire, 0.02), circle(wire[1][0], wire[1][1], 0.035)], 0.3, 0.015)
    else:
        clay.over([leaf(0, 0.30, a, 0.58, 0.14) for a in np.linspace(35, 145, 13)], 0.34, 0.02)
        clay.over([circle(0, 0.22, 0.25, 0.23)], 0.44, 0.14)
        for row in range(4):
            for k in range(5):
                clay.over(
                    [leaf(-0.2 + 0.1 * k, 0.10 + 0.08 * row, 90, 0.12, 0.6)], 0.14, 0.025, keep=0.9
                )
    if rng.random() < 0.3:
        clay.join([place(star(5), s * 0.62, 0.55, 0.12) for s in (-1, 1)], 0.4, 0.03)
