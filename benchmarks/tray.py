"""Many coins in one photo: how many are found and named rightly, and in what time.

    python benchmarks/tray.py DATA [--coins 60] [--trays 4] [--work FOLDER] [--draw FOLDER]

Scans of ``worldcoins/dev.csv`` that the catalogue of ``pairs.py`` does not hold are laid in rows on
the mint's grounds, turned and shadowed, as a 12-megapixel JPEG; where each lies is known. Each tray
is decoded at several sizes. Times are wall times; beside them stands the processor time.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from obverse import Catalogue, find
from obverse.draw import save
from obverse.draw_tray import tray as drawn
from obverse.mint.ground import GROUNDS
from obverse.photo import load
from obverse.train import scenery
from obverse.train.compose import warp
from obverse.train.sources import Coin
from obverse.types import F32, U8, Tray
from pairs import read

LONG, SHORT = 4000, 3000
SIZES = (1600, 3200, 800)
"""Least long side that each tray is decoded at: as shipped, at full size, and at a quarter."""
TABLES = ("wood", "leather", "desk", "cloth", "stone")
GRAIN = 5.0
"""Deviation of the noise, in grey levels."""
NEAR = 0.3
"""An answer belongs to the coin whose middle is this near to its own, in radii."""


@dataclass(frozen=True, slots=True)
class Laid:
    """A coin of a tray: its item, its middle and radius in pixels."""

    item: str
    x: float
    y: float
    r: float


def cut(path: Path) -> Coin:
    """The coin of a scan, by the finder's ellipse."""
    photo = load(path)
    e = FINDER.find(photo)[0].ellipse
    assert e is not None
    c, s = math.cos(math.radians(e.angle)), math.sin(math.radians(e.angle))
    turn = np.array([[c, -s], [s, c]])
    matrix = np.column_stack([turn @ np.diag([e.a, e.b]) @ turn.T, [e.cx, e.cy]])
    cover = (scenery.soft_disc(photo.pixels.shape[:2], matrix) * 255).astype(np.uint8)
    return Coin(photo.pixels, cover, matrix, "")


def compose(scans: list[tuple[str, Path]], count: int, seed: int) -> tuple[U8, list[Laid]]:
    """A photo of ``count`` coins in rows, and where each lies."""
    rng = np.random.default_rng(seed)
    columns = math.ceil(math.sqrt(count * LONG / SHORT))
    rows = math.ceil(count / columns)
    small = GROUNDS[TABLES[seed % len(TABLES)]](SHORT // 4, LONG // 4, rng)
    ground = (np.clip(small, 0, 1) ** (1 / 2.2) * 255).astype(np.float32)
    wide = cv2.resize(ground, (LONG, SHORT), interpolation=cv2.INTER_CUBIC)
    scene = np.asarray(wide, np.float32)
    pitch = min(LONG / columns, SHORT / rows)
    laid = []
    for place, i in enumerate(rng.permutation(len(scans))[:count]):
        row, column = divmod(place, columns)
        r = pitch * rng.uniform(0.36, 0.46)
        x, y = np.array([column + 0.5, row + 0.5]) * (LONG / columns, SHORT / rows)
        x, y = rng.normal((x, y), 0.03 * pitch)
        lay(scene, cut(scans[i][1]), float(x), float(y), r, rng)
        laid.append(Laid(scans[i][0], float(x), float(y), r))
    yy, xx = np.mgrid[0:SHORT:8, 0:LONG:8]
    phase = rng.uniform(0, 6, 2)
    light = 1 + 0.25 * np.sin(3 * xx / LONG + phase[0]) * np.cos(2 * yy / SHORT + phase[1])
    scene *= cv2.resize(light.astype(np.float32), (LONG, SHORT))[..., None]
    scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), 1.2), np.float32)
    scene += rng.normal(0, GRAIN, scene.shape[:2]).astype(np.float32)[..., None]
    return np.clip(scene, 0, 255).astype(np.uint8), laid


def lay(scene: F32, coin: Coin, x: float, y: float, r: float, rng: np.random.Generator) -> None:
    """Lay a coin, turned and slightly tilted, with its shadow."""
    reach = int(1.3 * r)
    left, top = max(0, int(x) - reach), max(0, int(y) - reach)
    part = scene[top : int(y) + reach, left : int(x) + reach]
    to = np.column_stack([np.diag([r, r * rng.uniform(0.96, 1)]), [x - left, y - top]])
    pixels, cover = warp(coin, to, rng.uniform(0, 2 * np.pi), part.shape[:2])
    fallen = np.roll(cover, (int(0.05 * r), int(0.04 * r)), (0, 1))
    part *= 1 - 0.5 * cv2.GaussianBlur(fallen, (0, 0), 0.05 * r)[..., None]
    scenery.lay(part, pixels * rng.uniform(0.75, 1.05), cover)


def count(tray: Tray, laid: list[Laid]) -> dict[str, int]:
    """How many coins were found once, named rightly, and known rightly or wrongly."""
    told: dict[str, int] = defaultdict(int)
    for coin in laid:
        near = [a for a in tray.answers if distance(a.patch.region.box, coin) < NEAR * coin.r]
        if len(near) != 1 or near[0].best is None:
            continue
        right = near[0].best.item.id == coin.item
        told["found"] += 1
        told["right"] += right
        told["known and right"] += near[0].known and right
        told["known and wrong"] += near[0].known and not right
    told["too many"] += len(tray.answers) - told["found"]
    return told


def distance(box: tuple[float, float, float, float], coin: Laid) -> float:
    return math.hypot((box[0] + box[2]) / 2 - coin.x, (box[1] + box[3]) / 2 - coin.y)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--coins", type=int, default=60)
    parser.add_argument("--trays", type=int, default=4)
    parser.add_argument("--work", type=Path, help="a folder to keep the catalogue in")
    parser.add_argument("--draw", type=Path, help="a folder for the drawn answers")
    args = parser.parse_args()
    rows, types = read(args.data)
    with (args.data / "worldcoins" / "dev.csv").open(encoding="utf-8", newline="") as stream:
        files = [args.data / "worldcoins" / row["file"] for row in csv.DictReader(stream)]
    shown = [(t.id, Path(p)) for t in types if t.whole for side in t.photos for p in side]
    scans = [(item, files[int(photo.stem)]) for item, photo in shown]
    with tempfile.TemporaryDirectory() as folder:
        opened = Catalogue((args.work or Path(folder)) / "sides-coin.obv")
        opened.add(rows)
        told: dict[int, dict[str, int]] = {size: defaultdict(int) for size in SIZES}
        for seed in range(args.trays):
            pixels, laid = compose(scans, args.coins, seed)
            jpeg = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
            for size in SIZES:
                wall, busy = time.perf_counter(), time.process_time()
                photo = load(jpeg.tobytes(), reduce_to=size)
                decoded = 1000 * (time.perf_counter() - wall)
                tray = opened.identify_all(photo)
                wall, busy = time.perf_counter() - wall, time.process_time() - busy
                stages = {**tray.times_ms, "decode": decoded}
                for key, value in count(tray, laid).items():
                    told[size][key] += value
                print(f"{photo.pixels.shape[1]} px wide: {wall:.1f} s, processor {busy:.1f} s;",
                      ", ".join(f"{k} {v:.0f}" for k, v in stages.items()), "ms")  # fmt: skip
                if args.draw and size == SIZES[0]:
                    args.draw.mkdir(parents=True, exist_ok=True)
                    save(drawn(tray), args.draw / f"tray-{seed}.jpg")
    print(f"{args.trays * args.coins} coins; load {os.getloadavg()[0]:.1f}")
    for size, row in told.items():
        print(f"decoded at {size} or more:", ", ".join(f"{k} {v}" for k, v in row.items()))


FINDER = find.get("unet")

if __name__ == "__main__":
    main()
