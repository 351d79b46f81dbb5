"""Is the outline of a view seen in the photo? Some coins share all but their shape.

A scalloped rim and a polygon run around their circle in waves, the finder traces them
(``find/outline.py``), and the turn is known. So the edges along a view's wave are held against
those along the same wave turned further: beads, letters and shadows lie along it at any turn, a rim
at its own. Only what is seen counts: corners may be worn away, lie in the dark, or have been cut
off with the background.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from obverse.find.ellipses import Field, rim_strength
from obverse.find.outline import RAYS, UNIT
from obverse.normalise import disc_matrix, warp
from obverse.types import F32, F64, U8, Ellipse, Photo
from obverse.verify.numerals import FLOOR

LEAST, MOST = 5, 24
"""Corners that an outline may have. What has three or four is the frame of a picture that cuts the
rim."""
REGULAR = 0.4
"""Share of an outline's unevenness, from three corners on, that its corners must explain."""
DEEP = 0.01
"""Least depth of the wave, as a share of the radius."""
SHOWN = 0.042
"""How much stronger, 0 to 1, edges are along the wave at its turn than turned further, if it is
seen: 10 of 72,216 are by chance, 11 of 12 that are there (``benchmarks/outlines.py``)."""
RATIO = -math.log(FLOOR)
"""What is said for a shape that is seen, and against another: as much as a number can say."""
SIDE, GROUND = 256, 1.25
"""Side of the square in which the photo's rim is looked at, and its ground in radii."""
REACH = np.linspace(-0.15, 0.12, 109, dtype=np.float32)
"""Where on each ray edges are looked for: beyond the ellipse as a share of the radius."""
SIZES = np.linspace(0.94, 1.06, 13)
"""Finders settle on other steps of a rim."""
PLAY = 2
"""Rays by which the turn may be off."""


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """A regular outline.

    Attributes:
        corners: how many.
        height: float64 (``RAYS``,), how far the rim lies beyond the ellipse on each ray, as a share
            of the radius; rays go clockwise as seen from the x axis.
    """

    corners: int
    height: F64


def wave(region: Mapping[str, Any]) -> Wave | None:
    """The regular outline of an object, from ``Region.to_dict``; None for a round one, and for one
    whose outline is uneven without being regular."""
    if region.get("outline") is None or region.get("ellipse") is None:
        return None
    to_unit = disc_matrix(Ellipse(**region["ellipse"]), 2)
    x, y = (np.asarray(region["outline"]) @ to_unit[:, :2].T + to_unit[:, 2] - 0.5).T
    angle = np.arctan2(y, x) % (2 * np.pi)
    by_angle = np.argsort(angle)
    rays = np.arange(RAYS) * 2 * np.pi / RAYS
    height = np.interp(rays, angle[by_angle], np.hypot(x, y)[by_angle] - 1, period=2 * np.pi)
    parts = np.fft.rfft(height)
    power = np.abs(parts[: MOST + 1]) ** 2
    corners = 3 + int(power[3:].argmax())
    deep = 2 * abs(parts[corners]) / RAYS
    if corners < LEAST or power[corners] < REGULAR * power[3:].sum() or deep < DEEP:
        return None
    kept = np.zeros_like(parts)
    kept[::corners] = parts[::corners]
    return Wave(corners, np.fft.irfft(kept, RAYS))


def rim(photo: Photo, ellipse: Ellipse) -> F32:
    """How strong edges along a photo's rim are, 0 to 1, float32 (``RAYS``, n): on each ray, at
    ``REACH``."""
    grown = Ellipse(ellipse.cx, ellipse.cy, GROUND * ellipse.a, GROUND * ellipse.b, ellipse.angle)
    return _edges(warp(photo, disc_matrix(grown, SIDE), (SIDE, SIDE)), GROUND)


def rim_of(disc: U8) -> F32:
    """As ``rim``, of a disc that fills a square, uint8 (n, n, 3): 0 where it does not show any."""
    return _edges(disc, 1.0)


def _edges(square: U8, ground: float) -> F32:
    field = Field(square, SIDE)
    radius, middle = field.width / 2 / ground, (field.width - 1) / 2
    circle = np.hstack([np.eye(2) * radius, np.full((2, 1), middle)])
    strength, _ = rim_strength(field, circle[None], REACH, UNIT)
    return np.asarray(strength[0], np.float32)


def shows(strength: F32, wave: Wave, turn: float) -> bool:
    """Is a view's outline seen?

    Args:
        strength: of a photo, or of another view, as ``rim`` and ``rim_of`` give it.
        wave: of the view.
        turn: degrees counter-clockwise by which the view must be turned to lie as the other does.
    """
    return gain(strength, wave, turn) >= SHOWN


def gain(strength: F32, wave: Wave, turn: float) -> float:
    """How much stronger edges are along a view's wave than along that wave turned further, -1 to 1;
    arguments as for ``shows``."""
    first, each = round(turn * RAYS / 360), np.arange(RAYS)
    period = np.arange(round(RAYS / wave.corners))
    # Rays go clockwise, so a turn moves the wave towards the first ones.
    turned = 1 + wave.height[(each + first + period[:, None]) % RAYS]
    at = (turned[:, None] * SIZES[:, None] - 1 - REACH[0]) / (REACH[1] - REACH[0])
    low = np.clip(np.floor(at).astype(int), 0, len(REACH) - 2)
    share = np.clip(at - low, 0, 1)
    edges = (1 - share) * strength[each, low] + share * strength[each, low + 1]
    along = edges.mean(axis=2).max(axis=1)
    near = max(along[i % len(period)] for i in range(-PLAY, PLAY + 1))
    return float(near - along.mean())
