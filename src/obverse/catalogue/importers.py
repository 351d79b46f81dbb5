"""What a user has, a folder, a CSV or one photo, turned into rows to add.

Nothing is opened but the CSV itself: whether a photo can be used is found when it is added.
"""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from obverse.catalogue import slips
from obverse.catalogue.columns import Column, read_head
from obverse.catalogue.rows import check_id, check_title, flaw
from obverse.catalogue.sides import check_side, read_side, split_name, split_names
from obverse.errors import PhotoMissing, TableError, UsageError
from obverse.photo import is_photo_name
from obverse.types import Photo

TABLES = frozenset({".csv", ".tsv"})
OWN_TABLE = "catalogue.csv"
"""A folder's table, as ``export`` and the mint write it; it says more than file names do."""

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Row:
    """One photo to add.

    Attributes:
        photo: where it is; or the photo itself, loaded.
        item: id of the item it shows.
        side: obverse, reverse, edge, other; empty where nobody said.
        title: the item's title, or empty.
        attributes: the item's attributes: JSON values by name.
    """

    photo: Path | Photo
    item: str
    side: str = ""
    title: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not become a row: where (a path, or ``file:line``), the class of the error, and
    what is wrong."""

    source: str
    error: str
    what: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows in a fixed order, problems, how many files or lines were passed over on purpose (hidden,
    of another kind, or said twice), and what looks like a slip, a line each."""

    rows: list[Row]
    problems: list[Problem]
    ignored: int = 0
    notes: tuple[str, ...] = ()


def read(
    source: str | os.PathLike[str],
    *,
    item: str | None = None,
    side: str = "",
    title: str = "",
    attributes: Mapping[str, Any] | None = None,
) -> Listing:
    """The rows of a folder, a CSV (``.csv``, ``.tsv``) or one photo (any other file). A folder that
    holds ``OWN_TABLE`` is read by it.

    ``item``, ``side``, ``title`` and ``attributes`` hold where the source does not say otherwise;
    for a folder ``item`` replaces what the names say.

    Raises:
        PhotoMissing: there is nothing at ``source``.
        TableError: the CSV cannot be understood as a whole.
        UsageError: ``side`` is none.
    """
    path = Path(source)
    named = check_side(side)
    if path.is_dir():
        table = path / OWN_TABLE
        listing = _read_table(table, item) if table.is_file() else _read_folder(path, item)
    elif path.suffix.lower() in TABLES:
        listing = _read_table(path, item)
    elif path.exists():
        listing = Listing([Row(path, item or _clean(path.stem))], [])
    else:
        raise PhotoMissing("no such file or folder", where=path, hint="check the path")
    if named or title or attributes:
        rows = [
            Row(
                row.photo,
                row.item,
                row.side or named,
                row.title or title,
                {**(attributes or {}), **row.attributes},
            )
            for row in listing.rows
        ]
        return replace(listing, rows=rows)
    return listing


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sorts ``coin 9`` before ``coin 10``, and ``B`` after ``a``."""
    parts: list[str | int] = []
    at = 0
    for found in _NUMBER.finditer(name):
        parts += (name[at : found.start()].casefold(), int(found[0]))
        at = found.end()
    return [*parts, name[at:].casefold()], name


# ------------------------------------------------------------------------------------ folders


def _read_folder(root: Path, item: str | None) -> Listing:
    """One sub-folder per item, whatever the files in it are called; files beside the sub-folders
    are named by item and side."""
    listing = Listing([], [])
    ignored = folders = 0
    names: list[str] = []
    for folder, parts, names, passed in _walk(root, listing.problems):
        ignored += passed
        folders += 1
        # A file named by nothing but its side shows the folder that holds it.
        named = "/".join(parts) or folder.resolve().name
        listing.rows.extend(folder_rows(folder, names, named, not parts, item))
    is_flat = folders == 1 and item is None
    notes = slips.in_folder(root, names, [row.item for row in listing.rows]) if is_flat else ()
    return Listing(listing.rows, listing.problems, ignored, notes)


def folder_rows(
    folder: Path, names: list[str], named: str, is_top: bool, item: str | None = None
) -> Iterator[Row]:
    """The photos of one folder: of the item that the folder is called by; at the top of all folders
    each of the item that the file is called by."""
    stems = [os.path.splitext(name)[0] for name in names]  # noqa: PTH122 five times as fast
    for name, (known, side) in zip(names, split_names(stems), strict=True):
        own = known if is_top and known else named
        yield Row(folder / name, item or _clean(own), side)


def _walk(
    root: Path, problems: list[Problem]
) -> Iterator[tuple[Path, tuple[str, ...], list[str], int]]:
    """Each folder with its path below the root, its photos, and how many files are no photos.

    Folders that are links come last and only if not met before, so a loop or a second way to the
    same place changes nothing.
    """
    waiting: list[tuple[Path, tuple[str, ...]]] = [(root, ())]
    links: list[tuple[Path, tuple[str, ...]]] = []
    met: set[tuple[int, int]] = set()
    while waiting or links:
        folder, parts = waiting.pop() if waiting else links.pop(0)
        photos: list[str] = []
        folders: list[str] = []
        ignored = 0
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in met:
                continue
            met.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda entry: natural_key(entry.name)):
                    if not _is_folder(entry):
                        photo = is_photo_name(entry.name)
                        photos += [entry.name] * photo
                        ignored += not photo
                    elif entry.name.startswith("."):
                        ignored += 1
                    elif is_photo_name(entry.name):
                        what = "a folder named like a photo; rename it to have it read"
                        problems.append(Problem(entry.path, "PhotoUnreadable", what))
                    elif entry.is_symlink():
                        links.append((folder / entry.name, (*parts, entry.name)))
                    else:
                        folders.append(entry.name)
        except OSError as error:
            what = f"the folder cannot be listed ({error.strerror}); allow reading it"
            problems.append(Problem(str(folder), "PhotoUnreadable", what))
            continue
        waiting += ((folder / name, (*parts, name)) for name in reversed(folders))
        yield folder, parts, photos, ignored


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _clean(name: str) -> str:
    """A file name as an id: composed Unicode, as typed on any system; bytes that are no text kept
    as escapes."""
    if name.isascii():
        return name
    readable = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", readable)


# ------------------------------------------------------------------------------------- tables


def _read_table(path: Path, item: str | None) -> Listing:
    return table_rows(_read_table_bytes(path), path, item)


def table_rows(
    data: bytes, path: Path, item: str | None = None, is_there: Callable[[Path], bool] = Path.exists
) -> Listing:
    """The rows of a CSV from its bytes; ``is_there`` tells whether a photo is. Raises
    ``TableError``."""
    text = _decode(data, path)
    first = next((line.lower() for line in text.splitlines() if line.strip()), "")
    if not first:
        raise TableError("an empty table", where=path, hint="name the columns in its first line")
    columns = {mark: [name.strip(' "') for name in first.split(mark)] for mark in ",;\t|"}
    separator = max(columns, key=lambda mark: ("photo" in columns[mark], len(columns[mark])))
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header = _read_header(lines, path)
    listing, ignored = Listing([], []), 0
    unnamed: list[int] = []
    seen: dict[tuple[Path | Photo, str], tuple[int, Row]] = {}
    for number, fields in _number_lines(lines, path, listing.problems):
        try:
            row = _read_row(header, fields, path.parent, item, is_there)
        except ValueError as error:
            listing.problems.append(Problem(f"{path}:{number}", "TableError", str(error)))
            continue
        if item is None and _is_blank(header, fields, "item"):
            unnamed.append(number)
        earlier, same = seen.setdefault((row.photo, row.item), (number, row))
        if earlier == number:
            listing.rows.append(row)
        elif same == row:
            ignored += 1
        else:
            what = f"the photo of line {earlier} again, but described differently; keep one of them"
            listing.problems.append(Problem(f"{path}:{number}", "TableError", what))
    notes = (*slips.in_columns(header, path), *slips.in_lines(unnamed, path))
    return Listing(listing.rows, listing.problems, ignored, notes)


def _read_table_bytes(path: Path) -> bytes:
    if not path.is_file():
        raise TableError("no such table", where=path, hint="check the path")
    try:
        return path.read_bytes()
    except OSError as error:
        raise TableError(
            f"cannot be read ({error.strerror})", where=path, hint="allow reading it"
        ) from error


def _decode(data: bytes, path: Path) -> str:
    """UTF-8, with or without a mark, or UTF-16 with one. No guessing: a wrong guess would put
    garbled titles into a catalogue without a word."""
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TableError(
            "not written in UTF-8", where=f"{path}:{line}", hint="save it as CSV in UTF-8"
        ) from error


def _read_header(lines: Iterator[list[str]], path: Path) -> list[Column]:
    """The columns that the first line names."""
    try:
        found = next((fields for fields in lines if any(map(str.strip, fields))), [])
    except csv.Error as error:
        raise TableError(
            f"column names cannot be read ({error})", where=path, hint="check its first line"
        ) from error
    header = [read_head(name) for name in found]
    if Column("photo", is_known=True) not in header:
        raise TableError(
            f"no column 'photo' among: {', '.join(filter(None, map(str.strip, found)))}",
            where=path,
            hint=f"name {slips.column_of_photos(header)} 'photo'",
        )
    keys = [(c.is_known, c.name) for c in header if c.name or c.is_json]
    twice = sorted(name for (_, name), count in Counter(keys).items() if count > 1)
    if twice:
        raise TableError(f"two columns named {twice[0]!r}", where=path, hint="rename one of them")
    return header


def _number_lines(
    lines: Any, path: Path, problems: list[Problem]
) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the number of its first line."""
    while True:
        number = lines.line_num + 1
        try:
            fields = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            what = f"{error}; check the quotes from this line on"
            problems.append(Problem(f"{path}:{number}", "TableError", what))
            continue
        if any(fields) and any(field.strip() for field in fields):
            yield number, fields


def _is_blank(header: list[Column], fields: list[str], name: str) -> bool:
    """Is there such a column, with nothing in it on this line?"""
    column = Column(name, is_known=True)
    at = header.index(column) if column in header else -1
    return at >= 0 and not any(field.strip() for field in fields[at : at + 1])


def _read_row(
    header: list[Column],
    fields: list[str],
    folder: Path,
    item: str | None,
    is_there: Callable[[Path], bool],
) -> Row:
    """One line as a row; ``ValueError`` says what is wrong with it."""
    if len(fields) > len(header) and any(field.strip() for field in fields[len(header) :]):
        many = f"{len(fields)} fields under {len(header)} columns"
        raise ValueError(f"{many}; put a field that holds the separator in quotes")
    cells = [(c, text) for c, f in zip(header, fields, strict=False) if (text := f.strip())]
    said = {c.name: text for c, text in cells if c.is_known}
    name = said.get("photo", "")
    if not name or "\0" in name:
        raise ValueError("no photo named; write its file into the column photo")
    side = read_side(given := said.get("side", ""))
    if side is None:
        raise ValueError(f"unknown side {given!r}; use obverse, reverse, edge or other")
    photo = folder / name
    if "\\" in name and not is_there(photo):  # written on Windows
        photo = folder / name.replace("\\", "/")
    known = said.get("item", "") or item
    if not known:
        known, shown = split_name(photo.stem)
        side = side or shown
    title = said.get("title", "")
    try:
        check_id(known)
        check_title(title)
    except UsageError as error:
        raise ValueError(str(error)) from error
    attributes = {
        c.name: c.read(text) for c, text in cells if not c.is_known and (c.name or c.is_json)
    }
    if why := flaw(attributes):  # each may be sound, and all of them too long
        raise ValueError(why)
    return Row(photo, _clean(known), side, title, attributes)
