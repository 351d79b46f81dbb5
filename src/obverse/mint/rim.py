"""The outline of a coin blank and its raised rim."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from obverse.types import F32, F64

RIM_WIDTH = 0.05
RIM_HEIGHT = 0.55


@dataclass(frozen=True, slots=True)
class Outline:
    """The edge of a coin as a radius over the angle; its circumscribed circle is the unit circle.

    Attributes:
        kind: ``round``, ``polygon`` or ``scallop``.
        n: corners or lobes.
        hole: radius of a hole in the middle, 0 for none.
    """

    kind: str = "round"
    n: int = 0
    hole: float = 0.0

    def radius(self, angle: F32) -> F32:
        """The edge's radius, in (0, 1], towards angles in radians counter-clockwise."""
        if self.kind == "polygon":
            sector = 2 * math.pi / self.n
            # A corner points up; the sides bulge, as on real coins, which roll through machines.
            off = (angle - math.pi / 2 + sector / 2) % sector - sector / 2
            flat = np.cos(math.pi / self.n) / np.cos(sector / 2 - np.abs(off))
            return np.asarray(0.72 * flat + 0.28, np.float32)
        if self.kind == "scallop":
            lobes = np.abs(np.cos((angle - math.pi / 2) * self.n / 2))
            return np.asarray(0.92 + 0.08 * np.sqrt(lobes), np.float32)
        return np.ones(angle.shape, np.float32)

    @property
    def inner(self) -> float:
        """The radius of the largest circle inside the outline."""
        return float(self.radius(np.linspace(0, 2 * math.pi, 720, dtype=np.float32)).min())

    def room(self, x: F32, y: F32) -> F32:
        """How far a point (y up) lies inside the metal, in coin radii; negative outside. Exact on
        the edge and along each radius."""
        rho, theta = (np.asarray(v, np.float32) for v in cv2.cartToPolar(x, y))
        inside = self.radius(theta) - rho
        return np.minimum(inside, rho - self.hole) if self.hole else inside

    def points(self, scale: float = 1.0, n: int = 720) -> F64:
        """Points along the outline, float64 (n, 2)."""
        a = np.linspace(0, 2 * math.pi, n, endpoint=False)
        r = self.radius(a.astype(np.float32)).astype(np.float64) * scale
        return np.stack([r * np.cos(a), r * np.sin(a)], 1)


def grid(size: int) -> tuple[F32, F32]:
    """Design coordinates of the pixel centres of a face: x and y (up), float32 (s, s)."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / (size / 2) - 1
    x, y = np.meshgrid(axis, -axis)
    return x, y


def raise_rim(outline: Outline, size: int) -> F32:
    """The height of the bare rim, float32 (s, s): a wall with a rounded outer edge."""
    room = outline.room(*grid(size))
    wall = np.clip((RIM_WIDTH - room) / 0.014 + 0.5, 0, 1)
    wall = wall * wall * (3 - 2 * wall)
    fall = np.clip(1 - room / 0.016, 0, 1.5)
    return np.asarray(RIM_HEIGHT * (wall - 0.8 * fall * fall), np.float32)
