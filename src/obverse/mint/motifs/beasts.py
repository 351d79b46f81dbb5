"""Four-legged beasts in profile, facing right, built from limbs like an armature under clay."""

# ruff: noqa: RUF005 - an array plus a tuple is a shape moved, nothing is concatenated

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from obverse.mint.clay import Clay
from obverse.mint.shapes import circle, curve, leaf, limb, ribbon, spiral
from obverse.types import F64

Rng = np.random.Generator
Spine = list[tuple[float, float, float]]


def _legs(
    clay: Clay, hips: Spine, ground: float, swing: list[float], hoof: bool, height: float
) -> None:
    """One leg from each hip (x, y, radius) to the ground; ``swing`` moves its foot."""
    for (x, y, r), s in zip(hips, swing, strict=True):
        raised = abs(s) > 0.3
        drop = ground if not raised else ground + 0.30
        hind = x < 0
        knee = (x + s * 0.55 + (0.05 if not hind else 0.02), y + (drop - y) * 0.48, r * 0.55)
        hock = (x + s * 0.85 - (0.08 if hind else 0.0), y + (drop - y) * 0.76, r * 0.38)
        if raised and not hind:
            knee = (x + s * 0.95, y + (drop - y) * 0.55, r * 0.55)
            hock = (x + s * 0.70, y + (drop - y) * 0.90, r * 0.38)
        foot = (x + s * (1.0 if not raised else 0.75), drop + 0.04, r * (0.44 if hoof else 0.40))
        clay.join([limb([(x, y, r), knee, hock, foot])], height, r * 0.6)
        toe = (foot[0] + r * 0.45, drop + 0.02, r * 0.36)
        clay.join([limb([foot, toe])], height, 0.05)


def _gait(rng: Rng) -> tuple[list[float], list[float]]:
    """Foot offsets of the far and the near legs (hind, fore): standing, walking, prancing."""
    kind = rng.integers(3)
    if kind == 0:
        return [0.06, -0.04], [-0.06, 0.05]
    if kind == 1:
        return [0.20, -0.20], [-0.20, 0.20]
    return [0.12, 0.36], [-0.14, -0.05]


def _body(
    clay: Clay, rng: Rng, trunk: Spine, neck: Spine, hips: Spine, ground: float, hoof: bool
) -> None:
    far, near = _gait(rng)
    shift: Spine = [(x + 0.10, y, r * 0.9) for x, y, r in hips]
    _legs(clay, shift, ground, far, hoof, 0.36)
    clay.over([limb(trunk)], 0.52, 0.16, keep=0.3)
    clay.add([limb(trunk)], 0.12)
    clay.join([limb(neck)], 0.56, 0.14)
    _legs(clay, hips, ground, near, hoof, 0.56)
    for x, y, r in hips:  # thigh and shoulder, and the hollow between them
        clay.swell([circle(x, y + 0.03, r * 0.75)], 0.12, r * 0.3)
    clay.swell([circle(-0.12, 0.0, 0.10, 0.12)], -0.07, 0.06)


def _ground(clay: Clay, rng: Rng, y: float) -> None:
    line = [(x, y - 0.03 + rng.uniform(-0.02, 0.02)) for x in np.linspace(-0.9, 0.9, 9)]
    clay.join([ribbon(curve(line), [0.01, 0.05, 0.05, 0.01])], 0.32, 0.025)
    tufts = []
    for x in rng.uniform(-0.8, 0.8, int(rng.integers(0, 5))):
        tufts += [leaf(x, y - 0.02, a, 0.15, 0.2) for a in (65, 90, 118)]
    clay.join(tufts, 0.3, 0.015)


def _eye(clay: Clay, x: float, y: float) -> None:
    clay.add([circle(x, y, 0.03)], 0.10, 0.02)
    clay.cut([circle(x, y, 0.014)], 0.14, 0.012)


def _locks(clay: Clay, spots: F64, lean: Callable[[F64], float], size: float, rng: Rng) -> None:
    for p in spots:
        one = leaf(p[0], p[1], lean(p) + rng.uniform(-14, 14), size * rng.uniform(0.8, 1.2), 0.4)
        clay.over([one], 0.20, 0.04, keep=0.9)


def lion(clay: Clay, rng: Rng) -> None:
    """A lion, its mane in locks, its tail in a tuft."""
    tail_up = rng.uniform(0.2, 0.75)
    tail = curve([(-0.62, 0.12), (-0.86, 0.05), (-0.92, tail_up - 0.2), (-0.74, tail_up)])
    clay.join([ribbon(tail, [0.09, 0.06, 0.05])], 0.4, 0.03)
    clay.join([leaf(-0.78, tail_up - 0.04, a, 0.26, 0.5) for a in (35, 60, 85)], 0.42, 0.04)
    _body(
        clay, rng,
        [(-0.52, 0.06, 0.21), (-0.15, 0.02, 0.19), (0.28, 0.10, 0.26)],
        [(0.28, 0.16, 0.26), (0.48, 0.40, 0.22)],
        [(-0.54, 0.0, 0.19), (0.30, -0.02, 0.17)], -0.74, False,
    )  # fmt: skip
    clay.over([circle(0.46, 0.30, 0.34, 0.42)], 0.30, 0.16, keep=0.6)
    for radius, count in ((0.36, 13), (0.26, 11), (0.15, 8)):
        a = np.linspace(0.45 * math.pi, 1.62 * math.pi, count)
        spots = np.stack([0.52 + radius * np.cos(a), 0.36 + radius * 1.15 * np.sin(a)], 1)
        _locks(clay, spots, lambda p: 235 + 50 * float(0.4 - p[1]) * -1.0, 0.24, rng)
    face = curve([(0.50, 0.62), (0.66, 0.60), (0.80, 0.44), (0.90, 0.40), (0.91, 0.28),
        (0.80, 0.16),
                  (0.62, 0.14), (0.48, 0.26), (0.44, 0.46)], closed=True)  # fmt: skip
    clay.over([face], 0.42, 0.10, keep=0.4)
    clay.add([circle(0.80, 0.32, 0.11, 0.10)], 0.14, 0.06)
    clay.cut([ribbon(curve([(0.70, 0.22), (0.80, 0.24), (0.90, 0.27)]), 0.025)], 0.2, 0.014)
    clay.over([circle(0.52, 0.60, 0.08)], 0.26, 0.04)
    _eye(clay, 0.66, 0.46)
    _ground(clay, rng, -0.76)


def horse(clay: Clay, rng: Rng) -> None:
    """A horse with flowing mane and tail."""
    for k in range(6):
        t = k / 5
        tail = curve(
            [
                (-0.62, 0.22),
                (-0.86, 0.20 - 0.15 * t),
                (-0.96 + 0.14 * t, -0.25),
                (-0.84 + 0.12 * t, -0.62),
            ]
        )
        clay.join([ribbon(tail, [0.05, 0.07, 0.02])], 0.38 + 0.02 * (k % 2), 0.025)
    _body(
        clay, rng,
        [(-0.50, 0.12, 0.20), (-0.12, 0.06, 0.18), (0.28, 0.12, 0.22)],
        [(0.28, 0.18, 0.22), (0.46, 0.46, 0.15), (0.52, 0.72, 0.11)],
        [(-0.52, 0.06, 0.18), (0.30, 0.02, 0.14)], -0.78, True,
    )  # fmt: skip
    clay.join([limb([(0.52, 0.72, 0.13), (0.70, 0.58, 0.09), (0.84, 0.44, 0.075)])], 0.62, 0.10)
    clay.join([leaf(0.48, 0.78, a, 0.2, 0.4) for a in (82, 105)], 0.5, 0.03)
    _eye(clay, 0.60, 0.68)
    clay.cut([circle(0.83, 0.44, 0.022)], 0.16, 0.02)
    clay.cut([ribbon([(0.76, 0.42), (0.84, 0.385)], 0.018)], 0.16, 0.01)
    crest = curve([(0.54, 0.84), (0.38, 0.66), (0.26, 0.42), (0.10, 0.30)])
    blow = rng.uniform(170, 215)
    _locks(clay, crest[::2], lambda p: blow + 30 * float(p[1] < 0.5), 0.34, rng)
    if rng.random() < 0.35:
        clay.join([leaf(0.60, 0.80, 58, 0.42, 0.12)], 0.5, 0.03)
        clay.cut([ribbon([(0.60 + 0.06 * k, 0.82 + 0.09 * k),
            (0.68 + 0.06 * k, 0.82 + 0.09 * k)], 0.014)
                  for k in range(4)], 0.1, 0.008)  # fmt: skip
    _ground(clay, rng, -0.80)


def bull(clay: Clay, rng: Rng) -> None:
    """A bull with horns."""
    tail = curve([(-0.68, 0.24), (-0.84, 0.05), (-0.82, -0.35)])
    clay.join([ribbon(tail, [0.05, 0.04])], 0.36, 0.02)
    clay.join([leaf(-0.82, -0.30, a, 0.24, 0.36) for a in (-75, -95, -115)], 0.4, 0.03)
    drop = rng.uniform(-0.15, 0.12)
    _body(
        clay, rng,
        [(-0.52, 0.06, 0.22), (-0.10, 0.0, 0.25), (0.30, 0.10, 0.31)],
        [(0.32, 0.16, 0.28), (0.56, 0.22 + drop / 2, 0.20)],
        [(-0.54, -0.02, 0.18), (0.32, -0.08, 0.16)], -0.72, True,
    )  # fmt: skip
    head = clay.at(0.62, 0.24 + drop)
    head.over(
        [limb([(0.0, 0.08, 0.18), (0.12, -0.08, 0.14), (0.20, -0.24, 0.105)])], 0.46, 0.12, 0.5
    )
    for s in (1.0, 0.7):
        horn = curve([(0.02 * s, 0.20), (0.18 * s, 0.28), (0.28 * s, 0.44 * s)])
        head.over([ribbon(horn, [0.10, 0.07, 0.01])], 0.36, 0.03)
    head.over([leaf(-0.08, 0.14, 195, 0.22, 0.5)], 0.3, 0.05)
    _eye(head, 0.08, 0.04)
    head.cut([circle(0.24, -0.26, 0.022)], 0.16, 0.02)
    clay.cut(
        [ribbon(curve([(0.44, 0.10), (0.40, -0.10), (0.50, -0.22)]), [0.02, 0.05, 0.02])],
        0.12,
        0.03,
    )
    _ground(clay, rng, -0.74)


def stag(clay: Clay, rng: Rng) -> None:
    """A stag with antlers."""
    _body(
        clay, rng,
        [(-0.46, -0.02, 0.18), (-0.10, -0.06, 0.15), (0.26, 0.0, 0.19)],
        [(0.26, 0.04, 0.18), (0.38, 0.26, 0.12), (0.44, 0.42, 0.10)],
        [(-0.48, -0.06, 0.15), (0.26, -0.08, 0.11)], -0.86, True,
    )  # fmt: skip
    clay.join([leaf(-0.60, 0.08, 120, 0.2, 0.5)], 0.4, 0.04)
    clay.join([limb([(0.44, 0.42, 0.11), (0.58, 0.34, 0.075), (0.70, 0.28, 0.055)])], 0.6, 0.08)
    clay.over([leaf(0.40, 0.48, 175, 0.22, 0.45)], 0.3, 0.04)
    _eye(clay, 0.48, 0.44)
    prongs = int(rng.integers(3, 6))
    for s, lift in ((-1.0, 0.40), (1.0, 0.46)):
        beam = curve([(0.44, 0.52), (0.44 + 0.20 * s, 0.68), (0.40 + 0.34 * s, 0.94)])
        clay.join([ribbon(beam, [0.06, 0.05, 0.02])], lift, 0.025)
        for k in range(prongs):
            x, y = beam[int((k + 0.6) / (prongs + 0.6) * (len(beam) - 1))]
            clay.join([leaf(x, y, 90 - 38 * s + 14 * k * s, 0.24, 0.2)], lift, 0.02)
    _ground(clay, rng, -0.88)


def elephant(clay: Clay, rng: Rng) -> None:
    """An elephant, its trunk up or down."""
    tail = curve([(-0.72, 0.18), (-0.82, -0.05), (-0.80, -0.30)])
    clay.join([ribbon(tail, [0.05, 0.03])], 0.36, 0.02)
    hips: Spine = [(-0.50, -0.12, 0.20), (0.22, -0.14, 0.18)]
    far, near = ([0.10, -0.08], [-0.08, 0.08]) if rng.random() < 0.5 else ([0.02, 0.0], [0.0, 0.02])
    for (x, y, r), s in zip(hips, far, strict=True):
        clay.join([limb([(x + 0.16, y, r), (x + 0.16 + s, -0.5, r * 0.7),
            (x + 0.16 + s, -0.74, r * 0.68)])],
                  0.36, 0.1)  # fmt: skip
    clay.over(
        [limb([(-0.46, 0.12, 0.28), (-0.10, 0.14, 0.32), (0.26, 0.16, 0.28)])], 0.6, 0.22, keep=0.3
    )
    for (x, y, r), s in zip(hips, near, strict=True):
        clay.over(
            [limb([(x, y, r), (x + s, -0.5, r * 0.75), (x + s, -0.74, r * 0.72)])],
            0.38,
            0.1,
            keep=0.5,
        )
        clay.add([circle(x + s + 0.05 * k, -0.80, 0.028) for k in (-1.4, 0, 1.4)], 0.12, 0.02)
    clay.over([limb([(0.44, 0.30, 0.24), (0.58, 0.28, 0.20)])], 0.5, 0.18, keep=0.5)
    up = rng.random() < 0.5
    trunk: Spine = (
        [
            (0.66, 0.20, 0.13),
            (0.86, 0.05, 0.08),
            (0.94, 0.28, 0.06),
            (0.84, 0.52, 0.05),
            (0.92, 0.68, 0.045),
        ]
        if up
        else [(0.66, 0.20, 0.13), (0.80, -0.05, 0.09), (0.80, -0.38, 0.065), (0.90, -0.62, 0.05)]
    )
    clay.over([limb(trunk)], 0.42, 0.08, keep=0.5)
    rings = limb(trunk)[4:34:3]
    clay.cut([ribbon([tuple(p), tuple(p + (0.05, 0.0))], 0.012) for p in rings], 0.06, 0.01)
    clay.over(
        [ribbon(curve([(0.66, 0.10), (0.76, -0.08), (0.96, -0.10)]), [0.07, 0.05, 0.01])], 0.4, 0.03
    )
    ear = curve([(0.44, 0.46), (0.26, 0.50), (0.12, 0.34), (0.16, 0.04), (0.30, -0.08),
        (0.40, 0.10)],
                closed=True)  # fmt: skip
    clay.over([ear], 0.32, 0.05, keep=0.6)
    clay.cut(
        [ribbon(curve([(0.22, 0.36), (0.22, 0.15), (0.30, 0.04)]), [0.02, 0.06, 0.02])], 0.1, 0.04
    )
    _eye(clay, 0.60, 0.36)
    _ground(clay, rng, -0.86)


def ram(clay: Clay, rng: Rng) -> None:
    """A ram with curled horn and fleece."""
    _body(
        clay, rng,
        [(-0.44, 0.02, 0.26), (-0.05, 0.0, 0.27), (0.28, 0.06, 0.26)],
        [(0.28, 0.12, 0.24), (0.46, 0.36, 0.16)],
        [(-0.46, -0.16, 0.14), (0.26, -0.16, 0.12)], -0.78, True,
    )  # fmt: skip
    curls = []
    for x in np.arange(-0.68, 0.50, 0.115):
        for y in np.arange(-0.24, 0.30, 0.11):
            px, py = x + rng.uniform(-0.03, 0.03), y + rng.uniform(-0.03, 0.03) + 0.10 * max(x, 0)
            if (px / 0.72) ** 2 + ((py - 0.02) / 0.27) ** 2 < 0.9:
                curls.append(ribbon(spiral(px, py, 0.06, 1.1, rng.uniform(0, 360), 14), 0.03))
    clay.add(curls, 0.16, 0.02)
    clay.over(
        [limb([(0.46, 0.46, 0.14), (0.62, 0.36, 0.11), (0.74, 0.24, 0.08)])], 0.46, 0.10, keep=0.4
    )
    _eye(clay, 0.58, 0.44)
    clay.cut([circle(0.76, 0.24, 0.02)], 0.15, 0.02)
    horn = spiral(0.36, 0.40, rng.uniform(0.24, 0.30), rng.uniform(1.1, 1.5), 60, 40)
    clay.over([ribbon(horn, [0.13, 0.11, 0.05])], 0.44, 0.05, keep=0.4)
    ribs = [ribbon([tuple(horn[k] - 0.05 * n), tuple(horn[k] + 0.05 * n)], 0.012)
            for k in range(2, 34, 3) for n in [_unit(horn[k] - (0.36, 0.40))]]  # fmt: skip
    clay.cut(ribs, 0.10, 0.01)
    _ground(clay, rng, -0.80)


def hound(clay: Clay, rng: Rng) -> None:
    """A hound or a wolf, sleek or shaggy."""
    shaggy = rng.random() < 0.5
    lift = rng.uniform(-0.1, 0.35)
    tail: Spine = [
        (-0.58, 0.10, 0.06),
        (-0.82, 0.05 + lift / 2, 0.09 if shaggy else 0.05),
        (-0.96, 0.15 + lift, 0.03),
    ]
    clay.join([limb(tail)], 0.4, 0.06)
    _body(
        clay, rng,
        [(-0.48, 0.02, 0.17), (-0.12, 0.02, 0.13 if not shaggy else 0.17), (0.28, 0.02, 0.21)],
        [(0.28, 0.08, 0.19), (0.46, 0.32, 0.14)],
        [(-0.50, -0.02, 0.15), (0.28, -0.06, 0.12)], -0.78, False,
    )  # fmt: skip
    clay.over(
        [limb([(0.50, 0.42, 0.15), (0.68, 0.36, 0.09), (0.86, 0.32, 0.06)])], 0.46, 0.1, keep=0.6
    )
    clay.join([leaf(0.42, 0.50, a, 0.24, 0.45) for a in (75, 108)], 0.5, 0.04)
    _eye(clay, 0.58, 0.44)
    clay.cut([ribbon([(0.72, 0.30), (0.88, 0.285)], 0.02)], 0.18, 0.012)
    clay.join([circle(0.90, 0.345, 0.035)], 0.6, 0.03)
    if shaggy:
        spots = np.stack([np.linspace(-0.5, 0.42, 13), 0.16 + 0.02 * np.sin(np.arange(13))], 1)
        _locks(clay, spots, lambda p: 195.0, 0.2, rng)
        _locks(clay, spots[7:] - (0.0, 0.14), lambda p: 240.0, 0.2, rng)
    else:
        clay.over([ribbon(curve([(0.32, 0.32), (0.42, 0.24), (0.54, 0.22)]), 0.06)], 0.3, 0.02)
    _ground(clay, rng, -0.80)


def hare(clay: Clay, rng: Rng) -> None:
    """A hare, sitting up."""
    clay.join([circle(-0.60, -0.40, 0.12)], 0.44, 0.1)
    body = limb([(-0.30, -0.36, 0.34), (0.0, -0.10, 0.28), (0.22, 0.18, 0.19)])
    clay.join([body], 0.6, 0.2)
    clay.over(
        [
            limb(
                [(0.22, 0.02, 0.13), (0.36, -0.30, 0.07), (0.30, -0.66, 0.055), (0.40, -0.70, 0.05)]
            )
        ],
        0.4,
        0.08,
        0.5,
    )
    clay.over(
        [limb([(-0.22, -0.36, 0.24), (0.02, -0.60, 0.10), (0.20, -0.70, 0.07)])],
        0.42,
        0.14,
        keep=0.6,
    )
    clay.over([limb([(0.26, 0.34, 0.18), (0.46, 0.26, 0.12)])], 0.5, 0.12, keep=0.6)
    spread = rng.uniform(5, 32)
    for a in (100, 100 + spread):
        clay.over([leaf(0.18, 0.42, a, 0.60, 0.24)], 0.42, 0.05)
        clay.cut([leaf(0.175, 0.50, a, 0.42, 0.12)], 0.12, 0.03)
    _eye(clay, 0.34, 0.38)
    clay.cut([ribbon([(0.50, 0.20), (0.57, 0.22)], 0.016)], 0.16, 0.01)
    clay.add([ribbon([(0.50, 0.25),
        (0.50 + 0.24 * math.cos(a), 0.25 + 0.24 * math.sin(a))], [0.014, 0.006])
              for a in (-0.5, -0.2, 0.1)], 0.10, 0.006)  # fmt: skip
    fur = rng.uniform((-0.55, -0.55), (0.2, 0.2), (60, 2))
    fur = fur[
        (fur[:, 1] < fur[:, 0] * 0.7 + 0.15) & (np.hypot(fur[:, 0] + 0.2, fur[:, 1] + 0.3) < 0.42)
    ]
    clay.add([leaf(x, y, 225, 0.12, 0.22) for x, y in fur], 0.08, 0.012)
    _ground(clay, rng, -0.76)


def bear(clay: Clay, rng: Rng) -> None:
    """A bear walking, its coat in strokes."""
    _body(
        clay, rng,
        [(-0.50, 0.02, 0.26), (-0.10, 0.08, 0.27), (0.28, 0.10, 0.28)],
        [(0.30, 0.10, 0.26), (0.52, 0.14, 0.20)],
        [(-0.50, -0.10, 0.20), (0.28, -0.12, 0.18)], -0.72, False,
    )  # fmt: skip
    clay.over(
        [limb([(0.58, 0.18, 0.19), (0.76, 0.08, 0.11), (0.88, 0.04, 0.075)])], 0.46, 0.12, keep=0.5
    )
    clay.over([circle(0.46, 0.36, 0.085)], 0.34, 0.05)
    clay.over([circle(0.62, 0.36, 0.065)], 0.3, 0.04)
    _eye(clay, 0.70, 0.20)
    clay.join([circle(0.93, 0.075, 0.042)], 0.6, 0.03)
    clay.cut([ribbon([(0.76, 0.0), (0.90, -0.01)], 0.02)], 0.18, 0.012)
    strokes = rng.uniform((-0.72, -0.30), (0.5, 0.34), (110, 2))
    keep = (strokes[:, 0] / 0.8) ** 2 + ((strokes[:, 1] - 0.05) / 0.3) ** 2 < 0.85
    clay.add([leaf(x, y, 200 + 40 * y, 0.13, 0.24) for x, y in strokes[keep]], 0.10, 0.014)
    _ground(clay, rng, -0.74)


def _unit(v: F64) -> F64:
    return v / max(float(np.hypot(*v)), 1e-9)
