"""What a user brings and may have meant otherwise: told, a line each, and taken as it is."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence
from pathlib import Path

from obverse.catalogue.columns import KNOWN, Column
from obverse.catalogue.sides import look_like_views

NEAR = 0.78
"""Likeness (difflib's ratio) from which a column looks like a known one misspelt: ``titel`` and
``sides`` have 0.8 and more, ``subtitle`` 0.77, ``size`` 0.75, columns in their own right."""
MOST_VIEWS = 8
"""Photos of a folder that may all show one item; people take some two to six of a coin."""


def in_columns(header: Sequence[Column], path: Path) -> tuple[str, ...]:
    """Columns of a table that were taken as attributes but look like one that is missing."""
    missing = [name for name in KNOWN if Column(name, is_known=True) not in header]
    told = []
    for name in (c.name for c in header if not c.is_known and not c.is_json):
        swapped = [known for known in missing if _is_swapped(name.lower(), known)]
        meant = swapped or difflib.get_close_matches(name.lower(), missing, 1, NEAR)
        if meant:
            told.append(f"{path}: column {name!r} is kept as an attribute; is it {meant[0]!r}?")
    return tuple(told)


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
