"""Many objects in one photo: their numbers, and the table of what they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import cv2

from obverse.types import Region, Tray

Made = TypeVar("Made")

ROW = 0.5
"""Two objects lie in one row if their middles differ by less than this share of their height."""
COLUMNS = (
    *("photo", "number", "item", "title", "probability", "known"),
    *("x0", "y0", "x1", "y1", "cx", "cy", "a", "b", "angle", "year", "mint_mark"),
)


def reading_order(regions: Sequence[Region]) -> list[Region]:
    """Row by row from the top, each row from the left."""
    rows: list[list[Region]] = []
    for region in sorted(regions, key=lambda r: (_middle(r), r.box)):
        if rows and _middle(region) - _middle(rows[-1][0]) < ROW * _height(rows[-1][0]):
            rows[-1].append(region)
        else:
            rows.append([region])
    return [r for row in rows for r in sorted(row, key=lambda r: r.box[0] + r.box[2])]


def numbers(regions: Sequence[Region]) -> list[int]:
    """The number of each object of a photo, as they are given: 1 is the first in reading order.

    The one numbering there is. Which object is asked about where nobody names one is another
    question: the first that the finder gives.
    """
    number = {region: n for n, region in enumerate(reading_order(regions), 1)}
    return [number[region] for region in regions]


def told(regions: Sequence[Region]) -> list[dict[str, Any]]:
    """The objects of a photo as data, as they are given, each with its number."""
    pairs = zip(numbers(regions), regions, strict=True)
    return [{"number": number, **region.to_dict()} for number, region in pairs]


def each(
    regions: Sequence[Region], make: Callable[[Region], Made]
) -> tuple[list[Made], tuple[tuple[Region, str], ...]]:
    """What ``make`` makes of each region, and the regions that it cannot use, with the reason."""
    made, failed = [], []
    for region in regions:
        try:
            made.append(make(region))
        # What a rim beyond all measure (of no width, or not a number) ends in.
        except (ArithmeticError, ValueError, cv2.error) as error:
            failed.append((region, f"its rim makes no patch ({type(error).__name__})"))
    return made, tuple(failed)


def rows(tray: Tray) -> list[dict[str, Any]]:
    """The table of a tray, a row per object with the keys ``COLUMNS``.

    Boxes and ellipses are in full-size pixels of the upright photo. Where ``known`` is false,
    ``item`` is the nearest one; ``year`` and ``mint_mark`` are empty
    unless they were read; no mark is ``none``.
    """
    table = []
    for number, answer in zip(tray.numbers, tray.answers, strict=False):
        region, best = answer.patch.region, answer.best
        row: dict[str, Any] = dict.fromkeys(COLUMNS, "")
        row |= {"photo": tray.photo.source, "number": number, "known": answer.known}
        row |= zip(("x0", "y0", "x1", "y1"), (round(v, 1) for v in region.box), strict=True)
        if region.ellipse is not None:
            row |= {k: round(v, 2) for k, v in region.ellipse.to_dict().items()}
        if best is not None:
            row |= {"item": best.item.id, "title": best.item.title}
            row |= {"probability": round(best.probability, 5)}
            row |= {"year": best.year.year if best.year else ""}
            row |= {"mint_mark": (best.mint_mark.mark or "none") if best.mint_mark else ""}
        table.append(row)
    return table


def _middle(region: Region) -> float:
    return (region.box[1] + region.box[3]) / 2


def _height(region: Region) -> float:
    return region.box[3] - region.box[1]
