"""Keys: random tokens, shown once, kept as hashes, compared in constant time.

A key is 256 random bits, so one round of SHA-256 keeps it: there is nothing to guess that a slow
hash would slow down. A key chosen by hand is only ever in the server's memory, and wrong guesses
are rationed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from obverse.catalogue.folder import KEYS, exists, lock, write_whole
from obverse.errors import CatalogueDamaged, CatalogueMissing, NotInCatalogue, UsageError

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


class Sessions:
    """Browsers that have shown a key: a cookie stands for it, so that pictures can be seen. It
    opens reading only, so no other site can write by it."""

    def __init__(self) -> None:
        self._ends: OrderedDict[str, float] = OrderedDict()

    def start(self) -> str:
        """A new session's cookie."""
        while len(self._ends) >= SESSIONS:
            self._ends.popitem(last=False)
        token = secrets.token_urlsafe(24)
        self._ends[hash_key(token)] = time.monotonic() + SESSION_SECONDS
        return token

    def is_open(self, token: str) -> bool:
        """Does this cookie stand for a key?"""
        return self._ends.get(hash_key(token), 0.0) > time.monotonic()


def _folder(catalogue: str | Path) -> Path:
    if not exists(catalogue):
        raise CatalogueMissing("no catalogue there", where=catalogue, hint="check the path")
    return Path(catalogue)


def _write(folder: Path, table: dict[str, Any]) -> None:
    write_whole(folder, KEYS, (json.dumps(table, indent=2) + "\n").encode())
