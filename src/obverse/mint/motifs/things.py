"""Things people made: ships, anchors, keys, lyres, vessels, scales, wheels."""

from __future__ import annotations

import itertools
import math

import numpy as np

from obverse.mint.clay import Clay
from obverse.mint.motifs.parts import sea
from obverse.mint.shapes import arc, box, circle, curve, leaf, limb, place, ribbon, ring, star
from obverse.types import F64

Rng = np.random.Generator


def ship(clay: Clay, rng: Rng) -> None:
    """A sailing ship of one to three masts."""
    masts = int(rng.integers(1, 4))
    round_ = rng.uniform(-0.05, 0.1)
    xs = {1: [0.02], 2: [-0.28, 0.30], 3: [-0.46, 0.02, 0.46]}[masts]
    clay.join([ribbon([(0.55, -0.34), (0.96, -0.02)], [0.05, 0.02])], 0.34, 0.02)
    for x in xs:
        tall = 0.86 - 0.25 * abs(x)
        clay.join([ribbon([(x, -0.45), (x, tall)], [0.06, 0.035])], 0.36, 0.025)
        stays = [ribbon([(x, tall - 0.05), (x + s * 0.36, -0.36)], 0.012) for s in (-1, 1)]
        clay.join(stays, 0.24, 0.008)
        flag = curve(
            [
                (x, tall),
                (x - 0.12, tall + 0.04),
                (x - 0.26, tall - 0.03),
                (x - 0.13, tall - 0.06),
                (x, tall - 0.09),
            ],
            closed=True,
        )
        clay.join([flag], 0.36, 0.02)
        levels = 2 if masts > 1 else int(rng.integers(1, 3))
        half = {1: 0.52, 2: 0.27, 3: 0.21}[masts]
        edges = np.linspace(-0.30, tall - 0.12, levels + 1)
        for low, high in itertools.pairwise(edges):
            h, w = high - low - 0.05, half * (1.0 - 0.3 * (low + 0.3))
            sail = curve([(x - w * 0.8, low + h), (x + w * 0.8, low + h),
                (x + w * 1.05 + round_, low + h * 0.4),
                          (x + w, low + 0.02), (x, low + 0.10 * h), (x - w, low + 0.02),
                              (x - w * 0.92 + round_, low + h * 0.4)],
                         closed=True, steps=5)  # fmt: skip
            clay.over([sail], 0.40, 0.10, keep=0.2)
            clay.add([sail], 0.12)
            seams = [
                ribbon(
                    curve(
                        [
                            (x + w * t * 0.8, low + h),
                            (x + w * t * 1.02 + round_ / 2, low + h * 0.4),
                            (x + w * t, low + 0.06),
                        ]
                    ),
                    0.012,
                )
                for t in (-0.5, 0, 0.5)
            ]
            clay.cut(seams, 0.08, 0.01)
            clay.join([box(x - w * 0.88, low + h - 0.02, x + w * 0.88, low + h + 0.02)], 0.5, 0.02)
    hull = curve([(-0.80, -0.14), (-0.66, -0.32), (0.0, -0.40), (0.50, -0.34), (0.70, -0.24),
        (0.56, -0.62), (0.3, -0.74),
                  (-0.5, -0.74), (-0.70, -0.50)], closed=True, steps=5)  # fmt: skip
    clay.over([hull], 0.50, 0.12, keep=0.2)
    planks = [
        ribbon(curve([(-0.72, -0.36 - d), (0, -0.46 - d), (0.60, -0.38 - d)]), 0.014)
        for d in (0.0, 0.08, 0.16)
    ]
    clay.cut(planks, 0.10, 0.01)
    clay.cut([circle(x, -0.52, 0.025) for x in np.linspace(-0.5, 0.4, 6)], 0.14, 0.02)
    sea(clay, -0.70)


def anchor(clay: Clay, rng: Rng) -> None:
    """An anchor with a rope."""
    clay = clay.at(turn=rng.uniform(-14, 14))
    if rng.random() < 0.7:
        rope = curve(
            [(0, 0.82), (0.34, 0.62), (-0.30, 0.26), (0.34, -0.10), (-0.26, -0.46), (0.10, -0.62)],
            steps=10,
        )
        for k in range(0, len(rope) - 2, 2):
            d = rope[k + 2] - rope[k]
            clay.join(
                [
                    leaf(
                        rope[k, 0] - d[0] * 0.2,
                        rope[k, 1] - d[1] * 0.2,
                        math.degrees(math.atan2(d[1], d[0])) + 28,
                        0.13,
                        0.5,
                    )
                ],
                0.30,
                0.03,
            )
    clay.over(
        [ribbon(np.concatenate([circle(0, 0.80, 0.13), circle(0, 0.80, 0.13)[:1]]), 0.07)],
        0.44,
        0.035,
    )
    clay.over([ribbon([(0, 0.68), (0, -0.84)], [0.10, 0.15])], 0.54, 0.07, keep=0.3)
    clay.over(
        [
            ribbon([(-0.42, 0.46), (0.42, 0.46)], [0.07, 0.12, 0.07]),
            circle(-0.43, 0.46, 0.07),
            circle(0.43, 0.46, 0.07),
        ],
        0.46,
        0.05,
    )
    arms = curve([(-0.74, -0.28), (-0.52, -0.66), (0, -0.88), (0.52, -0.66), (0.74, -0.28)])
    clay.over([ribbon(arms, [0.06, 0.15, 0.06])], 0.5, 0.07)
    for s in (-1, 1):
        fluke = np.array([(s * 0.80, -0.10), (s * 0.84, -0.52), (s * 0.50, -0.40)])
        clay.over([fluke], 0.5, 0.06, keep=0.3)


def key(clay: Clay, rng: Rng) -> None:
    """Two keys crossed, or one."""
    crossed = rng.random() < 0.65
    bits = int(rng.integers(2, 5))
    lobes = int(rng.choice([1, 3, 4]))
    for turn, flip in ((45, False), (45, True)) if crossed else ((0, False),):
        one = clay.at(turn=turn if not flip else -turn, flip=flip)
        one.over([ribbon([(0, 0.4), (0, -0.88)], 0.13)], 0.46, 0.06, keep=0.25)
        for k in range(lobes):
            a = math.radians(90 + 360 * k / lobes) if lobes > 1 else 0.0
            r = 0.16 if lobes > 1 else 0.0
            x, y, size = r * math.cos(a), 0.62 + r * math.sin(a), 0.14 if lobes > 1 else 0.26
            one.over(
                [ribbon(np.concatenate([circle(x, y, size), circle(x, y, size)[:1]]), 0.09)],
                0.44,
                0.04,
            )
        one.over([box(-0.11, 0.33, 0.11, 0.40), box(-0.11, 0.24, 0.11, 0.29)], 0.5, 0.03)
        ward = box(0.05, -0.86, 0.36, -0.48)
        one.over([ward], 0.44, 0.04, keep=0.3)
        gaps = np.linspace(-0.80, -0.54, bits)
        one.cut(
            [box(0.16 + 0.08 * (k % 2), y - 0.022, 0.37, y + 0.022) for k, y in enumerate(gaps)],
            0.5,
            0.02,
        )


def lyre(clay: Clay, rng: Rng) -> None:
    """A lyre or a harp with strings."""
    n = int(rng.integers(4, 9))
    if rng.random() < 0.5:
        for s in (-1, 1):
            arm = curve(
                [
                    (0.14 * s, -0.62),
                    (0.56 * s, -0.34),
                    (0.50 * s, 0.16),
                    (0.36 * s, 0.46),
                    (0.56 * s, 0.82),
                    (0.70 * s, 0.72),
                ]
            )
            clay.join([ribbon(arm, [0.16, 0.17, 0.12, 0.10, 0.05])], 0.52, 0.06)
        clay.join(
            [
                ribbon([(-0.54, 0.52), (0.54, 0.52)], 0.09),
                circle(-0.56, 0.52, 0.065),
                circle(0.56, 0.52, 0.065),
            ],
            0.56,
            0.04,
        )
        base = curve(
            [(-0.30, -0.50), (0, -0.42), (0.30, -0.50), (0.34, -0.78), (0, -0.86), (-0.34, -0.78)],
            closed=True,
        )
        clay.over([base], 0.5, 0.09, keep=0.2)
        clay.cut([circle(0, -0.64, 0.08)], 0.2, 0.04)
        strings = [
            ribbon([(x * 0.7, -0.48), (x, 0.52)], 0.026) for x in np.linspace(-0.26, 0.26, n)
        ]
        clay.join(strings, 0.40, 0.013)
    else:
        post = curve([(0.56, -0.86), (0.62, -0.2), (0.46, 0.3), (0.62, 0.84)])
        neck = curve([(-0.58, 0.46), (-0.26, 0.62), (0.10, 0.50), (0.58, 0.84)])
        sound = ribbon([(0.58, -0.86), (-0.60, 0.48)], [0.20, 0.12])
        for x in np.linspace(0.06, 0.92, n + 3)[:-1]:
            low = np.array([0.58, -0.86]) * (1 - x) + np.array([-0.60, 0.48]) * x
            clay.join(
                [
                    ribbon(
                        [
                            tuple(low),
                            (low[0], float(np.interp(low[0], neck[:, 0], neck[:, 1]))),
                        ],
                        0.022,
                    )
                ],
                0.34,
                0.011,
            )
        clay.over([sound], 0.5, 0.07)
        clay.over([ribbon(neck, [0.10, 0.16, 0.14, 0.10])], 0.5, 0.06)
        clay.over([ribbon(post, [0.12, 0.15, 0.12, 0.16])], 0.54, 0.06)
        clay.over([circle(0.64, 0.84, 0.11)], 0.5, 0.08)


def amphora(clay: Clay, rng: Rng) -> None:
    """A two-handled vessel with painted bands."""
    wide, low = rng.uniform(0.38, 0.56), rng.uniform(-0.1, 0.2)
    half = [
        (0.0, 0.86),
        (0.26, 0.86),
        (0.20, 0.76),
        (0.14, 0.50),
        (wide * 0.8, 0.30 + low / 2),
        (wide, low),
        (wide * 0.6, -0.46),
        (0.12, -0.72),
        (0.26, -0.88),
        (0.0, -0.88),
    ]
    right = curve(half, steps=6)
    body = np.concatenate([right, (right * (-1, 1))[::-1]])
    for s in (-1, 1):
        grip = curve(
            [
                (0.14 * s, 0.68),
                (0.46 * s, 0.76),
                (0.62 * s, 0.50),
                (wide * 0.82 * s, 0.24 + low / 2),
            ]
        )
        clay.join([ribbon(grip, [0.08, 0.09, 0.07])], 0.42, 0.045)
    clay.over([body], 0.62, 0.30, keep=0.1)
    for y in (0.80, 0.50, 0.22 + low / 2, low - 0.26, -0.70):
        w = float(np.interp(-y, -right[:, 1], right[:, 0])) - 0.03
        clay.add(
            [ribbon(curve([(-w, y + 0.01), (0, y - 0.04), (w, y + 0.01)]), 0.035)], 0.14, 0.018
        )
    n = int(rng.integers(4, 8))
    if rng.random() < 0.5:
        clay.add(
            [
                place(star(4, 0.5), x, low - 0.04, 0.12)
                for x in np.linspace(-wide * 0.7, wide * 0.7, n)
            ],
            0.18,
            0.025,
        )
    else:
        clay.add(
            [
                leaf(x, low - 0.20, 90 - 40 * x, 0.32, 0.34)
                for x in np.linspace(-wide * 0.72, wide * 0.72, n)
            ],
            0.18,
            0.03,
        )


def scales(clay: Clay, rng: Rng) -> None:
    """A balance, its sword or its column upright."""
    tip = rng.uniform(-0.14, 0.14)
    clay.join([limb([(0, -0.80, 0.05), (0, 0.62, 0.04)])], 0.46, 0.04)
    clay.join([leaf(0, 0.58, 90, 0.36, 0.4)], 0.5, 0.05)
    beam = curve(
        [
            (-0.72, 0.44 + tip),
            (-0.3, 0.56 + tip / 3),
            (0, 0.52),
            (0.3, 0.56 - tip / 3),
            (0.72, 0.44 - tip),
        ]
    )
    clay.over([ribbon(beam, [0.04, 0.09, 0.10, 0.09, 0.04])], 0.44, 0.04)
    deep = rng.uniform(0.14, 0.24)
    for s in (-1, 1):
        x, y = 0.72 * s, 0.44 - tip * s
        clay.join(
            [ribbon([(x, y), (x + d, y - 0.58)], 0.018) for d in (-0.24, 0.0, 0.24)], 0.34, 0.01
        )
        bowl = np.concatenate([arc(0.27, 180, 360, 20) * (1, deep / 0.27) + (x, y - 0.58)])
        clay.over([bowl], 0.5, 0.09)
        clay.over([box(x - 0.29, y - 0.60, x + 0.29, y - 0.555)], 0.42, 0.02)
    clay.over([circle(0, 0.52, 0.08)], 0.4, 0.05)
    foot = curve(
        [
            (-0.36, -0.92),
            (-0.30, -0.80),
            (-0.08, -0.72),
            (0.08, -0.72),
            (0.30, -0.80),
            (0.36, -0.92),
        ],
        closed=True,
    )
    clay.over([foot], 0.46, 0.06)


def gear(clay: Clay, rng: Rng) -> None:
    """A cog wheel with spokes and crossed hammers or an ear of grain."""
    n, spokes = int(rng.integers(10, 20)), int(rng.integers(4, 8))
    teeth: list[F64] = []
    for k in range(n):
        w = 0.9 / n
        teeth.append(
            place(
                np.array([(0.74, -w), (0.94, -w * 0.75), (0.94, w * 0.75), (0.74, w)]),
                0,
                0,
                1,
                360 * k / n,
            )
        )
    clay.join([*teeth, circle(0, 0, 0.80)], 0.5, 0.05)
    clay.over([circle(0, 0, 0.60)], 0.04, 0.03, keep=0.0)
    for k in range(spokes):
        clay.join(
            [place(ribbon([(0.1, 0), (0.64, 0)], [0.15, 0.09]), 0, 0, 1, 90 + 360 * k / spokes)],
            0.44,
            0.05,
        )
    clay.over([ring(0.70, 0.03)], 0.10, 0.015, keep=0.95)
    clay.over([circle(0, 0, 0.22)], 0.46, 0.06, keep=0.1)
    clay.cut([circle(0, 0, 0.09)], 0.36, 0.03)
