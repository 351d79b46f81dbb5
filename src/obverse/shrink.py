"""Pictures made smaller by area, so that nothing aliases."""

from __future__ import annotations

import cv2
import numpy as np

from obverse.types import U8

WHOLE = 4
"""Pieces to be shrunk are best cut with sides that this divides."""


def by_area(pixels: U8, width: int, height: int) -> U8:
    """A picture shrunk to a size, every pixel the mean of what it covers, or nearly.

    Sides are halved first as long as they are even, at which OpenCV is quick: 1632 x 1224 becomes
    256 x 192 in 2 ms instead of 7. The last step then shares out pixels that are means already.

    Args:
        pixels: uint8 (h, w, 3) or (h, w).
    """
    while True:
        h, w = pixels.shape[:2]
        halved = w % 2 == 0 and h % 2 == 0 and w >= 2 * width and h >= 2 * height
        size = (w // 2, h // 2) if halved else (width, height)
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        if not halved:
            return pixels


def whole(low: int, high: int, limit: int) -> int:
    """Where a piece that begins at ``low`` ends, so that its length can be halved twice: at most
    ``WHOLE - 1`` past ``high``, and never past ``limit``."""
    return min(high + (low - high) % WHOLE, limit)
