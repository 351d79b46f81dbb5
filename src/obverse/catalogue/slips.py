"""What a user brings and may have meant otherwise: told, a line each, and taken as it is."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from obverse.catalogue.columns import KNOWN, Column
from obverse.catalogue.sides import look_like_views
from obverse.types import Item
from obverse.year.calendars import CALENDARS, KEYS, calendars_named, numbers_in

NEAR = 0.78
"""Likeness (difflib's ratio) from which a column looks like a known one misspelt: ``titel`` and
``sides`` have 0.8 and more, ``subtitle`` 0.77, ``size`` 0.75, columns in their own right."""
SURE = 0.85
"""The same for an attribute that is understood: ``mintmark`` has 0.95, ``yeare`` 0.89."""
MEANT = (*KEYS, "calendar", "mint_mark", "mint_mark_at")
"""Attributes that are understood, if they are written so."""
PICTURES = ("picture", "image", "file", "filename", "path", "img", "foto", "bild", "scan")
"""What people call the column of photos."""
_WORD = re.compile(r"\w\s+\w|\w[a-z]{2}")
"""Mo and CC are marks, and so are LIMA and three letters and more of other scripts."""
SHOWN = 5
"""Lines told by number."""
MOST_VIEWS = 8
"""Photos of a folder that may all show one item; people take some two to six of a coin."""


def in_columns(header: Sequence[Column], path: Path) -> tuple[str, ...]:
    """Columns of a table that were taken as attributes but look like one that is missing."""
    missing = [name for name in KNOWN if Column(name, is_known=True) not in header]
    there = {column.name.strip().lower() for column in header} & set(MEANT)
    told = []
    for name in (c.name for c in header if not c.is_known and not c.is_json):
        plain = name.strip().lower().replace(" ", "_")
        if name in MEANT:
            continue
        understood = [plain] if plain in MEANT else []
        # year_lot and year2 are columns beside a year.
        absent = [m for m in MEANT if m not in there and not plain.startswith(tuple(there))]
        swapped = [known for known in missing + absent if _is_swapped(plain, known)]
        near = difflib.get_close_matches(name.lower(), missing, 1, NEAR)
        near += difflib.get_close_matches(plain, absent, 1, SURE)
        meant = understood or swapped or near
        if meant:
            told.append(f"{path}: column {name!r} is kept as an attribute; is it {meant[0]!r}?")
    return tuple(told)


def in_lines(unnamed: Sequence[int], path: Path) -> tuple[str, ...]:
    """Lines of a table whose cell for the item is empty: named after the photo's file."""
    if not unnamed:
        return ()
    some = ", ".join(map(str, unnamed[:SHOWN])) + (", ..." if len(unnamed) > SHOWN else "")
    where = f"line {some} names" if len(unnamed) == 1 else f"lines {some} name"
    return (f"{path}: {where} no item, taken from the photo's file name; is a cell missing?",)


def column_of_photos(header: Sequence[Column]) -> str:
    """How to call the column that pictures seem to be in."""
    names = {column.name.lower(): column.name for column in header if not column.is_json}
    like = difflib.get_close_matches("photo", names, 1, NEAR)
    meant = like or [name for name in PICTURES if name in names]
    return f"column {names[meant[0]]!r}" if meant else "the column with the paths of the pictures"


def in_attributes(attributes: Mapping[str, Any]) -> str:
    """What of an item's years and mint mark is not understood, so that it counts for nothing; empty
    if all is."""
    from obverse.year.mark import place_of

    said = {k: v for k, v in attributes.items() if v is not None and str(v).strip()}
    for name in (k for k in KEYS if said.get(k, []) != []):
        if not numbers_in(said[name]):
            return f"{name} {said[name]!r} is no year"
    low, high = (numbers_in(said.get(key)) for key in ("year_from", "year_to"))
    if low and high and min(low) > max(high):
        return f"year_from {min(low)} is after year_to {max(high)}"
    unknown = [name for name in calendars_named(said) if name not in CALENDARS]
    if unknown:
        return f"calendar {unknown[0]!r} is none of {', '.join(CALENDARS)}"
    place = said.get("mint_mark_at")
    if place is not None and place_of(said) is None:
        return f"mint_mark_at {place!r} is no place: x, y in radii, such as 0.55, -0.56"
    return ""


def in_marks(items: Iterable[Item]) -> list[str]:
    """The mint marks that are words, Denver for D or "no mint mark" for none, each once."""
    from obverse.year.mark import marks_of

    every = dict.fromkeys(mark for item in items for mark in marks_of(item.attributes))
    return [repr(mark) for mark in every if _WORD.search(mark)]


def in_folder(root: Path, names: Sequence[str], items: Sequence[str]) -> tuple[str, ...]:
    """A folder without others in it that seems to hold the views of one item, taken as several.

    Args:
        root: the folder.
        names: of its photos, the files' names.
        items: what each was taken as.
    """
    several = list(dict.fromkeys(items))
    if len(several) < 2 or len(items) > MOST_VIEWS:
        return ()
    if not look_like_views(Path(name).stem for name in names):
        return ()
    name = shlex.quote(root.resolve().name)
    what = f"{len(items)} photos as {len(several)} items ({', '.join(several)})"
    return (f"{root}: {what}; if they show one, remove these and add them with --item {name}",)


def _is_swapped(name: str, known: str) -> bool:
    """Is it the other with two neighbouring letters swapped? ``time`` and ``dies`` are words."""
    at = range(len(known) - 1)
    return any(name == known[:i] + known[i + 1] + known[i] + known[i + 2 :] for i in at)
