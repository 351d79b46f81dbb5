"""A region becomes a patch: background gone, tilt undone, light evened, and unwrapped.

``disc`` is for round things, ``flat`` for the rest. Both give a ``Patch`` whose ``polar`` image is
what the embedder eats, so nothing after this file asks what shape the object has.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np

from obverse import shrink
from obverse.types import F32, F64, U8, Array, Ellipse, Patch, Photo, Region

SIZE = 256
"""Side of a patch in pixels."""
ANGLES, RADII = 224, 112
"""Rows and columns of the polar image; larger ones were no better (docs/decisions.md)."""
FLAT_SIDE = 640
"""Longer side of the rectangle of a flat thing in pixels (docs/decisions.md)."""
GREY = 128
"""What stands in for the background."""
LIGHT_SIGMA = 0.12
"""Scale of the light that is evened out, as a share of the patch's side."""


def disc(photo: Photo, region: Region) -> Patch:
    """Map a region's ellipse to the unit disc and unwrap it.

    The tilt is undone by stretching the ellipse along its minor axis; nothing is turned. A region
    without an ellipse is taken as the one inscribed in its box. The polar image is grey: the colour
    of a metal says more about the light than about the design (docs/decisions.md).

    Args:
        photo: the photo the region was found in.
        region: a region in the photo's full-size pixels.

    Returns:
        A patch of ``SIZE`` x ``SIZE`` pixels, its polar image (``ANGLES``, ``RADII``, 3).
    """
    matrix = disc_matrix(region.ellipse or _inscribed(region))
    original = warp(photo, matrix, (SIZE, SIZE))
    image, polar = even_disc(original)
    return Patch(image, original, polar, matrix, region)


def flat(photo: Photo, region: Region) -> Patch:
    """Map a region's box to the middle of a square, upright and in its own proportions.

    Returns:
        A patch whose ``polar`` is the rectangle itself, colour and light untouched, its longer side
        ``FLAT_SIDE``: what keypoints are found in.
    """
    x0, y0, x1, y1 = region.box
    w, h = max(x1 - x0, 1.0), max(y1 - y0, 1.0)
    matrix = _box_matrix(region, SIZE)
    scale = SIZE / max(w, h)
    yy, xx = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    inside = (np.abs(xx - SIZE / 2) <= w * scale / 2) & (np.abs(yy - SIZE / 2) <= h * scale / 2)
    original = warp(photo, matrix, (SIZE, SIZE))
    original[~inside] = GREY
    image = even_light(original, inside)
    image[~inside] = GREY
    fine = FLAT_SIDE / max(w, h)
    shift = (0.5 - np.array([x0, y0])) * fine - 0.5
    larger = np.array([[fine, 0.0, shift[0]], [0.0, fine, shift[1]]])
    upright = warp(photo, larger, (max(1, round(w * fine)), max(1, round(h * fine))))
    return Patch(image, original, upright, matrix, region)


def even_disc(original: U8) -> tuple[U8, U8]:
    """A disc as photographed, uint8 (``SIZE``, ``SIZE``, 3), with its light evened and its
    background gone, and that unwrapped and grey, uint8 (``ANGLES``, ``RADII``, 3)."""
    inside = disc_mask(SIZE)
    image = even_light(original, inside)
    image[~inside] = GREY
    grey = cv2.cvtColor(unwrap(image), cv2.COLOR_RGB2GRAY)
    return image, np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def filled(original: U8) -> Patch:
    """The patch that a disc is which fills its square, as a thumbnail's does: uint8 (``SIZE``,
    ``SIZE``, 3), as photographed."""
    image, polar = even_disc(original)
    side = float(len(original))
    return Patch(image, original, polar, np.eye(2, 3), Region((0.0, 0.0, side, side), 1.0))


def preprocessing() -> dict[str, float]:
    """What a model was built with: part of its fingerprint."""
    return {
        "version": 1,
        "size": SIZE,
        "angles": ANGLES,
        "radii": RADII,
        "grey": GREY,
        "light_sigma": LIGHT_SIGMA,
    }


def disc_matrix(ellipse: Ellipse, size: int = SIZE) -> F64:
    """The affine map, float64 (2, 3), from full-size photo pixels to those of a square of ``size``
    pixels that takes the ellipse to the circle touching its sides."""
    phi = math.radians(ellipse.angle)
    c, s = math.cos(phi), math.sin(phi)
    turn = np.array([[c, -s], [s, c]])
    linear = turn @ np.diag([size / 2 / ellipse.a, size / 2 / ellipse.b]) @ turn.T
    offset = np.array([size / 2 - 0.5] * 2) - linear @ np.array([ellipse.cx, ellipse.cy])
    return np.hstack([linear, offset[:, None]])


def square_matrix(region: Region, size: int) -> F64:
    """The affine map, float64 (2, 3), from full-size photo pixels to those of a square of ``size``
    pixels that the region fills: its ellipse as a circle, or its box as it lies, in the middle."""
    return disc_matrix(region.ellipse, size) if region.ellipse else _box_matrix(region, size)


def _box_matrix(region: Region, size: int) -> F64:
    x0, y0, x1, y1 = region.box
    scale = size / max(x1 - x0, y1 - y0, 1.0)
    middle = scale * np.array([x0 + x1 - 1, y0 + y1 - 1]) / 2
    return np.hstack([scale * np.eye(2), ((size - 1) / 2 - middle)[:, None]])


def unwrap(image: Array) -> U8:
    """The unit disc in polar coordinates, uint8 (``ANGLES``, ``RADII``, 3).

    Row ``i`` looks along ``360 * i / ANGLES`` degrees counter-clockwise from the x axis, column
    ``j`` is at ``(j + 0.5) / RADII`` of the radius.
    """
    x, y = _polar_grid(image.shape[0])
    return np.asarray(cv2.remap(image, x, y, cv2.INTER_LINEAR), np.uint8)


def wrap(polar: Array, size: int = SIZE) -> Array:
    """The inverse of ``unwrap`` for any (angles, radii[, c]) array: (size, size[, c]), zero outside
    the disc. Cells are interpolated, angles wrap around."""
    angles, radii = polar.shape[:2]
    centre = (size - 1) / 2
    yy, xx = np.mgrid[0:size, 0:size].astype(np.float32)
    dx, dy = xx - centre, centre - yy
    r = np.hypot(dx, dy) / (size / 2)
    theta = np.arctan2(dy, dx) % (2 * np.pi) / (2 * np.pi)
    padded = np.concatenate([polar[-1:], polar, polar[:1]]).astype(np.float32)
    rows = (theta * angles + 1).astype(np.float32)
    cols = np.clip(r * radii - 0.5, 0, radii - 1).astype(np.float32)
    out = cv2.remap(padded, cols, rows, cv2.INTER_LINEAR)
    out[r > 1] = 0
    return np.asarray(out)


def even_light(image: U8, inside: Array) -> U8:
    """Even the light: lightness is centred and scaled by its local mean and spread inside the mask.

    Colour is kept as it is relative to lightness. This is local contrast normalisation with
    Gaussian windows (Jarrett et al., 2009), computed over the object's own pixels only.

    Args:
        image: uint8 (s, s, 3), RGB.
        inside: bool (s, s), the object.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    shifted = image.astype(np.float32) + (_evened(grey, inside) - grey)[..., None]
    return np.clip(shifted, 0, 255).astype(np.uint8)


def even_lightness(grey: U8, inside: Array) -> U8:
    """The same for a grey picture, uint8 (s, s); what is not inside becomes ``GREY``."""
    evened = np.clip(_evened(grey.astype(np.float32), inside), 0, 255).astype(np.uint8)
    evened[~inside] = GREY
    return evened


def _evened(grey: F32, inside: Array) -> F32:
    weight = inside.astype(np.float32)
    sigma = LIGHT_SIGMA * grey.shape[0]
    total = _blur(weight, sigma) + 1e-3
    mean = _blur(grey * weight, sigma) / total
    spread = np.sqrt(np.maximum(_blur((grey - mean) ** 2 * weight, sigma) / total, 0.0))
    floor = max(4.0, 0.5 * float(spread[inside].mean()))
    return np.asarray(GREY + 48.0 * (grey - mean) / np.maximum(spread, floor), np.float32)


def _blur(image: F32, sigma: float) -> F32:
    """A Gaussian of a large sigma, taken at a quarter of the size: the same, 10x faster."""
    h, w = image.shape
    small = cv2.resize(image, (w // 4, h // 4), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / 4, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR), np.float32)


def _inscribed(region: Region) -> Ellipse:
    x0, y0, x1, y1 = region.box
    half_w, half_h = max((x1 - x0) / 2, 1.0), max((y1 - y0) / 2, 1.0)
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    if half_w >= half_h:
        return Ellipse(cx, cy, half_w, half_h, 0.0)
    return Ellipse(cx, cy, half_h, half_w, 90.0)


def warp(photo: Photo, matrix: F64, size: tuple[int, int]) -> U8:
    """Sample a picture of this width and height. A large object is first shrunk by area so that
    nothing aliases."""
    pixels, scale = photo.pixels, photo.scale
    m = matrix.copy()
    # Pixel centres: x_full = (x_decoded + 0.5) / scale - 0.5.
    m[:, 2] += m[:, :2].sum(axis=1) * (0.5 / scale - 0.5)
    m[:, :2] /= scale
    corners = cv2.invertAffineTransform(m) @ np.array(
        [[0, 0, size[0], size[0]], [0, size[1], 0, size[1]], [1, 1, 1, 1]], np.float64
    )
    h, w = pixels.shape[:2]
    x0, y0 = np.floor(np.clip(corners.min(axis=1) - 2, 0, [w - 1, h - 1])).astype(int)
    x1, y1 = np.ceil(np.clip(corners.max(axis=1) + 2, [x0 + 1, y0 + 1], [w, h])).astype(int)
    crop = pixels[y0 : shrink.whole(y0, y1, h), x0 : shrink.whole(x0, x1, w)]
    m[:, 2] += m[:, :2] @ np.array([x0, y0], float)
    zoom = math.sqrt(abs(float(np.linalg.det(m[:, :2]))))
    if zoom < 0.7:
        ch, cw = crop.shape[:2]
        nw, nh = max(1, round(cw * zoom)), max(1, round(ch * zoom))
        crop = shrink.by_area(crop, nw, nh)
        step = np.array([cw / nw, ch / nh])
        # Pixel centres: x_full = (x_small + 0.5) * step - 0.5.
        m[:, 2] += m[:, :2] @ (0.5 * step - 0.5)
        m[:, :2] *= step
    out = cv2.warpAffine(crop, m, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)


@lru_cache(maxsize=4)
def disc_mask(size: int) -> Array:
    """The unit disc, bool (size, size)."""
    centre = (size - 1) / 2
    yy, xx = np.mgrid[0:size, 0:size]
    return np.asarray(np.hypot(xx - centre, yy - centre) <= size / 2)


@lru_cache(maxsize=4)
def _polar_grid(size: int) -> tuple[F32, F32]:
    theta = 2 * np.pi * np.arange(ANGLES) / ANGLES
    r = (np.arange(RADII) + 0.5) / RADII * (size / 2)
    centre = (size - 1) / 2
    x = centre + np.cos(theta)[:, None] * r
    y = centre - np.sin(theta)[:, None] * r
    return x.astype(np.float32), y.astype(np.float32)
