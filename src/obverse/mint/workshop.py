"""A whole collection on disk: catalogue scans, photos, ground truth, and a protocol."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from obverse.errors import UsageError
from obverse.mint.camera import jpeg
from obverse.mint.design import CoinType, coin_type
from obverse.mint.photo import Snap, snap
from obverse.mint.render import scan
from obverse.types import Progress

HOLD_BACK = 6
"""Every sixth type stays out of the protocol's catalogue: its photos are the unknown ones."""
MOST = 100_000
"""Pictures minted at once: some 11 GB, and five hours of one core."""

_SIDES = ("obverse", "reverse")
_FOLDERS = ("catalogue", "photos", "masks")
_SCAN_QUALITY = 92
_CATALOGUE = ("photo", "item", "side", "title", "country", "denomination", "year_from", "year_to",
              "mint", "metal", "diameter_mm")  # fmt: skip
_TRUTH = ("photo", "item", "side", "year", "cx", "cy", "a", "b", "angle", "turn", "mask")
_PROTOCOL = ("photo", "role", "item", "year", "side")


@dataclass(frozen=True, slots=True)
class MintReport:
    """What was written.

    Attributes:
        out: the folder.
        types, scans, photos: how many of each.
        unknown: photos of types that the protocol's catalogue lacks.
    """

    out: Path
    types: int
    scans: int
    photos: int
    unknown: int

    def to_dict(self) -> dict[str, Any]:
        return {
            "out": str(self.out),
            "types": self.types,
            "scans": self.scans,
            "photos": self.photos,
            "unknown": self.unknown,
        }


def mint(
    out: Path,
    *,
    types: int = 60,
    photos: int = 5,
    seed: int = 0,
    size: int = 640,
    progress: Progress | None = None,
) -> MintReport:
    """Mint coins and photograph them.

    Writes ``catalogue/ITEM/obverse.jpg`` and ``reverse.jpg``, ``catalogue.csv``,
    ``photos/NNNN.jpg``, ``masks/NNNN.png`` (1 bit), ``truth.csv`` and ``protocol.csv``; paths in
    the tables are relative to ``out``. The same arguments give the same bytes; more types leave
    the first ones as they are.

    Args:
        out: the folder to write to, empty or made new. What goes wrong leaves nothing in it.
        types: how many coin types, at least 1.
        photos: photos per type, sides in turn, each of another specimen.
        seed: 0 or more.
        size: pixels a side of a catalogue scan, 64 to 2048.
        progress: told after each picture.

    Raises:
        UsageError: a number makes no sense, or ``out`` is no folder or not empty.
    """
    if types < 1 or photos < 0 or seed < 0:
        raise UsageError(
            f"cannot mint {types} types with {photos} photos from seed {seed}",
            hint="give at least 1 type, and 0 or more photos and seed",
        )
    if not 64 <= size <= 2048:
        raise UsageError(f"a scan of {size} pixels", hint="choose a size from 64 to 2048")
    total = types * (len(_SIDES) + photos)
    if total > MOST:
        raise UsageError(
            f"{types:,} types with {photos:,} photos each are {total:,} pictures",
            hint=f"mint {MOST:,} at most",
        )
    if out.exists() and not out.is_dir():
        raise UsageError("not a folder", where=out, hint="choose a new or an empty folder")
    if out.is_dir() and any(out.iterdir()):
        raise UsageError("is not empty", where=out, hint="choose a new or an empty folder")
    with _whole_or_nothing(out):
        return _fill(out, types, photos, seed, size, progress or (lambda done, total, text: None))


@contextmanager
def _whole_or_nothing(out: Path) -> Iterator[None]:
    """Half a collection has no tables, and would be in the way of a whole one."""
    made = [one for one in (out, *out.parents) if not one.exists()]
    try:
        for name in _FOLDERS:
            (out / name).mkdir(parents=True)
        yield
    except BaseException:
        for name in _FOLDERS:
            shutil.rmtree(out / name, ignore_errors=True)
        for table in out.glob("*.csv"):
            table.unlink()
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise


def _fill(
    out: Path, types: int, photos: int, seed: int, size: int, progress: Progress
) -> MintReport:
    catalogue: list[Sequence[object]] = []
    truth: list[Sequence[object]] = []
    kept: list[Sequence[object]] = []
    asked: list[Sequence[object]] = []
    total = types * (len(_SIDES) + photos)
    for index in range(types):
        coin = coin_type(seed, index)
        known = index % HOLD_BACK != HOLD_BACK - 1
        for side in _SIDES:
            path = _write_scan(out, coin, side, size)
            catalogue.append(_catalogue_row(path, coin, side))
            if known:
                kept.append((path, "catalogue", coin.item, coin.years[0], side))
            progress(len(catalogue) + len(truth), total, coin.item)
        for k in range(photos):
            side = _SIDES[k % 2]
            shot = snap(coin, side, np.random.default_rng([seed, index, 100 + k]))
            path, mask = _write_snap(out, shot, index * photos + k)
            truth.append(_truth_row(path, mask, coin, side, shot))
            asked.append((path, "query" if known else "unknown", coin.item, shot.year, side))
            progress(len(catalogue) + len(truth), total, coin.item)
    _write_table(out / "catalogue.csv", _CATALOGUE, catalogue)
    _write_table(out / "truth.csv", _TRUTH, truth)
    _write_table(out / "protocol.csv", _PROTOCOL, [*kept, *asked])
    unknown = sum(row[1] == "unknown" for row in asked)
    return MintReport(out, types, len(catalogue), len(truth), unknown)


def _write_scan(out: Path, coin: CoinType, side: str, size: int) -> str:
    path = f"catalogue/{coin.item}/{side}.jpg"
    (out / path).parent.mkdir(exist_ok=True)
    (out / path).write_bytes(jpeg(scan(coin, side, size=size), _SCAN_QUALITY))
    return path


def _write_snap(out: Path, shot: Snap, number: int) -> tuple[str, str]:
    path, mask = f"photos/{number:04d}.jpg", f"masks/{number:04d}.png"
    (out / path).write_bytes(jpeg(shot.image, shot.quality))
    white = shot.mask.astype(np.uint8) * 255
    _, data = cv2.imencode(".png", white, [cv2.IMWRITE_PNG_BILEVEL, 1])
    (out / mask).write_bytes(data.tobytes())
    return path, mask


def _catalogue_row(path: str, coin: CoinType, side: str) -> Sequence[object]:
    return (path, coin.item, side, coin.title, coin.country, coin.denomination, coin.years[0],
            coin.years[-1], coin.mint_mark, coin.metal, coin.diameter_mm)  # fmt: skip


def _truth_row(path: str, mask: str, coin: CoinType, side: str, shot: Snap) -> Sequence[object]:
    e = shot.ellipse
    figures = (f"{v:.3f}" for v in (e.cx, e.cy, e.a, e.b, e.angle, shot.turn))
    return (path, coin.item, side, shot.year, *figures, mask)


def _write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)
