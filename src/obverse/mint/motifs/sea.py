"""Creatures of the sea: fish, dolphins, turtles, shells, crabs."""

from __future__ import annotations

import itertools
import math

import numpy as np

from obverse.mint.clay import Clay
from obverse.mint.shapes import arc, circle, curve, leaf, limb, ribbon, spiral

Rng = np.random.Generator


def fish(clay: Clay, rng: Rng) -> None:
    """One fish with scales, or two turning round each other."""
    deep = rng.uniform(0.22, 0.42)
    pair = rng.random() < 0.35
    spots = (
        [(0.0, 0.42, 0.72, 0), (0.0, -0.42, 0.72, 180)]
        if pair
        else [(0.0, 0.0, 1.0, rng.uniform(-15, 25))]
    )
    for x, y, size, turn in spots:
        f = clay.at(x, y, size, turn)
        for s in (-1, 1):
            tail = curve(
                [(-0.56, 0), (-0.78, 0.16 * s), (-0.98, 0.36 * s), (-0.86, 0.04 * s)], closed=True
            )
            f.join([tail], 0.40, 0.05)
            f.cut(
                [
                    ribbon([(-0.66, 0.06 * s), (-0.92, (0.14 + 0.08 * k) * s)], [0.004, 0.02])
                    for k in range(3)
                ],
                0.14,
                0.01,
            )
            fin = curve(
                [
                    (0.22, deep * 0.8 * s),
                    (0.0, (deep + 0.22) * s),
                    (-0.34, (deep * 0.7 + 0.14) * s),
                    (-0.28, deep * 0.6 * s),
                ],
                closed=True,
            )
            f.join([fin], 0.36, 0.04)
            f.cut(
                [
                    ribbon(
                        [
                            (0.12 - 0.1 * k, deep * 0.8 * s),
                            (0.0 - 0.11 * k, (deep + 0.18 - 0.03 * k) * s),
                        ],
                        0.014,
                    )
                    for k in range(4)
                ],
                0.12,
                0.01,
            )
        body = curve([(0.92, -0.02), (0.62, deep * 0.72), (0.15, deep), (-0.35, deep * 0.55),
            (-0.66, 0.06), (-0.66, -0.06),
                      (-0.35, -deep * 0.55), (0.15, -deep),
                          (0.62, -deep * 0.75)], closed=True)  # fmt: skip
        f.over([body], 0.60, 0.20, keep=0.1)
        size_ = 0.115
        for row, px in enumerate(np.arange(-0.56, 0.42, size_ * 0.72)):
            h = float(
                np.interp(
                    px, [-0.66, -0.35, 0.15, 0.5], [0.05, deep * 0.52, deep * 0.92, deep * 0.8]
                )
            )
            for py in np.arange(-h, h, size_) + (row % 2) * size_ / 2:
                if abs(py) < h - 0.02:
                    f.over([circle(px, py, size_ * 0.58)], 0.07, 0.03, keep=0.92)
        gill = curve([(0.46, deep * 0.78), (0.36, 0.1), (0.44, -deep * 0.75)])
        f.cut([ribbon(gill, [0.01, 0.04, 0.01])], 0.2, 0.02)
        f.add([circle(0.64, 0.08, 0.065)], 0.14, 0.03)
        f.cut([circle(0.645, 0.08, 0.028)], 0.16, 0.02)
        f.cut([ribbon(curve([(0.93, -0.05), (0.82, -0.07), (0.76, -0.11)]), 0.02)], 0.2, 0.012)
        f.over([leaf(0.32, -0.06, 200, 0.28, 0.42)], 0.2, 0.03)


def dolphin(clay: Clay, rng: Rng) -> None:
    """A dolphin leaping over waves."""
    clay_ = clay.at(0, 0.02, 0.98, rng.uniform(-10, 20))
    spine = [
        (-0.80, -0.36, 0.035),
        (-0.62, 0.02, 0.09),
        (-0.26, 0.30, 0.17),
        (0.18, 0.34, 0.20),
        (0.50, 0.14, 0.16),
        (0.66, -0.06, 0.10),
    ]
    for s in (-1, 1):
        clay_.join([leaf(-0.78, -0.34, 252 + 44 * s, 0.36, 0.36)], 0.42, 0.05)
    fin = curve([(-0.14, 0.46), (-0.22, 0.72), (-0.34, 0.78), (-0.32, 0.40)], closed=True)
    clay_.join([fin], 0.4, 0.05)
    clay_.join([limb(spine)], 0.62, 0.16)
    clay_.join([leaf(0.64, 0.0, -62, 0.36, 0.26)], 0.52, 0.05)
    clay_.cut([ribbon([(0.66, -0.10), (0.77, -0.28)], 0.016)], 0.16, 0.012)
    clay_.over([leaf(0.26, 0.20, 232, 0.42, 0.34)], 0.34, 0.05)
    clay_.cut([circle(0.60, 0.06, 0.024)], 0.2, 0.02)
    clay_.cut(
        [
            ribbon(
                curve([(0.52, -0.06), (0.22, 0.16), (-0.2, 0.16), (-0.5, 0.0)]), [0.01, 0.03, 0.01]
            )
        ],
        0.1,
        0.02,
    )
    for k in range(int(rng.integers(2, 5))):
        y, w = -0.56 - 0.12 * k, 0.8 - 0.1 * k
        wave = curve([(x, y + 0.05 * math.sin(4.2 * x + k)) for x in np.linspace(-w, w, 15)])
        clay.over([ribbon(wave, [0.02, 0.08, 0.02])], 0.34, 0.035)
        if k == 0:
            curls = [
                ribbon(spiral(x, y + 0.08, 0.10, 1.1, 200, 18), [0.05, 0.03])
                for x in (-0.5, 0.0, 0.5)
            ]
            clay.over(curls, 0.3, 0.02)


def turtle(clay: Clay, rng: Rng) -> None:
    """A turtle from above."""
    clay = clay.at(turn=rng.uniform(-30, 30))
    for s in (-1, 1):
        clay.join(
            [limb([(0.34 * s, 0.34, 0.14), (0.66 * s, 0.52, 0.10), (0.84 * s, 0.34, 0.04)])],
            0.42,
            0.07,
        )
        clay.join(
            [limb([(0.30 * s, -0.42, 0.12), (0.52 * s, -0.66, 0.08), (0.54 * s, -0.80, 0.04)])],
            0.42,
            0.06,
        )
    clay.join(
        [limb([(0, 0.46, 0.12), (0, 0.70, 0.13), (0, 0.80, 0.10)]), leaf(0, -0.6, -90, 0.34, 0.3)],
        0.46,
        0.08,
    )
    clay.add([circle(0.075 * s, 0.82, 0.026) for s in (-1, 1)], 0.16, 0.02)
    shell = curve(
        [
            (0, 0.60),
            (0.38, 0.46),
            (0.54, 0.05),
            (0.40, -0.46),
            (0, -0.68),
            (-0.40, -0.46),
            (-0.54, 0.05),
            (-0.38, 0.46),
        ],
        closed=True,
    )
    clay.over([shell], 0.42, 0.07, keep=0.0)
    clay.add([shell], 0.36)
    n = int(rng.integers(3, 6))
    ys = np.linspace(0.50, -0.58, n + 1)
    plates = [(0.0, (a + b) / 2, 0.16, (a - b) * 0.47) for a, b in itertools.pairwise(ys)]
    for x, y, w, h in plates:
        hexagon = np.array(
            [
                (x - w * 0.6, y + h),
                (x + w * 0.6, y + h),
                (x + w, y),
                (x + w * 0.6, y - h),
                (x - w * 0.6, y - h),
                (x - w, y),
            ]
        )
        clay.add([hexagon], 0.14, 0.04)
        for s in (-1, 1):
            side = np.array(
                [
                    (s * w * 1.15, y),
                    (s * w * 0.78, y + h),
                    (s * 0.40, y + h * 0.9),
                    (s * 0.46, y),
                    (s * 0.40, y - h * 0.9),
                    (s * w * 0.78, y - h),
                ]
            )
            clay.add([side * (0.98, 1)], 0.12, 0.035)


def shell(clay: Clay, rng: Rng) -> None:
    """A scallop or a nautilus."""
    if rng.random() < 0.5:
        n = int(rng.integers(7, 14))
        a = np.linspace(205, -25, n)
        for s in (-1, 1):
            clay.join(
                [np.array([(0, -0.62), (0.36 * s, -0.60), (0.34 * s, -0.80), (0, -0.86)])],
                0.36,
                0.04,
            )
        for k in sorted(range(n), key=lambda k: -abs(k - (n - 1) / 2)):
            t = math.radians(a[k])
            end = np.array([0.86 * math.cos(t), -0.02 + 0.78 * math.sin(t)])
            rib = limb(
                [
                    (0, -0.70, 0.02),
                    (*(end * 0.55 + (0, -0.25)), 0.07 * 11 / n),
                    (*end, 0.115 * 11 / n),
                ]
            )
            clay.join([rib], 0.56, 0.09)
        for r in (0.45, 0.65, 0.84):
            band = arc(1.0, 205, -25, 40) * (0.86 * r, 0.78 * r) + (0, -0.02 * r - 0.68 * (1 - r))
            clay.cut([ribbon(band, 0.02)], 0.10, 0.014)
    else:
        clay = clay.at(-0.12, 0.06, 1.55, rng.uniform(-25, 25))
        for k in range(60):
            t = k / 60
            angle, r = math.radians(-30 - 720 * (1 - t)), 0.07 * math.exp(2.35 * t)
            if t < 0.2:
                continue
            x, y = r * math.cos(angle) * 0.62 - 0.04, r * math.sin(angle) * 0.62 + 0.02
            clay.over([circle(x, y, r * 0.46)], 0.26 + 0.26 * t, r * 0.4, keep=0.15)


def crab(clay: Clay, rng: Rng) -> None:
    """A crab, claws raised."""
    open_ = rng.uniform(10, 40)
    for s in (-1, 1):
        for k in range(4):
            y = 0.10 - 0.15 * k
            clay.join(
                [
                    limb(
                        [
                            (0.36 * s, y, 0.07),
                            (0.72 * s, y + 0.14 - 0.08 * k, 0.05),
                            (0.92 * s, y - 0.20 - 0.05 * k, 0.015),
                        ]
                    )
                ],
                0.42,
                0.04,
            )
        clay.join(
            [limb([(0.34 * s, 0.22, 0.09), (0.66 * s, 0.42, 0.08), (0.52 * s, 0.60, 0.10)])],
            0.48,
            0.06,
        )
        for lean, size in ((90 + s * open_, 0.46), (90 - s * open_ * 0.5, 0.38)):
            clay.over([leaf(0.52 * s, 0.54, lean, size, 0.40)], 0.42, 0.06)
        clay.join(
            [ribbon([(0.12 * s, 0.3), (0.15 * s, 0.46)], 0.05), circle(0.155 * s, 0.47, 0.055)],
            0.5,
            0.03,
        )
    body = curve(
        [
            (0, 0.36),
            (0.36, 0.34),
            (0.58, 0.10),
            (0.42, -0.30),
            (0, -0.46),
            (-0.42, -0.30),
            (-0.58, 0.10),
            (-0.36, 0.34),
        ],
        closed=True,
    )
    clay.over([body], 0.62, 0.20, keep=0.05)
    clay.cut(
        [
            ribbon(
                curve([(0.30 * s, 0.20), (0.14 * s, 0.0), (0.22 * s, -0.22)]), [0.01, 0.04, 0.01]
            )
            for s in (-1, 1)
        ],
        0.16,
        0.02,
    )
    clay.add(
        [
            circle(x, y, 0.03)
            for x, y in rng.uniform((-0.36, -0.26), (0.36, 0.22), (int(rng.integers(6, 16)), 2))
        ],
        0.14,
        0.02,
    )
