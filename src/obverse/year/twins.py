"""Items that differ by their year only: the design cannot tell them apart, the date can.

Such twins count as one item when it is decided whether the catalogue holds the object; what was
read then shares that probability out among them. Nothing else moves: a reading never vetoes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from obverse.types import F32, Candidate, Item
from obverse.year.calendars import KEYS, Dated, dates_of, names_years, years_of
from obverse.year.reader import Reading

TIE = 0.1
"""Scores this near to the best may be twins. Pictures of one design scored at most 0.10 apart for
90 % of 34 photos of `wild_dev`; 24 in 100 nearest other designs do too, but their texts differ."""
_YEARS = re.compile(r"\b\d{4}(\s*[-–/]\s*\d{2,4})?\b")
MOST = 50
"""Most twins that are looked at."""


def near(scores: F32) -> int:
    """How many items, best first, could be twins of the first by their scores, float32 (n,)."""
    return int((scores[:MOST] >= scores[0] - TIE).sum()) if len(scores) else 0


def twins(items: Sequence[Item]) -> list[int]:
    """Places of the items that differ from the first by their year only, itself included: the same
    attributes but for the years, the same title but for years in it, and years of their own. Items
    without a title have nothing that calls them alike."""
    if not items or not names_years(items[0].attributes) or not _but_for_years(items[0])[0]:
        return [0][: len(items)]
    first = items[0]
    return [0] + [
        i
        for i, item in enumerate(items)
        if i
        and names_years(item.attributes)
        and _but_for_years(item) == _but_for_years(first)
        and years_of(item.attributes) != years_of(first.attributes)
    ]


def dates(items: Sequence[Item]) -> list[Dated]:
    """Everything that a date on one of these items may say."""
    return list(dict.fromkeys(d for item in items for d in dates_of(item.attributes)))


def settle(
    candidates: Sequence[Candidate], group: Sequence[int], reading: Reading, mass: float
) -> tuple[Candidate, ...]:
    """Attach the year that was read, and put the twins in the order that it says.

    Args:
        candidates: best first.
        group: places of the first candidate's twins, itself included.
        reading: what was read with the dates of the whole group.
        mass: the probability that one of the group is the answer.

    Returns:
        The candidates, the group's in its own places. Where no year could be read nothing changes.
    """
    if reading.best is None:
        return tuple(candidates)
    if len(group) == 1:
        return (replace(candidates[0], year=reading.best), *candidates[1:])
    weights = np.array([_chance(candidates[i].item, reading) for i in group])
    weights /= max(float(weights.sum()), 1e-9)
    order = np.argsort(-weights, kind="stable")
    settled = [replace(candidates[group[i]], probability=mass * float(weights[i])) for i in order]
    settled[0] = replace(settled[0], year=reading.best)
    out = list(candidates)
    for place, candidate in zip(group, settled, strict=True):
        out[place] = candidate
    return tuple(sorted(out, key=lambda c: -c.probability))


def _chance(item: Item, reading: Reading) -> float:
    return sum(reading.chances.get(year, 0.0) for year in set(years_of(item.attributes)))


def _but_for_years(item: Item) -> tuple[str, dict[str, Any]]:
    rest = {k: v for k, v in item.attributes.items() if k not in KEYS}
    return " ".join(_YEARS.sub(" ", item.title).split()), rest
