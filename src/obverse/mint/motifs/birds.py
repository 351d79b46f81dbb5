"""Birds: an eagle displayed, an owl facing, birds in flight, standing and swimming."""

# ruff: noqa: RUF005 - an array plus a tuple is a shape moved, nothing is concatenated

from __future__ import annotations

import math

import numpy as np

from obverse.mint.clay import Clay
from obverse.mint.shapes import circle, curve, leaf, limb, mirror, place, ribbon
from obverse.types import F64

Rng = np.random.Generator


def _feathers(root: F64, tips: F64, widths: tuple[float, float], rounded: float = 0.3) -> list[F64]:
    """One feather from each root to its tip."""
    out = []
    for a, b, w in zip(root, tips, np.linspace(*widths, len(root)), strict=True):
        length = float(np.hypot(*(b - a)))
        turn = math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))
        out.append(leaf(a[0], a[1], turn, length, w / max(length, 1e-6) * (1 + rounded)))
    return out


def _along(points: list[tuple[float, float]], n: int) -> F64:
    path = curve(points, steps=12)
    at = np.linspace(0, len(path) - 1, n)
    return np.stack([np.interp(at, np.arange(len(path)), path[:, k]) for k in (0, 1)], 1)


def eagle(clay: Clay, rng: Rng) -> None:
    """An eagle with spread wings and a shield or a star on its breast."""
    clay = clay.at(scale=0.94)
    n = int(rng.integers(6, 10))
    lift = rng.uniform(-0.25, 0.22)
    for side in (False, True):
        half = clay.at(flip=side)
        bone = _along([(0.12, 0.30), (0.34, 0.55 + lift * 0.4), (0.74, 0.62 + lift)], n)
        ends = _along([(0.30, -0.42), (0.72, -0.36 + lift * 0.3), (1.0, 0.38 + lift)], n)
        for one in _feathers(bone, ends, (0.16, 0.15)):
            half.over([one], 0.34, 0.05, keep=0.85)
        middle = bone * 0.62 + ends * 0.38
        for one in _feathers(bone, middle, (0.16, 0.12), 0.6):
            half.over([one], 0.22, 0.04, keep=0.8)
        half.over([ribbon(bone, [0.16, 0.13, 0.09])], 0.24, 0.05)
        half.join(
            [limb([(0.10, -0.30, 0.09), (0.24, -0.50, 0.06), (0.26, -0.62, 0.03)])], 0.5, 0.06
        )
        for lean in (-125, -90, -50):
            half.join([leaf(0.26, -0.62, lean, 0.17, 0.3)], 0.4, 0.025)
        tail = _feathers(
            np.array([(0.0, -0.40)] * 3), np.array([(0.07, -0.98), (0.19, -0.93), (0.30, -0.84)]),
            (0.13, 0.12),
        )  # fmt: skip
        for one in tail[::-1]:
            half.over([one], 0.3, 0.04, keep=0.85)
    body = curve([(0, 0.42), (0.17, 0.28), (0.20, 0.0), (0.12, -0.32), (0, -0.48), (-0.12, -0.32),
                  (-0.20, 0.0), (-0.17, 0.28)], closed=True)  # fmt: skip
    clay.over([body], 0.36, 0.10, keep=0.5)
    clay.add([body], 0.2)
    for row in range(5):
        for k in range(3 + row % 2):
            x = (k - (2 + row % 2) / 2) * 0.10
            clay.add([leaf(x, 0.22 - 0.12 * row, -90, 0.13, 0.7)], 0.08, 0.03)
    heads = (False, True) if rng.random() < 0.3 else (False,)
    for side in heads:
        bird = clay.at(0.0, 0.34, 1.0, 0.0, flip=side)
        neck = 0.16 if len(heads) == 2 else 0.03
        bird.over(
            [limb([(0.0, -0.08, 0.12), (neck * 0.7, 0.16, 0.10), (neck, 0.34, 0.11)])], 0.42, 0.1
        )
        beak = curve([(neck + 0.05, 0.42), (neck + 0.20, 0.39), (neck + 0.23, 0.27),
                      (neck + 0.16, 0.31), (neck + 0.06, 0.30)], closed=True)  # fmt: skip
        bird.join([beak], 0.55, 0.04)
        bird.cut([circle(neck + 0.04, 0.37, 0.022)], 0.2, 0.02)
    if rng.random() < 0.5:
        badge = curve([(-0.14, 0.18), (0, 0.21), (0.14, 0.18), (0.13, -0.04), (0, -0.2),
            (-0.13, -0.04)],
                      closed=True)  # fmt: skip
        clay.over([badge], 0.36, 0.03, keep=0.3)
        clay.cut([place(badge, 0, 0.002, 0.76)], 0.1, 0.02)
        clay.add([ribbon([(-0.11, 0.02), (0.11, 0.02)], 0.05), ribbon([(0, 0.17),
            (0, -0.16)], 0.05)],
                 0.14, 0.02)  # fmt: skip


def flight(clay: Clay, rng: Rng) -> None:
    """A bird on the wing, with or without a twig."""
    clay = clay.at(turn=rng.uniform(-12, 22))
    fork, wing = rng.uniform(0, 0.2), rng.uniform(-0.1, 0.15)
    n = int(rng.integers(7, 11))

    def spread(roots: F64, tips: F64, height: float) -> None:
        for one in _feathers(roots, tips, (0.12, 0.15))[::-1]:
            clay.over([one], height, 0.045, keep=0.85)
        for one in _feathers(roots, roots * 0.6 + tips * 0.4, (0.12, 0.11), 0.6)[::-1]:
            clay.over([one], height * 0.6, 0.035, keep=0.8)

    spread(_along([(0.18, 0.10), (0.30, 0.34), (0.52, 0.55)], n),
           _along([(-0.16, 0.30), (0.10, 0.72 + wing), (0.62, 0.98 + wing)], n), 0.24)  # fmt: skip
    for t in np.linspace(-1, 1, 5):
        end = (-0.98 + 0.1 * abs(t) - fork * abs(t), -0.34 + (0.14 + fork) * t)
        clay.over(
            _feathers(np.array([(-0.42, -0.12)]), np.array([end]), (0.12, 0.12)), 0.26, 0.04, 0.85
        )
    body = limb([(-0.50, -0.14, 0.06), (-0.15, -0.08, 0.17), (0.25, 0.0, 0.20), (0.52, 0.12, 0.13),
                 (0.62, 0.18, 0.11)])  # fmt: skip
    clay.over([body], 0.52, 0.14, keep=0.4)
    clay.join([leaf(0.68, 0.20, 6, 0.24, 0.4)], 0.4, 0.04)
    clay.cut([circle(0.66, 0.23, 0.02)], 0.2, 0.02)
    spread(_along([(0.28, 0.04), (0.06, 0.28), (-0.14, 0.52)], n),
           _along([(-0.34, -0.02), (-0.58, 0.42 + wing),
               (-0.46, 0.92 + wing)], n), 0.34)  # fmt: skip
    clay.over([limb([(0.30, 0.02, 0.08), (0.06, 0.28, 0.06), (-0.14, 0.52, 0.05)])], 0.24, 0.06)
    if rng.random() < 0.5:
        twig = curve([(0.80, 0.20), (0.92, 0.02), (0.90, -0.28)])
        clay.over([ribbon(twig, [0.03, 0.02])], 0.3, 0.012)
        spots = twig[4::3]
        clay.over([leaf(x, y, a, 0.17, 0.45) for x, y in spots for a in (-40, 210)], 0.26, 0.03)


def owl(clay: Clay, rng: Rng) -> None:
    """An owl facing, with round eyes and scaled feathers."""
    body = curve([(0, 0.92), (0.40, 0.84), (0.46, 0.45), (0.50, 0.0), (0.38, -0.55), (0.0, -0.78),
                  (-0.38, -0.55), (-0.50, 0.0), (-0.46, 0.45),
                      (-0.40, 0.84)], closed=True)  # fmt: skip
    for x in (-1, 1):
        clay.join([leaf(0.30 * x, 0.78, 90 - 25 * x, 0.28, 0.5)], 0.5, 0.06)
    clay.join([body], 0.5, 0.10)
    clay.add([body], 0.3)
    rows = int(rng.integers(6, 9))
    for row in range(rows):
        y = 0.25 - 0.92 * row / rows
        count = 5 + row % 2
        for k in range(count):
            across = (k - (count - 1) / 2) * 0.13
            clay.over([leaf(across, y + 0.10, -90, 0.22, 0.75)], 0.10, 0.04, keep=0.9)
    for x in (-1, 1):
        wing = curve([(0.42 * x, 0.42), (0.58 * x, 0.05), (0.50 * x, -0.50), (0.30 * x, -0.80),
                      (0.28 * x, -0.30), (0.30 * x, 0.20)], closed=True)  # fmt: skip
        clay.over([wing], 0.28, 0.08, keep=0.6)
        feathers = [
            ribbon(curve([(x * (0.50 - 0.045 * k), 0.1), (x * (0.50 - 0.05 * k), -0.3),
                          (x * (0.44 - 0.04 * k), -0.65)]), [0.03, 0.045, 0.02])
            for k in range(4)
        ]  # fmt: skip
        clay.add(feathers, 0.14, 0.018)
        clay.over([circle(0.19 * x, 0.56, 0.185)], 0.14, 0.06)
        rays = [ribbon([tuple(p * 0.5 + (0.19 * x, 0.56)), tuple(p + (0.19 * x, 0.56))], [0.02,
            0.03])
                for p in place(circle(0, 0, 0.165), 0, 0)[::2]]  # fmt: skip
        clay.add(rays, 0.08, 0.014)
        clay.add([circle(0.19 * x, 0.56, 0.095)], 0.22, 0.06)
        clay.cut([circle(0.19 * x, 0.56, 0.045)], 0.24, 0.02)
        clay.join([leaf(0.12 * x + 0.07 * k, -0.70, -90 + 8 * k, 0.18, 0.4) for k in (-1, 0, 1)],
                  0.6, 0.03)  # fmt: skip
    clay.over([leaf(0, 0.56, -90, 0.26, 0.5)], 0.36, 0.06)
    perch = ribbon([(-0.72, -0.86), (0, -0.83), (0.72, -0.87)], [0.06, 0.10, 0.05])
    clay.join([perch], 0.45, 0.05)
    clay.join([leaf(s * 0.5, -0.85, 90 - s * 50, 0.3, 0.45) for s in (-1, 1)], 0.4, 0.04)


def wader(clay: Clay, rng: Rng) -> None:
    """A long-legged bird among reeds."""
    stretch, crest = rng.uniform(-0.1, 0.1), rng.random() < 0.5
    for x, h in ((-0.62, 0.5), (-0.72, 0.3), (0.55, 0.35), (0.66, 0.55), (0.48, 0.15)):
        sway = rng.uniform(-0.12, 0.12)
        reed = curve([(x, -0.92), (x + sway / 3, -0.3), (x + sway, h)])
        clay.join([ribbon(reed, [0.06, 0.04, 0.01])], 0.3, 0.02)
        if rng.random() < 0.6:
            clay.join(
                [limb([(x + sway, h - 0.02, 0.04), (x + sway * 1.2, h + 0.2, 0.04)])], 0.4, 0.04
            )
    for y in (-0.84, -0.92):
        wave = curve([(x, y + 0.03 * (-1) ** k) for k, x in enumerate(np.linspace(-0.7, 0.7, 9))])
        clay.join([ribbon(wave, [0.01, 0.04, 0.01])], 0.3, 0.02)
    clay.join([limb([(0.02, -0.15, 0.05), (0.10, -0.48, 0.028), (0.04, -0.86, 0.025)])], 0.4, 0.03)
    clay.join(
        [limb([(-0.08, -0.15, 0.05), (-0.02, -0.50, 0.028), (-0.14, -0.86, 0.025)])], 0.46, 0.03
    )
    neck = [(0.20, 0.08, 0.13), (0.36, 0.26, 0.085), (0.20 + stretch, 0.48, 0.065),
            (0.26 + stretch, 0.70, 0.07), (0.33 + stretch, 0.78, 0.075)]  # fmt: skip
    clay.join([limb(neck)], 0.5, 0.08)
    clay.join([leaf(0.36 + stretch, 0.78, -10, 0.44, 0.17)], 0.42, 0.03)
    clay.cut([circle(0.35 + stretch, 0.80, 0.018)], 0.2, 0.02)
    if crest:
        clay.join([leaf(0.30 + stretch, 0.82, a, 0.24, 0.2) for a in (150, 172)], 0.4, 0.02)
    body = curve([(0.30, 0.10), (0.12, 0.22), (-0.25, 0.06), (-0.72, -0.26), (-0.30, -0.24),
        (0.10, -0.20)],
                 closed=True)  # fmt: skip
    clay.over([body], 0.5, 0.12, keep=0.6)
    roots = _along([(0.16, 0.10), (-0.06, 0.10), (-0.26, 0.0)], 7)
    tips = _along([(-0.30, -0.30), (-0.62, -0.32), (-0.84, -0.26)], 7)
    for one in _feathers(roots, tips, (0.12, 0.12)):
        clay.over([one], 0.18, 0.04, keep=0.85)


def swan(clay: Clay, rng: Rng) -> None:
    """A swan on the water with lifted wings."""
    bow = rng.uniform(-0.1, 0.1)
    neck = [(0.34, -0.36, 0.17), (0.62, -0.12, 0.13), (0.52, 0.20, 0.095), (0.34 + bow, 0.42, 0.08),
            (0.42 + bow, 0.66, 0.08), (0.56 + bow, 0.66, 0.09)]  # fmt: skip
    clay.join([limb(neck)], 0.55, 0.10)
    clay.join([leaf(0.60 + bow, 0.67, -32, 0.28, 0.36)], 0.46, 0.04)
    clay.cut([circle(0.58 + bow, 0.69, 0.02)], 0.2, 0.02)
    body = curve([(0.58, -0.40), (0.30, -0.14), (-0.30, -0.14), (-0.85, 0.0), (-0.70, -0.36),
        (-0.30, -0.60),
                  (0.30, -0.60)], closed=True)  # fmt: skip
    clay.over([body], 0.55, 0.14, keep=0.7)
    n = int(rng.integers(7, 11))
    up = rng.uniform(0.0, 0.4)
    roots = _along([(0.30, -0.34), (0.10, -0.10), (-0.30, 0.0)], n)
    tips = _along([(-0.60, -0.40), (-0.86, 0.10 + up / 2), (-0.40, 0.42 + up)], n)
    for one in _feathers(roots, tips, (0.14, 0.17)):
        clay.over([one], 0.26, 0.05, keep=0.85)
    for one in _feathers(roots, roots * 0.55 + tips * 0.45, (0.14, 0.14), 0.5):
        clay.over([one], 0.16, 0.04, keep=0.85)
    for k in range(3):
        y = -0.62 - 0.10 * k
        wave = curve(
            [
                (x, y + 0.022 * (-1) ** i)
                for i, x in enumerate(np.linspace(-0.9 + 0.15 * k, 0.9 - 0.15 * k, 11))
            ]
        )
        clay.over([ribbon(wave, [0.01, 0.05, 0.05, 0.01])], 0.22, 0.02)


def rooster(clay: Clay, rng: Rng) -> None:
    """A cock with a sickle tail."""
    n = int(rng.integers(6, 9))
    for k, t in enumerate(np.linspace(0, 1, n)):
        plume = curve([(-0.28, 0.0), (-0.52 - 0.22 * t, 0.62 - 0.5 * t),
            (-0.80 - 0.1 * t, 0.55 - 0.62 * t),
                       (-0.92, 0.10 - 0.55 * t)])  # fmt: skip
        clay.over([ribbon(plume, [0.10, 0.12, 0.10, 0.02])], 0.34 + 0.01 * k, 0.04, keep=0.8)
    for x in (-0.08, 0.10):
        clay.join([limb([(x, -0.30, 0.11), (x + 0.04, -0.56, 0.04), (x, -0.84, 0.03)])], 0.45, 0.06)
        clay.join([leaf(x, -0.84, a, 0.2, 0.24) for a in (-8, 24, 190)], 0.4, 0.025)
    body = limb(
        [
            (-0.36, 0.0, 0.12),
            (-0.10, -0.16, 0.27),
            (0.20, -0.02, 0.25),
            (0.34, 0.32, 0.15),
            (0.40, 0.58, 0.12),
        ]
    )
    clay.over([body], 0.62, 0.18, keep=0.5)
    comb = [leaf(0.40 + 0.07 * (k - 1.5), 0.66, 90 + 18 * (1.5 - k), 0.24, 0.5) for k in range(4)]
    clay.join(comb, 0.5, 0.04)
    clay.join([leaf(0.48, 0.56, -18, 0.24, 0.5)], 0.5, 0.05)
    clay.over([leaf(0.46, 0.50, -95, 0.24, 0.5)], 0.3, 0.05)
    clay.cut([circle(0.44, 0.60, 0.024)], 0.25, 0.02)
    hackle = _feathers(_along([(0.24, 0.50), (0.36, 0.44), (0.48, 0.42)], 6),
                       _along([(-0.02, 0.10), (0.18, 0.0), (0.44, 0.06)], 6),
                           (0.09, 0.09))  # fmt: skip
    for one in hackle:
        clay.over([one], 0.14, 0.03, keep=0.9)
    wing = _feathers(_along([(0.18, 0.02), (0.14, -0.10), (0.06, -0.20)], 6),
                     _along([(-0.42, 0.08), (-0.48, -0.10), (-0.34, -0.30)], 6),
                         (0.11, 0.11))  # fmt: skip
    for one in wing:
        clay.over([one], 0.18, 0.035, keep=0.9)
    clay.join(
        [mirror(ribbon([(-0.6, -0.86), (0, -0.90), (0.6, -0.86)], [0.02, 0.06, 0.02]))], 0.35, 0.03
    )
