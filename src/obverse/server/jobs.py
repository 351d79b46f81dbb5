"""Long work, one at a time, asked about while it goes on."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from obverse.errors import Busy, NotInCatalogue
from obverse.server.watch import log
from obverse.types import Progress

Work = Callable[[Progress], dict[str, Any]]

REMEMBERED = 20
"""Jobs whose results are kept, in memory."""


@dataclass(slots=True)
class Job:
    """Work under way or done: ``running``, ``done``, ``failed`` or ``stopped``."""

    id: str
    state: str = "running"
    done: int = 0
    total: int = 0
    result: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"state": self.state, "done": self.done, "total": self.total, "result": self.result}


class Stopped(Exception):
    """The server stops, and so does the job."""


class Jobs:
    """All jobs of a server; one thread."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, work: Work) -> Job:
        """Start one. Raises ``Busy`` while another is running."""
        if self._thread is not None and self._thread.is_alive():
            raise Busy("a job is running already", hint="wait for it to end")
        job = Job(secrets.token_urlsafe(9))
        self._jobs[job.id] = job
        while len(self._jobs) > REMEMBERED:
            self._jobs.popitem(last=False)
        self._thread = threading.Thread(target=self._run, args=(work, job), name="job")
        self._thread.start()
        return job

    def get(self, id: str) -> Job:
        """One job. Raises ``NotInCatalogue``."""
        if id not in self._jobs:
            raise NotInCatalogue("no such job", hint="it is long over, or never was")
        return self._jobs[id]

    def latest(self) -> Job | None:
        """The last one that is done."""
        return next((j for j in reversed(self._jobs.values()) if j.state == "done"), None)

    def close(self) -> None:
        """Stop what is running, at its next step."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, work: Work, job: Job) -> None:
        def progress(done: int, total: int, text: str) -> None:
            job.done, job.total = done, total
            if self._stop.is_set():
                raise Stopped

        try:
            job.result = work(progress)
            job.state = "done"
        except Stopped:
            job.state = "stopped"
        except Exception:
            job.state = "failed"
            log.exception("job failed")
