"""Where results go. What would be lost there, or cannot be written, is told before any work."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from obverse.errors import UsageError
from obverse.headers import sniff

HEAD = 512
"""Bytes of a file that tell whether it is a picture."""


def check_file(path: Path, inputs: Iterable[str | Path] = ()) -> None:
    """Raises ``UsageError`` if no file can be written there, or if it is one of the inputs."""
    if path.is_dir():
        raise UsageError("is a folder", where=path, hint="name a file in it")
    _check_way(path.parent)
    if not path.parent.is_dir():
        raise UsageError("no such folder", where=path.parent, hint="make it first")
    _check_place(path)
    keep_inputs([path], inputs)


def check_table(path: Path | None, inputs: Iterable[str | Path] = ()) -> None:
    """As ``check_file``, and no picture is replaced by a table."""
    if path is None:
        return
    check_file(path, inputs)
    if path.is_file():
        with path.open("rb") as stream:
            if sniff(stream.read(HEAD)):
                raise UsageError("is a picture", where=path, hint="write the table somewhere else")


def check_picture(path: Path | None, inputs: Iterable[str | Path] = ()) -> None:
    """As ``check_file``, of a kind of picture that can be written."""
    if path is None:
        return
    from obverse.canvas import check_format

    check_file(path, inputs)
    check_format(path)


def check_folder(path: Path) -> None:
    """Raises ``UsageError`` if no folder for results can be there."""
    _check_way(path)
    _check_place(path)


def keep_inputs(files: Iterable[Path], inputs: Iterable[str | Path]) -> None:
    """Raises ``UsageError`` if a file to be written is one of the inputs, by whatever name."""
    taken = {_identity(Path(one)) for one in inputs}
    for file in files:
        if _identity(file) in taken:
            raise UsageError("is the photo itself", where=file, hint="write it somewhere else")


def _identity(path: Path) -> object:
    """Equal for all names of one file, as ``os.path.samefile`` has it; its place where none is."""
    try:
        found = path.stat()
    except OSError:
        return path.resolve()
    return found.st_dev, found.st_ino


def pictures_for(draw: Path | None, photos: list[str], kind: str = ".jpg") -> dict[str, Path]:
    """Where each photo's picture goes: the file named, or one each in the folder named, of that
    kind, which is made. Raises ``UsageError``."""
    if draw is None:
        return {}
    from obverse.canvas import FORMATS

    if len(photos) == 1 and not draw.is_dir():
        check_picture(draw, photos)
        return {photos[0]: draw}
    if draw.suffix.lower() in FORMATS and not draw.is_dir():
        raise UsageError(
            "one picture cannot show several photos", where=draw, hint="name a folder with --draw"
        )
    check_folder(draw)
    pictures: dict[str, Path] = {}
    for photo in photos:
        name, number = f"{Path(photo).stem}{kind}", 2
        while draw / name in pictures.values():
            name, number = f"{Path(photo).stem}-{number}{kind}", number + 1
        pictures[photo] = draw / name
    keep_inputs(pictures.values(), photos)
    draw.mkdir(parents=True, exist_ok=True)
    return pictures


def _check_way(folder: Path) -> None:
    """Raises ``UsageError`` if a file stands where a folder is or would be made."""
    from obverse.catalogue.folder import nearest

    there = nearest(folder)
    if not there.is_dir():
        raise UsageError("is a file, not a folder", where=there, hint="choose another place")


def _check_place(path: Path) -> None:
    """Raises ``UsageError`` in a catalogue, and where nothing may be written."""
    from obverse.catalogue.folder import is_ours, nearest

    if any(is_ours(one) for one in (path, *path.absolute().parents)):
        raise UsageError("belongs to a catalogue", where=path, hint="choose a place outside of it")
    if not os.access(nearest(path), os.W_OK):
        raise UsageError("may not be written", where=path, hint="choose a place that you may write")
