"""Is what separates two items found where it is?

    python benchmarks/separate.py DATA [--trials 160] [--seed 0] [--field 200]

One sector of a scan of ``DATA/protocols/dev_clean.csv`` is exchanged for that of another design;
the scan with and without it are two views, and another picture of the first design, turned, blurred
and noisy, is the photo. Told: how often the middle of the first sector that ``separate`` gives lies
in the one exchanged, by angle and by radius, and how far off it is. ``--field`` measures where a
cell of the map looks: a small place of the polar image is inverted, the map changes most there.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np

from obverse import recipes
from obverse.normalise import ANGLES, RADII, SIZE, even_disc
from obverse.photo import load
from obverse.pipeline import REDUCE_TO, Pipeline
from obverse.separate import compare
from obverse.types import F64, U8, Array, Ellipse, Evidence, Patch, Region

WIDTHS, DEPTH = (40.0, 80.0), 0.4
"""Degrees that an exchanged sector spans, and the share of the radius."""
BLUR, NOISE = 1.0, 6.0
"""Of the photo, in patch pixels and grey levels."""
CELL = 16


def patch_of(original: U8, polar: U8 | None = None) -> Patch:
    """A disc that fills its picture; or only something for the embedder to eat."""
    image, own = even_disc(original)
    middle = (SIZE - 1) / 2
    region = Region((0, 0, SIZE, SIZE), 1.0, Ellipse(middle, middle, SIZE / 2, SIZE / 2))
    return Patch(image, original, own if polar is None else polar, np.eye(2, 3), region)


def exchanged(one: U8, other: U8, start: float, wide: float, inner: float) -> U8:
    """The first picture with a sector of the other, as bright as what it replaces."""
    yy, xx = np.mgrid[0:SIZE, 0:SIZE]
    middle = (SIZE - 1) / 2
    radius = np.hypot(xx - middle, yy - middle) / (SIZE / 2)
    angle = np.degrees(np.arctan2(middle - yy, xx - middle))
    inside = ((angle - start) % 360 < wide) & (radius >= inner) & (radius < inner + DEPTH)
    lit = np.clip(other * (one[inside].mean() / max(float(other[inside].mean()), 1.0)), 0, 255)
    share = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 2)[..., None]
    return np.asarray(one * (1 - share) + lit * share, np.uint8)


def photographed(original: U8, turn: float, rng: np.random.Generator) -> U8:
    """Turned, blurred, noisy."""
    middle = (SIZE - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), turn, 1.0)
    shot = cv2.warpAffine(original, matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
    shot = cv2.GaussianBlur(shot, (0, 0), BLUR) + rng.normal(0, NOISE, original.shape)
    return np.asarray(np.clip(shot, 0, 255), np.uint8)


def trial(
    pipeline: Pipeline, scans: dict[str, list[Path]], rng: np.random.Generator
) -> tuple[list[Evidence], float, float, float]:
    """The evidence for both views, and the sector: its middle, its width, its inner radius."""
    design, other = (sorted(scans)[i] for i in rng.choice(len(scans), 2, replace=False))
    paths = [scans[design][i] for i in rng.choice(len(scans[design]), 2, replace=False)]
    own, photo, strange = (original(pipeline, p) for p in (*paths, scans[other][0]))
    start, wide = float(rng.uniform(0, 360)), float(rng.uniform(*WIDTHS))
    inner = float(rng.choice([0.3, 0.45, 0.6]))
    views = [patch_of(own), patch_of(exchanged(own, strange, start, wide, inner))]
    query = pipeline.embed_query(patch_of(photographed(photo, float(rng.uniform(0, 360)), rng)))
    proofs = pipeline.prove(query, np.stack([e.map for e in pipeline.embed(views)]))
    return proofs, start + wide / 2, wide, inner


def original(pipeline: Pipeline, path: Path) -> U8:
    return pipeline.look(load(path, reduce_to=REDUCE_TO)).original


def field(pipeline: Pipeline, paths: list[Path], trials: int, rng: np.random.Generator) -> F64:
    """Row and column, in pixels from a cell's first one, where it looks, float64 (trials, 2)."""
    out = []
    for _ in range(trials):
        before = pipeline.look(load(paths[rng.integers(len(paths))], reduce_to=REDUCE_TO)).polar
        row, column = int(rng.integers(ANGLES)), int(rng.integers(30, RADII - 32))
        after = before.copy()
        rows = np.arange(row - 4, row + 5) % ANGLES
        after[rows, column - 4 : column + 5] = 255 - after[rows, column - 4 : column + 5]
        blank = np.zeros((SIZE, SIZE, 3), np.uint8)
        maps = [e.map for e in pipeline.embed([patch_of(blank, p) for p in (before, after)])]
        changed: Array = ((maps[0].astype(float) - maps[1]) ** 2).sum(axis=0)
        turns = np.exp(2j * np.pi * np.arange(len(changed)) / len(changed))
        at = np.angle((changed.sum(axis=1) * turns).sum()) / (2 * np.pi) * ANGLES
        along = (changed.sum(axis=0) * np.arange(changed.shape[1])).sum() / changed.sum()
        out.append(((row - at + ANGLES / 2) % ANGLES - ANGLES / 2, column - along * CELL))
    return np.array(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--trials", type=int, default=160)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--field", type=int, default=0)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    rng, pipeline = np.random.default_rng(asked.seed), Pipeline(recipes.get("coin"))
    scans: dict[str, list[Path]] = {}
    with (asked.data / "protocols" / "dev_clean.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["role"] in ("catalogue", "query") and "dev/" in row["photo"]:
                scans.setdefault(row["item"], []).append(asked.data / row["photo"])
    scans = {item: paths for item, paths in scans.items() if len(paths) > 1}
    if asked.field:
        paths = [path for own in scans.values() for path in own]
        at = field(pipeline, paths, asked.field, rng)
        error = at.std(axis=0) / np.sqrt(len(at))
        print(f"a cell looks {at[:, 0].mean():.1f} rows (+-{error[0]:.1f}) and", end=" ")
        print(f"{at[:, 1].mean():.1f} columns (+-{error[1]:.1f}) past its first pixel")
    lost, off, within, deep, chance = 0, [], [], [], []
    for _ in range(asked.trials):
        (first, second), middle, wide, inner = trial(pipeline, scans, rng)
        found = compare(first, second, -first.turn)
        if first.score <= second.score or found is None or not found.sectors:
            lost += 1
            continue
        sector = found.sectors[0]
        angle = (sector.start + sector.end) / 2 - first.turn
        off.append((angle - middle + 180) % 360 - 180)
        within.append(abs(off[-1]) <= wide / 2)
        deep.append(inner <= (sector.inner + sector.outer) / 2 <= inner + DEPTH)
        chance.append(wide / 360)
    both = np.logical_and(within, deep).mean()
    print(f"{len(off)} of {asked.trials} trials in which the unchanged view won")
    print(f"angle within the sector {np.mean(within):.3f} (by chance {np.mean(chance):.2f})")
    print(f"radius {np.mean(deep):.3f}, both {both:.3f}")
    print(f"off by {np.median(np.abs(off)):.1f} degrees (median), to a side {np.median(off):+.1f}")


if __name__ == "__main__":
    main()
