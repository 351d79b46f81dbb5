"""From what the network said to ellipses: cells shared out, quadratics fitted, rims pulled tight.

All positions are cells of the network's answer. Ellipses are affine maps, float64 (2, 3), of the
unit circle to the rim.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from obverse.types import F32, F64, Array

LEVELS = np.arange(0.66, 0.05, -0.06)
"""Insets at which pieces are told apart, from the middle to the rim."""
LAST_SEED = 0.17
"""Below this inset no new object starts."""
GROWTH = 6
"""Cells that an object can grow by from one level to the next: a radius of 100 cells."""
CELLS = 5
"""Least cells of a seed."""
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
ENOUGH = 1200
"""Cells that an ellipse is fitted to."""
RAYS = 128
BAND = np.linspace(-0.22, 0.16, 77, dtype=np.float32)
"""Where along a ray the rim is looked for, in radii beyond the ellipse."""
SHALLOW = 0.3
"""A mask's edge is a rim only where the inset just inside it is below this; else something lies
over the coin there."""
FLATTEST = 0.3
AGREES = 0.2
"""How far the inset may be from the ellipse's own where nothing lies over the coin: of 43 photos of
`wild_dev` at least 0.97 of the face agrees; another coin over 0.14 of it leaves 0.92 in the median
(0.90 within 0.15, 0.94 within 0.25)."""


_theta = np.linspace(0.0, 2 * np.pi, RAYS, endpoint=False)
_UNIT = np.stack([np.cos(_theta), np.sin(_theta)], axis=1)
_BASIS = np.stack(
    [np.ones(RAYS), np.cos(_theta), np.sin(_theta), np.cos(2 * _theta), np.sin(2 * _theta)], axis=1
)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the network said of one picture.

    Attributes:
        mask, inset: float32 (h, w), 0 to 1.
        to_photo: float64 (2, 3), cells to photo pixels.
    """

    mask: F32
    inset: F32
    to_photo: F64


def share_out(seen: Seen) -> tuple[Array, int]:
    """Which object each cell belongs to: int16 (h, w), 0 for none, and how many there are.

    From the deepest level of the inset down: a piece that holds no object yet is a new one, and
    objects grow into the cells that the level adds, so that they meet in the valley between them.
    """
    owner = np.zeros(seen.inset.shape, np.int16)
    count = 0
    for level in LEVELS:
        above = np.asarray(seen.inset > level)
        if level >= LAST_SEED:
            n, pieces, stats, _ = cv2.connectedComponentsWithStats(
                above.astype(np.uint8), connectivity=4
            )
            held = np.zeros(n, bool)
            held[pieces[owner > 0]] = True
            for k in np.flatnonzero(~held[1:] & (stats[1:, cv2.CC_STAT_AREA] >= CELLS)) + 1:
                count += 1
                owner[pieces == k] = count
        grow(owner, above)
    grow(owner, np.asarray(seen.mask > 0.3))
    return owner, count


def grow(owner: Array, room: Array) -> None:
    """Let objects grow into what is free, by ``GROWTH`` cells at most.

    Args:
        owner: int16 (h, w), changed in place.
        room: bool (h, w).
    """
    free = room & (owner == 0)
    for _ in range(GROWTH):
        taken = cv2.dilate(owner, CROSS)
        taken[~free] = 0
        if not taken.any():
            return
        owner += taken
        free &= taken == 0


def ellipse_of(inset: F32, cells: Array) -> F64 | None:
    """The ellipse whose inset these cells show, as a map (2, 3) in cells; None if they show none.

    ``(1 - inset) ** 2`` is fitted by a quadratic polynomial of the position; its level 1 is the
    rim. Twice, the second time without the cells that fit badly.
    """
    y, x = np.nonzero(cells & (inset > 0.08))  # nearer to the rim it is clipped
    y, x = y[:: len(y) // ENOUGH + 1], x[:: len(x) // ENOUGH + 1]
    if len(x) < 2 * CELLS:
        return None
    centre, scale = np.array([x.mean(), y.mean()]), max(float(np.hypot(x.std(), y.std())), 1.0)
    u, v = (x - centre[0]) / scale, (y - centre[1]) / scale
    rows = np.stack([u * u, u * v, v * v, u, v, np.ones(len(u))], axis=1)
    value = np.square(1 - inset[y, x].astype(np.float64))
    weight = np.ones(len(u))
    for _ in range(3):
        left = rows.T @ (rows * weight[:, None])
        a, b, c, d, e, f = np.linalg.solve(left + 1e-9 * np.eye(6), rows.T @ (weight * value))
        rest = np.abs(rows @ (a, b, c, d, e, f) - value)
        weight = 1 / (1 + (rest / 0.08) ** 2)
    q = np.array([[a, b / 2], [b / 2, c]])
    values, vectors = np.linalg.eigh(q)
    if values[0] <= 1e-6:
        return None
    middle = -np.linalg.solve(2 * q, (d, e))
    level = 1 - (f + np.dot((d, e), middle) / 2)
    if level <= 0.05:
        return None
    radii = scale * np.sqrt(level / values)
    if radii.min() < FLATTEST * radii.max() or radii.max() > 2 * max(inset.shape):
        return None
    return np.column_stack([vectors @ np.diag(radii), middle * scale + centre])


def fit_rim(seen: Seen, matrix: F64, cells: Array) -> tuple[F64, F32 | None]:
    """The ellipse pulled onto the mask's edge: a map (2, 3) in cells, and the rim as a polygon
    (RAYS, 2) where it departs from an ellipse.

    On each ray the mask falls through one half where the rim is. Rays that leave the picture, run
    into a neighbour, or end while still deep inside (something lies over the coin) say nothing.
    """
    t, place, sure = BAND, np.zeros(RAYS), np.zeros(RAYS, bool)
    for _ in range(3):
        place, sure = crossings(seen, matrix, cells)
        if sure.sum() < 12:
            return matrix, None
        change = robust_fit(place, sure)
        change = np.clip(change, t[0], t[-1])
        matrix = apply_change(matrix, change)
    rest = place - _BASIS @ change
    known = sure & (np.abs(rest) < 0.12)
    if known.mean() < 0.95 or np.median(np.abs(rest[known])) < 0.008:
        return matrix, None
    full = np.interp(np.arange(RAYS), np.flatnonzero(known), rest[known], period=RAYS)
    smooth = np.convolve(np.concatenate([full[-1:], full, full[:1]]), [0.25, 0.5, 0.25], "valid")
    rim = matrix[:, 2] + (_UNIT * (1 + smooth[:, None])) @ matrix[:, :2].T
    return matrix, rim.astype(np.float32)


def crossings(seen: Seen, matrix: F64, cells: Array) -> tuple[F64, Array]:
    """Where on each ray the rim is, (RAYS,) in radii beyond the ellipse, and whether it shows."""
    h, w = seen.mask.shape
    spokes = (_UNIT @ matrix[:, :2].T)[:, None, :] * (1 + BAND)[None, :, None] + matrix[:, 2]
    x, y = spokes[..., 0].astype(np.float32), spokes[..., 1].astype(np.float32)
    mask = cv2.remap(seen.mask, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inset = cv2.remap(seen.inset, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    falls = (mask[:, :-1] >= 0.5) & (mask[:, 1:] < 0.5)
    # Of several falls, the outermost whose inside is still this coin.
    owner = cv2.remap(
        cells.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    falls &= owner[:, :-1] > 0.05
    at = mask.shape[1] - 2 - np.argmax(falls[:, ::-1], axis=1)
    rows = np.arange(RAYS)
    low, high = mask[rows, at], mask[rows, at + 1]
    place = BAND[at] + (BAND[1] - BAND[0]) * (low - 0.5) / np.maximum(low - high, 1e-6)
    edge = (
        (x[rows, at] > 0.5)
        & (x[rows, at] < w - 1.5)
        & (y[rows, at] > 0.5)
        & (y[rows, at] < h - 1.5)
    )
    shallow = inset[rows, np.maximum(at - 8, 0)] < SHALLOW
    return place.astype(np.float64), np.asarray(falls.any(axis=1) & edge & shallow)


def robust_fit(place: F64, sure: Array) -> F64:
    """The small change (size, shift x and y, stretch, shear) of a unit circle that meets most of
    the places on the rays: least squares, re-weighted (Tukey)."""
    weight = sure.astype(np.float64)
    ridge = 1e-3 * sure.sum() * np.diag([1e-3, 1e-2, 1e-2, 1.0, 1.0])
    change = np.zeros(5)
    for _ in range(6):
        left = (_BASIS * weight[:, None]).T @ _BASIS + ridge
        change = np.linalg.solve(left, _BASIS.T @ (weight * place))
        rest = np.abs(place - _BASIS @ change)
        width = max(0.012, 4.0 * float(np.median(rest[sure])))
        weight = sure * np.square(np.clip(1 - (rest / width) ** 2, 0, 1))
        if weight.sum() < 6:
            break
    return change


def apply_change(matrix: F64, change: F64) -> F64:
    """The map after a small change of the unit circle, as ``ellipses.refine`` does it."""
    size, dx, dy, stretch, shear = change
    turn = np.array([[1 + size + stretch, shear], [shear, 1 + size - stretch]])
    out = matrix.copy()
    out[:, :2] = matrix[:, :2] @ turn
    out[:, 2] += matrix[:, :2] @ (dx, dy)
    return out


def judge(seen: Seen, matrix: F64, cells: Array) -> float:
    """How sure, 0 to 1: the mean mask of the object's cells, times how well their insets agree
    with the ellipse, times how much of the ellipse is seen at all (a sliver is no find)."""
    y, x = np.nonzero(cells)
    away = np.linalg.solve(matrix[:, :2], np.stack([x, y]) - matrix[:, 2:])
    field = np.hypot(away[0], away[1])
    inner = field < 0.97
    count = int(inner.sum())
    if count < CELLS:
        return 0.0
    y, x, field = y[inner], x[inner], field[inner]
    inset, mask = seen.inset[y, x], seen.mask[y, x]
    off = float(np.abs(inset - (1 - field)).mean())
    filled = float(np.maximum(mask, inset).mean())
    share = count / max(float(np.pi * abs(np.linalg.det(matrix[:, :2]))), 1.0)
    return filled * float(np.clip(1.1 - 2 * off, 0, 1) * np.clip(share / 0.3, 0, 1))


def share_seen(seen: Seen, matrix: F64) -> float:
    """Share of the ellipse where the object itself is seen, 0 to 1: the mask says coin and the
    inset is that of this ellipse. The rest lies under something, another coin too, or beyond the
    picture's edge."""
    field = field_of(seen.mask.shape, matrix)
    coin = (field < 1) & ((seen.mask > 0.5) | (seen.inset > 0.5))
    shown = int((coin & (np.abs(seen.inset - (1 - field)) < AGREES)).sum())
    return min(1.0, shown / max(float(np.pi * abs(np.linalg.det(matrix[:, :2]))), 1.0))


def field_of(shape: tuple[int, ...], matrix: F64) -> F32:
    """Every cell's distance from the ellipse's centre, in its radii."""
    inverse = np.linalg.inv(matrix[:, :2]).astype(np.float32)
    x = np.arange(shape[1], dtype=np.float32) - np.float32(matrix[0, 2])
    y = (np.arange(shape[0], dtype=np.float32) - np.float32(matrix[1, 2]))[:, None]
    u = inverse[0, 0] * x + inverse[0, 1] * y
    v = inverse[1, 0] * x + inverse[1, 1] * y
    return np.asarray(np.hypot(u, v), np.float32)
