"""Connections by TLS, counted and timed from the moment they open.

Where TLS is uvicorn's, nothing of ours sees a connection before the handshake is done: one that
says nothing would stay for a minute, and one address could hold any number of them. Here we take
connections in ourselves, and they go to uvicorn's protocol once the two have shaken hands.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import uvicorn

from obverse.server.guard import network_of
from obverse.server.protocol import Protocol

PAUSE_S = 1.0
"""Before the next try where no connection can be taken, as no file is left to open."""


class Doorkeeper(uvicorn.Server):
    """uvicorn's server, for a configuration with TLS and the protocol of ``limited``."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        protocol = self.config.http_protocol_class
        assert isinstance(protocol, type)
        assert issubclass(protocol, Protocol)
        self._protocol = protocol
        self._shaking: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        await super().startup(sockets=[])
        for listening in sockets or ():
            self._do(self._take_in(listening))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for task in self._tasks:
            task.cancel()
        await super().shutdown(sockets)

    async def _take_in(self, listening: socket.socket) -> None:
        listening.setblocking(False)
        while True:
            try:
                line, address = await asyncio.get_running_loop().sock_accept(listening)
            except OSError:
                await asyncio.sleep(PAUSE_S)
                continue
            peer = network_of(address[0])
            if self._is_full(peer):
                line.close()
            else:
                self._shaking[peer] += 1
                self._do(self._shake(line, peer))

    def _is_full(self, peer: str) -> bool:
        most, total = self._protocol.most, self.config.limit_concurrency
        if total is not None and self._shaking.total() >= total:
            return True
        return most is not None and self._shaking[peer] + self._protocol.opened[peer] >= most

    async def _shake(self, line: socket.socket, peer: str) -> None:
        try:
            with suppress(OSError):  # of TLS, too: there is nobody to tell
                await asyncio.get_running_loop().connect_accepted_socket(
                    self._make,
                    line,
                    ssl=self.config.ssl,
                    ssl_handshake_timeout=self._protocol.header_seconds,
                )
        finally:
            self._shaking[peer] -= 1
            if not self._shaking[peer]:
                del self._shaking[peer]

    def _make(self) -> Protocol:
        state = self.lifespan.state
        return self._protocol(config=self.config, server_state=self.server_state, app_state=state)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
