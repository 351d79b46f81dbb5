"""Items that differ by year or mint mark only: the design cannot tell them apart, these can.

Such twins count as one item when it is decided whether the catalogue holds the design; what was
read then shares that probability out among them, and what is left for a year or a mark that none of
them has is nobody's. Nothing else moves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from obverse.types import F64, Array, Candidate, Item
from obverse.year import mark
from obverse.year.calendars import KEYS, Dated, calendars_of, dates_of, names_years, years_of
from obverse.year.mark import Marked
from obverse.year.reader import Reading

FEW = 5
"""Items that may be twins however far their scores are."""
TIE = 0.1
"""Scores this near to the best may be twins. Pictures of one design scored at most 0.10 apart for
90 % of 34 photos of `wild_dev`; 24 in 100 nearest other designs do too, but their texts differ."""
_YEARS = re.compile(r"(?<!\d)(\d{4})(\s*[-–/]\s*\d{2,4})?(?!\d)")
KEPT = {
    *("mintage", "price", "grade", "condition", "quantity", "inventory", "inventory_number"),
    *("note", "notes", "comment", "comments", "box", "album", "page", "location"),
    *("acquired", "bought", "seller", "source", "url"),
}
"""Attributes of a specimen or an issue, not of a design: twins may differ by these."""
MOST = 50
"""Most twins that are looked at."""


def near(scores: Array) -> int:
    """How many items, best first, could be twins of the first by their scores (n,)."""
    close = int((scores[:MOST] >= scores[0] - TIE).sum()) if len(scores) else 0
    return max(close, min(FEW, len(scores)))


def twins(items: Sequence[Item]) -> list[int]:
    """Places of the items that differ from the first by year or mint mark only, itself included:
    the same attributes but for these, the same title but for these in it, and both said of either
    item or of neither. Items without a title have nothing that calls them alike."""
    if not items or not any(_told(items[0])) or not _but_for(items[0])[0]:
        return [0][: len(items)]
    first = items[0]
    said = [bool(part) for part in _told(first)]
    return [0] + [
        i
        for i, item in enumerate(items)
        if i
        and [bool(part) for part in _told(item)] == said
        and _but_for(item) == _but_for(first)
        and _told(item) != _told(first)
    ]


def apart(one: Item, other: Item) -> bool:
    """Do both say their years, or their mint marks, and share none?"""
    pairs = zip(_told(one), _told(other), strict=True)
    return any(a and b and not set(a) & set(b) for a, b in pairs)


def by_year(items: Sequence[Item]) -> bool:
    """Do their years differ?"""
    return len({_told(item)[0] for item in items}) > 1


def by_mark(items: Sequence[Item]) -> bool:
    """Do their mint marks differ?"""
    return len({_told(item)[1] for item in items}) > 1


def marks(items: Sequence[Item]) -> tuple[str, ...]:
    """Every mint mark that one of these items may show, each once."""
    return tuple(dict.fromkeys(m for item in items for m in mark.marks_of(item.attributes)))


def place(items: Sequence[Item]) -> tuple[float, float] | None:
    """Where their mint mark stands, if one of them says so."""
    places = (mark.place_of(item.attributes) for item in items)
    return next((p for p in places if p is not None), None)


def dates(items: Sequence[Item]) -> list[Dated]:
    """Everything that a date on one of these items may say."""
    return list(dict.fromkeys(d for item in items for d in dates_of(item.attributes)))


def other_dates(items: Sequence[Item]) -> list[Dated]:
    """What a date counted as on these items may say that is of none of them."""
    said, calendars = set(dates(items)), dict.fromkeys(calendars_of(i.attributes) for i in items)
    every = (d for names in calendars for d in dates_of({"calendar": names}))
    return [d for d in dict.fromkeys(every) if d not in said]


def settle(
    candidates: Sequence[Candidate],
    group: Sequence[int],
    reading: Reading,
    marked: Marked,
    mass: float,
) -> tuple[Candidate, ...]:
    """Attach what was read, and put the twins in the order that it says.

    Args:
        candidates: best first.
        group: places of the first candidate's twins, itself included.
        reading, marked: the year and the mint mark, read with what the whole group may show.
        mass: the probability that one of the group is the answer.

    Returns:
        The candidates, the likeliest first; but one of the design goes first where the design is
        the likeliest, though it may have another year than was read. Where nothing could be read
        nothing changes.
    """
    if reading.best is None and marked.best is None:
        return tuple(candidates)
    shares = _weights([candidates[i] for i in group], reading, marked).tolist()
    twins = [
        replace(candidates[i], probability=mass * share)
        for i, share in sorted(zip(group, shares, strict=True), key=lambda pair: -pair[1])
    ]
    first = replace(twins[0], year=reading.best, mint_mark=marked.best)
    others = [c for i, c in enumerate(candidates) if i not in group]
    rest = sorted([*twins[1:], *others], key=lambda c: -c.probability)
    if mass >= max((c.probability for c in others), default=0.0):
        return (first, *rest)
    return tuple(sorted([first, *rest], key=lambda c: -c.probability))


def _weights(group: Sequence[Candidate], reading: Reading, marked: Marked) -> F64:
    """The chance of each twin if it is one of the design, float64 (n,); together at most 1: the
    rest is the chance of a year, or of a mint mark with it, that none of them has. What was not
    read leaves twins as likely as their pictures make them."""
    seen = np.array([c.probability for c in group]) + 1e-9
    may = [_readings(c.item, reading, marked) for c in group]
    shown = dict.fromkeys((pair for pairs in may for pair in pairs), seen.sum())
    if reading.best is not None or not by_year([c.item for c in group]):
        shown = {
            pair: sum(s for s, m in zip(seen, may, strict=True) if pair in m) for pair in shown
        }
    shares = [sum(chance / shown[pair] for pair, chance in pairs.items()) for pairs in may]
    return np.asarray(seen * shares)


def _readings(
    item: Item, reading: Reading, marked: Marked
) -> dict[tuple[int | None, str | None], float]:
    """Every year with every mint mark that the item may show, and the chance that these were read;
    None for what was not."""
    years: dict[int | None, float] = {None: 1.0}
    if reading.best is not None:
        years = {y: reading.chances.get(y, 0.0) for y in years_of(item.attributes)}
    marks: dict[str | None, float] = {None: 1.0}
    if marked.best is not None:
        marks = {m: marked.chances.get(m, 0.0) for m in mark.marks_of(item.attributes)}
    return {(y, m): p * q for y, p in years.items() for m, q in marks.items()}


def _told(item: Item) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The years and the mint marks that an item is said to show."""
    years = years_of(item.attributes) if names_years(item.attributes) else []
    return tuple(years), mark.marks_of(item.attributes)


def _but_for(item: Item) -> tuple[str, dict[str, Any]]:
    """Title and attributes without years and mint mark."""
    aside = {*KEYS, mark.KEY, mark.PLACE}
    said = {k: v for k, v in item.attributes.items() if k not in aside}
    rest = {k: v for k, v in said.items() if k.strip().lower().replace(" ", "_") not in KEPT}
    years, marks = _told(item)
    title = _YEARS.sub(lambda found: " " if int(found[1]) in years else found[0], item.title)
    for one in filter(None, marks):
        title = re.sub(rf"(?<!\w)[-–]?\b{re.escape(one)}\b", " ", title)
    return " ".join(title.split()), rest
