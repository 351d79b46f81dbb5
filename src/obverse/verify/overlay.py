"""Lay a photo over a view: the turn is known, now the last per cents of place, size and slant.

Rims have steps, and a finder may settle on another one in the photo than in the catalogue's
picture; tilts are undone by an ellipse, nearly. What is left makes a design agree less with itself
than it could, the right one more than others. So slopes are laid on slopes, which are where they
are in any light: the affine map that maximises their correlation (ECC: Evangelidis and Psarakis,
2008).
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from obverse.normalise import GREY, SIZE, disc_mask, even_lightness
from obverse.types import F32, F64, U8

FINE = 88
"""Side at which one is laid over the other."""
STEEP = 1.0
"""Sigma in pixels of ``FINE`` at which slopes are seen, twice. Of 332 right views of `dev_wild`
three found no place within the bounds below; with 1.1 at a side of 64 26 did not, with 1 at 44 106
did not."""
WITHIN, EDGE = 0.97, 0.93
"""Parts of the radius: beyond the first lies ground, and slopes count up to the second."""
MOST_STRETCH, MOST_SHIFT = 0.12, 0.1
"""Nothing is moved by more: sides stretched or slanted by a share, the middle by radii."""
STEPS, STILL = 30, 1e-4


def laid_over(photo: U8, view: U8, turn: float, seen: F32 | None = None) -> U8 | None:
    """A photo's object as it lies in a view.

    Args:
        photo: a patch as photographed, uint8 (``SIZE``, ``SIZE``, 3).
        view: the catalogue's picture, uint8 (n, n, 3), the object's circle touching its sides.
        turn: degrees counter-clockwise by which the view must be turned to lie as the photo does.
        seen: the photo's ``slopes``, if they are known already.

    Returns:
        The photo, moved, uint8 (``SIZE``, ``SIZE``, 3); None where it finds no place on the view
        without being moved by more than a little.
    """
    move = place(slopes(photo) if seen is None else seen, slopes(view, turn))
    if move is None:
        return None
    spin = np.vstack([_spin(SIZE, turn), [0, 0, 1]])
    # ``move`` takes a place on the photo to one on the turned view.
    back = (np.linalg.inv(move) @ spin)[:2]
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(photo, back, (SIZE, SIZE), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def place(photo: F32, view: F32) -> F64 | None:
    """Where the slopes of a photo lie on those of a view that is turned as the photo is.

    Args:
        photo, view: as ``slopes`` gives them.

    Returns:
        The affine map from pixels of the photo's patch to those of the view at the same size,
        float64 (3, 3); None where it would be more than a small move.
    """
    start, everywhere = np.eye(2, 3, dtype=np.float32), np.ones((FINE, FINE), np.uint8)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, STEPS, STILL)
    try:
        _, found = cv2.findTransformECC(photo, view, start, cv2.MOTION_AFFINE, stop, everywhere, 3)
    except cv2.error:  # nothing to hold on to, or no way to a better place
        return None
    stretch, middle = found[:, :2] - np.eye(2), np.full(2, (FINE - 1) / 2)
    shift = (stretch @ middle + found[:, 2]) * 2 / FINE
    if np.abs(stretch).max() > MOST_STRETCH or np.abs(shift).max() > MOST_SHIFT:
        return None
    # Pixel centres: x_fine = (x + 0.5) / zoom - 0.5.
    zoom = SIZE / FINE
    offset = zoom * found[:, 2] - stretch @ np.full(2, (zoom - 1) / 2)
    return np.vstack([np.hstack([found[:, :2], offset[:, None]]), [0, 0, 1]]).astype(np.float64)


def slopes(square: U8, turn: float = 0.0) -> F32:
    """How steep a disc is, its light evened, float32 (``FINE``, ``FINE``).

    Args:
        square: uint8 (n, n, 3), RGB, the object's circle touching its sides.
        turn: degrees counter-clockwise to turn it first.
    """
    n = len(square)
    grey = cv2.cvtColor(square, cv2.COLOR_RGB2GRAY)
    if turn:
        grey = cv2.warpAffine(grey, _spin(n, turn), (n, n), borderMode=cv2.BORDER_REPLICATE)
    side = 2 * FINE
    small = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
    plain = even_lightness(np.asarray(small, np.uint8), disc_mask(side)).astype(np.float32)
    plain[_radius(side) > WITHIN] = GREY
    soft = cv2.GaussianBlur(plain, (0, 0), 2 * STEEP)
    steep = cv2.magnitude(cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1))
    steep[_radius(side) > EDGE] = 0
    wide = cv2.GaussianBlur(steep, (0, 0), 2 * STEEP)
    return np.asarray(cv2.resize(wide, (FINE, FINE), interpolation=cv2.INTER_AREA), np.float32)


def _spin(side: int, turn: float) -> F64:
    """The map of pixels of a square, (2, 3), that turns it by degrees counter-clockwise."""
    return np.asarray(cv2.getRotationMatrix2D(((side - 1) / 2,) * 2, turn, 1.0), np.float64)


@lru_cache(maxsize=1)
def _radius(side: int) -> F32:
    """Distance from the middle in radii, float32 (side, side)."""
    yy, xx = np.mgrid[0:side, 0:side] - (side - 1) / 2
    return np.asarray(np.hypot(xx, yy) / (side / 2), np.float32)
