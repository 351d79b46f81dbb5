"""Write a protocol of round things that differ in their surface only, from scikit-image's pictures.

    python benchmarks/textures.py OUT                  # kinds: other pieces of the same stuff
    python benchmarks/textures.py OUT --faces 4        # faces: the same piece again, four times
    obverse evaluate OUT/surfaces.csv --root OUT --recipe disc

A kind is a texture at a magnification; its catalogue picture is a disc cut from one place, its
queries are discs of other places that share no pixel with it. A face is one place, as one tea cake
is: its queries show it again, up to 30 degrees aslant, and every second face is not in the
catalogue. All queries are turned at random, relit (gradient, gain, gamma) and noisy. The textures
are those inside scikit-image's wheel: brick, grass and gravel, or with ``--dev`` others to choose
settings on: wood, cloth, stone and leather as the mint draws them.
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
Place = tuple[float, float, float]
"""Middle of a disc in its texture, and its diameter, in pixels."""

SHIPPED = ("brick", "grass", "gravel")
PIECES = 3
"""Pieces drawn of each."""
DRAWN = ("wood", "cloth", "stone", "leather")
ACROSS = (110, 150, 220)
"""Diameters in texture pixels of the three items of a texture; four discs of the largest fit."""
SIZE = 320
"""Side of the pictures; the disc's diameter is 0.8 of it."""
SLANT = 30.0
"""How far from straight above faces are seen, in degrees, at most."""


def disc(
    texture: U8, x: float, y: float, across: float, rng: Rng, *, plain: bool, slant: float = 0
) -> U8:
    """The disc around (x, y) of a texture on a dark ground, uint8 RGB; ``plain`` leaves turn and
    light, ``slant`` is how far from straight above it is seen at most, in degrees."""
    scale = 0.8 * SIZE / across
    turn = 0.0 if plain else rng.uniform(0, 360)
    matrix = np.asarray(cv2.getRotationMatrix2D((x, y), turn, scale), np.float64)
    matrix[:, 2] += SIZE / 2 - np.array([x, y])
    face = cv2.warpAffine(texture, matrix, (SIZE, SIZE), flags=cv2.INTER_CUBIC,
                          borderMode=cv2.BORDER_REFLECT).astype(np.float32)  # fmt: skip
    if not plain:
        face = relit(face / np.float32(255), rng) * 255
    yy, xx = np.mgrid[:SIZE, :SIZE] - SIZE / 2 + 0.5
    inside = np.clip(0.4 * SIZE - np.hypot(xx, yy), 0, 1)
    grey = face * inside + 20 * (1 - inside)
    if slant:
        grey = aslant(grey, rng.uniform(0, slant), rng)
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def aslant(grey: F32, slant: float, rng: Rng) -> F32:
    """Narrower along some direction, as seen from the side."""
    axis = rng.uniform(0, 2 * np.pi)
    along = np.array([[np.cos(axis)], [np.sin(axis)]])
    squeeze = np.eye(2) - (1 - np.cos(np.radians(slant))) * along @ along.T
    middle = np.full((2, 1), SIZE / 2 - 0.5)
    matrix = np.hstack([squeeze, middle - squeeze @ middle])
    return np.asarray(cv2.warpAffine(grey, matrix, (SIZE, SIZE), borderValue=20.0), np.float32)


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


def write(out: Path, dev: bool, turns: int, faces: int, seed: int) -> None:
    """The pictures and ``surfaces.csv``."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, str, str]] = []

    def put(name: str, role: str, item: str, where: Place, slant: float = 0) -> None:
        image = disc(texture, *where, rng, plain=role == "catalogue", slant=slant)
        path = out / item / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
        rows.append((path.relative_to(out).as_posix(), role, item))

    names = [name for name in DRAWN for _ in range(PIECES)] if dev else SHIPPED
    for number, name in enumerate(names):
        texture = drawn(name, rng) if dev else np.asarray(getattr(data, name)(), np.uint8)
        for across in ACROSS:
            item = f"{name}-{number}-{across}"
            for place, (x, y) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1))):
                at = (256 * (x + 0.5), 256 * (y + 0.5), across)
                if faces:
                    known = place % 2 == 0
                    if known:
                        put("view", "catalogue", f"{item}-{place}", at)
                    for k in range(faces):
                        role = "query" if known else "unknown"
                        put(f"again-{k}", role, f"{item}-{place}", at, slant=SLANT)
                elif place == 0:
                    put("view", "catalogue", item, at)
                else:
                    for k in range(turns):
                        put(f"{place}-{k}", "query", item, at)
    with (out / "surfaces.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["photo", "role", "item"])
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--dev", action="store_true", help="other textures, to choose settings on")
    parser.add_argument("--turns", type=int, default=4, help="queries from each place")
    parser.add_argument("--faces", type=int, default=0, help="queries of each face, instead")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    write(args.out, args.dev, args.turns, args.faces, args.seed)


if __name__ == "__main__":
    main()
