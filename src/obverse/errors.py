"""Every error the package raises on purpose.

::

    ObverseError                     exit 1
    ├── UsageError                   exit 2   an argument makes no sense
    │   └── TableError               exit 2   a CSV or manifest cannot be understood
    ├── PhotoError                   exit 1   one photo cannot be used
    │   ├── PhotoMissing                      no such file
    │   ├── PhotoUnreadable                   a directory, a pipe, no permission, an I/O error
    │   ├── PhotoEmpty                        zero bytes
    │   ├── PhotoTooLarge                     over the limit on bytes or megapixels
    │   ├── PhotoTooSmall                     too few pixels to hold a design
    │   ├── NotAPhoto                         no decoder knows these bytes
    │   └── PhotoDamaged                      a known format, cut off or corrupt
    ├── CatalogueError               exit 1
    │   ├── CatalogueMissing         exit 2   no catalogue at that place
    │   ├── CatalogueMismatch                 made with another recipe or model
    │   │   └── OtherStage           exit 2   the recipe or stage named is not the one it has
    │   ├── CatalogueNewer                    written by a newer version
    │   ├── CatalogueDamaged                  the folder is not what it should be
    │   ├── NotInCatalogue           exit 2   no such item or view
    │   ├── AlreadyInCatalogue       exit 2   another item has that id
    │   └── ChangedSince                      what a change made is not as it left it
    ├── ModelError                   exit 1   a shipped or named model cannot be used
    ├── MissingExtra                 exit 1   a part that was not installed is needed
    ├── Interrupted                  exit 130 Ctrl-C
    └── ServerError                  exit 1   a server refuses, or cannot be reached
        ├── KeyNeeded                         no key, or a wrong one
        ├── Forbidden                         refused, whatever the key
        ├── BodyTooLarge                      more was sent than is taken
        ├── WrongMedia                        what was sent is of a media type that is not taken
        ├── TooSlow                           what was sent took too long to arrive
        ├── TooManyRequests                   one client asks for too much at a time
        └── Busy                              all clients together do; try again soon

A message is one line: what happened, where, and what to do next.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class ObverseError(Exception):
    """The root of the tree.

    Args:
        what: what happened, a short clause without a full stop.
        where: the file, column, item or address concerned.
        hint: what the reader can do next.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: object = None, hint: str = "") -> None:
        self.what = what
        self.where = "" if where is None else str(where)
        self.hint = hint
        line = f"{self.where}: {what}" if self.where else what
        super().__init__(" ".join((f"{line}; {hint}" if hint else line).split()))

    def to_dict(self) -> dict[str, Any]:
        """The error as plain data, for JSON."""
        return {
            "error": type(self).__name__,
            "what": self.what,
            "where": self.where,
            "hint": self.hint,
        }


@contextmanager
def told() -> Iterator[None]:
    """For scripts: an error, or a file that cannot be used, is one line on stderr and an exit code
    instead of a traceback."""
    try:
        yield
    except ObverseError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}" if error.filename else str(error))


@contextmanager
def writing(where: object) -> Iterator[None]:
    """While a file is written: what the disk refuses is an error that says where."""
    try:
        yield
    except OSError as error:
        raise ObverseError(
            f"cannot be written ({error.strerror or error})",
            where=where,
            hint="check the disk and the permissions",
        ) from error


class UsageError(ObverseError):
    """An argument makes no sense."""

    exit_code = 2


class TableError(UsageError):
    """A CSV file or a protocol cannot be understood."""


class PhotoError(ObverseError):
    """One photo cannot be used; others can."""


class PhotoMissing(PhotoError):
    """No such file."""


class PhotoUnreadable(PhotoError):
    """A directory, a pipe, a file without permission, an input/output error."""


class PhotoEmpty(PhotoError):
    """Zero bytes."""


class PhotoTooLarge(PhotoError):
    """Over the limit on bytes or megapixels."""


class PhotoTooSmall(PhotoError):
    """Too few pixels to hold a design."""


class NotAPhoto(PhotoError):
    """No decoder knows these bytes."""


class PhotoDamaged(PhotoError):
    """A known format, but cut off or corrupt."""


class CatalogueError(ObverseError):
    """Something about a catalogue."""


class CatalogueMissing(CatalogueError):
    """No catalogue at that place."""

    exit_code = 2


class CatalogueMismatch(CatalogueError):
    """The catalogue was made with another recipe or model."""


class OtherStage(CatalogueMismatch):
    """A recipe or a stage was named that the catalogue was not made with."""

    exit_code = 2


class CatalogueNewer(CatalogueError):
    """The catalogue was written by a newer version of the package."""


class CatalogueDamaged(CatalogueError):
    """The folder is not what it should be."""


class NotInCatalogue(CatalogueError):
    """No such item or view."""

    exit_code = 2


class AlreadyInCatalogue(CatalogueError):
    """Another item has that id."""

    exit_code = 2


class ChangedSince(CatalogueError):
    """What a change made was changed again, so it cannot be taken back alone."""


class ModelError(ObverseError):
    """A shipped or named model cannot be used."""


class MissingExtra(ObverseError):
    """What was asked for needs an optional part of the package (``obverse[...]``)."""


class Interrupted(ObverseError):
    """The user stopped it (Ctrl-C)."""

    exit_code = 130


class ServerError(ObverseError):
    """A server refuses, or cannot be reached."""


class KeyNeeded(ServerError):
    """No key was given, or a wrong one."""


class Forbidden(ServerError):
    """Refused, whatever the key."""


class BodyTooLarge(ServerError):
    """More was sent than is taken."""


class WrongMedia(ServerError):
    """What was sent is of a media type that is not taken."""


class TooSlow(ServerError):
    """What was sent took too long to arrive."""


class TooManyRequests(ServerError):
    """One client asks for too much at a time."""


class Busy(ServerError):
    """All clients together ask for too much; it can be tried again soon."""
