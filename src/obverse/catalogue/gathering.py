"""Everything that ``Catalogue.add`` takes, as rows: folders, tables, photos, bytes, rows."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from obverse.catalogue import importers
from obverse.catalogue.adding import Failure
from obverse.catalogue.importers import Row
from obverse.catalogue.rows import check_attributes, check_id, check_title
from obverse.catalogue.sides import check_side
from obverse.errors import PhotoError, UsageError
from obverse.types import Array, Photo

Source = str | Path | bytes | Array | Photo


@dataclass(slots=True)
class Gathered:
    """Rows to add; what could not become one; the folders that are listed whole; what looks like a
    slip; and how many files or lines were passed over on purpose."""

    rows: list[Row] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ignored: int = 0


def gather(
    source: Source | Iterable[Source | Row],
    load: Callable[[bytes | Array | Photo], Photo],
    *,
    item: str | None = None,
    side: str = "",
    title: str = "",
    attributes: Mapping[str, Any] | None = None,
) -> Gathered:
    """The rows of one source or of several, as ``Catalogue.add`` describes them.

    Args:
        load: decodes what is given as bytes or pixels.

    Raises:
        UsageError: a photo without an item, an id or a side that is none, a table that cannot be
            read, something that is no photo.
        PhotoMissing: there is nothing at a path.
    """
    found = Gathered()
    check_said(item, title, attributes)
    for one in one_by_one(source):
        if isinstance(one, str | os.PathLike):
            path = Path(one)
            listing = importers.read(path, item=item, side=side, title=title, attributes=attributes)
            found.rows += listing.rows
            found.failed += [Failure(p.source, p.error, p.what) for p in listing.problems]
            found.folders += [path] if path.is_dir() else []
            found.notes += listing.notes
            found.ignored += listing.ignored
            continue
        row = as_row(one, item, side, title, attributes)
        try:
            photo = Path(row.photo) if isinstance(row.photo, str | os.PathLike) else load(row.photo)
        except PhotoError as error:
            found.failed.append(Failure(error.where, type(error).__name__, str(error)))
        else:
            found.rows.append(replace(row, photo=photo))
    return found


def check_said(item: str | None, title: str, attributes: Mapping[str, Any] | None) -> None:
    """Raises ``UsageError`` for what is said of all photos, where it makes no sense."""
    if item:
        check_id(item)
    check_title(title)
    check_attributes(item or "", attributes or {})


def one_by_one(source: Any) -> Iterable[Any]:
    """The sources in a list or the like; any other source as the only one."""
    alone = str | bytes | bytearray | memoryview | np.ndarray | io.IOBase
    return source if isinstance(source, Iterable) and not isinstance(source, alone) else [source]


def as_row(
    one: Any, item: str | None, side: str, title: str, attributes: Mapping[str, Any] | None
) -> Row:
    """A photo as a row, its ``photo`` being what was given; a row as it is. Raises ``UsageError``
    for one without an item, or of a side that is none."""
    if not isinstance(one, Row):
        if not item:
            raise UsageError("which item does the photo show?", hint="name it: item=…")
        one = Row(one, item, side, title, dict(attributes or {}))
    row: Row = one
    item = check_id(row.item)
    check_title(row.title)
    check_attributes(item, row.attributes)
    return replace(row, item=item, side=check_side(row.side))
