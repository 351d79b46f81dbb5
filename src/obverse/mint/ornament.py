"""What surrounds a motif: borders, field textures, frames, wreaths and small stars."""

from __future__ import annotations

import math

import numpy as np

from obverse.mint.clay import Clay
from obverse.mint.rim import Outline, grid
from obverse.mint.shapes import arc, circle, curve, leaf, limb, place, regular, ribbon, ring, star
from obverse.types import F32, F64

Rng = np.random.Generator

BORDERS = ("beads", "denticles", "line", "double", "rope", "key", "arcs", "plain", "pearls")
FIELDS = (*("plain",) * 5, "rays", "waves", "hatch", "diaper", "guilloche", "stipple", "rings")
FRAMES = ("none", "none", "ring", "beaded", "foil4", "foil8", "hexagon", "octagon", "lozenge",
          "square")  # fmt: skip


def border(clay: Clay, kind: str, outline: Outline, inner: float) -> None:
    """A border just inside the rim, following the outline."""
    path = outline.points(0.918)
    step = np.hypot(*np.diff(path, axis=0, append=path[:1]).T)
    way = np.concatenate([[0], np.cumsum(step)])

    def stations(n: int) -> list[tuple[float, float, float]]:
        """n places along the border: x, y and the direction along it in degrees."""
        out = []
        for s in np.linspace(0, way[-1], n, endpoint=False):
            k = int(np.searchsorted(way, s, side="right") - 1) % len(path)
            d = path[(k + 1) % len(path)] - path[k - 1]
            out.append((float(path[k, 0]), float(path[k, 1]), math.degrees(math.atan2(d[1], d[0]))))
        return out

    closed = np.concatenate([path, path[:2]])
    if kind == "beads":
        clay.add([circle(x, y, 0.017) for x, y, _ in stations(116)], 0.9, 0.017)
    elif kind == "pearls":
        clay.add([circle(x, y, 0.026) for x, y, _ in stations(64)], 0.8, 0.024)
    elif kind == "denticles":
        tooth = np.array([(-0.013, -0.03), (0.013, -0.03), (0.017, 0.035), (-0.017, 0.035)])
        clay.add([place(tooth, x, y, 1, a + 180) for x, y, a in stations(120)], 0.5, 0.012)
    elif kind == "line":
        clay.add([ribbon(closed * 0.99, 0.016)], 0.4, 0.008)
    elif kind == "double":
        clay.add([ribbon(closed * 1.01, 0.014)], 0.4, 0.007)
        clay.add([ribbon(closed * 0.965, 0.014)], 0.4, 0.007)
    elif kind == "rope":
        clay.add([leaf(x, y, a + 32, 0.075, 0.5) for x, y, a in stations(100)], 0.6, 0.014)
    elif kind == "key":
        for x, y, a in stations(36):
            hook = np.array(
                [(-0.06, -0.022), (-0.06, 0.022), (0.03, 0.022), (0.03, -0.008), (-0.02, -0.008)]
            )
            clay.add([ribbon(place(hook, x, y, 1, a + 180), 0.012)], 0.45, 0.006)
    elif kind == "arcs":
        for x, y, a in stations(44):
            bow = place(arc(0.055, 15, 165, 12), x, y, 1, a)
            clay.add([ribbon(bow, 0.013), circle(x, y, 0.011)], 0.5, 0.008)


def texture(kind: str, size: int, rng: Rng) -> F32:
    """A low texture for the whole field, float32 (s, s), 0 to about 0.15."""
    x, y = grid(size)
    rho, theta = np.hypot(x, y), np.arctan2(y, x)
    n = int(rng.integers(18, 34))
    height = np.zeros((size, size), np.float32)
    if kind == "rays":
        cy = float(rng.choice([0.0, -0.5]))
        height = (
            0.09
            * np.abs(np.sin(np.arctan2(y - cy, x) * n))
            * np.clip(np.hypot(x, y - cy) * 3, 0, 1)
        )
    elif kind == "waves":
        height = 0.035 * (1 + np.sin(n * 4.5 * y + 2.2 * np.sin(x * n * 0.6)))
    elif kind == "hatch":
        a = float(rng.choice([0.0, math.pi / 2, math.pi / 4]))
        height = 0.05 * (1 + np.sin((x * math.sin(a) + y * math.cos(a)) * n * 5))
    elif kind == "diaper":
        u, v = (x + y) * n * 0.75, (x - y) * n * 0.75
        lines = np.maximum(np.exp(-8 * np.sin(u) ** 2), np.exp(-8 * np.sin(v) ** 2))
        dots = np.exp(-6 * (np.cos(u) ** 2 + np.cos(v) ** 2))
        height = 0.09 * lines + 0.12 * dots
    elif kind == "guilloche":
        k = int(rng.integers(5, 10))
        wave = rho * n * 2.6 + 2.4 * np.sin(k * theta)
        height = 0.05 * (2 + np.sin(wave) + np.sin(rho * n * 2.6 - 2.4 * np.sin(k * theta)))
    elif kind == "stipple":
        u, v = x * n * 3.2, y * n * 3.2
        height = 0.10 * np.clip(np.sin(u + np.sin(v * 0.5) * 0.5) * np.sin(v), 0, 1)
    elif kind == "rings":
        height = 0.05 * (1 + np.sin(rho * n * 4))
    return np.asarray(0.7 * height, np.float32)


def frame(clay: Clay, kind: str, r: float) -> F64 | None:
    """A frame around the motif, of radius ``r``; returns its outline, or None without one."""
    if kind == "ring":
        clay.add([ring(r, 0.02)], 0.45, 0.01)
        return circle(0, 0, r)
    if kind == "beaded":
        n = int(2 * math.pi * r / 0.048)
        clay.add([circle(p[0], p[1], 0.017) for p in arc(r, 0, 360, n + 1)[:-1]], 0.8, 0.017)
        return circle(0, 0, r)
    if kind in ("foil4", "foil8"):
        n = int(kind[-1])
        a = np.linspace(0, 2 * math.pi, 361)
        lobes = 1 - 0.16 * (1 - np.abs(np.cos((a - math.pi / 2) * n / 2)) ** 0.6)
        path = np.stack([r * lobes * np.cos(a), r * lobes * np.sin(a)], 1)
    elif kind in ("hexagon", "octagon", "lozenge", "square"):
        n, turn = {
            "hexagon": (6, 90.0),
            "octagon": (8, 22.5),
            "lozenge": (4, 90.0),
            "square": (4, 45.0),
        }[kind]
        corners = regular(n, r * (1.0 if n > 4 else 1.06), turn)
        path = np.concatenate([corners, corners[:2]])
    else:
        return None
    clay.add([ribbon(path, 0.022)], 0.5, 0.01)
    clay.add([ribbon(path * 0.93, 0.012)], 0.4, 0.006)
    return path


def wreath(clay: Clay, rng: Rng, r: float, opening: float, bottom: float = 12.0) -> None:
    """Two sprigs rising from the bottom along a circle of radius ``r``, leaving ``opening``
    degrees free on each side of the top and ``bottom`` at the foot."""
    kind = str(rng.choice(["laurel", "oak", "ears", "olive", "palm"]))
    size = {"laurel": 0.17, "oak": 0.17, "ears": 0.12, "olive": 0.15, "palm": 0.16}[kind]
    count = max(4, int(r * math.radians(180 - opening - bottom) / (size * 0.48)))
    for side in (False, True):
        one = clay.at(flip=side)
        path = arc(r, -90 + bottom, 90 - opening, 60)
        one.add([ribbon(path, [0.03, 0.015])], 0.4, 0.012)
        for k in range(count):
            t = (k + 0.4) / count
            i = min(int(t * 58), 57)
            (x, y), ahead = path[i], path[i + 1]
            way = math.degrees(math.atan2(ahead[1] - y, ahead[0] - x))
            length = size * (1 - 0.35 * t)
            for lean in (-1, 1):
                spread = {"laurel": 28, "oak": 40, "ears": 20, "olive": 42, "palm": 55}[kind]
                width = {"laurel": 0.42, "oak": 0.62, "ears": 0.5, "olive": 0.34, "palm": 0.2}[kind]
                one.over(
                    [leaf(x, y, way + lean * spread, length, width)],
                    0.40,
                    0.035,
                    keep=0.85,
                )
                if kind == "ears":
                    awn = place(
                        np.array([(0.08, 0.0), (0.22, 0.02 * lean)]), x, y, 1, way + lean * 14
                    )
                    one.join([ribbon(awn, 0.008)], 0.3, 0.005)
            if kind == "oak":
                one.cut(
                    [
                        ribbon(
                            place(np.array([(0.02, 0), (0.14, 0)]), x, y, 1, way + s * 40),
                            0.012,
                        )
                        for s in (-1, 1)
                    ],
                    0.2,
                    0.008,
                )
            if kind in ("olive", "laurel") and k % 3 == 1:
                one.join([circle(x * 0.93, y * 0.93, 0.022)], 0.6, 0.02)
        one.over([leaf(path[-1][0], path[-1][1], 180 - opening, size * 0.6, 0.4)], 0.36, 0.03)
    if bottom < 25:
        for s in (-1, 1):
            bow = curve([(0, -r), (0.10 * s, -r + 0.07), (0.15 * s, -r), (0, -r)])
            clay.over([ribbon(bow, 0.028)], 0.4, 0.014)
            clay.over(
                [
                    limb(
                        [(0, -r, 0.012), (0.07 * s, -r - 0.05, 0.016), (0.12 * s, -r - 0.06, 0.018)]
                    )
                ],
                0.4,
                0.016,
            )
        clay.over([circle(0, -r, 0.03)], 0.4, 0.02)


def small(clay: Clay, kind: int, x: float, y: float, r: float) -> None:
    """One small ornament: star, rosette, diamond, cross or pellet."""
    if kind == 0:
        clay.add([place(star(5), x, y, r)], 0.9, r * 0.35)
    elif kind == 1:
        petals = [
            circle(x + 0.55 * r * math.cos(a), y + 0.55 * r * math.sin(a), 0.36 * r)
            for a in np.arange(6) * math.pi / 3
        ]
        clay.add(petals, 0.8, r * 0.3)
        clay.add([circle(x, y, 0.3 * r)], 0.5, r * 0.2)
    elif kind == 2:
        clay.add([place(regular(4), x, y, r)], 0.9, r * 0.6)
    elif kind == 3:
        clay.add([place(star(4, 0.25, 1.0, 45), x, y, r * 1.2)], 0.9, r * 0.3)
    else:
        clay.add([circle(x, y, r * 0.6)], 0.9, r * 0.5)


def stars(clay: Clay, kind: int, n: int, r: float, start: float, stop: float, size: float) -> None:
    """Small ornaments along a circle, degrees."""
    for x, y in arc(r, start, stop, n):
        small(clay, kind, float(x), float(y), size)
