"""Everything that ``Catalogue.add`` takes, as rows: folders, tables, photos, bytes, rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from obverse.catalogue import importers
from obverse.catalogue.adding import Failure
from obverse.catalogue.importers import Row
from obverse.catalogue.sides import check_side
from obverse.errors import PhotoError, UsageError
from obverse.types import Photo

Source = str | Path | bytes | Photo


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
    load: Callable[[bytes | Photo], Photo],
    *,
    item: str | None = None,
    side: str = "",
    title: str = "",
    attributes: Mapping[str, Any] | None = None,
) -> Gathered:
    """The rows of one source or of several, as ``Catalogue.add`` describes them.

    Args:
        load: decodes what is given as bytes.

    Raises:
        UsageError: bytes without an item, a side that is none, a table that cannot be read.
        PhotoMissing: there is nothing at a path.
    """
    found = Gathered()
    for one in [source] if isinstance(source, str | Path | bytes | Photo) else source:
        if isinstance(one, Row):
            photo = one.photo if isinstance(one.photo, Photo) else Path(one.photo)
            found.rows.append(replace(one, photo=photo, side=check_side(one.side)))
        elif isinstance(one, bytes | Photo):
            if not item:
                raise UsageError("which item do the bytes show?", hint="name it: item=…")
            try:
                photo = load(one)
            except PhotoError as error:
                found.failed.append(Failure("<bytes>", type(error).__name__, str(error)))
                continue
            row = Row(photo, item, check_side(side), title, dict(attributes or {}))
            found.rows.append(row)
        else:
            path = Path(one)
            listing = importers.read(path, item=item, side=side, title=title, attributes=attributes)
            found.rows += listing.rows
            found.failed += [Failure(p.source, p.error, p.what) for p in listing.problems]
            found.folders += [path] if path.is_dir() else []
            found.notes += listing.notes
            found.ignored += listing.ignored
    return found
