"""Connections that stall are cut: in the head of a request, and in taking the answer.

uvicorn times a connection between two requests only; here it is timed from the moment it opens,
and while the client does not take what it asked for. uvicorn counts all connections together; here
those of one address are counted, too, so that none can take them all.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from obverse.server.guard import network_of
from obverse.server.settings import Settings


class Protocol(H11Protocol):
    """HTTP/1.1 by h11, with two more clocks and a count; ``limited`` makes one with its limits."""

    header_seconds: float
    write_seconds: float
    most: int | None
    """Connections of one address."""
    opened: Counter[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head = self.loop.call_later(self.header_seconds, self._cut)
        self._peer = network_of(self.client[0]) if self.client else ""
        self.opened[self._peer] += 1
        if self.most is not None and self.opened[self._peer] > self.most:
            self._cut()

    def connection_lost(self, exc: Exception | None) -> None:
        self.opened[self._peer] -= 1
        if not self.opened[self._peer]:
            del self.opened[self._peer]
        self._stop("_head")
        self._stop("_taking")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head is None and self.conn.their_state is h11.IDLE:
            # The next request has begun to arrive.
            self._head = self.loop.call_later(self.header_seconds, self._cut)

    def handle_events(self) -> None:
        super().handle_events()
        if self.conn.their_state is not h11.IDLE:
            self._stop("_head")

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking = self.loop.call_later(self.write_seconds, self._cut)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop("_taking")

    def _stop(self, name: str) -> None:
        timer = getattr(self, name)
        if timer is not None:
            timer.cancel()
            setattr(self, name, None)

    def _cut(self) -> None:
        self.transport.abort()


def limited(settings: Settings) -> type[Protocol]:
    """The protocol with these limits, for uvicorn's ``http``."""
    limits: dict[str, Any] = {
        "header_seconds": settings.header_seconds,
        "write_seconds": settings.write_seconds,
        # All of a proxy's connections come from one address.
        "most": None if settings.behind_proxy else settings.connections_each,
        "opened": Counter(),
    }
    return type("LimitedProtocol", (Protocol,), limits)
