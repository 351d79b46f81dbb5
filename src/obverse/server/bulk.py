"""Many photos at once: a zip in, events out while they are added."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO, TypeVar, cast
from weakref import ref

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from obverse.catalogue.adding import AddReport
from obverse.catalogue.archive import Archive
from obverse.catalogue.importers import Listing, Problem, Row
from obverse.catalogue.rows import SENT, check_id
from obverse.errors import Busy, ObverseError, UsageError
from obverse.server import describe, forms, state
from obverse.server.ask import Strict
from obverse.server.errors import RETRY_SECONDS, bare, problem, status_of
from obverse.server.state import State
from obverse.server.watch import log

routes = APIRouter(prefix="/v1", tags=["collection"])

BATCH = 16
"""Photos of one write: a few seconds, in which other writes wait."""
TRIES = 30
"""Of a photo or a write while the server is busy: a minute, before it counts as failed."""
T = TypeVar("T")


@routes.post(
    "/items:bulk",
    summary="Register many items from a zip",
    response_class=StreamingResponse,
    responses=describe.responses(
        describe.BODY,
        kind="text/event-stream",
        example='event: progress\ndata: {"done": 16, "total": 40, "text": "16 added"}\n\n',
    ),
    openapi_extra=describe.upload(Strict, most=1, name="zip", as_json=False),
)
async def bulk(request: Request) -> StreamingResponse:
    """The zip holds a folder per item, or a table `catalogue.csv` and the photos it names. Events
    are `progress`, `failure` for each photo that cannot be used, and `done`, with what was `added`,
    `skipped` as it is there, `moved` to another name, or shows another of the `sides`, and `notes`
    about what looks like a slip. What was added when the connection breaks stays; sending the same
    zip again goes on from there."""
    server = state.of(request)
    earlier = server.upload() if server.upload else None
    if earlier is not None and not earlier.closed:
        raise Busy("another zip is being added", hint="send yours when that is done")
    stream = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 closed by the events
    server.upload = ref(stream)
    try:
        await forms.read_file(request, stream, name="zip")
        archive, listing = await server.reads.run(
            state.client(request), partial(_open, stream, server.settings.max_bytes)
        )
    except BaseException:
        stream.close()
        raise
    problems = [{**bare(422, p.what, p.error), "where": p.source[:200]} for p in listing.problems]
    notes = list(listing.notes)
    events = add_all(request, server, archive, listing.rows, problems, notes)
    return StreamingResponse(_closing(events, stream), media_type="text/event-stream")


async def add_all(
    request: Request,
    server: State,
    archive: Archive,
    rows: list[Row],
    problems: list[dict[str, Any]],
    notes: list[str],
) -> AsyncIterator[str]:
    """Add the rows batch by batch, and tell how it goes."""
    added = skipped = moved = sides = 0
    failed = len(problems)
    for told in problems:
        yield event("failure", told)
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        good: list[Row] = []
        for row in batch:
            try:
                load = partial(_load, server, archive, row)
                good.append(await patiently(partial(server.asks.run, state.client(request), load)))
            except Exception as error:
                failed += 1
                yield event("failure", {**_told(error), "where": str(row.photo)[:200]})
        try:
            ids = sorted({row.item for row in good})
            add = partial(server.catalogue.add, good)
            write = partial(server.write, request, add, partial(_same, ids))
            report = await patiently(write) if good else None
        except Exception as error:
            failed += len(good)
            yield event("failure", _told(error))
        else:
            added += report.added if report else 0
            skipped += report.skipped if report else 0
            moved += report.moved if report else 0
            sides += report.sides if report else 0
            failed += len(report.failed) if report else 0
            notes = [*notes, *(report.notes if report else [])]
        done = min(start + BATCH, len(rows))
        yield event("progress", {"done": done, "total": len(rows), "text": f"{added:,} added"})
    counts = {"added": added, "skipped": skipped, "moved": moved, "sides": sides, "failed": failed}
    yield event("done", {**counts, "notes": notes})


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Do it when there is time. Raises ``Busy`` when there is none for long."""
    for _ in range(TRIES - 1):
        try:
            return await work()
        except Busy:
            await asyncio.sleep(RETRY_SECONDS)
    return await work()


def _told(error: Exception) -> dict[str, Any]:
    """Any error as a problem: the answer has begun, so nobody else can tell of it."""
    if isinstance(error, ObverseError) and status_of(error) != 500:
        return problem(error)
    log.error("failed", exc_info=error)
    return bare(500, "unexpected; the log has it", "InternalError")


def _same(ids: list[str], report: AddReport) -> list[str]:
    return ids


def event(name: str, data: Any) -> str:
    """A server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _open(stream: BinaryIO, most: int) -> tuple[Archive, Listing]:
    archive = Archive(stream, most)
    listing = archive.listing()
    rows, problems = [], list(listing.problems)
    for row in listing.rows:
        try:
            check_id(row.item)
            if len(row.item) > SENT or len(row.title) > SENT:
                raise UsageError(f"an id or a title of more than {SENT} letters")
        except UsageError as error:
            problems.append(Problem(str(row.photo), type(error).__name__, str(error)))
        else:
            rows.append(row)
    return archive, replace(listing, rows=rows, problems=problems)


def _load(server: State, archive: Archive, row: Row) -> Row:
    return replace(row, photo=server.catalogue.load(archive.read(row)))


async def _closing(events: AsyncIterator[str], stream: BinaryIO) -> AsyncIterator[str]:
    try:
        async for told in events:
            yield told
    finally:
        stream.close()
