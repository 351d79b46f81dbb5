"""Near twins made from one coin: two copies that differ in one part only.

Coins of two eras or two mints may differ in an inscription, a symbol or the outline and in nothing
else. Labels that coarse as a denomination call them one; these copies are known to be two. Both
carry the same seam, so that only what lies inside it tells them apart.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from obverse.train.pictures import CUT, RADIUS
from obverse.types import F32, U8

Rng = np.random.Generator


def counterfeits(coin: U8, donors: tuple[U8, U8], rng: Rng) -> tuple[U8, U8]:
    """Two copies of a coin, each with the same part taken from another one, or one with another
    outline.

    Args:
        coin: uint8 (``CUT``, ``CUT``), grey, the rim at ``RADIUS`` pixels; so are the donors.
        donors: whose part the first and the second copy get, at any turn.
        rng: every random choice comes from it.
    """
    if rng.random() < 0.12:
        notched = _scallop(coin, rng)
        return (coin, notched) if rng.random() < 0.5 else (notched, coin)
    mask = _part(rng)
    first, second = (_graft(coin, donor, mask, rng.uniform(0, 360)) for donor in donors)
    return first, second


def _graft(coin: U8, donor: U8, mask: F32, turn: float) -> U8:
    """The donor's part in place of the coin's, at the coin's own level and contrast."""
    m = cv2.getRotationMatrix2D(((CUT - 1) / 2,) * 2, turn, 1.0)
    part = cv2.warpAffine(donor, m, (CUT, CUT), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    where = mask > 0.5
    there, here = part[where], coin[where].astype(np.float32)
    gain = min(float(here.std()) / max(float(there.std()), 1.0), 3.0)
    part = float(here.mean()) + gain * (part - float(there.mean()))
    mixed = coin + mask * (part - coin)
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def _part(rng: Rng) -> F32:
    """Where the two differ: a piece of the legend, all of it, or a symbol; soft at its edge."""
    r, angle = _polar()
    kind = rng.random()
    if kind < 0.6:
        middle, width = rng.uniform(0.55, 0.85), rng.uniform(0.12, 0.3)
        ring = np.abs(r - middle) < width / 2
        reach = math.pi if kind < 0.1 else rng.uniform(0.25, 1.5)
        off = np.abs((angle - rng.uniform(-math.pi, math.pi) + math.pi) % (2 * math.pi) - math.pi)
        inside = ring & (off < reach)
    else:
        away, towards = rng.uniform(0, 0.6), rng.uniform(-math.pi, math.pi)
        x = r * np.cos(angle) - away * math.cos(towards)
        y = r * np.sin(angle) - away * math.sin(towards)
        a, b = rng.uniform(0.15, 0.4, 2)
        inside = (np.hypot(x / a, y / b) < 1) & (r < 0.95)
    mask = inside.astype(np.float32)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), rng.uniform(1.5, 4.0)), np.float32)


def _scallop(coin: U8, rng: Rng) -> U8:
    """The coin with a waved outline: what lies outside it becomes ground."""
    r, angle = _polar()
    lobes, depth = int(rng.integers(7, 15)), rng.uniform(0.03, 0.07)
    edge = 1 - depth * (0.5 + 0.5 * np.cos(lobes * angle + rng.uniform(0, 2 * math.pi)))
    ground = float(rng.uniform(0, 255))
    outside = np.clip((r - edge) * RADIUS + 0.5, 0, 1)
    return np.asarray(np.clip(coin + outside * (ground - coin), 0, 255), np.uint8)


def _polar() -> tuple[F32, F32]:
    """Radius in coin radii and angle in radians of every pixel."""
    c = (CUT - 1) / 2
    yy, xx = np.mgrid[0:CUT, 0:CUT] - c
    return np.asarray(np.hypot(xx, yy) / RADIUS, np.float32), np.asarray(
        np.arctan2(yy, xx), np.float32
    )
