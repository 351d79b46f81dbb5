"""Where to start: rough ellipses from a gradient Hough transform, from segmented blobs, and from
the picture's own frame. Cheap and generous; ``score`` throws most of them away.
"""

from __future__ import annotations

import cv2
import numpy as np

from obverse.find.ellipses import Field, differentiate, from_circles
from obverse.types import F64, U8, Array

RADII = np.geomspace(0.035, 0.62, 26)
"""Radii asked for, as shares of the long side."""
CELL = 3.0
"""Pixels per cell of the Hough accumulator."""
PAD = 0.12
"""How far outside the picture a centre may lie, as a share of its sides."""
MIN_AREA = 0.003
"""Smallest blob, as a share of the picture."""


def seeds(field: Field, per_level: int) -> F64:
    """Rough ellipses as maps (k, 2, 3) in the pixels of a small field.

    Args:
        per_level: circles taken from each pair of neighbouring radii, so that small ones cannot
            crowd out large ones.
    """
    return np.concatenate(
        [
            vote_circles(field.lab, per_level),
            fit_blobs(field.lab),
            inscribe(field.width, field.height),
        ]
    )


def vote_circles(lab: U8, per_level: int) -> F64:
    """Circles by the gradient Hough transform: every edge pixel votes for the centres that lie one
    radius before and behind it. Blurred in proportion to the radius, so ellipses peak too."""
    h, w = lab.shape[:2]
    gradient, magnitude = differentiate(lab)
    high = max(2.0, float(np.percentile(magnitude, 85)))
    gx, gy = (np.asarray(np.clip(g * 32, -32767, 32767), np.int16) for g in cv2.split(gradient))
    edges = cv2.Canny(gx, gy, high * 16, high * 32, L2gradient=True)
    y, x = np.nonzero(edges)
    unit = gradient[y, x] / (magnitude[y, x, None] + 1e-6)
    columns, rows = int(w * (1 + 2 * PAD) / CELL) + 1, int(h * (1 + 2 * PAD) / CELL) + 1
    origin = np.stack([x + PAD * w, y + PAD * h], axis=1).astype(np.float32) / CELL + 0.5
    levels = []
    radii = np.maximum(3.0, RADII * max(w, h))
    for radius in radii:
        centres = np.concatenate([origin + unit * (radius / CELL), origin - unit * (radius / CELL)])
        cx, cy = centres.astype(np.int32).T
        kept = (cx >= 0) & (cx < columns) & (cy >= 0) & (cy < rows)
        votes = np.bincount((cy * columns + cx)[kept], minlength=rows * columns)
        sigma = max(0.8, 0.07 * radius / CELL)
        level = cv2.GaussianBlur(votes.reshape(rows, columns).astype(np.float32), (0, 0), sigma)
        levels.append(level * sigma**2 / (radius + 6))
    circles = []
    for i in range(0, len(radii), 2):
        pair = np.stack(levels[i : i + 2])
        best = pair.max(axis=0)
        peak = (best == cv2.dilate(best, np.ones((5, 5), np.uint8))) & (best > 0)
        py, px = np.nonzero(peak)
        for j in np.argsort(-best[py, px])[:per_level]:
            higher = int(pair[:, py[j], px[j]].argmax())
            circles.append((px[j] * CELL - PAD * w, py[j] * CELL - PAD * h, radii[i + higher]))
    return from_circles(np.array(circles, np.float64).reshape(-1, 3))


def fit_blobs(lab: U8) -> F64:
    """Ellipses with the second moments of blobs: Otsu's threshold, either side, on lightness, on
    chroma, and on the distance from the border's median colour."""
    h, w = lab.shape[:2]
    lab = np.asarray(cv2.medianBlur(lab, 5), np.uint8)
    centred = lab.astype(np.float32) - 128
    chroma = 4 * np.hypot(centred[..., 1], centred[..., 2])
    edges = (lab[:3], lab[-3:], lab[:, :3], lab[:, -3:])
    border = np.concatenate([edge.reshape(-1, 3) for edge in edges])
    offset = lab - np.median(border, axis=0).astype(np.float32)
    distance = 2 * np.sqrt((offset**2) @ np.array([0.5, 2.0, 2.0], np.float32))
    maps = []
    for plane in (lab[..., 0], _to_bytes(chroma), _to_bytes(distance)):
        _, mask = cv2.threshold(plane, 0, 255, cv2.THRESH_OTSU)
        for side in (mask, 255 - mask):
            framed = cv2.copyMakeBorder(side, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0)
            opened = cv2.morphologyEx(framed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
            contours, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            for contour in contours:
                if len(contour) < 20:
                    continue
                hull = cv2.convexHull(contour)
                area, (_, radius) = cv2.contourArea(hull), cv2.minEnclosingCircle(hull)
                if area >= max(MIN_AREA * w * h, 0.25 * np.pi * radius**2):
                    maps.append(_moments_ellipse(hull))
    return np.array(maps, np.float64).reshape(-1, 2, 3)


def inscribe(width: int, height: int) -> F64:
    """The ellipses a scan or a crop may be filled by: inscribed in the picture, in the picture
    without a strip at its right, and circles in its middle."""
    radius = min(width, height) / 2
    halves = (
        (width / 2, height / 2, width / 2),
        (0.47 * width, height / 2, 0.47 * width),
        (radius, radius, width / 2),
        (0.85 * radius, 0.85 * radius, width / 2),
    )
    return np.array([[[a, 0, x - 0.5], [0, b, height / 2 - 0.5]] for a, b, x in halves])


def _to_bytes(values: Array) -> U8:
    return np.minimum(values, 255).astype(np.uint8)


def _moments_ellipse(hull: Array) -> F64:
    m = cv2.moments(hull)
    mean = np.array([m["m10"], m["m01"]]) / m["m00"]
    spread = np.array([[m["mu20"], m["mu11"]], [m["mu11"], m["mu02"]]]) / m["m00"]
    values, vectors = np.linalg.eigh(spread)
    linear = vectors @ np.diag(2 * np.sqrt(np.maximum(values, 1.0)))
    return np.concatenate([linear, (mean - 2)[:, None]], axis=1)  # 2: the frame added above
