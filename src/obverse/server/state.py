"""What all routes share: the open catalogue, the threads that work for it, what is remembered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, TypeVar
from weakref import ref

import numpy as np
from starlette.requests import Request

from obverse.catalogue.catalogue import Catalogue
from obverse.photo import Limits
from obverse.server import keys
from obverse.server.album import Album
from obverse.server.guard import GUESSES, Rates
from obverse.server.jobs import Jobs
from obverse.server.keys import Sessions
from obverse.server.pictures import Pictures
from obverse.server.pool import Pool
from obverse.server.settings import Settings
from obverse.server.shelf import Shelf
from obverse.server.watch import Metrics, log

T = TypeVar("T")
BLANK = 64
"""Side of the grey square that is asked about first, so that every model is loaded."""
WRITES_WAIT = 32
"""Writes that may wait; they are done one after the other."""


class State:
    """One server's."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        limits = Limits(bytes=settings.max_bytes, megapixels=settings.max_megapixels)
        self.catalogue = Catalogue(settings.catalogue, create=False, limits=limits)
        self.keys = keys.Ring(settings.catalogue, settings.keys)
        self.sessions = Sessions()
        self.guesses = Rates(*GUESSES)
        self.pictures = Pictures()
        self.shelf = Shelf(self.catalogue.store)
        self.album = Album(self.catalogue.store)
        self.metrics = Metrics()
        self.name = Path(settings.catalogue).name
        each, seconds = settings.queue_each, settings.work_seconds
        self.asks = Pool("ask", settings.workers, settings.queue, each, seconds)
        self.reads = Pool("read", 4, 256, 64, seconds)
        self.writes = Pool("write", 1, WRITES_WAIT, WRITES_WAIT, 5 * seconds)
        self.jobs = Jobs()
        # The zip that is being added: one at a time, as each may fill the disk. Where an answer is
        # dropped before it has begun, nobody closes the file but the garbage collector.
        self.upload: ref[BinaryIO] | None = None
        self.is_ready = False
        self.started = time.time()
        for pool in (self.asks, self.reads, self.writes):
            self._watch(pool)
        self.metrics.gauge("obverse_items", "In the catalogue.", lambda: len(self.shelf))

    def _watch(self, pool: Pool) -> None:
        gauge = self.metrics.gauge
        gauge(f"obverse_{pool.name}_waiting", "Requests waiting.", lambda: pool.waiting)
        gauge(f"obverse_{pool.name}_working", "Requests worked on.", lambda: pool.working)
        gauge(f"obverse_{pool.name}_refused", "Requests turned away.", lambda: pool.refused)

    def start(self) -> None:
        """Load every model and the list of items, beside the first requests."""
        threading.Thread(target=self._warm, name="warm", daemon=True).start()

    def _warm(self) -> None:
        try:
            self.catalogue.identify(np.full((BLANK, BLANK, 3), 128, np.uint8), year=False)
            self.shelf.page(limit=0)  # reads all and sorts it, as the first page of the app asks
            self.is_ready = True
            log.info("ready", extra={"facts": {"items": len(self.shelf)}})
        except Exception:
            log.exception("not ready")

    def close(self) -> None:
        """Finish what was accepted, then let go of the catalogue."""
        self.jobs.close()
        for pool in (self.asks, self.reads, self.writes):
            pool.close()
        self.catalogue.close()

    async def write(
        self, request: Request, work: Callable[[], T], ids: Callable[[T], Sequence[str]]
    ) -> T:
        """Change the catalogue, after all who came before; ``ids`` tells which items were."""

        def change() -> T:
            self.shelf.refresh()
            done = work()
            self.shelf.changed(ids(done))
            return done

        return await self.writes.run(client(request), change)


def of(request: Request) -> State:
    """The state of the server that a request came to."""
    state = request.app.state.server
    assert isinstance(state, State)
    return state


def client(request: Request) -> str:
    """The address that asks, as the guard found it."""
    return str(request.scope.get("obverse.client", ""))
