"""Smooth random fields, the raw material of wear, toning and backgrounds."""

from __future__ import annotations

import cv2
import numpy as np

from obverse.types import F32

Rng = np.random.Generator


def clouds(
    h: int, w: int, rng: Rng, cells: float = 4.0, octaves: int = 4, stretch: float = 1.0
) -> F32:
    """Value noise, float32 (h, w), about 0 mean and 1 deviation.

    Args:
        cells: blobs along the shorter side in the coarsest octave; each octave doubles them.
        stretch: how much longer the blobs are along x than along y.
    """
    total = np.zeros((h, w), np.float32)
    unit = min(h, w) / cells
    for octave in range(octaves):
        step = unit / 2**octave
        rows, columns = max(2, round(h / step) + 1), max(2, round(w / (step * stretch)) + 1)
        if rows > 2 * h or columns > 2 * w:
            break
        coarse = rng.standard_normal((rows, columns), dtype=np.float32)
        total += cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC) * 0.6**octave
    deviation = float(total.std())
    return total / deviation if deviation > 0 else total
