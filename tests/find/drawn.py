"""Photos of coins with exact rims, drawn on the spot."""

from __future__ import annotations

import cv2
import numpy as np

from obverse.types import F32, F64, U8, Array, Ellipse, Photo

FINE = 4
"""Rims are drawn at this many times the size and averaged down: exact to a quarter of a pixel."""


def photo(pixels: Array, width: int | None = None, height: int | None = None) -> Photo:
    """Pixels as a photo, by default at full size."""
    h, w = pixels.shape[:2]
    return Photo(np.ascontiguousarray(pixels), width or w, height or h, "", "<drawn>")


def background(seed: int, width: int = 640, height: int = 480) -> U8:
    """A colour graded across the picture, with noise."""
    rng = np.random.default_rng(seed)
    shade = np.linspace(-25, 25, width)[None, :, None] * rng.choice([-1, 1])
    picture = rng.integers(60, 200, 3) + shade + rng.normal(0, 4, (height, width, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)


def coin(canvas: U8, rim: F64, seed: int, hole: F64 | None = None) -> U8:
    """The canvas with a coin in it: a relief inside a raised rim, lit from one side.

    Args:
        rim: polygon (n, 2) in pixels, with pixel centres at integers.
        hole: polygon through which the canvas shows.
    """
    rng = np.random.default_rng(seed)
    h, w = canvas.shape[:2]
    share = _cover(rim, w, h) - (0 if hole is None else _cover(hole, w, h))
    centre = rim.mean(axis=0)
    height = np.zeros((h, w), np.float32)
    radius = float(np.linalg.norm(rim - centre, axis=1).mean())
    for _ in range(14):
        r, t = 0.6 * radius * np.sqrt(rng.random()), 2 * np.pi * rng.random()
        x, y = centre + r * np.array([np.cos(t), np.sin(t)])
        size = max(2, int(radius * rng.uniform(0.04, 0.14)))
        cv2.circle(height, (int(x), int(y)), size, float(rng.uniform(0.5, 1.5)), -1, cv2.LINE_AA)
    height += 1.5 * (_cover(rim, w, h) - _cover(centre + 0.93 * (rim - centre), w, h))
    height = cv2.GaussianBlur(height, (0, 0), max(0.8, 0.01 * radius))
    light = 70 * (np.roll(height, 1, axis=1) - np.roll(height, -1, axis=1))
    level = canvas.mean() + rng.choice([-55, 55])
    metal = level + np.array([8.0, 0.0, -12.0]) + light[..., None] + rng.normal(0, 2, (h, w, 1))
    mixed = canvas * (1 - share[..., None]) + metal * share[..., None]
    return np.clip(mixed, 0, 255).astype(np.uint8)


def shaped(ellipse: Ellipse, kind: str, n: int = 720) -> F64:
    """A rim inside the ellipse: ``heptagon`` with straight sides, ``curved`` with seven sides round
    their opposite corners as on a 20 pence, ``scallop`` with 12 waves; corners a little rounded."""
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    step = 2 * np.pi / 7
    side = (t + 0.2) % step - step / 2  # angle from the middle of the side
    if kind == "heptagon":
        radius = np.minimum(np.cos(step / 2) / np.cos(side), 0.985)
    elif kind == "curved":
        across = 2 * np.cos(step / 4)
        radius = np.minimum(np.sqrt(across**2 - np.sin(side) ** 2) - np.cos(side), 0.985)
    else:
        radius = 0.96 + 0.03 * np.cos(12 * t)
    centre = np.array([ellipse.cx, ellipse.cy])
    return centre + (ellipse.points(n) - centre) * radius[:, None]


def overlap(p: Array, q: Array, width: int, height: int) -> float:
    """IoU of two polygons of any shape, counted on a fine raster."""
    a, b = (_cover(np.asarray(r, float), width, height) for r in (p, q))
    return float(np.minimum(a, b).sum() / np.maximum(a, b).sum())


def _cover(polygon: F64, width: int, height: int) -> F32:
    """The share of every pixel that lies in the polygon, float32 (height, width)."""
    fine = np.zeros((height * FINE, width * FINE), np.float32)
    corners = np.rint(((polygon + 0.5) * FINE - 0.5) * 256).astype(np.int32)
    cv2.fillPoly(fine, [corners], 1.0, shift=8)
    return np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), np.float32)
