"""Heads in profile, facing right: no two alike, by nose, chin, hair, dress and age."""

# ruff: noqa: RUF005 - an array plus a tuple is a shape moved, nothing is concatenated

from __future__ import annotations

import math

import numpy as np

from obverse.mint.clay import Clay
from obverse.mint.shapes import circle, curve, leaf, place, ribbon, spiral, star
from obverse.types import F64

Rng = np.random.Generator

_SKULL = [(0.36, 0.66), (0.08, 0.84), (-0.26, 0.79), (-0.52, 0.50), (-0.53, 0.14), (-0.38, -0.16)]


def head(clay: Clay, rng: Rng) -> None:
    """A head with neck: bare, laureate, crowned, helmeted, veiled, bearded …"""
    clay = clay.at(turn=rng.uniform(-4, 6))
    hair = str(rng.choice(["short", "curls", "swept", "long", "bun", "braid"]))
    wears = str(rng.choice(["", "", "laurel", "laurel", "diadem", "crown", "helmet", "cap"]))
    if wears in ("crown", "helmet"):  # they stand out of the unit circle
        clay = clay.at(0.04, -0.08, 0.84)
    beard = hair in ("short", "curls") and rng.random() < 0.45
    face = _face(rng)
    bust = _bust(rng)
    neck = [(0.10, -0.40), (0.0, 0.1), (-0.34, 0.0), (-0.36, -0.26)]
    trunk = curve([*bust[0], *neck, *bust[1], *bust[2]], closed=True)
    clay.join([trunk], 0.34, 0.07)
    clay.add([trunk], 0.22)
    jaw = [(-0.14, -0.16), (-0.02, -0.33), (0.08, -0.45)]
    skull = curve([*face, *_SKULL, *jaw], closed=True)
    clay.over([skull], 0.52, 0.07, keep=0.0)
    clay.add([skull], 0.40)
    _features(clay, face, rng)
    if beard:
        _beard(clay, face, rng)
    _hair(clay, hair, rng)
    if hair != "long" and wears not in ("helmet", "cap"):
        _ear(clay)
    _headgear(clay, wears, rng)
    _dress(clay, bust, rng)


def _face(rng: Rng) -> list[tuple[float, float]]:
    """The profile from under the chin to the forehead."""
    nose, hook, chin = rng.uniform(-0.07, 0.0), rng.uniform(-0.03, 0.03), rng.uniform(-0.05, 0.05)
    brow, lip, slope = rng.uniform(-0.02, 0.03), rng.uniform(-0.015, 0.02), rng.uniform(-0.05, 0.04)
    return [
        (0.20, -0.49),
        (0.32 + chin, -0.50),
        (0.41 + chin, -0.43),
        (0.415 + chin, -0.35),
        (0.385 + chin / 3, -0.285),
        (0.435 + lip, -0.235),
        (0.405, -0.185),
        (0.45 + lip, -0.135),
        (0.425, -0.065),
        (0.54 + nose, -0.05),
        (0.565 + nose, 0.005),
        (0.50 + nose / 2 + hook, 0.12),
        (0.425 + hook / 2, 0.245),
        (0.455 + brow, 0.325),
        (0.45 + slope / 2, 0.48),
    ]


def _bust(rng: Rng) -> list[list[tuple[float, float]]]:
    """Front of the neck (upwards), back of the neck (downwards), the cut below (to the front)."""
    kind = rng.integers(3)
    if kind == 0:  # a short neck with a pointed cut
        return [
            [(0.20, -0.92), (0.12, -0.70)],
            [(-0.34, -0.50), (-0.46, -0.80)],
            [(-0.16, -0.86), (0.06, -1.0)],
        ]
    if kind == 1:  # a bust with shoulders
        return [
            [(0.44, -0.93), (0.26, -0.82), (0.13, -0.66)],
            [(-0.34, -0.48), (-0.50, -0.68), (-0.74, -0.80)],
            [(-0.55, -0.98), (-0.05, -1.06)],
        ]
    return [
        [(0.26, -0.86), (0.13, -0.68)],
        [(-0.33, -0.50), (-0.40, -0.72)],
        [(-0.25, -0.92), (0.05, -0.95)],
    ]


def _features(clay: Clay, face: list[tuple[float, float]], rng: Rng) -> None:
    eye = (0.33, 0.225)
    clay.cut([place(circle(0, 0, 0.13, 0.09), *eye)], 0.13)
    clay.add([leaf(0.25, 0.23, -6, 0.155, 0.48)], 0.10, 0.04)
    lids = [
        ribbon(curve([(0.23, 0.22), (0.30, 0.278), (0.385, 0.262)]), [0.015, 0.03, 0.02]),
        ribbon(curve([(0.25, 0.20), (0.32, 0.178), (0.385, 0.20)]), [0.01, 0.02, 0.012]),
    ]
    clay.add(lids, 0.09, 0.014)
    clay.cut([circle(0.352, 0.225, 0.022)], 0.10, 0.02)
    brow = ribbon(curve([(0.19, 0.31), (0.30, 0.365), (0.43, 0.325)]), [0.02, 0.06, 0.035])
    clay.add([brow], 0.08, 0.03)
    wing = curve([(0.40, 0.02), (0.395, -0.045), (0.45, -0.06), (0.49, -0.02)])
    clay.cut([ribbon(wing, [0.012, 0.028, 0.012])], 0.12, 0.014)
    clay.cut(
        [ribbon([(0.33, -0.195), (0.37, -0.18), (0.43, -0.185)], [0.01, 0.022, 0.02])], 0.16, 0.011
    )
    clay.add([leaf(0.33, -0.14, -4, 0.13, 0.45)], 0.05, 0.03)
    clay.add([leaf(0.335, -0.235, 2, 0.12, 0.5)], 0.06, 0.03)
    clay.swell([circle(0.24, 0.04, 0.10, 0.08)], 0.12, 0.05)
    clay.swell([circle(0.22, -0.16, 0.06, 0.09)], -0.08, 0.05)
    if rng.random() < 0.35:  # age
        fold = curve([(0.36, -0.02), (0.31, -0.10), (0.31, -0.18)])
        clay.cut([ribbon(fold, [0.01, 0.025, 0.01])], 0.09, 0.012)
        clay.cut([ribbon([(0.20, 0.19), (0.25, 0.17)], 0.015)], 0.06, 0.008)


def _ear(clay: Clay) -> None:
    outer = curve([(0.02, 0.02), (-0.075, 0.10), (-0.09, 0.22), (-0.02, 0.26), (0.045, 0.20),
                   (0.03, 0.10)], closed=True)  # fmt: skip
    clay.over([outer], 0.22, 0.035, keep=0.75)
    inner = curve([(-0.045, 0.11), (-0.05, 0.20), (-0.005, 0.21), (0.01, 0.15)])
    clay.cut([ribbon(inner, [0.01, 0.03, 0.02])], 0.16, 0.015)


def _hair_mass(low: bool) -> F64:
    """The outline of the hair, a little outside the skull."""
    front = [(0.405, 0.60), (0.24, 0.53), (0.14, 0.38), (0.09, 0.20), (0.03, 0.06)]
    nape = [(-0.10, 0.0), (-0.24, -0.16), (-0.41, -0.22 if not low else -0.30)]
    back = [(-0.575, 0.12), (-0.565, 0.52), (-0.29, 0.835), (0.08, 0.885), (0.36, 0.72)]
    return curve([*front, *nape, *back], closed=True)


def _strands(inner: F64, outer: F64, n: int, wave: float, rng: Rng) -> list[F64]:
    """Locks between two border curves: each follows them, waving, and thins out."""
    locks = []
    for k in range(n):
        t = (k + 0.5) / n
        path = inner * (1 - t) + outer * t
        u = np.linspace(0, 1, len(path))
        sway = wave * np.sin(2 * math.pi * (rng.uniform(1.5, 2.5) * u + rng.random()))
        step = np.gradient(path, axis=0)
        normal = np.stack([-step[:, 1], step[:, 0]], 1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        gap = float(np.linalg.norm(outer - inner, axis=1).mean()) / n
        locks.append(ribbon(path + normal * sway[:, None], [gap * 0.5, gap * 0.95, gap * 0.4]))
    return locks


def _hair(clay: Clay, style: str, rng: Rng) -> None:
    mass = _hair_mass(style in ("swept", "long"))
    if style == "long":
        fall = curve([(0.06, 0.30), (-0.02, -0.10), (-0.10, -0.50), (-0.20, -0.80), (-0.50, -0.84),
                      (-0.62, -0.50), (-0.58, 0.0), (-0.55, 0.30)], closed=True)  # fmt: skip
        clay.over([mass, fall], 0.20, 0.06)
        front = curve([(0.36, 0.60), (0.10, 0.36), (0.0, 0.0), (-0.10, -0.45), (-0.24, -0.80)])
        back = curve([(0.36, 0.72), (-0.10, 0.86), (-0.55, 0.45), (-0.60, -0.30), (-0.48, -0.82)])
        clay.add(_strands(front, back, 9, 0.022, rng), 0.20, 0.03)
        return
    clay.over([mass], 0.18, 0.06)
    if style in ("short", "curls"):
        r = 0.085 if style == "curls" else 0.062
        locks = []
        for y in np.arange(-0.25, 0.95, r * 1.35):
            for x in np.arange(-0.6, 0.5, r * 1.5):
                px, py = x + rng.uniform(-0.3, 0.3) * r, y + rng.uniform(-0.3, 0.3) * r
                if not _inside(mass, px, py):
                    continue
                if style == "curls":
                    path = spiral(px, py, r, 1.2, rng.uniform(0, 360), 16)
                    locks.append(ribbon(path, [r * 0.5, r * 0.42, r * 0.3]))
                else:
                    lean = math.degrees(math.atan2(py - 0.75, px + 0.15)) + rng.uniform(-35, 35)
                    locks.append(leaf(px, py, lean + 20, r * 2.6, 0.42))
        clay.add(locks, 0.20, 0.026)
        return
    inner = curve([(0.37, 0.60), (0.20, 0.42), (0.06, 0.10), (-0.18, -0.10), (-0.36, -0.14)])
    outer = curve([(0.36, 0.72), (0.02, 0.88), (-0.45, 0.70), (-0.58, 0.25), (-0.46, -0.12)])
    clay.add(_strands(inner, outer, 10, 0.012, rng), 0.20, 0.028)
    if style == "bun":
        x, y, r = -0.62, rng.uniform(-0.05, 0.3), rng.uniform(0.15, 0.2)
        clay.over([circle(x, y, r)], 0.40, 0.14)
        clay.add([ribbon(spiral(x, y, r * 0.8, 1.6, 30), [0.05, 0.04, 0.03])], 0.16, 0.02)
    elif style == "braid":
        path = curve([(-0.50, 0.0), (-0.56, -0.25), (-0.50, -0.50), (-0.56, -0.76)], steps=5)
        for k, (x, y) in enumerate(path[::2]):
            clay.over([leaf(x + 0.08, y, 210 - 60 * (k % 2), 0.19, 0.7)], 0.22, 0.05)
    else:
        tail = curve([(-0.46, -0.08), (-0.60, -0.22), (-0.58, -0.42), (-0.68, -0.58)])
        for off in (-0.035, 0.0, 0.035):
            clay.join([ribbon(tail + (off, 0), [0.09, 0.06, 0.02])], 0.34, 0.03)


def _beard(clay: Clay, face: list[tuple[float, float]], rng: Rng) -> None:
    chin = face[2][0]
    mass = curve([(0.05, 0.10), (0.12, -0.10), (0.26, -0.19), (0.34, -0.27), (0.40, -0.30),
                  (chin + 0.05, -0.42), (0.33, -0.64), (0.16, -0.58), (0.0, -0.32)],
                 closed=True)  # fmt: skip
    clay.over([mass], 0.16, 0.05)
    moustache = leaf(0.43, -0.12, 205, 0.20, 0.4)
    clay.add([moustache], 0.14, 0.03)
    locks = []
    for y in np.arange(-0.62, 0.10, 0.075):
        for x in np.arange(-0.05, 0.48, 0.075):
            px, py = x + rng.uniform(-0.02, 0.02), y + rng.uniform(-0.02, 0.02)
            if _inside(mass, px, py):
                locks.append(leaf(px, py, -70 + rng.uniform(-40, 40), 0.15, 0.45))
    clay.add(locks, 0.18, 0.025)


def _headgear(clay: Clay, wears: str, rng: Rng) -> None:
    band = curve([(0.43, 0.52), (0.22, 0.60), (-0.10, 0.56), (-0.38, 0.36), (-0.54, 0.10)])
    if wears == "laurel":
        leaves = []
        for k in range(4, len(band) - 1, 3):
            x, y = band[k]
            along = math.degrees(math.atan2(*(band[k - 1] - band[k])[::-1]))
            leaves += [leaf(x, y, along + a, 0.24, 0.42) for a in (-26, 24)]
        clay.over([ribbon(band, 0.04)], 0.16, 0.02)
        for one in leaves[::-1]:
            clay.over([one], 0.26, 0.04, keep=0.8)
        for lean in (-100, -125):
            end = place(np.array([(1.0, 0.0)]), -0.54, 0.08, 0.34, lean)[0]
            bow = curve([(-0.54, 0.08), (-0.62, -0.08), tuple(end)])
            clay.over([ribbon(bow, [0.03, 0.05, 0.06])], 0.24, 0.025)
    elif wears == "diadem":
        clay.over([ribbon(band, 0.10)], 0.30, 0.03)
        n = int(rng.integers(7, 12))
        gems = [
            circle(band[i][0], band[i][1], 0.028)
            for i in np.linspace(2, len(band) - 3, n).astype(int)
        ]
        clay.add(gems, 0.20, 0.025)
    elif wears == "crown":
        n = int(rng.integers(5, 8))
        spots = [band[i] for i in np.linspace(1, len(band) - 4, n).astype(int)]
        clay.over([ribbon(band[:-2], 0.12)], 0.32, 0.03)
        for p in spots:
            away = p - (-0.06, 0.1)
            outward = math.degrees(math.atan2(away[1], away[0]))
            clay.over([leaf(p[0], p[1], outward, 0.42, 0.34)], 0.36, 0.04)
            tip = place(np.array([(1.0, 0.0)]), p[0], p[1], 0.43, outward)[0]
            clay.join([circle(tip[0], tip[1], 0.04)], 0.5, 0.04)
        clay.add([circle(p[0], p[1], 0.026) for p in spots], 0.18, 0.02)
    elif wears == "helmet":
        shell = curve([(0.50, 0.44), (0.40, 0.72), (0.08, 0.93), (-0.30, 0.88), (-0.60, 0.52),
                       (-0.60, 0.02), (-0.46, -0.24), (-0.30, -0.22), (-0.16, 0.02), (-0.08, 0.34),
                       (0.16, 0.40)], closed=True)  # fmt: skip
        clay.over([shell], 0.50, 0.16, keep=0.3)
        rim = curve([(0.50, 0.44), (0.16, 0.40), (-0.08, 0.34), (-0.16, 0.02), (-0.30, -0.22)])
        clay.add([ribbon(rim, 0.05)], 0.14, 0.02)
        ridge = curve([(0.44, 0.66), (0.10, 0.95), (-0.34, 0.92), (-0.66, 0.52), (-0.72, 0.05)])
        plume = []
        for k in range(2, len(ridge) - 1):
            x, y = ridge[k]
            outward = math.degrees(math.atan2(y - 0.2, x + 0.1))
            plume.append(leaf(x, y, outward + 28, 0.26, 0.32))
        for one in plume:
            clay.join([one], 0.52, 0.03)
        clay.over([ribbon(ridge, 0.06)], 0.34, 0.025)
        clay.add([place(star(int(rng.integers(5, 9))), -0.22, 0.55, 0.13)], 0.14, 0.03)
    elif wears == "cap":
        dome = curve([(0.44, 0.50), (0.38, 0.74), (0.22, 0.98), (-0.02, 0.96), (-0.20, 0.86),
                      (-0.52, 0.62), (-0.57, 0.28), (-0.20, 0.44)], closed=True)  # fmt: skip
        clay.over([dome], 0.44, 0.14, keep=0.3)
        clay.over([ribbon(curve([(0.46, 0.50), (0.12, 0.50), (-0.22, 0.42), (-0.59, 0.26)]), 0.11)],
                  0.24, 0.04)  # fmt: skip
        for x in (0.1, -0.15, -0.36):
            crease = curve([(x + 0.08, 0.9), (x, 0.7), (x - 0.02, 0.55)])
            clay.cut([ribbon(crease, [0.01, 0.03, 0.01])], 0.12, 0.015)


def _dress(clay: Clay, bust: list[list[tuple[float, float]]], rng: Rng) -> None:
    if len(bust[1]) < 3:
        return
    edge = curve([(0.46, -0.92), (0.10, -0.80), (-0.20, -0.68), (-0.44, -0.60), (-0.78, -0.80),
                  (-0.58, -1.0), (-0.05, -1.07)], closed=True)  # fmt: skip
    clay.over([edge], 0.24, 0.05, keep=0.5)
    n = int(rng.integers(4, 7))
    for k in range(n):
        t = k / (n - 1)
        fold = curve([(0.36 - 0.75 * t, -0.86 + 0.22 * t), (0.15 - 0.6 * t, -0.95 + 0.1 * t),
                      (-0.1 - 0.5 * t, -1.03 + 0.14 * t)])  # fmt: skip
        clay.add([ribbon(fold, [0.03, 0.06, 0.03])], 0.16, 0.025)
    clay.over([circle(-0.30, -0.70, 0.08)], 0.26, 0.05)
    clay.cut([ribbon(place(circle(0, 0, 0.045), -0.30, -0.70), 0.012)], 0.1, 0.008)


def _inside(polygon: F64, x: float, y: float) -> bool:
    a, b = polygon, np.roll(polygon, -1, axis=0)
    crosses = (a[:, 1] > y) != (b[:, 1] > y)
    at = a[:, 0] + (y - a[:, 1]) / np.where(b[:, 1] == a[:, 1], 1, b[:, 1] - a[:, 1]) * (
        b[:, 0] - a[:, 0]
    )
    return bool(np.count_nonzero(crosses & (x < at)) % 2)
