"""Ellipses on a gradient field: sampling along their rays, and pulling them onto the nearest rim.

Many ellipses are handled at once as ``M``, float64 (k, 2, 3): affine maps that take the unit circle
to the ellipse, in pixels of the field. Rays are the images of the unit circle's radii; a position
on a ray is given by ``t``, its distance beyond the ellipse as a share of the radius.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from obverse.types import F32, F64, U8, Array, Ellipse

RAYS = 64
BLUR = 1.0
"""Sigma, in field pixels, of the smoothing before the gradient."""
CHROMA = 1.5
"""Weight of a step in a or b against one in L: 8-bit Lab holds L at 2.55 times its true scale."""
FLOOR = 1.5
"""Gradients below this many grey levels a pixel are noise, whatever the picture."""
RIDGE = 0.02
"""Holds the two tilt parameters of a fit where most of the rim is unseen."""
STAGES = ((0.22, 0.09, 0.04), (0.09, 0.035, 0.015), (0.035, 0.012, 0.006))
"""(band searched, first and last width of the rays' weights): coarse to fine, shares of radius."""

_theta = np.linspace(0.0, 2 * np.pi, RAYS, endpoint=False)
UNIT = np.stack([np.cos(_theta), np.sin(_theta)], axis=1)
# A small change of a unit circle: size, shift in x and y, stretch, shear.
_basis = np.stack(
    [np.ones(RAYS), np.cos(_theta), np.sin(_theta), np.cos(2 * _theta), np.sin(2 * _theta)], axis=1
)
_products = (_basis[:, :, None] * _basis[:, None, :]).reshape(RAYS, 25)


class Field:
    """The gradient of a picture: at each pixel that of the Lab channel that changes most there.

    Attributes:
        lab: uint8 (h, w, 3).
        gradient: float32 (h, w, 2), x and y, in grey levels a pixel.
        magnitude: float32 (h, w).
        typical: what counts as a strong edge in this picture: the magnitude's upper quartile.
        step: photo pixels per field pixel, x and y.
    """

    def __init__(self, pixels: U8, size: int) -> None:
        """``pixels`` RGB; shrunk by area so that the long side is at most ``size``."""
        h, w = pixels.shape[:2]
        shrink = min(1.0, size / max(h, w))
        self.width, self.height = max(1, round(w * shrink)), max(1, round(h * shrink))
        if shrink < 1.0:
            pixels = np.asarray(
                cv2.resize(pixels, (self.width, self.height), interpolation=cv2.INTER_AREA),
                np.uint8,
            )
        self.step = np.array([w / self.width, h / self.height])
        self.lab: U8 = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB), np.uint8)
        self.gradient, self.magnitude = differentiate(cv2.GaussianBlur(self.lab, (0, 0), BLUR))
        self.typical = max(FLOOR, float(np.percentile(self.magnitude[::3, ::3], 75)))

    def to_photo(self, maps: F64) -> F64:
        """Maps in field pixels to maps in pixels of the picture the field was made from."""
        out: F64 = np.asarray(maps * self.step[:, None], np.float64)
        out[:, :, 2] += 0.5 * self.step - 0.5  # pixel centres lie at integers in both
        return out

    def from_photo(self, maps: F64) -> F64:
        """The inverse of ``to_photo``."""
        out = maps.copy()
        out[:, :, 2] -= 0.5 * self.step - 0.5
        return np.asarray(out / self.step[:, None])


def differentiate(lab: Array) -> tuple[F32, F32]:
    """The gradient (h, w, 2) and its magnitude (h, w) of the channel that changes most."""
    best: Array = np.zeros(0, np.float32)
    for channel, weight in zip(cv2.split(lab), (1.0, CHROMA, CHROMA), strict=True):
        gx = cv2.Scharr(channel, cv2.CV_32F, 1, 0, scale=weight / 32)
        gy = cv2.Scharr(channel, cv2.CV_32F, 0, 1, scale=weight / 32)
        magnitude = cv2.magnitude(gx, gy)
        if not best.size:
            best, best_x, best_y = magnitude, gx, gy
            continue
        more = cv2.compare(magnitude, best, cv2.CMP_GT)
        for source, target in ((magnitude, best), (gx, best_x), (gy, best_y)):
            cv2.copyTo(source, more, target)
    return np.asarray(cv2.merge([best_x, best_y]), np.float32), np.asarray(best, np.float32)


def points(maps: F64, t: F32, unit: F64 = UNIT) -> tuple[F32, F32]:
    """x and y, float32 (k, rays, n), of the positions ``t`` (n,) on the rays ``unit`` (rays, 2)."""
    spokes = (maps[:, :, :2] @ unit.T).astype(np.float32)  # (k, 2, rays)
    xy = spokes[..., None] * (1 + t)
    xy += maps[:, :, 2, None, None].astype(np.float32)
    return xy[:, 0], xy[:, 1]


def look(image: Array, x: F32, y: F32, border: int = cv2.BORDER_CONSTANT) -> Array:
    """Bilinear samples of an image at x, y (k, RAYS, n): (k, RAYS, n[, channels])."""
    k, rays, n = x.shape
    # remap takes pictures of less than 32,768 rows.
    out = cv2.remap(image, x.reshape(-1, n), y.reshape(-1, n), cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(out.reshape(k, rays, n, *image.shape[2:]))


def inside(field: Field, x: F32, y: F32, margin: float = 1.0) -> Array:
    """Whether positions lie in the picture, ``margin`` pixels from its border."""
    return np.asarray(
        (x > margin)
        & (x < field.width - 1 - margin)
        & (y > margin)
        & (y < field.height - 1 - margin)
    )


def rim_strength(field: Field, maps: F64, t: F32, unit: F64 = UNIT) -> tuple[F32, Array]:
    """How strong an edge along the rim is, 0 to 1, float32 (k, rays, n), and where that is
    known, bool. An edge of ``field.typical`` gives 0.5; what is not known gives 0."""
    x, y = points(maps, t, unit)
    g = look(field.gradient, x, y)
    normals = unit @ np.linalg.inv(maps[:, :, :2])  # rows are u^T A^-1
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    n = normals.astype(np.float32)[:, :, None, :]
    across = np.abs(g[..., 0] * n[..., 0] + g[..., 1] * n[..., 1])
    known = inside(field, x, y)
    strength = across / (across + np.float32(field.typical)) * known
    return np.asarray(strength, np.float32), known


def refine(field: Field, maps: F64, band: float, first: float, last: float, every: int = 1) -> F64:
    """Pull ellipses onto the rim nearest to them.

    Each ray's edges vote for the rim's place with weights that narrow from ``first`` to ``last``
    (shares of the radius) over four rounds; each round solves a weighted linear least-squares fit
    of the ellipse's five parameters. It is mean-shift on all rays at once: an edge that does not
    lie on the common ellipse loses its weight.

    Args:
        maps: (k, 2, 3).
        band: how far inside and outside the rim is looked for.
        every: use one ray in so many.
    """
    if not len(maps):
        return maps
    t = np.linspace(-band, band, 21, dtype=np.float32)
    strength, _ = rim_strength(field, maps, t, UNIT[::every])
    strength *= strength
    basis, products = _basis[::every], _products[::every]
    change = np.zeros((len(maps), 5))
    pull = RIDGE * np.diag([1e-4, 1e-4, 1e-4, 1.0, 1.0])
    for width in np.geomspace(first, last, 4):
        delta = (change @ basis.T).astype(np.float32)
        weight = strength * np.exp(-((t - delta[..., None]) ** 2) * np.float32(0.5 / width**2))
        total = weight.sum(axis=2) + np.float32(1e-9)
        mean = (weight @ t) / total
        # No ray counts more than twice the median ray: a bright stretch must not decide.
        total = np.minimum(total, 2 * np.median(total, axis=1, keepdims=True) + 1e-9)
        left = (total @ products).reshape(-1, 5, 5) + total.sum(axis=1)[:, None, None] * pull
        right = (total * mean) @ basis
        change = np.clip(np.linalg.solve(left, right[..., None])[..., 0], -band, band)
    size, dx, dy, stretch, shear = change.T
    turn = np.empty((len(maps), 2, 2))
    turn[:, 0, 0], turn[:, 1, 1] = 1 + size + stretch, 1 + size - stretch
    turn[:, 0, 1] = turn[:, 1, 0] = shear
    out = maps.copy()
    out[:, :, :2] = maps[:, :, :2] @ turn
    out[:, :, 2] += (maps[:, :, :2] @ np.stack([dx, dy], axis=1)[..., None])[..., 0]
    return out


def axes(maps: F64) -> tuple[F64, F64]:
    """Semi-axes a >= b of each ellipse, (k,) each."""
    s = np.linalg.svd(maps[:, :, :2], compute_uv=False)
    return np.asarray(s[:, 0], np.float64), np.asarray(s[:, 1], np.float64)


def to_ellipse(matrix: F64) -> Ellipse:
    """One map (2, 3) as an ``Ellipse``."""
    u, s, _ = np.linalg.svd(matrix[:, :2])
    angle = math.degrees(math.atan2(u[1, 0], u[0, 0])) % 180.0
    return Ellipse(float(matrix[0, 2]), float(matrix[1, 2]), float(s[0]), float(s[1]), angle)


def from_circles(circles: Array) -> F64:
    """Circles (k, 3), x, y, radius, as maps (k, 2, 3)."""
    maps = np.zeros((len(circles), 2, 3))
    maps[:, 0, 0] = maps[:, 1, 1] = circles[:, 2]
    maps[:, :, 2] = circles[:, :2]
    return maps
