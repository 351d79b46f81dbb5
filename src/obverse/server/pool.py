"""Bounded work, fair to all clients.

A few threads work; a bounded number of requests wait, each in the line of its own client, and the
lines are served in turn. So a client that asks for a hundred things delays another by one of them.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from obverse.errors import Busy

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Job:
    """Work that waits: what to do, until when it is worth doing, and where the result goes."""

    work: Callable[[], Any]
    until: float
    result: asyncio.Future[Any]


class Pool:
    """Threads and the lines before them; used from one event loop.

    Args:
        name: for threads and messages.
        workers: threads.
        queue: jobs that may wait; ``each`` those of one client.
        seconds: how long a job may wait and be worked on.
    """

    def __init__(self, name: str, workers: int, queue: int, each: int, seconds: float) -> None:
        self.name, self.workers, self.queue, self.each = name, workers, queue, each
        self.seconds = seconds
        self.waiting = 0
        self.working = 0
        self.refused = 0
        self._lines: OrderedDict[str, deque[Job]] = OrderedDict()
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix=name)

    async def run(self, client: str, work: Callable[[], T], seconds: float | None = None) -> T:
        """Do it in a thread, when it is this client's turn.

        Raises:
            Busy: too many wait already, or the time is over; work under way then goes on and is
                thrown away, but holds its thread until it is done.
        """
        line = self._lines.get(client, ())
        if self.waiting >= self.queue or len(line) >= self.each:
            self.refused += 1
            raise Busy(f"{self.waiting} requests are waiting already", hint="try again in a moment")
        loop = asyncio.get_running_loop()
        limit = self.seconds if seconds is None else seconds
        job = Job(work, time.monotonic() + limit, loop.create_future())
        self._lines.setdefault(client, deque()).append(job)
        self.waiting += 1
        self._serve()
        try:
            return await asyncio.wait_for(job.result, limit)
        except TimeoutError:
            self.refused += 1
            raise Busy("it took too long", hint="try again, with a smaller photo") from None

    def close(self) -> None:
        """Wait for what is under way."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _serve(self) -> None:
        """Give free threads the first job of the next lines."""
        while self.waiting and self.working < self.workers:
            client, line = self._lines.popitem(last=False)
            job = line.popleft()
            self.waiting -= 1
            if line:
                self._lines[client] = line  # at the end: the others come first
            if not job.result.done() and job.until > time.monotonic():
                self.working += 1
                asyncio.get_running_loop().create_task(self._do(job))

    async def _do(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        try:
            done = await loop.run_in_executor(self._threads, job.work)
        except BaseException as error:
            if not job.result.done():
                job.result.set_exception(error)
        else:
            if not job.result.done():
                job.result.set_result(done)
        finally:
            self.working -= 1
            self._serve()
