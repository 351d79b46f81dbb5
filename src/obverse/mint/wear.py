"""What circulation does to a coin: wear, scratches, knocks, grain."""

from __future__ import annotations

import math

import cv2
import numpy as np

from obverse.mint.clay import soften
from obverse.mint.noise import clouds
from obverse.mint.rim import RIM_HEIGHT
from obverse.types import F32

Rng = np.random.Generator

_GRAIN = 0.012  # height of the metal's own roughness on a circulated coin
_MOST_SCRATCHES = 70


def wear_down(height: F32, wear: float, rng: Rng) -> F32:
    """A worn relief: high parts go first and flatten, edges round off, the whole goes uneven.

    Args:
        height: float32 (s, s), as struck.
        wear: 0 (as struck) to 1 (a shadow of the design).
    """
    if wear <= 0:
        return height
    size = height.shape[0]
    uneven = np.clip(1 + 0.25 * clouds(size, size, rng, 2.0, 2), 0.5, 1.5)
    cap = RIM_HEIGHT * (1.6 - 1.25 * wear * uneven)
    worn = height - np.maximum(height - cap, 0) * min(1.0, 0.7 + 0.3 * wear)
    high = np.clip(height / RIM_HEIGHT, 0, 1) * min(1.0, 1.4 * wear)
    worn = worn + high * (soften(worn, 0.007 * size * wear) - worn)
    return soften(worn.astype(np.float32), 0.0018 * size * wear) * np.float32(1 - 0.25 * wear)


def scratch(height: F32, amount: float, rng: Rng) -> F32:
    """Scratches, bag marks and grain, added to a relief; ``amount`` 0 to 1."""
    size = height.shape[0]
    lines = np.zeros((size, size), np.uint8)
    for _ in range(rng.poisson(_MOST_SCRATCHES * amount)):
        x, y = rng.uniform(0, size, 2)
        a, length = rng.uniform(0, 2 * math.pi), size * rng.exponential(0.05 + 0.12 * amount)
        bend = rng.uniform(-0.15, 0.15)
        t = np.linspace(0, 1, 8)
        path = np.stack(
            [x + length * t * np.cos(a + bend * t), y + length * t * np.sin(a + bend * t)], 1
        )
        fixed = np.round(path * 16).astype(np.int32)
        tone = int(rng.uniform(40, 255))
        cv2.polylines(lines, [fixed], False, tone, 1, cv2.LINE_AA, 4)
    for _ in range(rng.poisson(14 * amount)):
        x, y = rng.uniform(0, size, 2)
        axes = (rng.uniform(0.002, 0.010) * size, rng.uniform(0.001, 0.004) * size)
        cv2.ellipse(
            lines, ((x, y), (2 * axes[0], 2 * axes[1]), rng.uniform(0, 180)), 200, -1, cv2.LINE_AA
        )
    marks = soften(lines.astype(np.float32) / 255, 0.6)
    grain = soften(rng.standard_normal((size, size), dtype=np.float32), 0.8)
    return np.asarray(height - 0.05 * marks + (_GRAIN * (0.25 + amount)) * grain, np.float32)
