"""A bulk import of a server that is busy, or fails: it goes on, and says so."""

from __future__ import annotations

import asyncio
import errno
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from obverse.catalogue.importers import Row
from obverse.errors import Busy
from obverse.server import bulk
from obverse.server.forms import Parts


def events_of(photos: list[Exception | None], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The events of an import whose photos end so, one after the other."""
    ends = iter(photos)

    async def ask(client: str, work: Any) -> Row:
        error = next(ends)
        if error is not None:
            raise error
        return Row(Path("x"), "item", "", "", {})

    async def write(request: Any, work: Any, ids: Any) -> Any:
        await asyncio.sleep(0)
        return SimpleNamespace(added=1, skipped=0, moved=0, sides=0, failed=[], notes=["a copy"])

    monkeypatch.setattr(bulk, "RETRY_SECONDS", 0)
    monkeypatch.setattr(bulk, "TRIES", 3)
    server: Any = SimpleNamespace(
        asks=SimpleNamespace(run=ask), write=write, catalogue=SimpleNamespace(add=len)
    )
    request: Any = SimpleNamespace(scope={})

    async def collect() -> list[str]:
        rows = [Row(Path("x"), "item", "", "", {})]
        return [told async for told in bulk.add_all(request, server, None, rows, [], ["a slip"])]  # type: ignore[arg-type]

    blocks = [told.strip().split("\n") for told in asyncio.run(collect())]
    return [(a[len("event: ") :], json.loads(b[len("data: ") :])) for a, b in blocks]


def test_a_full_disk_says_so() -> None:
    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    parts = Parts("zip", Full())
    parts._is_file = True
    with pytest.raises(Busy, match="no room"):
        parts.callbacks()["on_part_data"](b"PK", 0, 2)


def test_it_waits_while_the_server_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    events = events_of([Busy("full"), Busy("full"), None], monkeypatch)
    assert events[-1] == (
        "done",
        {
            "added": 1,
            "skipped": 0,
            "moved": 0,
            "sides": 0,
            "failed": 0,
            "notes": ["a slip", "a copy"],
        },
    )


@pytest.mark.parametrize(
    ("ends", "code"),
    [([Busy("full")] * 3, "Busy"), ([NotImplementedError("flag bit 5")], "InternalError")],
)
def test_it_tells_of_every_failure(
    ends: list[Exception | None], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = events_of(ends, monkeypatch)
    assert [name for name, _ in events] == ["failure", "progress", "done"]
    assert events[0][1]["code"] == code
    assert events[-1][1]["failed"] == 1
