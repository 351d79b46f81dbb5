"""Pictures that answers show: kept in memory for some minutes, under random names."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from typing import NamedTuple

KEEP_SECONDS = 600.0
KEEP_BYTES = 128 * 2**20
"""All pictures together; an answer's take some 150 kB."""


class Picture(NamedTuple):
    """An encoded picture and its media type."""

    data: bytes
    kind: str


class Pictures:
    """A bounded store; the oldest go first. Safe to share between threads."""

    def __init__(self, seconds: float = KEEP_SECONDS, size: int = KEEP_BYTES) -> None:
        self._seconds, self._size = seconds, size
        self._kept: OrderedDict[str, tuple[float, Picture]] = OrderedDict()
        self._bytes = 0
        self._turn = threading.Lock()

    def keep(self, data: bytes, kind: str) -> str:
        """Keep one; returns its name, which nobody can guess."""
        name = secrets.token_urlsafe(16)
        with self._turn:
            self._kept[name] = (time.monotonic() + self._seconds, Picture(data, kind))
            self._bytes += len(data)
            self._drop()
        return name

    def get(self, name: str) -> Picture | None:
        """The picture of that name; None if there is none, or no longer."""
        with self._turn:
            self._drop()
            found = self._kept.get(name)
        return found[1] if found else None

    def _drop(self) -> None:
        now = time.monotonic()
        while self._kept:
            ends, picture = next(iter(self._kept.values()))
            if ends > now and self._bytes <= self._size:
                return
            self._kept.popitem(last=False)
            self._bytes -= len(picture.data)
