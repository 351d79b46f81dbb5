"""Training pictures: which files there are, what is known of each, and the coin cut out of it.

A folder is read as a catalogue's is: each sub-folder is one item. A table has the columns

- ``photo``: the file, relative to the table;
- ``item``: what is seen: the same word for the same side of the same type, whatever its wear.
  May be empty;
- ``group``: for a picture without an item, a coarser word (a denomination: both sides, several
  designs); designs inside a group are found by their likeness as training goes on. Pictures
  with neither are taken as a design each.

The coin is found, its tilt undone, and kept with some ground around it as a grey ``CUT``-pixel
square, so that training can imitate a finder's error.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from obverse import find
from obverse.degrade import CUT, RADIUS
from obverse.errors import PhotoError, TableError, UsageError
from obverse.normalise import SIZE, disc_matrix
from obverse.photo import is_photo_name, load
from obverse.types import U8, Array, Ellipse, Finder


@dataclass(frozen=True, slots=True)
class Picture:
    """One training picture: its file, its design (or ""), its coarser group (or "")."""

    path: Path
    item: str = ""
    group: str = ""


def gather(data: Path) -> list[Picture]:
    """The training pictures of a folder or a table.

    Raises:
        UsageError: there is nothing at ``data``, or no picture in it.
        TableError: the table has no column ``photo``.
    """
    if data.is_dir():
        found = [
            Picture(path, path.parent.relative_to(data).as_posix())
            for path in sorted(data.rglob("*"))
            if is_photo_name(path)
        ]
    elif data.is_file():
        found = _table(data)
    else:
        raise UsageError("no such folder or table", where=data, hint="check the path")
    if not found:
        raise UsageError(
            "no pictures to learn from",
            where=data,
            hint="give a folder with one sub-folder an item, or a table with a column photo",
        )
    return found


def _table(path: Path) -> list[Picture]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        if "photo" not in (rows.fieldnames or ()):
            raise TableError(
                "the table has no column photo", where=path, hint="name one column photo"
            )
        return [
            Picture(path.parent / r["photo"], r.get("item") or "", r.get("group") or "")
            for r in rows
            if r["photo"]
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """Cut-out coins: ``images`` uint8 (n, CUT, CUT), grey, and the picture each came from."""

    images: U8
    pictures: Sequence[Picture]

    def __len__(self) -> int:
        return len(self.pictures)


def cut(pictures: Iterable[Picture], cache: Path, *, finder: str = "classical") -> Cuts:
    """Cut the coin out of every picture; pictures that cannot be read are named and left out.

    Args:
        pictures: what to read.
        cache: a folder for the result: the same pictures are cut once.
        finder: name of the finder.
    """
    wanted = list(pictures)
    said = "\n".join(str(p.path) for p in wanted) + f"|{finder}|{CUT}|{RADIUS}"
    path = cache / f"cuts-{hashlib.sha256(said.encode()).hexdigest()[:12]}.npz"
    if not path.exists():
        _cut_all(wanted, find.get(finder), path)
    with np.load(path) as stored:
        return Cuts(stored["images"], [wanted[i] for i in stored["index"]])


def _cut_all(pictures: list[Picture], finder: Finder, path: Path) -> None:
    images, index = [], []
    for i, picture in enumerate(pictures):
        try:
            images.append(cut_one(picture.path, finder))
            index.append(i)
        except PhotoError as error:
            print(error, file=sys.stderr)
        if i % 200 == 199 or i + 1 == len(pictures):
            print(f"{i + 1}/{len(pictures)} pictures cut", file=sys.stderr)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp.npz")
    np.savez(beside, images=np.stack(images), index=np.array(index))
    beside.replace(path)


def cut_one(path: Path, finder: Finder) -> U8:
    """The largest coin of one picture, uint8 (CUT, CUT), grey."""
    photo = load(path)
    region = finder.find(photo)[0]
    x0, y0, x1, y1 = region.box
    ellipse = region.ellipse
    if ellipse is None:
        half = max((x1 - x0) / 2, (y1 - y0) / 2, 1.0)
        ellipse = Ellipse((x0 + x1) / 2, (y0 + y1) / 2, half, half)
    return cut_ellipse(photo.pixels, disc_matrix(ellipse.scaled(photo.scale)))


def cut_ellipse(pixels: U8, matrix: Array) -> U8:
    """Cut by the affine map that takes the coin to the unit disc of a patch (``disc_matrix``)."""
    zoom = RADIUS / (SIZE / 2)
    shift = (CUT - 1) / 2 - zoom * (SIZE - 1) / 2
    m = np.array(matrix, float) * zoom
    m[:, 2] += shift
    shrink = float(np.sqrt(abs(np.linalg.det(m[:, :2]))))
    if shrink < 0.7:
        pixels = np.asarray(
            cv2.resize(pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8
        )
        # Pixel centres: x_full = (x_small + 0.5) / shrink - 0.5.
        m[:, 2] += m[:, :2].sum(axis=1) * (0.5 / shrink - 0.5)
        m[:, :2] /= shrink
    out = cv2.warpAffine(
        pixels, m, (CUT, CUT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), np.uint8)
