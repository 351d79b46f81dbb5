"""Things that lie about beside a coin, many of them round, to mislead whoever looks for it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from obverse.mint.clay import Clay, soften
from obverse.mint.motifs import things
from obverse.mint.shade import Finish, Light, shade
from obverse.mint.shapes import box, circle, curve, regular, ribbon, star
from obverse.types import F32, Array

Rng = np.random.Generator

KINDS = ("cap", "button", "washer", "key", "pencil", "card", "clip", "stain", "nut", "marble")
_SIZE = 256  # pixels of a thing before it is laid down
_SHADE = 0.45  # how much of the light a cast shadow takes


@dataclass(frozen=True, slots=True)
class Thing:
    """A small object from above: linear RGB, float32 (s, s, 3), and its cover, float32 (s, s)."""

    colour: F32
    cover: F32
    flat: bool = False  # ink or a stain: casts no shadow


def make(kind: str, light: Light, rng: Rng) -> Thing:
    """A thing of a kind in ``KINDS``, lit."""
    clay = Clay.blank(_SIZE)
    grey = rng.uniform(0.04, 0.6)  # most things are dull, some are bright plastic
    tint = (grey + rng.uniform(0.1, 0.7) * (rng.uniform(0.02, 0.8, 3) - grey)).astype(np.float32)
    metal = np.array(
        ((0.6, 0.6, 0.58), (0.7, 0.5, 0.2), (0.45, 0.3, 0.2))[int(rng.integers(3))], np.float32
    )
    colour, holes = tint, []
    gloss = 0.3
    if kind == "cap":
        n = 21
        shape = [star(n, 0.9, 0.98)]
        clay.join(shape, 0.4, 0.08)
        clay.add([circle(0, 0, 0.78)], 0.3, 0.06)
        clay.add([star(int(rng.integers(3, 9)), 0.5, 0.5)], 0.1, 0.03)
    elif kind == "button":
        shape = [circle(0, 0, 0.97)]
        clay.join(shape, 0.6, 0.14)
        clay.cut([circle(0, 0, 0.68)], 0.2, 0.08)
        n = int(rng.choice([2, 4]))
        holes = [p for k in range(n) for p in [circle(0.22 * math.cos(a), 0.22 * math.sin(a), 0.09)
                 for a in [2 * math.pi * (k + 0.5) / n]]]  # fmt: skip
        clay.cut(holes, 0.5, 0.04)
    elif kind == "washer":
        shape, colour, gloss = [circle(0, 0, 0.97)], metal, 0.6
        holes = [circle(0, 0, float(rng.uniform(0.35, 0.55)))]
        clay.join(shape, 0.5, 0.04)
    elif kind == "nut":
        shape, colour, gloss = [regular(6, 0.97)], metal, 0.6
        holes = [circle(0, 0, 0.5)]
        clay.join(shape, 0.8, 0.12)
    elif kind == "key":
        things.key(clay.at(scale=0.98), rng)
        colour, gloss = metal, 0.6
        shape = []
    elif kind == "pencil":
        shape = [ribbon([(-0.98, 0), (0.72, 0)], 0.16)]
        clay.join(shape, 0.7, 0.08)
        tip = np.array([(0.72, 0.08), (0.98, 0.0), (0.72, -0.08)])
        clay.join([tip], 0.6, 0.07)
        clay.add([box(-0.98, -0.012, 0.70, 0.012)], 0.1, 0.01)
        shape = [*shape, tip]
    elif kind == "card":
        shape = [box(-0.97, -0.62, 0.97, 0.62)]
        clay.join(shape, 0.1, 0.01)
        clay.cut(
            [
                box(-0.8, y, float(rng.uniform(0.0, 0.8)), y + 0.06)
                for y in np.linspace(-0.45, 0.35, 5)
            ],
            0.05,
            0.02,
        )
        gloss = 0.0
    elif kind == "clip":
        wire = curve(
            [
                (-0.7, 0.18),
                (0.62, 0.2),
                (0.86, 0.0),
                (0.62, -0.2),
                (-0.72, -0.2),
                (-0.9, -0.02),
                (-0.72, 0.1),
                (0.5, 0.08),
            ]
        )
        shape, colour, gloss = [ribbon(wire, 0.07)], metal, 0.7
        clay.join(shape, 0.7, 0.035)
    elif kind == "marble":
        shape, gloss = [circle(0, 0, 0.97)], 0.9
        clay.join(shape, 2.2, None)
    else:
        shape = [
            ribbon(np.concatenate([circle(0, 0, r), circle(0, 0, r)[:2]]), wide)
            for r, wide in ((0.93, 0.05), (0.86, 0.015))
        ]
        clay.join(shape, 0.02, 0.02)
        gloss = 0.0
    cover = np.clip(Clay.blank(_SIZE).height, 0, 1)
    outline = Clay(cover)
    outline.join(shape, 1.0, 0.008) if shape else np.copyto(cover, np.clip(clay.height * 8, 0, 1))
    if holes and kind != "button":
        gap = Clay.blank(_SIZE)
        gap.join(holes, 1.0, 0.008)
        cover *= 1 - np.clip(gap.height, 0, 1)
    look = shade(
        soften(clay.height, 0.8), colour, colour * 0.4, light, np.eye(3), Finish(0, 0, 0.1, gloss)
    )
    return Thing(look, np.clip(cover, 0, 1) * (0.35 if kind == "stain" else 1.0), kind == "stain")


def lay(scene: F32, thing: Thing, x: float, y: float, r: float, turn: float, light: Light) -> None:
    """Lay a thing into a scene (linear RGB, changed in place), its unit circle of ``r`` pixels
    around (x, y), turned by degrees."""
    h, w = scene.shape[:2]
    scale = 2 * r / _SIZE
    middle = (_SIZE / 2 - 0.5, _SIZE / 2 - 0.5)
    m = np.asarray(cv2.getRotationMatrix2D(middle, turn, scale), np.float64)
    m[:, 2] += np.array([x, y]) - _SIZE / 2 + 0.5
    reach = math.ceil(1.5 * r) + 8
    x0, y0 = max(0, int(x) - reach), max(0, int(y) - reach)
    x1, y1 = min(w, int(x) + reach), min(h, int(y) + reach)
    if x0 >= x1 or y0 >= y1:
        return
    m[:, 2] -= np.array([x0, y0])
    size = (x1 - x0, y1 - y0)
    look = cv2.warpAffine(
        thing.colour, m, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    cover = cv2.warpAffine(thing.cover, m, size, flags=cv2.INTER_LINEAR)
    here = scene[y0:y1, x0:x1]
    if not thing.flat:
        here *= 1 - _SHADE * cast(cover, 0.10 * r, light)[..., None]
    here += (look - here) * cover[..., None]


def cast(cover: Array, height: float, light: Light) -> F32:
    """The shadow of a flat cover ``height`` pixels thick: soft, away from the lamp, 0 to 1."""
    a = math.radians(light.azimuth)
    far = height / max(math.tan(math.radians(light.elevation)), 0.4) * 1.2
    m = np.array([[1, 0, -far * math.cos(a)], [0, 1, far * math.sin(a)]], np.float64)
    moved = cv2.warpAffine(cover, m, cover.shape[::-1])
    return np.clip(
        0.6 * soften(moved, 0.5 * height + 1) + 0.5 * soften(cover, 0.35 * height + 1), 0, 1
    )
