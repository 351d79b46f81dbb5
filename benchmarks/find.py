"""How well a finder finds: ``python benchmarks/find.py ../shared/data [--every N]``.

Prints one line per set: the overlap (IoU) of the first region with the true ellipse or mask for
photos of one coin, recall and precision at a box IoU of 0.5 for photos of many, and times.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

import obverse.find
from obverse.photo import load
from obverse.types import F32, U8, Array, Ellipse, Finder, Region

WHITE = 235
"""Pixels of `cutouts` darker than this in any channel belong to the coin."""


def wild(data: Path) -> Iterator[tuple[Path, F32]]:
    """Photos of `wild_dev` and the true rims as polygons (n, 2)."""
    with (data / "wild_dev" / "wild.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            ellipse = Ellipse(*(float(row[k]) for k in ("cx", "cy", "a", "b", "ellipse_angle")))
            yield data / "wild_dev" / row["photo"], polygon(ellipse)


def cutouts(data: Path) -> Iterator[tuple[Path, F32]]:
    """Scans of `cutouts` and the convex hulls of the coins."""
    for path in sorted((data / "cutouts").rglob("*.jpg")):
        yield path, hull(load(path).pixels)


def scenes(data: Path) -> Iterator[tuple[Path, Array]]:
    """Photos of `scenes_boxes` and boxes x0, y0, x1, y1 as shares of the sides (n, 4)."""
    for path in sorted((data / "scenes_boxes").glob("*.jpg")):
        table = np.array(path.with_suffix(".txt").read_text().split(), float).reshape(-1, 5)
        centre, size = table[:, 1:3], table[:, 3:5]
        yield path, np.hstack([centre - size / 2, centre + size / 2])


def hull(pixels: U8) -> F32:
    """The convex hull of what is not white, float32 (n, 2)."""
    mask = (pixels.min(axis=2) < WHITE).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = cv2.convexHull(max(contours, key=cv2.contourArea))
    return cv2.approxPolyDP(largest, 0.5, True)[:, 0].astype(np.float32)


def polygon(ellipse: Ellipse) -> F32:
    return ellipse.points(90).astype(np.float32)


def overlap(p: F32, q: F32) -> float:
    """IoU of two convex polygons."""
    both = cv2.intersectConvexConvex(p, q)[0]
    return float(both / (cv2.contourArea(p) + cv2.contourArea(q) - both))


def box_overlap(boxes: Array, box: tuple[float, ...]) -> Array:
    """IoU of boxes (n, 4) with one box, (n,)."""
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    both = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return np.asarray(both / (areas + (box[2] - box[0]) * (box[3] - box[1]) - both))


def measure_one(name: str, finder: Finder, photos: list[tuple[Path, F32]]) -> None:
    """Photos of one coin: the first region against the truth."""
    scores, times, missed = [], [], 0
    for path, truth in photos:
        regions, spent = timed(finder, path)
        times.append(spent)
        first = regions[0]
        missed += first.whole
        found = first.ellipse and not first.whole
        scores.append(overlap(polygon(first.ellipse), truth) if found else 0.0)
    iou = np.array(scores)
    print(
        f"{name}: {len(iou)} photos, IoU mean {iou.mean():.3f} median {np.median(iou):.3f},"
        f" >= 0.9 {np.mean(iou >= 0.9):.3f}, >= 0.95 {np.mean(iou >= 0.95):.3f},"
        f" nothing found {missed}, {in_ms(times)}"
    )


def measure_many(name: str, finder: Finder, photos: list[tuple[Path, Array]]) -> None:
    """Photos of many coins: every region against the boxes, each box met once."""
    hits = coins = given = first = 0
    times = []
    for path, shares in photos:
        photo = load(path)
        boxes = shares * np.tile([photo.width, photo.height], 2)
        regions, spent = timed(finder, path)
        times.append(spent)
        regions = [r for r in regions if not r.whole]
        free = np.ones(len(boxes), bool)
        for rank, region in enumerate(regions):
            iou = box_overlap(boxes, region.box) * free
            if iou.size and iou.max() >= 0.5:
                free[iou.argmax()] = False
                hits += 1
                first += rank == 0
        coins += len(boxes)
        given += len(regions)
    print(
        f"{name}: {len(photos)} photos, {coins} coins, recall {hits / coins:.3f},"
        f" precision {hits / max(given, 1):.3f}, first region a coin {first / len(photos):.3f},"
        f" {in_ms(times)}"
    )


def timed(finder: Finder, path: Path) -> tuple[list[Region], float]:
    """The regions in a photo, and the seconds that finding them took, decoding not counted."""
    photo = load(path)
    start = time.perf_counter()
    regions = finder.find(photo)
    return regions, time.perf_counter() - start


def in_ms(times: list[float]) -> str:
    return f"{1e3 * np.median(times):.0f} ms median, {1e3 * np.percentile(times, 95):.0f} ms p95"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder with wild_dev, cutouts, scenes_boxes")
    parser.add_argument("--every", type=int, default=1, help="take one photo in so many")
    parser.add_argument("--finder", default="classical")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    finder = obverse.find.get(args.finder)
    photos = list(wild(args.data))
    # The finder's weights were fitted on photos 0, 2, 4 … of `wild_dev`.
    measure_one("wild_dev, all", finder, photos[:: args.every])
    measure_one("wild_dev, not fitted on", finder, photos[1 :: 2 * args.every])
    measure_one("cutouts", finder, list(cutouts(args.data))[:: args.every])
    measure_many("scenes_boxes", finder, list(scenes(args.data))[:: args.every])


if __name__ == "__main__":
    main()
