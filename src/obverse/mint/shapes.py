"""Polygons to sculpt with: curves, ribbons, leaves, stars. All float64 (n, 2), y up."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from obverse.types import F64

Path = Sequence[tuple[float, float]] | F64


def curve(points: Path, *, closed: bool = False, steps: int = 8) -> F64:
    """A smooth curve through the points (centripetal enough for drawing: Catmull-Rom)."""
    p = np.asarray(points, np.float64)
    if closed:
        p = np.concatenate([p[-1:], p, p[:2]])
    else:
        p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    a, b, c, d = p[:-3, None], p[1:-2, None], p[2:-1, None], p[3:, None]
    out = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    flat = out.reshape(-1, 2)
    return flat if closed else np.concatenate([flat, p[-2:-1]])


def ribbon(path: Path, width: float | Sequence[float]) -> F64:
    """A band along a path; ``width`` is full, constant or given at even stations along it."""
    p = np.asarray(path, np.float64)
    half = np.atleast_1d(np.asarray(width, np.float64)) / 2
    half = np.interp(np.linspace(0, 1, len(p)), np.linspace(0, 1, len(half)), half)[:, None]
    step = np.gradient(p, axis=0)
    side = np.stack([-step[:, 1], step[:, 0]], 1)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    return np.concatenate([p + side * half, (p - side * half)[::-1]])


def limb(spine: Sequence[tuple[float, float, float]], steps: int = 8) -> F64:
    """A rounded limb: a smooth spine of (x, y, radius), with round ends."""
    s = np.asarray(spine, np.float64)
    path = curve(s[:, :2], steps=steps)
    radius = np.interp(np.linspace(0, len(s) - 1, len(path)), np.arange(len(s)), s[:, 2])
    body = ribbon(path, list(2 * radius))
    n = len(path)
    ends = []
    for at, before, r in ((path[-1], path[-2], radius[-1]), (path[0], path[1], radius[0])):
        a = math.atan2(*(at - before)[::-1])
        ends.append(at + r * _around(np.linspace(a + math.pi / 2, a - math.pi / 2, 9)))
    return np.concatenate([body[:n], ends[0], body[n:], ends[1]])


def circle(x: float = 0.0, y: float = 0.0, r: float = 1.0, ry: float | None = None) -> F64:
    """A circle, or an ellipse with upright axes."""
    p = _around(np.linspace(0, 2 * math.pi, max(12, int(130 * r**0.5)), endpoint=False))
    return p * (r, r if ry is None else ry) + (x, y)


def ring(r: float, width: float, start: float = 0.0, stop: float = 360.0) -> F64:
    """A band of a circle around the origin between two angles in degrees."""
    n = max(8, int(abs(stop - start) / 3))
    return ribbon(arc(r, start, stop, n), width)


def arc(r: float, start: float, stop: float, n: int = 40) -> F64:
    """Points on a circle around the origin, counter-clockwise from x, degrees."""
    return r * _around(np.radians(np.linspace(start, stop, n)))


def regular(n: int, r: float = 1.0, turn: float = 90.0) -> F64:
    """A regular polygon with a corner at ``turn`` degrees."""
    return _around(np.radians(turn + 360 * np.arange(n) / n)) * r


def star(n: int, inner: float = 0.4, r: float = 1.0, turn: float = 90.0) -> F64:
    """A star of ``n`` points, the first at ``turn`` degrees; ``inner`` is relative to ``r``."""
    radius = np.where(np.arange(2 * n) % 2, inner, 1.0) * r
    return radius[:, None] * _around(np.radians(turn + 180 * np.arange(2 * n) / n))


def box(x0: float, y0: float, x1: float, y1: float) -> F64:
    """An upright rectangle."""
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)


def leaf(x: float, y: float, turn: float, length: float, width: float = 0.4) -> F64:
    """A leaf growing from (x, y) towards ``turn`` degrees; ``width`` relative to the length."""
    t = np.linspace(0, 1, 10)
    half = width / 2 * np.sin(np.pi * t**0.8) ** 0.9
    p = np.concatenate([np.stack([t, half], 1), np.stack([t, -half], 1)[::-1]])
    return place(p, x, y, length, turn)


def place(shape: F64, x: float = 0.0, y: float = 0.0, scale: float = 1.0, turn: float = 0.0) -> F64:
    """A shape scaled, turned counter-clockwise by degrees, then moved."""
    c, s = math.cos(math.radians(turn)) * scale, math.sin(math.radians(turn)) * scale
    return np.asarray(shape @ np.array([[c, s], [-s, c]]) + (x, y), np.float64)


def mirror(shape: F64) -> F64:
    """A shape mirrored left to right."""
    return shape * (-1.0, 1.0)


def spiral(x: float, y: float, r: float, turns: float, start: float = 0.0, n: int = 40) -> F64:
    """Points of a spiral from the rim ``r`` inwards."""
    t = np.linspace(0, 1, n)
    a = np.radians(start) + 2 * math.pi * turns * t
    return (r * (1 - 0.85 * t))[:, None] * _around(a) + (x, y)


def _around(angles: F64) -> F64:
    return np.stack([np.cos(angles), np.sin(angles)], 1)
