"""Pictures that scikit-image ships, and small ones drawn at random."""

from __future__ import annotations

import numpy as np
from skimage import data

from obverse.types import U8
from tests.coins import face


def photos() -> list[U8]:
    """Four photographs, uint8 (h, w, 3), halved."""
    shots = (data.astronaut(), data.coffee(), data.chelsea(), data.rocket())
    return [np.ascontiguousarray(shot[::2, ::2]) for shot in shots]


def drawn(count: int, size: int = 192) -> list[U8]:
    """Random designs."""
    return [face(seed, size) for seed in range(count)]
