"""Heat: where two designs agree, as light upon the query."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from obverse.normalise import wrap
from obverse.types import F32, U8

FULL_HEAT = 0.9
"""A cell glows fully at this many times the mean share of a perfect match (a cosine of 1). Seen on
two queries of dev_wild: brightest cells of right answers 0.95, 1.24, of wrong ones 0.5 to 0.9."""


def overlay(picture: U8, agreement: F32, is_disc: bool = True) -> U8:
    """The query in grey, lit where it agrees with the match.

    Args:
        picture: the query, uint8 (s, s, 3), RGB.
        agreement: float32 (angles, radii) as in ``Evidence``.
        is_disc: the picture shows a disc; else cells are rows and columns.

    Returns:
        uint8 (s, s, 3).
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    base = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB).astype(np.float32)
    level = glow(agreement, picture.shape[0], is_disc)
    colour = ramp()[np.round(level * 255).astype(int)].astype(np.float32)
    # The design stays readable: colour scales the relief's own light instead of covering it.
    lit = colour * (0.25 + 0.75 * base / 150)
    mixed = base * 0.55 * (1 - level[..., None]) + lit * level[..., None]
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def glow(agreement: F32, side: int, is_disc: bool = True) -> F32:
    """How brightly each pixel glows, float32 (side, side), 0 to 1, zero outside a disc.

    The scale is absolute, so a poor match looks poor: ``FULL_HEAT`` times the mean share of a
    perfect match glows fully.
    """
    level = spread(agreement, side, is_disc) * (agreement.size / FULL_HEAT)
    return np.asarray(np.clip(cv2.GaussianBlur(level, (0, 0), side / 40), 0, 1), np.float32)


def spread(cells: F32, side: int, is_disc: bool = True) -> F32:
    """(angles, radii) cells over a disc, or (rows, columns) over a square; float32 (side, side)."""
    if is_disc:
        return np.asarray(wrap(cells, side), np.float32)
    return np.asarray(cv2.resize(cells.astype(np.float32), (side, side)), np.float32)


@lru_cache(maxsize=1)
def ramp() -> U8:
    """256 colours from deep red through amber to pale yellow, uint8 (256, 3)."""
    stops = np.array([(94, 30, 60), (190, 62, 46), (240, 150, 50), (252, 232, 150)], np.float64)
    at = np.linspace(0, len(stops) - 1, 256)
    columns = [np.interp(at, np.arange(len(stops)), stops[:, c]) for c in range(3)]
    return np.stack(columns, axis=1).astype(np.uint8)
