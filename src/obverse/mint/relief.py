"""A design becomes a height map."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from obverse.mint import ornament
from obverse.mint.clay import Clay, soften
from obverse.mint.design import CoinType, Face
from obverse.mint.letters import set_text
from obverse.mint.motifs import MOTIFS, SCENES
from obverse.mint.rim import grid, raise_rim
from obverse.mint.shapes import box, circle, ribbon
from obverse.types import F32, F64

LETTER_HEIGHT = 0.42
CORE = 0.66
"""Radius of a bimetal coin's core."""


def relief(coin: CoinType, side: str, year: int, size: int) -> F32:
    """The height map of one side as struck.

    Args:
        side: ``obverse`` or ``reverse``.
        year: set in place of ``{year}``.
        size: pixels a side; the circumscribed circle touches all four.
    Returns:
        float32 (size, size); the field is 0, the rim 0.55, the highest parts about 0.8.
    """
    face = coin.face(side)
    clay = Clay(_struck(coin, side, size).copy())
    _write(clay, coin, face, year)
    return clay.height


@functools.lru_cache(maxsize=8)
def _struck(coin: CoinType, side: str, size: int) -> F32:
    """Everything but the date; kept, as specimens of a type differ in little else."""
    face = coin.face(side)
    rng = np.random.default_rng([face.seed, 7])
    inner = coin.outline.inner
    clay = Clay.blank(size)
    main = clay.at(scale=inner)
    framed = _arrange(main, face, rng)
    # Bas-relief: great heights are pressed together, small steps survive.
    height = np.sign(clay.height) * np.log1p(1.6 * np.abs(clay.height)) / 1.25
    ground = ornament.texture(face.field, size, rng)
    x, y = grid(size)
    reach = {"band": 0.66, "wreath": 0.56, "framed": 0.70, "framed value": 0.66}.get(
        face.layout, 0.70
    )
    inside = np.clip((reach * inner - np.hypot(x, y)) / 0.01, 0, 1)
    if framed is not None and face.frame not in ("ring", "beaded"):
        window = Clay.blank(size)
        window.at(scale=inner).add([framed * 0.93], 1.0, 0.004)
        inside = np.clip(window.height, 0, 1)
    if face.layout == "exergue":
        inside = inside * np.clip((y + 0.57 * inner) / 0.01, 0, 1)
    free = np.clip(1 - soften(np.clip(np.abs(height) * 8, 0, 1), 0.008 * size) * 1.2, 0, 1)
    height = height + (ground * inside * free).astype(np.float32)
    struck = Clay(height.astype(np.float32))
    ornament.border(struck, face.border, coin.outline, inner)
    _write(struck, coin, face, None)
    height = np.maximum(struck.height, raise_rim(coin.outline, size))
    room = coin.outline.room(x, y)
    edge = raise_rim(coin.outline, size)
    height = np.where(room < 0.05, edge, height)
    if "/" in coin.metal:
        groove = np.exp(-(((np.hypot(x, y) - CORE) / 0.008) ** 2))
        height = height - 0.16 * groove
    return height.astype(np.float32)


def _arrange(clay: Clay, face: Face, rng: np.random.Generator) -> F64 | None:
    """Frame, motif and side ornaments by layout; returns the frame's outline."""
    mark = int(rng.integers(5))
    path = ornament.frame(clay, face.frame, 0.68 if face.layout == "band" else 0.70)
    if face.layout == "holed":
        _around_hole(clay, face, rng, mark)
        return None
    if face.motif:
        # Heads and lone things are narrower than scenes and may be larger in the same room.
        grown = face.scale * (1.0 if face.motif in SCENES else 1.06)
        motif = clay.at(face.x, face.y, grown, flip=face.flip)
        MOTIFS[face.motif](motif, np.random.default_rng([face.seed, 3]))
    if face.layout == "exergue":
        clay.over([box(-0.66, -0.575, 0.66, -0.55)], 0.4, 0.01)
    elif face.layout == "wreath":
        ornament.wreath(clay, rng, 0.68, float(rng.uniform(12, 40)))
    elif face.layout == "value":
        kind = rng.integers(4)
        if kind == 0:
            ornament.wreath(clay, rng, 0.62, 75.0, 38.0)
        elif kind == 1:
            for s in (-1, 1):
                ornament.small(clay, mark, 0.52 * s, 0.10, 0.085)
        elif kind == 2:
            clay.add([ribbon([(-0.46, -0.42), (0.46, -0.42)], [0.004, 0.02, 0.004])], 0.6, 0.01)
            ornament.small(clay, mark, 0.0, -0.50, 0.06)
        else:
            ornament.stars(clay, mark, int(rng.integers(5, 10)), 0.56, 150, 30, 0.045)
    elif face.layout == "split":
        clay.add([box(-0.5, -0.315, 0.5, -0.30)], 0.5, 0.008)
    elif face.layout == "framed":  # one on each side, between the legends
        for angle in np.radians([200.0, -20.0]):
            ornament.small(clay, mark, 0.81 * np.cos(angle), 0.81 * np.sin(angle), 0.035)
    return path


def _around_hole(clay: Clay, face: Face, rng: np.random.Generator, mark: int) -> None:
    if not face.motif:
        ornament.wreath(clay, rng, 0.58, 50.0, 50.0)
        return
    n = int(rng.integers(2, 5))
    for k in range(n):
        angle = np.pi / 2 + 2 * np.pi * k / n + (np.pi / 2 if n == 2 else 0)
        x, y = 0.46 * np.cos(angle), 0.46 * np.sin(angle)
        one = clay.at(float(x), float(y), face.scale, flip=bool(k % 2))
        MOTIFS[face.motif](one, np.random.default_rng([face.seed, 3]))
        between = angle + np.pi / n
        ornament.small(clay, mark, 0.46 * np.cos(between), 0.46 * np.sin(between), 0.07)
    clay.add(
        [ribbon(np.concatenate([circle(0, 0, 0.235), circle(0, 0, 0.235)[:2]]), 0.012)], 0.5, 0.006
    )


def _write(clay: Clay, coin: CoinType, face: Face, year: int | None) -> None:
    """Set the texts with a date if ``year`` is given, else those without one."""
    size = clay.height.shape[0]
    for text in face.texts:
        if ("{year}" in text.text) != (year is not None):
            continue
        said = replace(text, text=text.text.format(year=year))
        mask = set_text(size, said, face.lettering, coin.outline.inner)
        edge = 0.011 if text.cap < 0.2 else 0.028
        cover = mask.astype(np.float32) / 255
        clay.height *= 1 - 0.85 * np.clip(soften(cover, 0.004 * size) * 1.5, 0, 1)
        clay.mask(mask, LETTER_HEIGHT if text.cap < 0.2 else LETTER_HEIGHT * 1.25, edge)
