"""How well a finder finds: ``python benchmarks/find.py DATA [--every N]``.

Prints one line per set: for photos of one coin the overlap (IoU) of the first region with the true
ellipse or mask, rim recall, and what was missed; for photos of many, average precision (AP50, all
points), recall and precision at a box IoU of 0.5; and times.
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
NEAR = 0.015
"""A point of the true rim is recalled if the found one passes within this share of its diameter."""
MISSED = 0.5
"""An object found with a smaller IoU counts as missed."""
HELD_BACK = 3
"""The learned finder never learns from the third, sixth, … photo of `scenes_boxes`."""


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


def scenes(folder: Path) -> Iterator[tuple[Path, Array]]:
    """Photos of many coins and boxes x0, y0, x1, y1 as shares of the sides (n, 4)."""
    for path in sorted(folder.glob("*.jpg")):
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


def rim_recall(found: F32, truth: F32) -> float:
    """The share of the true rim's points (n, 2) that lie near the found rim."""
    diameter = 2 * np.sqrt(cv2.contourArea(truth) / np.pi)
    near = [
        abs(cv2.pointPolygonTest(found, (float(x), float(y)), True)) <= NEAR * diameter
        for x, y in truth
    ]
    return float(np.mean(near))


def measure_one(name: str, finder: Finder, photos: list[tuple[Path, F32]]) -> None:
    """Photos of one coin: the first region against the truth."""
    scores, rims, times, nothing = [], [], [], 0
    for path, truth in photos:
        regions, spent = timed(finder, path)
        times.append(spent)
        first = regions[0]
        nothing += first.whole
        found = None if first.whole or first.ellipse is None else polygon(first.ellipse)
        scores.append(0.0 if found is None else overlap(found, truth))
        rims.append(0.0 if found is None else rim_recall(found, truth))
    iou = np.array(scores)
    print(
        f"{name}: {len(iou)} photos, IoU mean {iou.mean():.4f} median {np.median(iou):.4f},"
        f" >= 0.9 {np.mean(iou >= 0.9):.3f}, >= 0.95 {np.mean(iou >= 0.95):.3f},"
        f" rim recall {np.mean(rims):.4f}, missed {np.mean(iou < MISSED):.4f}"
        f" (nothing found {nothing}), {in_ms(times)}",
        flush=True,
    )


def measure_many(name: str, finder: Finder, photos: list[tuple[Path, Array]]) -> None:
    """Photos of many coins: every region against the boxes, each box met once, the surest region
    first."""
    coins = first = 0
    said: list[tuple[float, bool]] = []
    times = []
    for path, shares in photos:
        photo = load(path)
        boxes = shares * np.tile([photo.width, photo.height], 2)
        regions, spent = timed(finder, path)
        times.append(spent)
        regions = [r for r in regions if not r.whole]
        met = meet(boxes, sorted(regions, key=lambda r: -r.score))
        said += met
        largest = regions[0].box if regions else (0.0, 0.0, 0.0, 0.0)
        first += bool(len(boxes)) and bool(box_overlap(boxes, largest).max() >= 0.5)
        coins += len(boxes)
    hits = sum(hit for _, hit in said)
    print(
        f"{name}: {len(photos)} photos, {coins} coins, AP50 {average_precision(said, coins):.3f},"
        f" recall {hits / coins:.3f}, precision {hits / max(len(said), 1):.3f},"
        f" first region a coin {first / len(photos):.3f}, {in_ms(times)}",
        flush=True,
    )


def meet(boxes: Array, regions: list[Region]) -> list[tuple[float, bool]]:
    """Each region's score, and whether it meets a box that no surer one met."""
    free = np.ones(len(boxes), bool)
    out = []
    for region in regions:
        iou = box_overlap(boxes, region.box) * free
        hit = bool(iou.size and iou.max() >= 0.5)
        if hit:
            free[iou.argmax()] = False
        out.append((region.score, hit))
    return out


def average_precision(said: list[tuple[float, bool]], coins: int) -> float:
    """The area under the precision-recall curve, precision made falling (all points)."""
    ranked = sorted(said, key=lambda x: -x[0])
    hits = np.cumsum([hit for _, hit in ranked])
    precision = hits / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    recall = np.concatenate([[0.0], hits / coins])
    return float(np.sum(np.diff(recall) * best))


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
    parser.add_argument("data", type=Path, help="the folder with wild_dev, scenes_boxes, …")
    parser.add_argument("--every", type=int, default=1, help="take one photo in so many")
    parser.add_argument("--finder", default="unet", choices=obverse.find.NAMES)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    finder = obverse.find.get(args.finder)
    print(f"finder {args.finder}, every {args.every}")
    measure_one("wild_dev", finder, list(wild(args.data))[:: args.every])
    # Both finders learned from `cutouts`.
    measure_one("cutouts", finder, list(cutouts(args.data))[:: args.every])
    boxes = list(scenes(args.data / "scenes_boxes"))
    held_back = boxes[HELD_BACK - 1 :: HELD_BACK]
    learned = [b for i, b in enumerate(boxes) if i % HELD_BACK != HELD_BACK - 1]
    measure_many("scenes_boxes, held back", finder, held_back[:: args.every])
    measure_many("scenes_boxes, learned from", finder, learned[:: args.every])
    # Heaps are only partly labelled: what is found beyond the labels counts as false.
    measure_many("scenes_thai", finder, list(scenes(args.data / "scenes_thai"))[:: args.every])


if __name__ == "__main__":
    main()
