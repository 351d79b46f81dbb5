"""Keys: random tokens, shown once, kept as hashes, compared in constant time.

A key is 256 random bits, so one round of SHA-256 keeps it: there is nothing to guess that a slow
hash would slow down. A key chosen by hand is only ever in the server's memory, and wrong guesses
are rationed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import secrets
import time
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from obverse.catalogue.folder import KEYS, exists, lock, write_whole
from obverse.errors import CatalogueDamaged, CatalogueMissing, NotInCatalogue, UsageError

log = logging.getLogger("obverse.server")

PREFIX = "obv_"
SHORTEST = 16
"""Letters that a key chosen by hand must have."""
SESSION_SECONDS = 12 * 3600
SESSIONS = 10_000
"""Sessions of browsers, at most; the oldest goes first."""


def hash_key(key: str) -> str:
    """What is kept of a key, 64 hex digits."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def chosen(key: str) -> str:
    """The hash of a key that somebody chose. Raises ``UsageError`` if it is too short."""
    if len(key) < SHORTEST:
        raise UsageError(
            f"a key of {len(key)} letters can be guessed", hint=f"use {SHORTEST} or more"
        )
    return hash_key(key)


def is_right(key: str, hashes: tuple[str, ...]) -> bool:
    """Is it one of these? Takes as long whichever it is."""
    given = hash_key(key)
    found = False
    for known in hashes:
        found |= hmac.compare_digest(given, known)
    return found


def make(catalogue: str | Path, name: str) -> str:
    """Make a key for a catalogue and keep its hash; returns the key, which nobody can show again.

    Raises:
        CatalogueMissing: no catalogue at that place.
        UsageError: a name that is none, or taken.
    """
    if not re.fullmatch(r"[\w .-]{1,64}", name):
        raise UsageError(f"{name!r} is no name for a key", hint="use letters, digits, - and .")
    key = PREFIX + secrets.token_urlsafe(32)
    folder = _folder(catalogue)
    with lock(folder):
        table = read(catalogue)
        if name in table:
            raise UsageError(f"there is a key {name!r}", hint="revoke it first: --revoke")
        made = datetime.now(UTC).isoformat(timespec="seconds")
        _write(folder, {**table, name: {"sha256": hash_key(key), "made": made}})
    return key


def revoke(catalogue: str | Path, name: str) -> None:
    """Take a key back. Raises ``NotInCatalogue`` if there is none of that name."""
    folder = _folder(catalogue)
    with lock(folder):
        table = read(catalogue)
        if name not in table:
            raise NotInCatalogue(
                f"no key {name!r}", where=catalogue, hint="obverse key CATALOGUE lists them"
            )
        del table[name]
        _write(folder, table)


def read(catalogue: str | Path) -> dict[str, dict[str, str]]:
    """The keys of a catalogue by name: their hashes, and when they were made."""
    path = Path(catalogue) / KEYS
    try:
        table = json.loads(path.read_text("utf-8"))
        return {str(name): {"sha256": k["sha256"], "made": k["made"]} for name, k in table.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CatalogueDamaged(
            f"its keys cannot be read ({error})", where=path, hint="restore the file, or remove it"
        ) from error


def listed(catalogue: str | Path) -> list[dict[str, str]]:
    """The keys by name, without their hashes. Raises ``CatalogueMissing``."""
    _folder(catalogue)
    return [{"name": name, "made": key["made"]} for name, key in sorted(read(catalogue).items())]


class Ring:
    """The keys that open a server: those it was given, and the catalogue's, read again whenever
    their file changes, so that a key opens, or opens nothing any more, from the next request on.

    Args:
        catalogue: its folder.
        given: hashes of further keys.

    Raises:
        CatalogueDamaged: its keys cannot be read.
    """

    def __init__(self, catalogue: str | Path, given: tuple[str, ...] = ()) -> None:
        self._catalogue, self._given = catalogue, given
        self._seen = self._stamp()
        self._hashes = self._read()

    def __call__(self) -> tuple[str, ...]:
        """The hashes of all keys, now. If the file can be read no longer, those of before."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._hashes = self._read()
            except CatalogueDamaged:
                log.exception("keys cannot be read; those of before hold")
        return self._hashes

    def _read(self) -> tuple[str, ...]:
        return (*self._given, *(key["sha256"] for key in read(self._catalogue).values()))

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = (Path(self._catalogue) / KEYS).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


class Sessions:
    """Browsers that have shown a key: a cookie stands for it, so that pictures can be seen. It
    opens reading only, so no other site can write by it, and nothing once the key is revoked."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def start(self, key: str) -> str:
        """A new session's cookie, for a key that is right."""
        while len(self._open) >= SESSIONS:
            self._open.popitem(last=False)
        token = secrets.token_urlsafe(24)
        self._open[hash_key(token)] = (time.monotonic() + SESSION_SECONDS, hash_key(key))
        return token

    def is_open(self, token: str, hashes: tuple[str, ...]) -> bool:
        """Does this cookie stand for one of these keys?"""
        ends, key = self._open.get(hash_key(token), (0.0, ""))
        return ends > time.monotonic() and key in hashes


def _folder(catalogue: str | Path) -> Path:
    if not exists(catalogue):
        raise CatalogueMissing("no catalogue there", where=catalogue, hint="check the path")
    return Path(catalogue)


def _write(folder: Path, table: dict[str, Any]) -> None:
    write_whole(folder, KEYS, (json.dumps(table, indent=2) + "\n").encode())
