"""The same design with another date.

Two specimens of one design differ in a date, a mint mark, a privy mark: small things near the rim.
Two pictures of one specimen never do, so a model that only sees such pairs learns to look there.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from obverse.degrade import CUT, RADIUS
from obverse.types import F32, U8

Rng = np.random.Generator


def redate(coin: U8, donor: U8, rng: Rng) -> U8:
    """A coin as another year's or mint's would be: a small piece near the rim, or two, taken from
    another coin.

    Args:
        coin: uint8 (``CUT``, ``CUT``), grey, the rim at ``RADIUS`` pixels; so is the donor.
        donor: whose pieces it gets, at any turn, at the coin's own level and contrast.
        rng: every random choice comes from it.
    """
    c = (CUT - 1) / 2
    yy, xx = np.mgrid[0:CUT, 0:CUT] - c
    r, angle = np.hypot(xx, yy) / RADIUS, np.arctan2(yy, xx)
    for _ in range(int(rng.integers(1, 3))):
        middle, width = rng.uniform(0.5, 0.9), rng.uniform(0.15, 0.35)
        off = np.abs((angle - rng.uniform(-math.pi, math.pi) + math.pi) % (2 * math.pi) - math.pi)
        inside = (np.abs(r - middle) < width / 2) & (off * middle < rng.uniform(0.12, 0.35))
        soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), rng.uniform(1.5, 4.0))
        coin = _graft(coin, donor, np.asarray(soft, np.float32), rng.uniform(0, 360))
    return coin


def _graft(coin: U8, donor: U8, mask: F32, turn: float) -> U8:
    m = cv2.getRotationMatrix2D(((CUT - 1) / 2,) * 2, turn, 1.0)
    part = cv2.warpAffine(donor, m, (CUT, CUT), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    where = mask > 0.5
    if not where.any():
        return coin
    there, here = part[where], coin[where].astype(np.float32)
    gain = min(float(here.std()) / max(float(there.std()), 1.0), 3.0)
    part = float(here.mean()) + gain * (part - float(there.mean()))
    return np.asarray(np.clip(coin + mask * (part - coin), 0, 255), np.uint8)
