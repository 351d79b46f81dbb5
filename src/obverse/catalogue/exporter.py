"""A catalogue as plain files: a CSV and pictures that ``add`` reads back."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from obverse import canvas
from obverse.catalogue.columns import KNOWN, choose
from obverse.catalogue.store import Store
from obverse.errors import CatalogueError, UsageError
from obverse.types import View

CHUNK = 256
"""Views read at once: some 4 MB of pictures."""


def write(folder: Path, store: Store) -> Path:
    """Write ``catalogue.csv`` and one levelled, upright picture per view into ``pictures/``.

    The columns are those that importing knows and one per attribute (``columns``). Returns the
    CSV's path.

    Raises:
        UsageError: the folder holds a table or pictures already.
        CatalogueError: the folder cannot be written.
    """
    items = {item.id: item for item in store.items()}
    columns = choose(item.attributes for item in items.values())
    table = folder / "catalogue.csv"
    for there in (table, folder / "pictures"):
        if there.exists():
            raise UsageError("is there already", where=there, hint="choose a new or empty folder")
    try:
        (folder / "pictures").mkdir(parents=True, exist_ok=True)
        with table.open("w", newline="", encoding="utf-8") as stream:
            lines = csv.writer(stream)
            lines.writerow([*KNOWN, *(column.head for column in columns)])
            for view in _read_views(store):
                if view.item not in items:  # added since
                    continue
                picture = Path("pictures") / f"{view.id}.jpg"
                if view.upright:
                    canvas.save(canvas.upright(view), folder / picture)
                else:
                    (folder / picture).write_bytes(view.thumbnail)
                item = items[view.item]
                said = item.attributes
                values = [c.write(said[c.name]) if c.name in said else "" for c in columns]
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
