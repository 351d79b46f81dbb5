"""Sculpting a height field with vector shapes.

A shape is a list of polygons. Its outline becomes a mask, the distance to the outline becomes a
profile (steep at the edge, round towards the middle), and the profile is added to, joined with or
cut from what is there: the way an engraver models a die, from large masses to fine lines.

Coordinates are those of the design: x to the right, y UP, the coin's circumscribed circle is the
unit circle. Heights are relative: a motif's large masses reach some 0.5 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from obverse.types import F32, F64, U8, Array

Shapes = Sequence[F64]
"""Polygons, each float64 (n, 2), in design coordinates; where they overlap they unite."""

_SHIFT = 4  # fractional bits of cv2's polygon coordinates: 1/16 pixel
_PAD = 3  # pixels around a shape, so that its antialiased edge and its smoothing fit


def soften(field: Array, sigma: float) -> F32:
    """Gaussian blur of a float field, by way of a smaller one where ``sigma`` (pixels) is wide: the
    result differs by some 1 % of the range and the time does not grow with sigma."""
    field = np.asarray(field, np.float32)
    if sigma < 0.3:
        return field
    shrink = int(sigma / 3)
    if shrink < 2:
        return _blur(field, sigma)
    h, w = field.shape[:2]
    size = (max(2, w // shrink), max(2, h // shrink))
    small = _blur(np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_AREA)), sigma / shrink)
    return np.asarray(cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC), np.float32)


def _blur(field: Array, sigma: float) -> F32:
    blurred = cv2.GaussianBlur(field, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32)


class Clay:
    """A height field and the frame in which the next shapes are given.

    Attributes:
        height: float32 (s, s), changed in place; shared by all frames made by ``at``.
    """

    def __init__(self, height: F32, matrix: F64 | None = None) -> None:
        self.height = height
        if matrix is None:
            half = height.shape[0] / 2
            matrix = np.array([[half, 0.0, half - 0.5], [0.0, -half, half - 0.5]])
        self._matrix = matrix
        self._px = math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
        # Small parts stay crisp: their height shrinks with the root of their size only.
        self._lift = math.sqrt(self._px / (height.shape[0] / 2))

    @classmethod
    def blank(cls, size: int) -> Clay:
        """A flat field of ``size`` pixels a side."""
        return cls(np.zeros((size, size), np.float32))

    def at(
        self,
        x: float = 0.0,
        y: float = 0.0,
        scale: float = 1.0,
        turn: float = 0.0,
        *,
        flip: bool = False,
    ) -> Clay:
        """The same field in a frame moved to (x, y), scaled, turned counter-clockwise by ``turn``
        degrees, and mirrored left to right first if ``flip``."""
        c, s = math.cos(math.radians(turn)) * scale, math.sin(math.radians(turn)) * scale
        m = -1.0 if flip else 1.0
        local = np.array([[c * m, -s, x], [s * m, c, y], [0.0, 0.0, 1.0]])
        return Clay(self.height, self._matrix @ local)

    def add(self, shapes: Shapes, height: float, edge: float | None = None) -> None:
        """Lay the shapes on top of what is there. ``edge``: width of the rounded edge; None rounds
        the whole shape."""
        done = self._profile(shapes, edge)
        if done:
            box, profile = done
            self.height[box] += height * self._lift * profile

    def join(self, shapes: Shapes, height: float, edge: float | None = None) -> None:
        """Unite the shapes with what is there: the higher of the two surfaces stays."""
        done = self._profile(shapes, edge)
        if done:
            box, profile = done
            np.maximum(self.height[box], height * self._lift * profile, out=self.height[box])

    def cut(self, shapes: Shapes, depth: float, edge: float | None = None) -> None:
        """Engrave the shapes into what is there."""
        self.add(shapes, -depth, edge)

    def over(
        self, shapes: Shapes, height: float, edge: float | None = None, keep: float = 0.6
    ) -> None:
        """Lay the shapes in front of what is there: what lies below sinks to ``keep`` of its
        height, and a narrow groove around sets the two apart."""
        found = self._mask(shapes)
        if found is None:
            return
        box, mask = found
        here = self.height[box]
        cover = mask.astype(np.float32) / 255
        around = np.clip(soften(cover, 0.02 * self._px + 0.8) * 1.6, 0, 1) - cover
        here *= 1 - 0.45 * np.clip(around, 0, 1)
        here *= 1 - (1 - keep) * cover
        here += height * self._lift * self._raise(mask, edge)

    def swell(self, shapes: Shapes, height: float, softness: float) -> None:
        """A swelling (or a hollow, for a negative height) without an edge: a muscle, a cheek."""
        moved = self._mask(shapes, int(3 * softness * self._px))
        if moved:
            box, mask = moved
            blurred = soften(mask.astype(np.float32) / 255, softness * self._px)
            self.height[box] += height * self._lift * blurred

    def mask(self, mask: U8, height: float, edge: float) -> None:
        """Add a ready mask, uint8 (s, s), of the size of the field; for lettering."""
        self.height += height * self._lift * self._raise(mask, edge)

    def _profile(
        self, shapes: Shapes, edge: float | None
    ) -> tuple[tuple[slice, slice], F32] | None:
        found = self._mask(shapes)
        return None if found is None else (found[0], self._raise(found[1], edge))

    def _mask(self, shapes: Shapes, pad: int = _PAD) -> tuple[tuple[slice, slice], U8] | None:
        """The box a list of polygons fills and their antialiased mask in it."""
        size = self.height.shape[0]
        moved = [p @ self._matrix[:, :2].T + self._matrix[:, 2] for p in shapes]
        if not moved:
            return None
        corners = np.concatenate(moved)
        x0, y0 = (int(v) for v in np.maximum(np.floor(corners.min(0)) - pad, 0))
        x1, y1 = (int(v) for v in np.minimum(np.ceil(corners.max(0)) + pad + 1, size))
        if x0 >= x1 or y0 >= y1:
            return None
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        for polygon in moved:
            fixed = np.round((polygon - (x0, y0)) * (1 << _SHIFT)).astype(np.int32)
            cv2.fillPoly(mask, [fixed], 255, lineType=cv2.LINE_AA, shift=_SHIFT)
        return (slice(y0, y1), slice(x0, x1)), mask

    def _raise(self, mask: U8, edge: float | None) -> F32:
        """The profile of a mask, 0 to 1: a quarter circle over the width of the edge."""
        solid = (mask > 127).astype(np.uint8)
        distance = cv2.distanceTransform(solid, cv2.DIST_L2, 5)
        width = float(distance.max()) if edge is None else max(edge * self._px, 1.0)
        if width <= 0:
            return np.zeros(mask.shape, np.float32)
        rest = 1 - np.minimum(distance / width, 1)
        profile = np.sqrt(1 - rest * rest)
        # Smoothing takes away the creases of the distance field and its pixel staircase.
        rounded = soften(profile, max(0.7, 0.1 * width))
        if width > 8:  # keep the outline crisp
            rounded *= mask.astype(np.float32) / 255
        return rounded
