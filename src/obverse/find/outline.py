"""The rim of an object that is no ellipse: corners and scallops, traced ray by ray."""

from __future__ import annotations

import numpy as np

from obverse.find.ellipses import Field, axes, rim_strength
from obverse.types import F32, F64

RAYS = 192
"""Points of an outline: sixteen for each scallop of a coin with twelve."""
INWARD, OUTWARD = 0.09, 0.05
"""How far the rim may leave the ellipse, as shares of the radius."""
OPAQUE = 0.02
"""A full-strength edge this wide, as a share of the radius, hides by 1 / e the edges inside it: the
rim is the first edge met from outside, not the rings of beads behind it."""
WIDTHS = np.geomspace(0.05, 0.012, 6)
"""Widths of the rays' weights from round to round, shares of the radius."""
SMOOTH = np.array([1, 2, 1], np.float32) / 4
"""Weights of a ray's neighbours."""
DEPARTS = 0.006
"""Least median distance from the ellipse, as a share of the radius: corners and scallops depart all
around, a dent or a shadow here and there."""
BETTER = 0.03
"""How much stronger, 0 to 1, the edge must be along the outline than along the ellipse."""
SMALLEST = 24.0
"""Semi-axis in pixels below which corners cannot be told from noise."""

_angles = np.linspace(0.0, 2 * np.pi, RAYS, endpoint=False)
UNIT = np.stack([np.cos(_angles), np.sin(_angles)], axis=1)


def trace(field: Field, matrix: F64) -> F32 | None:
    """The rim around the ellipse ``matrix`` (2, 3), float32 (RAYS, 2) in field pixels; None where
    it is the ellipse itself, or where it cannot be seen all around.

    The scheme of ``ellipses.refine``, but each ray follows its neighbours instead of one ellipse.
    """
    if axes(matrix[None])[1][0] < SMALLEST:
        return None
    t = np.linspace(-INWARD, OUTWARD, 57, dtype=np.float32)
    strength, known = rim_strength(field, matrix[None], t, unit=UNIT)
    strength, known = strength[0], known[0]
    power = strength**2
    power[~known[:, np.abs(t) < 0.03].all(axis=1)] = np.exp(-((t / 0.01) ** 2))  # past the frame
    before = np.cumsum(power[:, ::-1], axis=1)[:, ::-1] - power
    power = power * np.exp(-before * ((t[1] - t[0]) / OPAQUE))
    place = np.zeros(RAYS, np.float32)
    for width in WIDTHS:
        weight = power * np.exp(-((t - place[:, None]) ** 2) * np.float32(0.5 / width**2))
        total = weight.sum(axis=1) + np.float32(1e-6)
        place = _smooth(weight @ t) / _smooth(total)
    gain = _along(strength, t, place) - _along(strength, t, np.zeros_like(place))
    if np.median(np.abs(place)) < DEPARTS or gain < BETTER:
        return None
    rim = matrix[:, 2] + (UNIT * (1 + place[:, None])) @ matrix[:, :2].T
    return rim.astype(np.float32)


def _smooth(ring: F32) -> F32:
    padded = np.concatenate([ring[-1:], ring, ring[:1]])
    return np.convolve(padded, SMOOTH, mode="valid").astype(np.float32)


def _along(strength: F32, t: F32, place: F32) -> float:
    """The mean strength at ``place`` on every ray."""
    column = np.rint((place - t[0]) / (t[1] - t[0])).astype(int)
    return float(strength[np.arange(RAYS), np.clip(column, 0, len(t) - 1)].mean())
