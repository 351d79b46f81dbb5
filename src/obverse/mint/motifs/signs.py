"""Signs: suns, moons, compasses, shields, crowns, knots, rosettes, mountains."""

# ruff: noqa: RUF005 - an array plus a tuple is a shape moved, nothing is concatenated

from __future__ import annotations

import math

import numpy as np

from obverse.mint.clay import Clay
from obverse.mint.shapes import (
    arc,
    box,
    circle,
    curve,
    leaf,
    place,
    regular,
    ribbon,
    ring,
    spiral,
    star,
)
from obverse.types import F64

Rng = np.random.Generator


def sun(clay: Clay, rng: Rng) -> None:
    """A sun with a face and straight and waving rays."""
    n = int(rng.choice([8, 10, 12, 16]))
    for k in range(n):
        a = 90 + 360 * k / n
        if k % 2 and n > 8:
            wave = place(curve([(0.38, 0), (0.55, 0.05), (0.72, -0.05), (0.92, 0)]), 0, 0, 1, a)
            clay.join([ribbon(wave, [0.14, 0.10, 0.01])], 0.42, 0.04)
        else:
            clay.join(
                [place(np.array([(0.36, 0.12), (1.0, 0), (0.36, -0.12)]), 0, 0, 1, a)], 0.46, None
            )
    r = rng.uniform(0.40, 0.50)
    clay.over([circle(0, 0, r)], 0.40, 0.10, keep=0.2)
    clay.add([ribbon(circle(0, 0, r - 0.03), 0.03)], 0.1, 0.015)
    if rng.random() < 0.7:
        f = clay.at(0, 0, r / 0.46)
        for s in (-1, 1):
            f.add([leaf(0.06 * s, 0.09, 0 if s > 0 else 180, 0.17, 0.5)], 0.16, 0.03)
            f.cut([circle(0.14 * s, 0.09, 0.02)], 0.12, 0.015)
            f.add(
                [
                    ribbon(
                        curve([(0.05 * s, 0.14), (0.14 * s, 0.19), (0.25 * s, 0.14)]),
                        [0.03, 0.04, 0.01],
                    )
                ],
                0.16,
                0.02,
            )
            f.swell([circle(0.2 * s, -0.06, 0.07)], 0.16, 0.03)
        f.add([leaf(0, 0.14, -90, 0.24, 0.4)], 0.24, 0.04)
        f.add([leaf(-0.12, -0.20, 0, 0.24, 0.26)], 0.18, 0.025)
        f.cut([ribbon(curve([(-0.12, -0.19), (0, -0.205), (0.12, -0.19)]), 0.014)], 0.16, 0.01)
    else:
        clay.add([ribbon(spiral(0, 0, r * 0.8, 3), 0.035)], 0.16, 0.02)


def moon(clay: Clay, rng: Rng) -> None:
    """A crescent with stars."""
    full, inner, shift = 0.90, rng.uniform(0.62, 0.74), rng.uniform(0.34, 0.44)
    meet = (full**2 - inner**2 + shift**2) / (2 * shift)  # x where the two circles cross
    a = math.degrees(math.acos(meet / full))
    b = math.degrees(math.acos((meet - shift) / inner))
    outer = arc(full, a, 360 - a, 60)
    hollow = arc(inner, 360 - b, b, 60) + (shift, 0)
    clay.at(turn=rng.uniform(-35, 35)).join([np.concatenate([outer, hollow])], 0.6, None)
    n = int(rng.choice([5, 6, 8]))
    spots = [(0.38, 0.0, 0.30)] if rng.random() < 0.4 else [
        (0.10, 0.28, 0.15), (0.48, 0.10, 0.18), (0.16, -0.22, 0.16), (0.70, 0.45, 0.11),
            (0.66, -0.36, 0.13)]  # fmt: skip
    for x, y, r in spots:
        clay.join([place(star(n, 0.42), x, y, r)], 0.55, None)


def compass(clay: Clay, rng: Rng) -> None:
    """A compass rose with ridged points."""
    clay.join([ring(0.66, 0.05), ring(0.52, 0.025)], 0.3, 0.02)
    n = int(rng.choice([4, 8]))
    sets = ((0.72, n, 360 / n / 2, 0.13), (1.0, n if n == 4 else 4, 0.0, 0.20))
    for r, count, turn, width in sets:
        for k in range(count):
            a = 90 + turn + 360 * k / count
            base = place(
                np.array([(0.0, 0.0), (0.22, width), (1.0, 0.0), (0.22, -width)]), 0, 0, r, a
            )
            clay.over([base], 0.30, None, keep=0.3)
            half = place(np.array([(0.0, 0.0), (0.22, width), (1.0, 0.0)]), 0, 0, r * 0.97, a)
            clay.cut([half], 0.16, 0.03)
    clay.over([circle(0, 0, 0.11)], 0.36, 0.05)


def shield(clay: Clay, rng: Rng) -> None:
    """A coat of arms: a divided shield with charges, maybe crowned and supported by sprigs."""
    kind = int(rng.integers(3))
    outlines = [
        [(-0.58, 0.62), (0, 0.66), (0.58, 0.62), (0.58, 0.0), (0.40, -0.52), (0, -0.86),
            (-0.40, -0.52), (-0.58, 0.0)],
        [(-0.52, 0.60), (-0.26, 0.68), (0, 0.60), (0.26, 0.68), (0.52, 0.60), (0.62, 0.2),
            (0.46, -0.55), (0, -0.80), (-0.46, -0.55), (-0.62, 0.2)],
        [(-0.56, 0.64), (-0.2, 0.60), (0, 0.70), (0.2, 0.60), (0.56, 0.64), (0.50, 0.3),
            (0.60, -0.1), (0.36, -0.66), (0, -0.80), (-0.36, -0.66), (-0.60, -0.1), (-0.50, 0.3)],
    ]  # fmt: skip
    crowned = rng.random() < 0.5
    s = clay.at(0, -0.14 if crowned else 0.06, 0.86 if crowned else 1.0)
    shape = curve(outlines[kind], closed=True, steps=6)
    if rng.random() < 0.5:
        for side in (-1, 1):
            stalk = curve(
                [
                    (0.15 * side, -0.92),
                    (0.62 * side, -0.62),
                    (0.82 * side, 0.0),
                    (0.74 * side, 0.55),
                ]
            )
            s.join([ribbon(stalk, [0.05, 0.03])], 0.3, 0.02)
            for k in range(2, len(stalk) - 1, 3):
                way = math.degrees(math.atan2(*(stalk[k] - stalk[k - 1])[::-1]))
                s.join(
                    [leaf(stalk[k][0], stalk[k][1], way + d, 0.26, 0.4) for d in (-38, 38)],
                    0.42,
                    0.04,
                )
    s.over([shape], 0.40, 0.06, keep=0.1)
    s.cut([place(shape, 0, 0, 0.88)], 0.18, 0.025)
    division = str(rng.choice(["cross", "pale", "fess", "bend", "plain", "chevron"]))
    bars = {
        "cross": [box(-0.05, -0.72, 0.05, 0.55), box(-0.5, -0.03, 0.5, 0.07)],
        "pale": [box(-0.14, -0.68, 0.14, 0.55)],
        "fess": [box(-0.5, -0.12, 0.5, 0.18)],
        "bend": [ribbon([(-0.44, 0.5), (0.36, -0.45)], 0.2)],
        "chevron": [ribbon([(-0.46, -0.35), (0, 0.12), (0.46, -0.35)], 0.18)],
        "plain": [],
    }[division]
    s.add(bars, 0.22, 0.03)
    places: dict[str, list[tuple[float, float]]] = {
        "cross": [(-0.27, 0.30), (0.27, 0.30), (-0.24, -0.28), (0.24, -0.28)],
        "pale": [(-0.33, 0.1), (0.33, 0.1)],
        "fess": [(-0.26, 0.38), (0.26, 0.38), (0, -0.42)],
        "bend": [(0.24, 0.28), (-0.22, -0.25)],
        "chevron": [(-0.26, 0.32), (0.26, 0.32), (0, -0.46)],
        "plain": [(0, 0)],
    }
    size = 0.42 if division == "plain" else 0.15
    charges = [_charge(int(k), size) for k in rng.integers(0, 5, 2)]
    for k, (x, y) in enumerate(places[division]):
        s.add([p + (x, y) for p in charges[k % 2]], 0.28, size * 0.3)
    if crowned:
        crown(clay.at(0, 0.70, 0.34), rng)


def _charge(kind: int, r: float) -> list[F64]:
    """A small heraldic figure around the origin, of radius ``r``."""
    if kind == 0:
        return [place(star(5), 0, 0, r)]
    if kind == 1:
        return [leaf(0, -r, 90 + a, 2 * r, 0.42) for a in (-26, 0, 26)]
    if kind == 2:
        return [
            circle(0.55 * r * math.cos(a), 0.55 * r * math.sin(a), 0.45 * r)
            for a in np.arange(5) * 1.2566 + 1.57
        ]
    if kind == 3:
        return [box(-0.28 * r, -r, 0.28 * r, r), box(-r, -0.1 * r, r, 0.46 * r)]
    return [regular(4, r)]


def crown(clay: Clay, rng: Rng) -> None:
    """A crown: arches, points or leaves on a jewelled band."""
    kind = int(rng.integers(3))
    n = int(rng.choice([3, 5, 7]))
    spots = np.linspace(-0.72, 0.72, n)
    if kind == 0:
        for x in np.linspace(-0.85, 0.85, 7):
            arch = curve([(x * 0.8, -0.45), (x * 1.15, 0.15), (x * 0.45, 0.50), (0, 0.42)])
            clay.over([ribbon(arch, [0.07, 0.09, 0.06])], 0.34, 0.035)
            clay.add([circle(p[0], p[1], 0.03) for p in arch[2:-3:3]], 0.12, 0.02)
        clay.over([circle(0, 0.52, 0.12)], 0.5, 0.1)
        clay.join([box(-0.03, 0.6, 0.03, 0.9), box(-0.12, 0.72, 0.12, 0.79)], 0.5, 0.02)
    for k, x in enumerate(spots):
        tall = 0.72 - 0.25 * (k % 2) - 0.15 * abs(x)
        if kind == 1:
            clay.join(
                [np.array([(x - 0.16, -0.45), (x + 0.16, -0.45), (x * 1.25, -0.45 + tall * 1.4)])],
                0.44,
                0.05,
            )
            clay.join([circle(x * 1.25, -0.42 + tall * 1.4, 0.075)], 0.56, 0.06)
        elif kind == 2:
            for a in (-34, 34, 0):
                clay.over(
                    [leaf(x * 0.95, -0.45, 90 + a - 10 * x, tall * (1.3 - abs(a) / 70), 0.4)],
                    0.40,
                    0.05,
                )
    band = curve([(-0.84, -0.52), (0, -0.62), (0.84, -0.52)])
    clay.over([ribbon(band, 0.24)], 0.46, 0.05, keep=0.2)
    clay.add([ribbon(band + (0, 0.1), 0.03), ribbon(band - (0, 0.1), 0.03)], 0.12, 0.015)
    gems = [band[i] for i in np.linspace(1, len(band) - 2, n + 2).astype(int)]
    clay.add(
        [place(regular(4 + 8 * (k % 2)), p[0], p[1], 0.062) for k, p in enumerate(gems)], 0.22, 0.04
    )


def knot(clay: Clay, rng: Rng) -> None:
    """An interlaced band: a Lissajous or rosette curve passing over and under itself."""
    p, q = [(3, 2), (5, 2), (4, 3), (5, 3), (7, 3), (7, 2), (5, 4)][int(rng.integers(7))]
    depth = rng.uniform(0.24, 0.36)
    t = np.linspace(0, 2 * math.pi * q, 120 * q, endpoint=False)
    r = 0.66 + depth * np.cos(p * t / q)
    path = np.stack([r * np.sin(t), r * np.cos(t)], 1)
    width = rng.uniform(0.13, 0.17) * (1.15 if p < 5 else 0.8)
    # Raise the band piece by piece: alternately over and under at the crossings.
    piece = 120 * q // (2 * p)
    order = sorted(range(2 * p), key=lambda k: k % 2)
    loop = np.concatenate([path, path, path])
    for k in order:
        start = len(path) + k * piece - piece // 2
        part = loop[start - 6 : start + piece + 7]
        clay.over([ribbon(part, width)], 0.42, 0.04, keep=0.0)
        clay.cut([ribbon(part, width * 0.22)], 0.14, 0.015)
    if rng.random() < 0.6:
        clay.join([star(int(rng.integers(4, 9)), 0.45, 0.2)], 0.5, 0.04)


def rosette(clay: Clay, rng: Rng) -> None:
    """A geometric rosette of interlocking rings, lozenges and pearls."""
    n = int(rng.choice([6, 8, 10, 12]))
    r, size = rng.uniform(0.42, 0.55), rng.uniform(0.36, 0.46)
    for k in range(n):
        a = 2 * math.pi * k / n
        clay.over([ribbon(np.concatenate([circle(0, 0, size), circle(0, 0, size)[:1]])
                          + (r * math.cos(a), r * math.sin(a)), 0.06)], 0.30, 0.03,
                              keep=0.75)  # fmt: skip
        clay.join([circle(0.94 * math.cos(a), 0.94 * math.sin(a), 0.045)], 0.4, 0.04)
    clay.over([star(n, rng.uniform(0.5, 0.75), 0.34)], 0.36, 0.06, keep=0.2)
    clay.over([circle(0, 0, 0.14)], 0.34, 0.08)


def mountain(clay: Clay, rng: Rng) -> None:
    """Peaks with snow over water, under a small sun."""
    clay.join([circle(rng.uniform(-0.45, 0.45), 0.62, 0.16)], 0.4, 0.05)
    n = int(rng.integers(3, 6))
    xs = np.linspace(-0.5, 0.5, n) + rng.uniform(-0.1, 0.1, n)
    for k in rng.permutation(n):
        x, h, w = xs[k], rng.uniform(0.0, 0.62), rng.uniform(0.34, 0.5)
        jag = [(x - w, -0.42), (x - w * 0.55, -0.2 + h * 0.3), (x - w * 0.22, h * 0.7), (x, h),
            (x + w * 0.2, h * 0.62),
               (x + w * 0.5, -0.14 + h * 0.3), (x + w, -0.42)]  # fmt: skip
        clay.over([np.array(jag)], 0.42, 0.22, keep=0.2)
        shade = np.array(
            [
                (x, h),
                (x + w * 0.2, h * 0.62),
                (x + w * 0.5, -0.14 + h * 0.3),
                (x + w, -0.42),
                (x + 0.1, -0.42),
                (x - 0.04, h * 0.3),
            ]
        )
        clay.cut([shade], 0.16, 0.03)
        cap = np.array(
            [
                (x - w * 0.22, h * 0.7),
                (x, h),
                (x + w * 0.2, h * 0.62),
                (x + w * 0.08, h * 0.7),
                (x, h * 0.5),
                (x - w * 0.1, h * 0.72),
            ]
        )
        clay.add([cap], 0.16, 0.03)
    for k in range(4):
        y, w = -0.48 - 0.12 * k, 0.88 - 0.12 * k
        wave = curve([(x, y + 0.03 * (-1) ** i) for i, x in enumerate(np.linspace(-w, w, 13))])
        clay.over([ribbon(wave, [0.02, 0.07, 0.07, 0.02])], 0.30, 0.03)
