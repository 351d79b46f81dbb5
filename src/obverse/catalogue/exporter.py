"""A catalogue as plain files: a CSV and pictures that ``add`` reads back."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from obverse import canvas
from obverse.catalogue.store import Store
from obverse.errors import CatalogueError, UsageError
from obverse.types import View

COLUMNS = ("photo", "item", "side", "title")
CHUNK = 256
"""Views read at once: some 4 MB of pictures."""


def write(folder: Path, store: Store) -> Path:
    """Write ``catalogue.csv`` and one levelled, upright picture per view into ``pictures/``.

    The columns are those that importing knows and one per attribute; lists and objects are written
    as JSON. An attribute called like a column gets an underscore. Returns the CSV's path.

    Raises:
        UsageError: the folder holds a table or pictures already.
        CatalogueError: the folder cannot be written.
    """
    items = {item.id: item for item in store.items()}
    names = sorted({name for item in items.values() for name in item.attributes})
    table = folder / "catalogue.csv"
    for there in (table, folder / "pictures"):
        if there.exists():
            raise UsageError("is there already", where=there, hint="choose a new or empty folder")
    try:
        (folder / "pictures").mkdir(parents=True, exist_ok=True)
        with table.open("w", newline="", encoding="utf-8") as stream:
            lines = csv.writer(stream)
            lines.writerow([*COLUMNS, *(n + "_" * (n.lower() in COLUMNS) for n in names)])
            for view in _read_views(store):
                if view.item not in items:  # added since
                    continue
                picture = Path("pictures") / f"{view.id}.jpg"
                if view.upright:
                    canvas.save(canvas.upright(view), folder / picture)
                else:
                    (folder / picture).write_bytes(view.thumbnail)
                item = items[view.item]
                values = [_cell(item.attributes.get(name)) for name in names]
                lines.writerow([picture.as_posix(), item.id, view.side, item.title, *values])
    except OSError as error:
        raise CatalogueError(
            f"cannot be written ({error.strerror})", where=folder, hint="choose another folder"
        ) from error
    return table


def _read_views(store: Store) -> Iterator[View]:
    """Every view, by item and id, a few at a time."""
    entries = sorted((item, id) for found in store.hashes().values() for id, item, _, _ in found)
    for start in range(0, len(entries), CHUNK):
        yield from store.views([id for _, id in entries[start : start + CHUNK]])


def _cell(value: Any) -> Any:
    """Text and numbers as they are, nothing for null, all else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    return json.dumps(value, ensure_ascii=False)
