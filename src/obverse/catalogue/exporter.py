"""A catalogue as plain files: a CSV and pictures that ``add`` reads back."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from obverse import canvas
from obverse.catalogue.columns import KNOWN, choose
from obverse.catalogue.importers import OWN_TABLE
from obverse.catalogue.store import Store
from obverse.errors import CatalogueError, UsageError
from obverse.types import Item, View

PICTURES = "pictures"
CHUNK = 256
"""Views read at once: some 4 MB of pictures."""


def write(folder: Path, store: Store) -> Path:
    """Write ``catalogue.csv`` and one levelled, upright picture per view into ``pictures/``.

    The columns are those that importing knows and one per attribute (``columns``). Returns the
    CSV's path.

    Raises:
        UsageError: the folder holds something already.
        CatalogueError: the folder cannot be written.
    """
    shown = ((view, _picture(view)) for view in _read_views(store))
    return write_views(folder, store.items(), shown)


def write_views(folder: Path, items: Sequence[Item], shown: Iterable[tuple[View, bytes]]) -> Path:
    """As ``write``, of items and of views with their pictures as JPEG, wherever they come from.
    What goes wrong on the way leaves nothing in the folder."""
    table = folder / OWN_TABLE
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError("is not empty", where=folder, hint="choose a new or an empty folder")
    try:
        with _whole_or_nothing(folder) as part:
            _fill(part, items, shown)
    except OSError as error:
        raise CatalogueError(
            f"cannot be written ({error.strerror})", where=folder, hint="choose another folder"
        ) from error
    return table


@contextmanager
def _whole_or_nothing(folder: Path) -> Iterator[Path]:
    """A place to write to, whose table and pictures move to the folder when they are whole."""
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Inside the folder, which may be a drive of its own: moving costs nothing then.
        with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as name:
            part = Path(name)
            yield part
            for whole in (PICTURES, OWN_TABLE):  # the table last: with it, all is there
                (part / whole).replace(folder / whole)
    except BaseException:
        for one in made:
            with suppress(OSError):
                one.rmdir()
        raise


def _fill(folder: Path, items: Sequence[Item], shown: Iterable[tuple[View, bytes]]) -> None:
    by_id = {item.id: item for item in items}
    columns = choose(item.attributes for item in items)
    (folder / PICTURES).mkdir()
    with (folder / OWN_TABLE).open("w", newline="", encoding="utf-8") as stream:
        lines = csv.writer(stream)
        lines.writerow([*KNOWN, *(column.head for column in columns)])
        for view, data in shown:
            if view.item not in by_id:  # added since
                continue
            picture = Path(PICTURES) / f"{view.id}.jpg"
            (folder / picture).write_bytes(data)
            item = by_id[view.item]
            said = item.attributes
            values = [c.write(said[c.name]) if c.name in said else "" for c in columns]
            lines.writerow([picture.as_posix(), item.id, view.side, item.title, *values])


def _read_views(store: Store) -> Iterator[View]:
    """Every view, by item and id, a few at a time."""
    entries = sorted((item, id) for found in store.hashes().values() for id, item, _, _ in found)
    for start in range(0, len(entries), CHUNK):
        yield from store.views([id for _, id in entries[start : start + CHUNK]])


def _picture(view: View) -> bytes:
    """A view's picture, standing upright, as JPEG."""
    return canvas.jpeg(canvas.upright(view)) if view.upright else view.thumbnail
