"""A catalogue's folder: its manifest, its lock, and errors of disk and database in our words."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from obverse.catalogue.store import BLOBS, FORMAT, Manifest
from obverse.errors import (
    CatalogueDamaged,
    CatalogueError,
    CatalogueMismatch,
    CatalogueMissing,
    CatalogueNewer,
    OtherStage,
)

MANIFEST = "manifest.json"
TABLES = ("items.lance", "views.lance")
UNDO, KEYS, CORRECTIONS, TLS = "undo", "keys.json", "corrections", "tls.pem"
SWEEPS, SWEEP_SECONDS = 5, 0.05
"""An empty table is written in 1 to 20 ms on 2 busy cores."""
TOKEN = re.compile("[0-9a-f]{36}")
"""What a file that undoes a change is called; any other file there is somebody else's."""
FILES = {MANIFEST, KEYS, TLS, *BLOBS.values()}
OURS = {".lock", *FILES, *(f"{name}.part" for name in FILES), UNDO, CORRECTIONS, *TABLES}


def exists(uri: str | Path) -> bool:
    """Is there a catalogue, whole or damaged, at this place?"""
    return (Path(uri) / MANIFEST).exists()


def is_ours(uri: str | Path) -> bool:
    """Is what ``exists`` finds there really ours? Others call a file ``manifest.json``, too."""
    folder = Path(uri)
    if not exists(folder):
        return False
    if any((folder / table).is_dir() for table in TABLES):
        return True
    try:
        data = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(data, dict) and {"format", "recipe", "models"} <= data.keys()


def check(manifest: Manifest, expected: Manifest, where: object = "") -> None:
    """Refuse a catalogue made with another recipe or model.

    Raises:
        CatalogueMismatch: it names what differs and the way out.
    """
    if manifest.recipe != expected.recipe:
        raise OtherStage(
            f"made with recipe {manifest.recipe!r}, not {expected.recipe!r}",
            where=where,
            hint="leave the recipe out, or add the photos to a new catalogue",
        )
    for stage, model in expected.models.items():
        had = manifest.models.get(stage, "none")
        if had != model:
            raise CatalogueMismatch(
                f"its {stage} was {had}, this version has {model}; their views cannot be mixed",
                where=where,
                hint="add the photos to a new catalogue (obverse export lists them)",
            )


def nearest(path: Path) -> Path:
    """What is there of a path: itself, or the next of its parents that is."""
    return next(one for one in (path, *path.absolute().parents) if one.exists())


def check_place(uri: str | Path) -> None:
    """Raises ``CatalogueMissing`` where none can be, as there is a file."""
    there = nearest(Path(uri))
    if not there.is_dir():
        raise CatalogueMissing(
            "is a file; a catalogue is a folder", where=there, hint="check the path"
        )


def check_writable(uri: str | Path) -> None:
    """Before something takes long whose result goes into a catalogue. Raises ``CatalogueError`` if
    the folder cannot be written."""
    if not os.access(uri, os.W_OK):
        raise _refused(uri, os.strerror(errno.EACCES))


def read_manifest(uri: str | Path) -> Manifest:
    """The manifest of a catalogue. Raises as ``LanceStore.open`` does."""
    path = Path(uri) / MANIFEST
    try:
        data = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        check_place(uri)
        raise _missing(Path(uri)) from None
    except OSError as error:
        raise _refused(uri, error.strerror or str(error)) from error
    except ValueError as error:
        raise CatalogueDamaged(
            f"its manifest cannot be read ({error})", where=uri, hint="restore it from a backup"
        ) from error
    try:
        if int(data["format"]) > FORMAT:
            raise CatalogueNewer(
                f"written in format {data['format']}, this version reads up to {FORMAT}",
                where=uri,
                hint="upgrade: pip install -U obverse",
            )
        channels, angles, radii = (int(n) for n in data["map_shape"])
        return Manifest(
            recipe=str(data["recipe"]),
            models={str(k): str(v) for k, v in data["models"].items()},
            dim=int(data["dim"]),
            map_shape=(channels, angles, radii),
            format=int(data["format"]),
            created=str(data["created"]),
            version=str(data["version"]),
            embedder=str(data.get("embedder", "")),
            finder=str(data.get("finder", "")),
            post=str(data.get("post", "")),
            verifier=str(data.get("verifier", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CatalogueDamaged(
            f"its manifest makes no sense ({error})", where=uri, hint="restore it from a backup"
        ) from error


def _missing(folder: Path) -> CatalogueError:
    """What is told of a place without a manifest."""
    if any((folder / table / "data").is_dir() for table in TABLES):
        return CatalogueDamaged(
            f"its {MANIFEST} is missing", where=folder, hint="restore it from a backup"
        )
    hint = f"check the path, or make one: obverse add {folder} PHOTOS"
    if folder.is_dir() and any(path.name[0] != "." for path in folder.iterdir()):
        hint = f"check the path, or make one of it: obverse add coins.obv {folder}"
    return CatalogueMissing("no catalogue there", where=folder, hint=hint)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Whole or not at all, whatever happens meanwhile."""
    write_whole(folder, MANIFEST, (json.dumps(manifest.to_dict(), indent=2) + "\n").encode())


def read_blob(folder: Path, name: str) -> bytes | None:
    """The bytes of a file beside the rows; None where there is none."""
    path = folder / name
    return path.read_bytes() if path.exists() else None


def write_blob(folder: Path, name: str, data: bytes | None) -> None:
    """Whole or not at all; None removes it."""
    if data is None:
        (folder / name).unlink(missing_ok=True)
    else:
        write_whole(folder, name, data)


def write_kept(folder: Path, token: str, data: bytes | None) -> None:
    """What undoes a change, whole or not at all; None removes it. The caller holds the lock, so
    whatever is unfinished was left by a killed process, and goes."""
    if data is None:
        (folder / UNDO / token).unlink(missing_ok=True)
    else:
        (folder / UNDO).mkdir(exist_ok=True)
        for path in (folder / UNDO).glob("*.part"):
            if TOKEN.fullmatch(path.stem):
                path.unlink()
        write_whole(folder / UNDO, token, data)


def read_kept(folder: Path, token: str) -> bytes | None:
    """What was kept under a token that ``list_kept`` has; None for any other."""
    return (folder / UNDO / token).read_bytes() if token in list_kept(folder) else None


def list_kept(folder: Path) -> list[str]:
    """The tokens of all that is kept."""
    place = folder / UNDO
    names = (p.name for p in place.iterdir()) if place.is_dir() else ()
    return sorted(name for name in names if TOKEN.fullmatch(name))


def write_whole(folder: Path, name: str, data: bytes) -> None:
    """A file, whole or not at all, and on disk when this returns."""
    part = folder / f"{name}.part"
    with part.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(folder / name)


def measure(folder: Path) -> int:
    """Bytes of all files; a file that a writer removes meanwhile counts nothing."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.stat(os.path.join(root, name)).st_size  # noqa: PTH116, PTH118 speed
    return total


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """One writer at a time, among all processes."""
    from filelock import FileLock

    with FileLock(folder / ".lock"):
        yield


def drop_unmade(folder: Path) -> None:
    """What an interrupted creation left goes, unless another process made a catalogue of it. The
    engine ends behind our back what it had begun, so this is done until it is through."""
    with suppress(FileNotFoundError):
        if not folder.is_dir() or any(path.name not in OURS for path in folder.iterdir()):
            return
        with lock(folder):
            if not exists(folder):
                for _ in range(SWEEPS):
                    shutil.rmtree(folder, ignore_errors=True)
                    time.sleep(SWEEP_SECONDS)


_ENGINE = re.compile(r"lance error: |LanceError\(\w+\): |,? (?:at )?\S+\.rs:[\d:]+")
"""What the engine's errors say of its own source."""
_DAMAGE = {
    "Table '": "one of its tables is missing",
    "Not found: ": "one of its files is missing",
    "failed to fill whole buffer": "one of its files is cut off",
    "not have sufficient data": "one of its files is cut off",
    "for object of size": "one of its files is cut off",
}
"""What the engine says of damage, in our words."""


@contextmanager
def errors(uri: object) -> Iterator[None]:
    """Whatever the engine or the disk says, in one line of ours."""
    try:
        yield
    except OSError as error:
        raise _refused(uri, error.strerror or str(error)) from error
    except (RuntimeError, ValueError) as error:
        said = _ENGINE.sub("", " ".join(str(error).split())).strip(" ,") or type(error).__name__
        for number in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS):
            if os.strerror(number) in said:
                raise _refused(uri, os.strerror(number)) from error
        plain = next((words for mark, words in _DAMAGE.items() if mark in said), "")
        raise CatalogueDamaged(
            plain or f"the database refuses ({said[:200]})",
            where=uri,
            hint="restore it from a backup",
        ) from error


def _refused(uri: object, why: str) -> CatalogueError:
    return CatalogueError(
        f"cannot be read or written ({why})", where=uri, hint="check the disk and the permissions"
    )
