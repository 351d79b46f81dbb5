"""A protocol: which pictures are the catalogue, which are asked about, and what is right.

A CSV file with the columns ``photo, role, item`` and, if wanted, ``year`` and ``side``; others are
ignored. ``role`` is one of

- ``catalogue``: goes into the catalogue under ``item``,
- ``query``: is asked about, ``item`` is the right answer and is in the catalogue,
- ``unknown``: is asked about, and the catalogue does not hold it (``item`` may be empty).
"""

from __future__ import annotations

import csv
import os.path
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from obverse.errors import TableError
from obverse.types import SIDES
from obverse.words import count

Role = Literal["catalogue", "query", "unknown"]
ROLES: tuple[Role, ...] = ("catalogue", "query", "unknown")
COLUMNS = ("photo", "role", "item")


@dataclass(frozen=True, slots=True)
class Case:
    """One row of a protocol.

    Attributes:
        photo: the picture as the file names it, relative to the root.
        path: where it lies.
        role: catalogue, query or unknown.
        item: id of the item it shows; may be empty for ``unknown``.
        year: the year on it, empty where nobody said.
        side: one of ``obverse.types.SIDES``, empty where nobody said.
        line: the line of the file, from 1.
    """

    photo: str
    path: Path
    role: Role
    item: str
    year: str = ""
    side: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol file, read and checked."""

    name: str
    root: Path
    rows: tuple[Case, ...]

    @property
    def catalogue(self) -> tuple[Case, ...]:
        """The rows that make up the catalogue."""
        return tuple(r for r in self.rows if r.role == "catalogue")

    @property
    def queries(self) -> tuple[Case, ...]:
        """The rows that are asked about, known and unknown, in file order."""
        return tuple(r for r in self.rows if r.role != "catalogue")

    def note(self) -> str:
        """The split in one sentence."""
        views, known = self.catalogue, [r for r in self.queries if r.role == "query"]
        unknown = [r for r in self.queries if r.role == "unknown"]
        asked = {r.item for r in known}
        items = {r.item for r in views}
        text = (
            f"{count(len(views), 'catalogue view')} of {count(len(items), 'item')}; "
            f"{count(len(known), 'query')} about {len(asked):,} of them"
        )
        return f"{text}; {count(len(unknown), 'photo')} of items the catalogue lacks"


def read(path: str | Path, *, root: str | Path | None = None) -> Protocol:
    """Read a protocol file.

    Args:
        path: the CSV file, UTF-8.
        root: the folder its photos are relative to; by default the folder of the file.

    Raises:
        TableError: the file cannot be read or is no protocol; says which line, and what to do.
    """
    file = Path(path)
    base = file.parent if root is None else Path(root)
    if not base.is_dir():
        raise TableError("no such folder", where=base, hint="name the photos' folder with --root")
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = tuple(_cases(file, base, stream))
    except FileNotFoundError:
        raise TableError("no such file", where=file, hint="check the path") from None
    except OSError as error:
        raise TableError(
            f"cannot be read ({error.strerror})", where=file, hint="name a table that you may read"
        ) from error
    except UnicodeDecodeError as error:
        raise TableError("is not UTF-8 text", where=file, hint="save it as UTF-8") from error
    protocol = Protocol(file.stem, base, rows)
    _check(file, protocol)
    return protocol


def _cases(file: Path, base: Path, stream: TextIO) -> Iterator[Case]:
    """Rows of the file, each checked by itself."""
    lines = csv.reader(stream, strict=True)
    try:
        header = [name.strip().lower() for name in next(lines, [])]
        _check_header(file, header)
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            where = f"{file}:{lines.line_num}"
            if len(cells) != len(header):
                raise TableError(
                    f"has {len(cells)} fields, the header {len(header)}",
                    where=where,
                    hint="quote fields that hold a comma",
                )
            row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            yield _case(base, row, where, lines.line_num)
    except csv.Error as error:
        raise TableError(f"is no CSV ({error})", where=file, hint="check its quotes") from error


def _check_header(file: Path, header: list[str]) -> None:
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise TableError(
            f"lacks the column {', '.join(missing)}",
            where=f"{file}:1",
            hint=f"a protocol has the columns {', '.join(COLUMNS)}",
        )
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise TableError(
            f"has the column {twice[0]!r} twice", where=f"{file}:1", hint="rename one of them"
        )


def _case(base: Path, row: dict[str, str], where: str, line: int) -> Case:
    photo, role, item = row["photo"], row["role"].lower(), row["item"]
    side = row.get("side", "").lower()
    if role not in ROLES:
        raise TableError(
            f"unknown role {row['role']!r}", where=where, hint=f"use one of: {', '.join(ROLES)}"
        )
    if not photo:
        raise TableError("the photo is missing", where=where, hint="write its file there")
    if not item and role != "unknown":
        raise TableError("the item is missing", where=where, hint="only unknown may leave it out")
    if side and side not in SIDES:
        raise TableError(
            f"unknown side {row['side']!r}", where=where, hint=f"use one of: {', '.join(SIDES)}"
        )
    path = _inside(base, photo, where)
    return Case(photo, path, role, item, row.get("year", ""), side, line)


def _inside(base: Path, photo: str, where: str) -> Path:
    """The photo's path; refuses to leave the root, so that a protocol from elsewhere reads nothing
    it was not given. Compared as text: links inside the root are the owner's own choice."""
    folder = os.path.abspath(base)  # noqa: PTH100 (resolve() would follow links)
    path = os.path.normpath(os.path.join(folder, photo))  # noqa: PTH118
    if "\0" in photo or not Path(path).is_relative_to(folder):
        raise TableError(
            f"the photo {photo!r} lies outside {base}",
            where=where,
            hint="name a higher folder with --root",
        )
    return Path(path)


def _check(file: Path, protocol: Protocol) -> None:
    """What can only be seen from all rows together."""
    if not protocol.catalogue:
        raise TableError(
            "has no row with the role catalogue",
            where=file,
            hint="add pictures to search",
        )
    if not protocol.queries:
        raise TableError(
            "has no row with the role query or unknown",
            where=file,
            hint="add photos to ask",
        )
    items = {row.item for row in protocol.catalogue}
    for row in protocol.queries:
        where = f"{file}:{row.line}"
        if row.role == "query" and row.item not in items:
            raise TableError(
                f"the query's item {row.item!r} is not in the catalogue",
                where=where,
                hint="give it the role unknown, or add a catalogue row",
            )
        if row.role == "unknown" and row.item in items:
            raise TableError(
                f"the item {row.item!r} is called unknown but is in the catalogue",
                where=where,
                hint="give it the role query",
            )
