"""A zip of photos, read in place: nothing in it is ever unpacked to disk.

It holds a folder per item, or a table ``catalogue.csv`` with the photos it names. What it claims
about itself is checked before it is believed.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from obverse.catalogue.importers import (
    TABLES,
    Listing,
    Problem,
    Row,
    folder_rows,
    natural_key,
    table_rows,
)
from obverse.errors import PhotoDamaged, PhotoMissing, PhotoTooLarge, UsageError
from obverse.photo import is_photo_name

LIST_BYTES = 16 * 2**20
"""Of the list of its members: some 150,000 of them."""
TABLE_BYTES = 64 * 2**20
END = b"PK\5\6"
END_SIZE, COMMENT = 22, 2**16
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The two that no small file makes large without the limit on what is read noticing."""


class Archive:
    """An open zip.

    Args:
        stream: the file, open for reading.
        most: largest photo in it, in bytes.

    Raises:
        UsageError: no zip, or one that this does not read.
    """

    def __init__(self, stream: BinaryIO, most: int) -> None:
        _check_end(stream)
        try:
            self._zip = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise UsageError(
                f"no sound zip ({error})", where="zip", hint="make it again"
            ) from error
        self._most = most
        self._problems: list[Problem] = []
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            name = _name(info.filename)
            if info.is_dir() or _is_hidden(name):
                continue
            if name in self._members:
                what = "two files of this name, of which the last is taken; rename one"
                self._problems.append(Problem(name, "UsageError", what))
            self._members[name] = info

    def listing(self) -> Listing:
        """Its photos as rows, as ``obverse.catalogue.importers`` lists a folder or a table.

        Raises:
            TableError: the table cannot be understood as a whole.
            UsageError: there are no photos in it.
        """
        tables = [n for n in self._members if PurePosixPath(n).suffix.lower() in TABLES]
        if tables:
            # The table nearest the top, and of several there the one called catalogue.
            name = min(tables, key=lambda n: (n.count("/"), "catalogue" not in n.lower(), n))
            listing = table_rows(self._read(name, TABLE_BYTES), Path(name), is_there=self._has)
        else:
            listing = Listing(self._folders(), [])
        listing.problems.extend(self._problems)
        if not listing.rows and not listing.problems:
            raise UsageError(
                "no photos in it", where="zip", hint="put a folder for each item into it"
            )
        return listing

    def read(self, row: Row) -> bytes:
        """A row's photo.

        Raises:
            PhotoMissing, PhotoTooLarge, PhotoDamaged.
        """
        name = _name(str(row.photo))
        if name not in self._members:
            raise PhotoMissing("not in the zip", where=name[:200], hint="check the table")
        return self._read(name, self._most)

    def _has(self, path: Path) -> bool:
        return _name(str(path)) in self._members

    def _folders(self) -> list[Row]:
        """One folder per item; a folder around everything counts for nothing."""
        by_folder: dict[tuple[str, ...], list[str]] = {}
        for name in self._members:
            *parts, last = name.split("/")
            if is_photo_name(last):
                by_folder.setdefault(tuple(parts), []).append(last)
        around = _common(list(by_folder))
        rows: list[Row] = []
        for folder in sorted(by_folder, key=lambda parts: natural_key("/".join(parts))):
            names = sorted(by_folder[folder], key=natural_key)
            inner = folder[around:]
            named = "/".join(inner or folder[-1:]) or "item"
            rows += folder_rows(Path(*folder), names, named, not inner)
        return rows

    def _read(self, name: str, most: int) -> bytes:
        info = self._members[name]
        where = name[:200]
        if info.compress_type not in METHODS or info.flag_bits & 1:
            raise PhotoDamaged("packed in a way not read here", where=where, hint="zip it anew")
        try:
            with self._zip.open(info) as member:
                data = member.read(most + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
            raise PhotoDamaged(f"damaged in the zip ({error})", where=where) from error
        except (NotImplementedError, RuntimeError) as error:  # patched, or strongly encrypted
            raise PhotoDamaged(
                f"not read here ({error})", where=where, hint="zip it anew"
            ) from error
        if len(data) > most:
            raise PhotoTooLarge(f"more than {most:,} bytes", where=where, hint="shrink it")
        return data


def _check_end(stream: BinaryIO) -> None:
    """How long the list of members is, before Python's reader takes it into memory whole."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - END_SIZE - COMMENT - 20))
    tail = stream.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < END_SIZE:
        raise UsageError("no zip, or one that is cut off", where="zip", hint="make it again")
    if tail[max(0, at - 20) :][:4] == b"PK\6\7":
        raise UsageError("more than 65,535 files or 4 GB", where="zip", hint="send it in parts")
    if int.from_bytes(tail[at + 12 : at + 16], "little") > LIST_BYTES:
        raise UsageError("too long a list of files", where="zip", hint="send it in parts")
    stream.seek(0)


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _name(path: str) -> str:
    """The one name of a member, however a zip or a table writes it: ``./a/../b.jpg`` is ``b.jpg``,
    and nothing is above the top."""
    parts: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _common(folders: Sequence[tuple[str, ...]]) -> int:
    """How many folders stand around everything, of those that hold no photo themselves."""
    if not folders:
        return 0
    around = 0
    shortest = min(map(len, folders))
    while around < shortest and len({folder[around] for folder in folders}) == 1:
        around += 1
    # A lone folder with photos is an item.
    return min(around, shortest - 1) if shortest else 0
