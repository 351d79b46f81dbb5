"""Where the coins of a composed photo lie: alone, strewn, touching, in heaps and in rows.

A place is an affine map, float64 (2, 3), of the unit circle to the coin's rim.
"""

from __future__ import annotations

import numpy as np

from obverse.types import F64, Array

Rng = np.random.Generator

COUNTS = {"few": (2, 9), "scatter": (8, 36), "heap": (6, 45)}
"""Least number of coins, and one more than the largest."""


def place(kind: str, rng: Rng, size: int, *, slant: bool = True) -> list[F64]:
    """Where the coins of a photo lie, the lowest first: maps (2, 3) of the unit circle."""
    tilt = float(rng.choice([0, 12, 30, 58], p=[0.3, 0.35, 0.22, 0.13])) if slant else 0.0
    if kind == "empty":
        return []
    if kind == "one":
        share = rng.random()
        if share < 0.55:  # a crop around the coin: what the second pass sees
            r = rng.uniform(0.27, 0.47) * size
        elif share < 0.62:  # 1:1, and past the frame
            r = rng.uniform(0.46, 0.56) * size
        else:  # down to 1:36 of the picture's area
            r = float(np.exp(rng.uniform(np.log(0.083), np.log(0.3)))) * size
        free = max(0.0, size / 2 - r)
        centre = size / 2 - 0.5 + rng.uniform(-1, 1, 2) * (free + (0.12 * r if slant else 0))
        return [oblique(rng, r, centre, tilt)]
    if kind == "tray":
        return _tray(rng, size, tilt)
    count = int(rng.integers(*COUNTS[kind]))
    if kind == "few":
        r = rng.uniform(0.12, 0.3) * size / np.sqrt(count) * 1.6
    else:
        r = rng.uniform(0.3, 0.5) * size / np.sqrt(count) * (1.25 if kind == "heap" else 0.9)
    axis = rng.uniform(0, np.pi)
    loose = kind == "heap"
    squash = np.cos(np.radians(rng.uniform(0, tilt)))
    maps: list[F64] = []
    for _ in range(count * 3):
        if len(maps) == count:
            break
        radius = r * rng.uniform(0.7, 1.15)
        if loose:
            centre = np.clip(rng.normal(size / 2, 0.22 * size, 2), 0, size)
        elif maps and rng.random() < 0.4:  # touch another
            other = maps[int(rng.integers(len(maps)))]
            a = rng.uniform(0, 2 * np.pi)
            far = radius + float(np.linalg.norm(other[:, 0]))
            gap = rng.uniform(0.985, 1.06) * far
            centre = other[:, 2] + gap * np.array([np.cos(a), np.sin(a)])
        else:
            centre = rng.uniform(-0.02 * size, 1.02 * size, 2)
        if loose and rng.random() < 0.5:
            matrix = oblique(rng, radius, centre, 50)
        else:
            matrix = oblique(rng, radius, centre, 4 if slant else 0)
            turn = np.array([[np.cos(axis), -np.sin(axis)], [np.sin(axis), np.cos(axis)]])
            matrix[:, :2] = turn @ np.diag([1, squash]) @ turn.T @ matrix[:, :2]
        far_enough = 0.45 if loose else 0.97
        if rng.random() < 0.08:
            far_enough = 0.4  # one lies over another
        if all(_apart(matrix, m) > far_enough for m in maps):
            maps.append(matrix)
    return maps


def oblique(rng: Rng, radius: float, centre: Array, tilt: float, axis: float | None = None) -> F64:
    """A circle seen at up to ``tilt`` degrees of slant about an axis in the picture, as a map."""
    slant = np.radians(rng.uniform(0, tilt) if tilt > 0 else 0.0)
    a = rng.uniform(0, np.pi) if axis is None else axis
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return np.column_stack([turn @ np.diag([radius, radius * np.cos(slant)]) @ turn.T, centre])


def _apart(m: F64, n: F64) -> float:
    """Distance of the centres over the sum of the radii in that direction, 1 where they touch."""
    d = m[:, 2] - n[:, 2]
    far = float(np.linalg.norm(d))
    if far < 1e-6:
        return 0.0
    u = d / far
    radii = sum(1 / float(np.linalg.norm(np.linalg.inv(k[:, :2]) @ u)) for k in (m, n))
    return far / radii


def _tray(rng: Rng, size: int, tilt: float) -> list[F64]:
    """Rows and columns, seen in perspective."""
    rows, columns = (int(n) for n in rng.integers(2, 7, 2))
    pitch = size * rng.uniform(0.6, 1.0) / max(rows, columns)
    r = pitch * rng.uniform(0.28, 0.5)
    squash = np.cos(np.radians(rng.uniform(0, tilt)))
    turn = rng.normal(0, 0.25) + (np.pi / 2 if rng.random() < 0.3 else 0)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    far = rng.uniform(0, 0.35) * (1 - squash) * 2
    shift = rng.normal(0, 0.06 * size, 2)
    maps = []
    for i in range(rows):
        for j in range(columns):
            if rng.random() < 0.08:
                continue
            at = np.array([j - (columns - 1) / 2, i - (rows - 1) / 2]) * pitch
            at = spin @ (at + rng.normal(0, 0.05 * pitch, 2))
            near = 1 + far * at[1] / size
            at = at * near * (1, squash)
            matrix = oblique(rng, r * near * rng.uniform(0.85, 1.05), size / 2 + at + shift, 4)
            matrix[:, :2] = np.diag([1, squash]) @ matrix[:, :2]
            maps.append(matrix)
    return maps
