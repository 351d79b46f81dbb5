"""What composed photos are made of: coins cut out with exact masks, grounds, things, and scenes.

A data folder of the finder holds any of

    coins/**     pictures of one coin each; the folder a picture lies in is its group
    grounds/**   photographs without a coin
    things/**    pictures with a transparent background: fruit, plates, caps
    scenes/**    photographs with coin boxes beside them (YOLO: class cx cy w h, relative)

and a folder with none of these is taken as ``coins``. A coin's mask is its picture's alpha channel
where there is one; else what is not white where it stands on clean white; else what the classical
finder found, if it passes the checks of ``_by_rim``.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from obverse.errors import ObverseError, UsageError
from obverse.find.classical import ClassicalFinder
from obverse.photo import load
from obverse.types import F64, U8, Array, Ellipse, Finder, Photo

SUFFIXES = frozenset([".jpg", ".jpeg", ".png", ".webp"])
SIZE = 256
"""Long side of a kept coin."""
WHITE = 235
"""Pixels darker than this in any channel belong to a coin on clean white."""
FRINGE = 0.35
"""Pixels: between ``WHITE`` and half way from white to a coin's grey, an edge as wide as a pixel
goes this far."""
SURE, ROUND = 0.93, 0.955
"""Least score and ratio of the axes at which the classical rim of a picture taken from above is
believed: of 120 such rims looked at, one was off by more than 2 % of its radius."""
OUTSIDE = 0.01
"""How far a rim may pass its picture's frame, as a share of the radius."""
HOLE = 0.004
"""Least share of a coin that a white spot must have to be a hole, not a glint."""
SURE_RIM, MEETS = 0.6, 0.5
"""Least score of a rim in a scene, and least IoU with its box."""
PATCHES = 4
"""Patches tried beside the coins of a scene."""
EVERY_SCENE = 3
"""Of the scenes, sorted by name, the third, sixth, … are never learned from."""


@dataclass(frozen=True, slots=True, eq=False)
class Coin:
    """A cut-out coin.

    Attributes:
        pixels: uint8 (h, w, 3), RGB.
        cover: uint8 (h, w): 255 on the coin, 0 off it and in its holes.
        matrix: float64 (2, 3), the affine map that takes the unit circle to the coin's rim.
        group: the folder it came from.
    """

    pixels: U8
    cover: U8
    matrix: F64
    group: str


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A photograph and the coins in it: maps of the unit circle to each rim, float64 (n, 2, 3)."""

    pixels: U8
    maps: F64


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """Everything photos are composed of. ``things`` are uint8 (h, w, 4), RGBA."""

    coins: Sequence[Coin]
    grounds: Sequence[U8]
    things: Sequence[U8]
    scenes: Sequence[Scene]


def gather(data: Path, *, most: int = 2500, finder: Finder | None = None) -> Sources:
    """Read a data folder.

    Args:
        data: see the module's text.
        most: coins kept, drawn evenly from the folders under ``coins``.
        finder: who draws the rims in the scenes, see ``read_scenes``; the classical one if none
            is given. A learned one, trained without scenes first, agrees with more boxes.

    Raises:
        UsageError: there is no such folder, or no coin in it whose mask is sure.
    """
    if not data.is_dir():
        raise UsageError("no such folder", where=data, hint="give a folder of coin pictures")
    parts = {n: data / n for n in ("coins", "grounds", "things", "scenes") if (data / n).is_dir()}
    coins = list(cut_coins(parts.get("coins", data) if not parts else parts["coins"], most))
    if not coins:
        raise UsageError(
            "no coin here could be cut out", where=data, hint="give pictures on a plain ground"
        )
    photographs = [shrink(load(p).pixels, 768) for p in _pictures(parts.get("grounds"))]
    scenes, beside = (
        read_scenes(parts["scenes"], finder or ClassicalFinder()) if "scenes" in parts else ([], [])
    )
    things = [t for p in _pictures(parts.get("things")) if (t := _transparent(p)) is not None]
    return Sources(coins, [*photographs, *beside], things, scenes)


def is_held_back(group: str) -> bool:
    """Whether coins of this group are for early stopping: about one group in twelve."""
    return zlib.crc32(group.encode()) % 12 == 0


def shrink(pixels: U8, size: int) -> U8:
    """Shrunk by area so that the long side is at most ``size``."""
    k = size / max(pixels.shape[:2])
    if k >= 1:
        return pixels
    return np.asarray(cv2.resize(pixels, None, fx=k, fy=k, interpolation=cv2.INTER_AREA), np.uint8)


def cut_coins(folder: Path, most: int) -> Iterator[Coin]:
    """The coins of all pictures whose mask is sure, at most so many pictures of each sub-folder
    that ``most`` are tried."""
    rng = np.random.default_rng(0)
    shelves: dict[str, list[Path]] = {}
    for path in _pictures(folder):
        shelves.setdefault(path.relative_to(folder).parts[0], []).append(path)
    left = most
    for done, name in enumerate(sorted(shelves, key=lambda n: len(shelves[n]))):
        share = left // (len(shelves) - done)
        order = rng.permutation(len(shelves[name]))[:share]
        left -= len(order)
        for i in order:
            path = shelves[name][i]
            coin = cut_coin(path, path.parent.relative_to(folder).as_posix())
            if coin is not None:
                yield coin


def cut_coin(path: Path, group: str) -> Coin | None:
    """One picture's coin; None where its mask is not sure."""
    rgba = _transparent(path)
    if rgba is not None:
        return _trim(rgba[..., :3], rgba[..., 3], None, group)
    try:
        photo = load(path)
    except ObverseError:
        return None
    rim = _by_rim(photo)
    edge = np.concatenate([photo.pixels[[0, -1]].reshape(-1, 3), photo.pixels[:, 0]])
    white = _not_white(photo.pixels) if (edge.min(axis=1) < WHITE).mean() < 0.03 else None
    if rim is not None and white is not None:
        areas = [cv2.countNonZero(cv2.inRange(_fill(c), 128, 255)) for c in (rim[0], white)]
        if areas[1] > 1.02 * areas[0]:  # a shadow on the white: the rim knows better
            white = None
    if white is not None:
        return _trim(photo.pixels, white, None, group)
    return None if rim is None else _trim(photo.pixels, *rim, group)


def _by_rim(photo: Photo) -> tuple[U8, Ellipse] | None:
    """By the classical finder, if it is sure, the rim is nearly a circle and inside the frame."""
    region = ClassicalFinder().find(photo)[0]
    e = region.ellipse
    if e is None or region.score < SURE or e.b < ROUND * e.a or e.a < 48:
        return None
    reach = e.a * (1 - OUTSIDE)
    if not (
        reach <= e.cx + 0.5 <= photo.width - reach and reach <= e.cy + 0.5 <= photo.height - reach
    ):
        return None
    rim = region.outline if region.outline is not None else e.points(360)
    return paint(rim, photo.pixels.shape[:2]), e


def _fill(cover: Array) -> U8:
    """A cover without its holes, 0 or 255."""
    contours, _ = cv2.findContours(
        (cover > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    filled = np.zeros(cover.shape[:2], np.uint8)
    cv2.drawContours(filled, [max(contours, key=cv2.contourArea)], 0, 255, -1)
    return filled


def paint(polygon: Array, shape: tuple[int, ...]) -> U8:
    """A polygon (n, 2) as a smooth cover, uint8 (h, w); pixel centres are whole numbers."""
    fine = 8  # OpenCV's own anti-aliasing paints half a pixel too much
    out = np.zeros((shape[0] * fine, shape[1] * fine), np.uint8)
    fixed = ((np.asarray(polygon, np.float64) + 0.5) * fine - 0.5) * 256
    cv2.fillPoly(out, [np.round(fixed).astype(np.int32)], 255, cv2.LINE_8, 8)
    return np.asarray(cv2.resize(out, shape[1::-1], interpolation=cv2.INTER_AREA), np.uint8)


def _not_white(pixels: U8) -> U8 | None:
    """The one large thing on clean white, with its holes."""
    dark = np.asarray(pixels.min(axis=2) < WHITE, np.uint8)
    dark = np.asarray(cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
    contours, tree = cv2.findContours(dark, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    areas = [
        cv2.contourArea(c) if t[3] < 0 else 0.0 for c, t in zip(contours, tree[0], strict=True)
    ]
    outer = int(np.argmax(areas))
    (_, _), radius = cv2.minEnclosingCircle(contours[outer])
    if areas[outer] < 0.8 * np.pi * radius**2 or radius < 40:
        return None
    cover = np.zeros(pixels.shape[:2], np.uint8)
    cv2.drawContours(cover, contours, outer, 255, -1)
    centre = np.mean(contours[outer][:, 0], axis=0)
    for contour, (_, _, _, parent) in zip(contours, tree[0], strict=True):
        middle = np.hypot(*(contour[:, 0].mean(axis=0) - centre)) < 0.2 * radius
        area = cv2.contourArea(contour)
        clean = area > 0.92 * cv2.contourArea(cv2.convexHull(contour))
        if parent == outer and middle and clean and area > HOLE * areas[outer]:
            cv2.drawContours(cover, [contour], 0, 0, -1)
    return _tighten(cover)


def _tighten(cover: U8) -> U8:
    """The cover with its edge moved inward by ``FRINGE`` and softened: where it was cut at nearly
    white, it holds pixels that are mostly ground."""
    blurred = np.asarray(cv2.GaussianBlur(cover, (0, 0), 1.0), np.float32) / 255
    level = 0.5 + 0.5 * math.erf(FRINGE / math.sqrt(2))
    return np.asarray(np.clip((blurred - level) * 2.5 + 0.5, 0, 1) * 255, np.uint8)


def _trim(pixels: U8, cover: U8, ellipse: Ellipse | None, group: str) -> Coin | None:
    """Cut to the coin with a little margin, shrunk to ``SIZE``."""
    x, y, w, h = cv2.boundingRect((cover > 127).astype(np.uint8))
    if min(w, h) < 64:
        return None
    matrix = fit_moments(cover) if ellipse is None else to_map(ellipse)
    margin = max(3, round(0.03 * max(w, h)))
    x0, y0 = max(0, x - margin), max(0, y - margin)
    x1, y1 = x + w + margin, y + h + margin
    pixels, cover = pixels[y0:y1, x0:x1], cover[y0:y1, x0:x1]
    before = np.array(pixels.shape[1::-1], float)
    pixels, cover = shrink(pixels, SIZE), shrink(cover, SIZE)
    step = np.array(pixels.shape[1::-1]) / before
    matrix = matrix.copy()
    matrix[:, 2] -= (x0, y0)
    matrix *= step[:, None]
    matrix[:, 2] += 0.5 * step - 0.5
    return Coin(np.ascontiguousarray(pixels), np.ascontiguousarray(cover), matrix, group)


def fit_moments(cover: Array) -> F64:
    """The ellipse with the second moments of a cover, its holes filled, as a map (2, 3)."""
    m = cv2.moments(_fill(cover), binaryImage=True)
    spread = np.array([[m["mu20"], m["mu11"]], [m["mu11"], m["mu02"]]]) / m["m00"]
    values, vectors = np.linalg.eigh(spread)
    linear = vectors @ np.diag(2 * np.sqrt(values))
    return np.column_stack([linear, [m["m10"] / m["m00"], m["m01"] / m["m00"]]])


def to_map(e: Ellipse) -> F64:
    """An ellipse as the affine map, float64 (2, 3), of the unit circle to it."""
    c, s = np.cos(np.radians(e.angle)), np.sin(np.radians(e.angle))
    return np.array([[e.a * c, -e.b * s, e.cx], [e.a * s, e.b * c, e.cy]])


def scene_paths(folder: Path, *, held_back: bool) -> list[Path]:
    """The scenes that are learned from, or those held back."""
    paths = [p for p in _pictures(folder) if p.with_suffix(".txt").exists()]
    last = EVERY_SCENE - 1
    return [p for i, p in enumerate(paths) if (i % EVERY_SCENE == last) == held_back]


def read_scenes(folder: Path, finder: Finder) -> tuple[list[Scene], list[U8]]:
    """The scenes to learn from, and patches of all of them without a coin.

    Boxes are rough, and not every coin has one. So rims are those that ``finder`` sees, and a
    photograph counts as a scene only where the two agree: every box met by one sure rim, no rim
    without a box. Of the others only patches with neither are used.
    """
    scenes, beside = [], []
    rng = np.random.default_rng(1)
    for path in scene_paths(folder, held_back=False):
        photo = load(path)
        h, w = photo.pixels.shape[:2]
        table = np.array(path.with_suffix(".txt").read_text().split(), float).reshape(-1, 5)
        boxes = np.hstack([table[:, 1:3] - table[:, 3:5] / 2, table[:, 1:3] + table[:, 3:5] / 2])
        boxes *= (w, h, w, h)
        regions = [r for r in finder.find(photo) if not r.whole and r.ellipse is not None]
        sure = [r for r in regions if r.score >= SURE_RIM]
        meets = np.array([[_overlap(b, np.array(r.box)) >= MEETS for b in boxes] for r in sure])
        meets = meets.reshape(len(sure), len(boxes))
        if len(sure) == len(regions) and (meets.sum(0) == 1).all() and (meets.sum(1) == 1).all():
            maps = [to_map(r.ellipse) for r in sure if r.ellipse is not None]
            scenes.append(Scene(photo.pixels, np.array(maps).reshape(-1, 2, 3)))
        taken = np.vstack([boxes, *(r.box for r in regions)])
        for _ in range(PATCHES):
            side = rng.integers(min(h, w) // 4, min(h, w) // 2 + 1)
            x, y = rng.integers(0, w - side + 1), rng.integers(0, h - side + 1)
            over = (taken[:, :2] < (x + side, y + side)) & (taken[:, 2:] > (x, y))
            if not over.all(axis=1).any():
                beside.append(photo.pixels[y : y + side, x : x + side])
    return scenes, beside


def _overlap(p: Array, q: Array) -> float:
    """IoU of two boxes x0, y0, x1, y1."""
    both = np.prod(np.maximum(np.minimum(p[2:], q[2:]) - np.maximum(p[:2], q[:2]), 0))
    areas = np.prod(p[2:] - p[:2]) + np.prod(q[2:] - q[:2])
    return float(both / (areas - both))


def _pictures(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    return sorted(
        p
        for top in sorted(folder.iterdir())
        for p in ([top] if top.is_file() else top.rglob("*"))
        if p.suffix.lower() in SUFFIXES
    )


def _transparent(path: Path) -> U8 | None:
    """A PNG's RGBA; None where it has no alpha channel."""
    if path.suffix.lower() != ".png":
        return None
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None or image.ndim != 3 or image.shape[2] != 4 or image.dtype != np.uint8:
        return None
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA), np.uint8)


def save(sources: Sources, path: Path) -> None:
    """Keep gathered sources in one file, so that a resumed run starts at once."""
    packed: dict[str, Array] = {}
    for i, c in enumerate(sources.coins):
        packed[f"coin-{i}-{c.group}"] = np.dstack([c.pixels, c.cover])
        packed[f"rim-{i}"] = c.matrix
    packed |= {f"ground-{i}": g for i, g in enumerate(sources.grounds)}
    packed |= {f"thing-{i}": t for i, t in enumerate(sources.things)}
    for i, s in enumerate(sources.scenes):
        packed[f"scene-{i}"], packed[f"maps-{i}"] = s.pixels, s.maps
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp.npz")
    np.savez(beside, **packed)  # type: ignore[arg-type]
    beside.replace(path)


def restore(path: Path) -> Sources:
    """What ``save`` kept."""
    coins: list[Coin] = []
    grounds: list[U8] = []
    things: list[U8] = []
    scenes: list[Scene] = []
    with np.load(path) as stored:
        for name in stored.files:
            kind, _, rest = name.partition("-")
            value = stored[name]
            if kind == "coin":
                number, _, group = rest.partition("-")
                rim = stored[f"rim-{number}"]
                pixels = np.ascontiguousarray(value[..., :3])
                coins.append(Coin(pixels, np.ascontiguousarray(value[..., 3]), rim, group))
            elif kind == "ground":
                grounds.append(value)
            elif kind == "thing":
                things.append(value)
            elif kind == "scene":
                scenes.append(Scene(value, stored[f"maps-{rest}"]))
    return Sources(coins, grounds, things, scenes)
