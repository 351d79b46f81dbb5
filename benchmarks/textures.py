"""Write a protocol of round things that differ in their surface only, from scikit-image's pictures.

    python benchmarks/textures.py OUT
    obverse evaluate OUT/surfaces.csv --root OUT --recipe disc

An item is a texture at a magnification; its catalogue picture is a disc cut from one place, its
queries are discs of other places that share no pixel with it, turned at random, relit (gradient,
gain, gamma) and noisy. The textures are those inside scikit-image's wheel: brick, grass and
gravel, or with ``--dev`` others to choose settings on: wood, cloth, stone and leather as the mint
draws them.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from obverse.mint import ground
from obverse.types import F32, U8

Rng = np.random.Generator

SHIPPED = ("brick", "grass", "gravel")
PIECES = 3
"""Pieces drawn of each; the first of them stays out of the catalogue, for unknown ones."""
DRAWN = ("wood", "cloth", "stone", "leather")
ACROSS = (110, 150, 220)
"""Diameters in texture pixels of the three items of a texture; four discs of the largest fit."""
SIZE = 320
"""Side of the pictures; the disc's diameter is 0.8 of it."""


def disc(texture: U8, x: float, y: float, across: float, rng: Rng, *, plain: bool) -> U8:
    """The disc around (x, y) of a texture on a dark ground, uint8 RGB; ``plain`` leaves turn and
    light."""
    scale = 0.8 * SIZE / across
    turn = 0.0 if plain else rng.uniform(0, 360)
    matrix = cv2.getRotationMatrix2D((x, y), turn, scale)
    matrix[:, 2] += SIZE / 2 - np.array([x, y])
    face = cv2.warpAffine(texture, matrix, (SIZE, SIZE), flags=cv2.INTER_CUBIC,
                          borderMode=cv2.BORDER_REFLECT).astype(np.float32)  # fmt: skip
    if not plain:
        face = relit(face / 255, rng) * 255
    yy, xx = np.mgrid[:SIZE, :SIZE] - SIZE / 2 + 0.5
    inside = np.clip(0.4 * SIZE - np.hypot(xx, yy), 0, 1)
    grey = face * inside + 20 * (1 - inside)
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def relit(face: F32, rng: Rng) -> F32:
    """Another lamp, and the noise of a sensor."""
    angle = rng.uniform(0, 2 * np.pi)
    yy, xx = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    slope = 1 + rng.uniform(0.1, 0.5) * (np.cos(angle) * xx + np.sin(angle) * yy)
    lit = np.clip(face * slope * rng.uniform(0.7, 1.2), 0, 1) ** rng.uniform(0.7, 1.5)
    return np.asarray(lit + rng.normal(0, rng.uniform(0.002, 0.01), lit.shape), np.float32)


def drawn(name: str, rng: Rng) -> U8:
    """A texture of the mint, uint8 (512, 512)."""
    colours = getattr(ground, name)(512, 512, rng)
    return np.asarray(np.clip(255 * colours.mean(axis=2) ** 0.45, 0, 255), np.uint8)


def write(out: Path, dev: bool, turns: int, seed: int) -> None:
    """The pictures and ``surfaces.csv``."""
    rng = np.random.default_rng(seed)
    rows = []
    names = [name for name in DRAWN for _ in range(PIECES)] if dev else SHIPPED
    for number, name in enumerate(names):
        texture = drawn(name, rng) if dev else np.asarray(getattr(data, name)(), np.uint8)
        for across in ACROSS:
            item = f"{name}-{number}-{across}"
            known = not dev or number % PIECES
            step = 512 // 2
            for place, (x, y) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1))):
                at = (step * (x + 0.5), step * (y + 0.5))
                for k in range(1 if place == 0 else turns):
                    image = disc(texture, *at, across, rng, plain=place == 0)
                    path = out / item / f"{place}-{k}.png"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    cv2.imwrite(str(path), image)
                    role = "catalogue" if place == 0 else "query"
                    if not known:
                        role = "unknown"
                    rows.append((path.relative_to(out).as_posix(), role, item))
    with (out / "surfaces.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["photo", "role", "item"])
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--dev", action="store_true", help="other textures, to choose settings on")
    parser.add_argument("--turns", type=int, default=4, help="queries from each place")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    write(args.out, args.dev, args.turns, args.seed)


if __name__ == "__main__":
    main()
