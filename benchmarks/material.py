"""What the benchmark works on: 12-megapixel photos, 1-megapixel scans, a catalogue of many views.

Everything is minted from a seed, so two runs work on the same bytes.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from obverse import Item
from obverse.catalogue.store import Store
from obverse.mint import coin_type, scan, snap
from obverse.types import I8, U8, Embedding, View

SEED = 12
TYPES = 12
"""Coin types minted; each gives two scans, turned into as many as are wanted."""
LONG, SHORT = 4000, 3000
"""Sides of a phone's photo: 12 megapixels."""
SCAN = 1000
"""Pixels a side of a scan: 1 megapixel."""
GRAIN = 6.0
"""Deviation of the noise laid over an enlarged photo, in grey levels. With it a file has a phone's
3.7 MB; without it 1.5 MB, which decodes in half the time."""
QUALITY = 90
MAP_NOISE = 40.0
"""Deviation of the noise on the maps of the fill, in int8 levels; that of a real map is 17."""
VECTOR_NOISE = 0.1
"""Deviation of the noise on the 512 numbers of a vector of the fill. Either noise leaves a cosine
of 0.4 to the real one: as near as other designs come, and no match."""
FILL = 1000
"""Views written at a time when filling up."""

FILLED = (
    "vectors and maps of the fill are turned and noisy copies of real ones, thumbnails are real"
)


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo on disk and the item in it."""

    path: Path
    item: str


def take_photos(folder: Path, count: int) -> list[Shot]:
    """Phone photos of minted coins, 12 megapixels each, as JPEG."""
    folder.mkdir(parents=True, exist_ok=True)
    shots: list[Shot] = []
    for index in itertools.count():
        if len(shots) == count:
            return shots
        coin = coin_type(SEED, len(shots) % TYPES)
        rng = np.random.default_rng([SEED, index])
        small = snap(coin, "obverse", rng).image
        if small.shape[0] == small.shape[1]:  # phones do not frame like that
            continue
        shots.append(Shot(folder / f"{len(shots):03d}.jpg", coin.item))
        _write(shots[-1].path, _enlarge(small, rng))
    raise AssertionError("unreachable")


def make_scans(folder: Path, count: int) -> Path:
    """Scans of 1 megapixel and a CSV that lists them: both sides of ``TYPES`` types, then the same
    ones turned, so that all differ. Returns the CSV's path."""
    folder.mkdir(parents=True, exist_ok=True)
    minted: list[tuple[str, str, U8]] = []
    for number in range(min(count, 2 * TYPES)):
        coin, side = coin_type(SEED, number // 2), ("obverse", "reverse")[number % 2]
        minted.append((coin.item, side, scan(coin, side, size=SCAN)))
    table = folder / "catalogue.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(("photo", "item", "side"))
        for number in range(count):
            item, side, image = minted[number % len(minted)]
            name = f"{number:04d}.jpg"
            _write(folder / name, _turned(image, 37.0 * (number // len(minted))))
            rows.writerow((name, item, side))
    return table


def fill(store: Store, count: int) -> int:
    """Fill a store up to ``count`` views from those that are in; returns how many were added."""
    real = store.views(embeddings=True)
    missing = max(0, count - len(real))
    rng = np.random.default_rng(SEED)
    for start in range(0, missing, FILL):
        views = list(_copies(real, start, min(start + FILL, missing), rng))
        items = {v.item: Item(v.item, title=f"Filled up {v.item[1:]}") for v in views}
        store.put(views, list(items.values()))
    store.optimise()
    return missing


def _copies(real: list[View], start: int, stop: int, rng: np.random.Generator) -> Iterator[View]:
    for number in range(start, stop):
        view = real[number % len(real)]
        assert view.embedding is not None
        vector = view.embedding.vector + rng.normal(0, VECTOR_NOISE, len(view.embedding.vector))
        embedding = Embedding(
            (vector / np.linalg.norm(vector)).astype(np.float32), _blurred(view.embedding.map, rng)
        )
        yield replace(
            view,
            id=f"{number:024x}",
            item=f"f{number // 2:05d}",
            sha256=f"{number:064x}",
            source=f"{view.source}#{number}",
            embedding=embedding,
        )


def _blurred(levels: I8, rng: np.random.Generator) -> I8:
    turned = np.roll(levels, int(rng.integers(levels.shape[1])), axis=1)
    noisy = np.rint(turned + rng.normal(0, MAP_NOISE, levels.shape))
    return np.clip(noisy, -127, 127).astype(np.int8)


def _enlarge(small: U8, rng: np.random.Generator) -> U8:
    """A minted photo of 4:3 as a phone's sensor gives it: 12 megapixels with their grain."""
    wide = small.shape[1] > small.shape[0]
    size = (LONG, SHORT) if wide else (SHORT, LONG)
    image = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
    grain = rng.standard_normal((*image.shape[:2], 1), dtype=np.float32) * np.float32(GRAIN)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def _turned(image: U8, degrees: float) -> U8:
    middle = (SCAN - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), degrees, 1.0)
    white = (255, 255, 255)
    return np.asarray(cv2.warpAffine(image, matrix, (SCAN, SCAN), borderValue=white), np.uint8)


def _write(path: Path, image: U8) -> None:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    if not cv2.imwrite(str(path), bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
        raise OSError(f"{path} cannot be written")
