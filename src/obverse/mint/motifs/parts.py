"""Parts that several motifs share: water and masonry."""

from __future__ import annotations

import numpy as np

from obverse.mint.clay import Clay
from obverse.mint.shapes import box, curve, ribbon


def sea(clay: Clay, y: float, rows: int = 3, width: float = 0.92) -> None:
    """Rows of waves below ``y``, each row narrower."""
    for k in range(rows):
        w = width - 0.16 * k
        wave = curve(
            [(x, y - 0.12 * k + 0.03 * (-1) ** i) for i, x in enumerate(np.linspace(-w, w, 13))]
        )
        clay.over([ribbon(wave, [0.02, 0.07, 0.07, 0.02])], 0.30, 0.03)


def bricks(clay: Clay, x0: float, y0: float, x1: float, y1: float, size: float) -> None:
    """The joints of a wall of bricks of height ``size``, engraved."""
    lines = []
    for row, y in enumerate(np.arange(y0, y1, size)):
        lines.append(box(x0, y - 0.005, x1, y + 0.005))
        for x in np.arange(x0 + size * (0.5 + row % 2), x1, 2 * size):
            lines.append(box(x - 0.005, y, x + 0.005, min(y + size, y1)))
    clay.cut(lines, 0.10, 0.01)
