"""Pictures: the photo, an object found in it, made canonical, and what the embedder makes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
U8 = NDArray[np.uint8]
I8 = NDArray[np.int8]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A picture as it came in, decoded upright.

    Attributes:
        pixels: uint8 (h, w, 3), RGB. May be decoded at a reduced size, see ``scale``.
        width, height: the full upright size in pixels.
        sha256: hex digest of the encoded bytes (of the pixels, for an array).
        source: where it came from, for messages: a path, or ``<bytes>``, ``<array>``.
    """

    pixels: U8 = field(repr=False)
    width: int
    height: int
    sha256: str
    source: str

    @property
    def scale(self) -> float:
        """Decoded pixels per full-size pixel: 1.0, or 0.5, 0.25 … for a reduced decode."""
        return float(self.pixels.shape[1] / self.width)

    def to_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "width": self.width,
            "height": self.height,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True)
class Ellipse:
    """An ellipse: centre, semi-axes in pixels (``a >= b > 0``), and the angle in degrees from the
    x axis to the major axis, clockwise as seen (y points down), in [0, 180)."""

    cx: float
    cy: float
    a: float
    b: float
    angle: float = 0.0

    def points(self, n: int = 180) -> F64:
        """``n`` points along the ellipse, float64 (n, 2)."""
        t = np.linspace(0.0, 2 * math.pi, n, endpoint=False)
        phi = math.radians(self.angle)
        x, y = self.a * np.cos(t), self.b * np.sin(t)
        return np.stack(
            [
                self.cx + x * math.cos(phi) - y * math.sin(phi),
                self.cy + x * math.sin(phi) + y * math.cos(phi),
            ],
            axis=1,
        )

    def scaled(self, factor: float) -> Ellipse:
        """The same ellipse in coordinates multiplied by ``factor``."""
        return Ellipse(
            self.cx * factor, self.cy * factor, self.a * factor, self.b * factor, self.angle
        )

    def to_dict(self) -> dict[str, float]:
        return {"cx": self.cx, "cy": self.cy, "a": self.a, "b": self.b, "angle": self.angle}


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One object found in a photo.

    Attributes:
        box: x0, y0, x1, y1 in full-size pixels of the upright photo.
        score: how sure the finder is, 0 to 1.
        ellipse: the fitted ellipse of a round object, else None.
        outline: the rim as a polygon, float32 (n, 2), full-size pixels; keeps corners and scallops.
            None where the finder gives no more than the ellipse or the box.
        whole: True if nothing was found and the whole picture stands in.
        finder: name of the finder.
        seen: share of the ellipse that shows the object, 0 to 1: the rest lies under something or
            beyond the picture's edge. 1 where the finder cannot tell.
    """

    box: tuple[float, float, float, float]
    score: float
    ellipse: Ellipse | None = None
    outline: F32 | None = field(default=None, repr=False)
    whole: bool = False
    finder: str = ""
    seen: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        return {
            "box": [round(v, 2) for v in self.box],
            "score": round(float(self.score), 4),
            "ellipse": None
            if self.ellipse is None
            else {k: round(v, 3) for k, v in self.ellipse.to_dict().items()},
            "outline": None
            if self.outline is None
            else [[round(float(x), 1), round(float(y), 1)] for x, y in self.outline],
            "whole": self.whole,
            "finder": self.finder,
            "seen": round(self.seen, 3),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A region made canonical.

    Attributes:
        image: uint8 (s, s, 3) RGB: background masked, tilt undone, light evened. For a disc the
            unit circle touches the four sides.
        original: uint8 (s, s, 3), the same geometry, light and background untouched.
        polar: uint8 (angles, radii, 3): what the embedder eats. For a disc, row ``i`` looks along
            the direction ``360 * i / angles`` degrees counter-clockwise from the x axis, columns go
            from the centre to the rim. For a flat object, the upright rectangle itself, larger.
        matrix: float64 (2, 3), affine map from full-size photo pixels to patch pixels.
        region: where it was found.
    """

    image: U8 = field(repr=False)
    original: U8 = field(repr=False)
    polar: U8 = field(repr=False)
    matrix: F64 = field(repr=False)
    region: Region


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """What search and verify need of a patch.

    Attributes:
        vector: float32 (d,), L2-normalised, does not change with the object's turn.
        map: int8 (channels, angles, radii), turns with the object as a cyclic shift of angles.
        description: what the recipe's verifier needs besides, such as keypoints or texture
            histograms, packed by it; empty where it needs nothing.
    """

    vector: F32 = field(repr=False)
    map: I8 = field(repr=False)
    description: bytes = field(default=b"", repr=False)
