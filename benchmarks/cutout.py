"""How exact cut-outs are: ``python benchmarks/cutout.py DATA [--every N] [--minted N]``.

IoU of the shipped finder's rim, and of the cut-out's alpha, with the true mask: photos of
``wild_dev`` (exact ellipses), pictures of ``cutouts`` (what is not white, holes filled), and minted
coins, whose masks are those of the face without its bevelled edge. Photos whose coin was not found
(IoU below 0.5) are counted apart.
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
from obverse import cutout
from obverse.mint import coin_type, snap
from obverse.photo import load
from obverse.types import F32, U8, Array, Ellipse, Photo

WHITE = 235
"""Pixels of `cutouts` darker than this in any channel belong to the coin."""
FINE = 4
"""True ellipses are painted this much larger, then averaged."""


def wild(data: Path, every: int) -> Iterator[tuple[U8, F32]]:
    with (data / "wild_dev" / "wild.csv").open(newline="") as stream:
        for row in list(csv.DictReader(stream))[::every]:
            pixels = load(data / "wild_dev" / row["photo"]).pixels
            e = Ellipse(*(float(row[k]) for k in ("cx", "cy", "a", "b", "ellipse_angle")))
            yield pixels, paint(e.points(720), pixels.shape[:2])


def on_white(data: Path, every: int) -> Iterator[tuple[U8, F32]]:
    for path in sorted((data / "cutouts").rglob("*.jpg"))[::every]:
        pixels = load(path).pixels
        dark = (pixels.min(axis=2) < WHITE).astype(np.uint8)
        dark = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        found, _ = cv2.findContours(dark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        mask = np.zeros(dark.shape, np.uint8)
        cv2.drawContours(mask, [max(found, key=cv2.contourArea)], 0, 1, -1)
        yield pixels, mask.astype(np.float32)


def minted(count: int) -> Iterator[tuple[U8, F32]]:
    for k in range(count):
        shot = snap(coin_type(0, k), "obverse", np.random.default_rng(k))
        yield shot.image, shot.mask.astype(np.float32)


def paint(rim: Array, shape: tuple[int, ...]) -> F32:
    """The share of each pixel within a polygon (n, 2)."""
    large = np.zeros((shape[0] * FINE, shape[1] * FINE), np.uint8)
    fixed = np.round(((rim + 0.5) * FINE - 0.5) * 256).astype(np.int32)
    cv2.fillPoly(large, [fixed], (255,), cv2.LINE_8, 8)
    small = cv2.resize(large, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small / 255, np.float32)


def iou(a: Array, b: Array) -> float:
    return float(np.minimum(a, b).sum() / np.maximum(a, b).sum())


def alpha_of(photo: Photo, rim: cutout.Rim) -> F32:
    """The alpha of a cut-out without holes, in the photo's frame."""
    whole = np.eye(2, 3)
    depth = cutout.depth(rim, whole, (photo.width, photo.height))
    return np.asarray(np.clip(0.5 + depth / cutout.edge(rim, whole), 0, 1), np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("--minted", type=int, default=40)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    finder = obverse.find.get("unet")
    sets = {
        "wild_dev": wild(args.data, args.every),
        "cutouts": on_white(args.data, args.every),
        "minted": minted(args.minted),
    }
    print("| set | photos | lost | rim as found: mean, median | alpha: mean, median | ms |")
    print("| --- | ---: | ---: | --- | --- | ---: |")
    for name, photos in sets.items():
        before, after, times, lost = [], [], [], 0
        for pixels, mask in photos:
            photo = Photo(pixels, pixels.shape[1], pixels.shape[0], "", "")
            region = finder.find(photo)[0]
            if region.ellipse is None:
                lost += 1
                continue
            rim = cutout.rim_of(photo, region)
            as_found = iou(paint(rim.points(), mask.shape), mask)
            if as_found < 0.5:
                lost += 1
                continue
            begun = time.perf_counter()
            cutout.cut(photo, region)
            times.append(1e3 * (time.perf_counter() - begun))
            before.append(as_found)
            after.append(iou(alpha_of(photo, cutout.trace(photo, rim)), mask))
        cells = (f"{np.mean(v):.3f}, {np.median(v):.3f}" for v in (before, after))
        print(
            f"| {name} | {len(before) + lost} | {lost} | {' | '.join(cells)} "
            f"| {np.median(times):.0f} |"
        )


if __name__ == "__main__":
    main()
