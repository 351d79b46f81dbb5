"""Small creatures: bees, butterflies, snakes."""

from __future__ import annotations

import math

import numpy as np

from obverse.mint.clay import Clay
from obverse.mint.shapes import arc, circle, curve, leaf, limb, place, ribbon

Rng = np.random.Generator


def bee(clay: Clay, rng: Rng) -> None:
    """A bee from above."""
    wide = rng.uniform(0.9, 1.15)
    for s in (-1, 1):
        for x, y, x2, y2 in (
            (0.18, 0.24, 0.50, 0.60),
            (0.18, 0.06, 0.56, 0.0),
            (0.16, -0.04, 0.44, -0.40),
        ):
            clay.join(
                [
                    ribbon(
                        [(x * s, y), (x2 * s, (y + y2) / 2 + 0.06), (x2 * 1.15 * s, y2)],
                        [0.045, 0.02],
                    )
                ],
                0.36,
                0.02,
            )
        clay.join(
            [ribbon(curve([(0.06 * s, 0.60), (0.16 * s, 0.76), (0.26 * s, 0.86)]), [0.03, 0.02])],
            0.4,
            0.012,
        )
        for a, length, w in ((18, 0.86, 0.40), (-22, 0.62, 0.40)):
            wing = leaf(0.10 * s, 0.22, 90 - s * (90 - a), length * wide, w)
            clay.over([wing], 0.24, 0.035, keep=0.5)
            veins = [
                ribbon(
                    [
                        (0.14 * s, 0.22),
                        tuple(
                            place(
                                np.array([(length * wide * 0.8, d)]),
                                0.1 * s,
                                0.22,
                                1,
                                90 - s * (90 - a),
                            )[0]
                        ),
                    ],
                    0.014,
                )
                for d in (-0.08, 0.0, 0.08)
            ]
            clay.add(veins, 0.10, 0.008)
    clay.over(
        [
            curve(
                [
                    (0, 0.10),
                    (0.24, -0.06),
                    (0.27, -0.34),
                    (0.14, -0.72),
                    (0, -0.90),
                    (-0.14, -0.72),
                    (-0.27, -0.34),
                    (-0.24, -0.06),
                ],
                closed=True,
            )
        ],
        0.60,
        0.20,
        keep=0.1,
    )
    for k in range(int(rng.integers(4, 7))):
        y = -0.14 - 0.13 * k
        w = float(np.interp(-y, [0.0, 0.3, 0.72, 0.9], [0.22, 0.26, 0.14, 0.02]))
        clay.cut([ribbon(curve([(-w, y), (0, y - 0.05), (w, y)]), 0.05)], 0.22, 0.025)
    clay.over([circle(0, 0.24, 0.21)], 0.60, 0.16, keep=0.1)
    clay.add(
        [
            leaf(0.16 * math.cos(a) * r, 0.24 + 0.16 * math.sin(a) * r, 270, 0.08, 0.4)
            for r in (0.4, 0.9)
            for a in np.arange(0, 6.2, 0.7)
        ],
        0.12,
        0.015,
    )
    clay.over([circle(0, 0.52, 0.15, 0.13)], 0.54, 0.1, keep=0.2)
    clay.add([circle(0.10 * s, 0.55, 0.05, 0.06) for s in (-1, 1)], 0.2, 0.04)


def butterfly(clay: Clay, rng: Rng) -> None:
    """A butterfly, its wings patterned."""
    up, low, tail = rng.uniform(0.75, 0.98), rng.uniform(0.55, 0.75), rng.uniform(0, 0.3)
    spots = rng.integers(2, 5)
    for s in (-1, 1):
        h = clay.at(flip=s < 0)
        lower = curve(
            [
                (0.06, -0.06),
                (0.5, -0.02),
                (low, -0.30),
                (0.52, -0.66),
                (0.34, -0.72 - tail),
                (0.22, -0.58),
                (0.08, -0.34),
            ],
            closed=True,
        )
        upper = curve(
            [
                (0.05, 0.06),
                (0.30, 0.48),
                (0.66, 0.74),
                (up, 0.66),
                (0.86, 0.26),
                (0.62, 0.02),
                (0.30, -0.06),
            ],
            closed=True,
        )
        for wing, centre in ((lower, (0.44, -0.30)), (upper, (0.52, 0.34))):
            h.over([wing], 0.36, 0.05, keep=0.3)
            inner = (wing - centre) * 0.80 + centre
            h.cut([ribbon(np.concatenate([inner, inner[:1]]), 0.03)], 0.14, 0.015)
            h.add(
                [
                    ribbon([(0.06, centre[1] * 0.1), tuple(p)], [0.012, 0.024])
                    for p in inner[6:-8:5]
                ],
                0.12,
                0.012,
            )
            for k in range(int(spots)):
                p = wing[(k * 7 + 12) % len(wing)] * 0.84 + np.array(centre) * 0.16
                h.add([circle(p[0], p[1], 0.045)], 0.16, 0.03)
        h.join(
            [
                ribbon(curve([(0.02, 0.36), (0.14, 0.62), (0.20, 0.86)]), [0.03, 0.02]),
                circle(0.20, 0.87, 0.03),
            ],
            0.44,
            0.015,
        )
    clay.over(
        [limb([(0, -0.56, 0.03), (0, -0.20, 0.07), (0, 0.14, 0.09), (0, 0.36, 0.08)])],
        0.6,
        0.07,
        keep=0.1,
    )
    clay.cut(
        [ribbon([(-0.08, y), (0.08, y)], 0.018) for y in np.arange(-0.5, 0.0, 0.09)], 0.14, 0.012
    )


def serpent(clay: Clay, rng: Rng) -> None:
    """A snake round a staff or biting its tail."""
    if rng.random() < 0.5:
        clay.join([limb([(0, -0.92, 0.03), (0, 0.80, 0.055)])], 0.44, 0.05)
        clay.join([circle(0, 0.84, 0.09)], 0.5, 0.07)
        loops = int(rng.integers(2, 5))
        t = np.linspace(0, 1, 24 * loops)
        path = np.stack(
            [0.34 * (1 - 0.35 * t) * np.sin(2 * math.pi * loops * t), -0.78 + 1.30 * t], 1
        )
        wide = 0.04 + 0.10 * np.minimum(1, 3 * t)
        for k in range(0, len(path) - 4, 4):
            going = math.cos(2 * math.pi * loops * float(t[k + 2])) > 0
            piece = ribbon(path[k : k + 6], [float(w) for w in wide[k : k + 6]])
            if going:
                clay.over([piece], 0.42, 0.06, keep=0.2)
            else:
                clay.join([piece], 0.40, 0.06)
        x, y = path[-1]
        clay.over([leaf(x - 0.04, y - 0.02, 40, 0.36, 0.55)], 0.50, 0.07)
        clay.cut([circle(x + 0.12, y + 0.14, 0.025)], 0.2, 0.02)
    else:
        r = 0.70
        body = arc(r, 118, 438, 90)
        clay.join([ribbon(body, [0.03, 0.12, 0.18, 0.20, 0.20, 0.18])], 0.56, 0.10)
        for k in range(6, 86, 3):
            a = math.atan2(body[k][1], body[k][0])
            for d in (-0.03, 0.03):
                clay.add([circle((r + d) * math.cos(a), (r + d) * math.sin(a), 0.035)], 0.09, 0.02)
        x, y = body[-1]
        clay.over([leaf(x + 0.10, y - 0.06, 158, 0.46, 0.55)], 0.44, 0.08)
        clay.cut([circle(x - 0.10, y + 0.08, 0.028)], 0.2, 0.02)
        for k in (-2, 2, -1, 1, 0):
            clay.over([leaf(0.08 * k, -0.40, 90 - 24 * k, 0.78 - 0.08 * abs(k), 0.34)], 0.30, 0.05)
