"""Many photos of this machine, sent a few at a time: what ``Client.add`` does."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from obverse import photo as photos
from obverse.catalogue import importers
from obverse.catalogue.adding import AddReport, Failure
from obverse.catalogue.gathering import Source, as_row, check_said, one_by_one
from obverse.catalogue.importers import Row
from obverse.catalogue.rows import SENT
from obverse.client.wire import Wire, error_of, form, photo_bytes
from obverse.errors import BodyTooLarge, ObverseError, PhotoError, UsageError
from obverse.types import Photo, Progress

PHOTOS = 24
"""Photos sent at a time."""
MARGIN = 256 * 1024
"""Bytes of a request that are left for what is said of its photos."""

Outgoing = tuple[Row, Path | bytes | Photo]
"""What is said of a photo, and the photo."""
Sources = Source | Iterable[Source | Row]


def rows_of(
    source: Sources,
    report: AddReport,
    item: str | None,
    side: str,
    title: str,
    attributes: Mapping[str, Any] | None,
) -> list[Outgoing]:
    """The photos of a source, those of one item together; what cannot be read is reported. Raises
    as ``Catalogue.add`` does."""
    found: list[Outgoing] = []
    check_said(item, title, attributes)
    for name, said in (("item", item), ("title", title)):
        if len(said or "") > SENT:
            raise UsageError(f"more than {SENT} letters, which no server takes", where=name)
    for one in one_by_one(source):
        if isinstance(one, str | os.PathLike):
            listing = importers.read(one, item=item, side=side, title=title, attributes=attributes)
            report.failed += [Failure(p.source, p.error, p.what) for p in listing.problems]
            report.notes += listing.notes
            report.ignored += listing.ignored
            found += [(row, row.photo) for row in sorted(listing.rows, key=lambda row: row.item)]
            continue
        row = as_row(one, item, side, title, attributes)
        try:
            found.append(_outgoing(row, row.photo))
        except PhotoError as error:
            report.failed.append(Failure(error.where, type(error).__name__, str(error)))
    return found


def _outgoing(row: Row, photo: Any) -> Outgoing:
    """A row, and its photo as it is sent. Raises ``PhotoError`` for pixels that are none, and
    ``UsageError`` for what is no photo."""
    if isinstance(photo, bytes | bytearray | memoryview):
        return replace(row, photo=Path("<bytes>")), bytes(photo)
    kept = Path(photo) if isinstance(photo, str | os.PathLike) else photos.load(photo)
    return replace(row, photo=kept), kept


def send(
    wire: Wire, rows: list[Outgoing], most: int, report: AddReport, progress: Progress | None
) -> None:
    """Send the photos, as many of one item at a time as the server takes; what came of them goes
    into the report. ``most``: bytes of a request."""
    batch: list[tuple[bytes, Row]] = []
    for done, (row, photo) in enumerate(rows, 1):
        try:
            data = photo_bytes(photo)
        except PhotoError as error:
            report.failed.append(_failure(row, error))
        else:
            if batch and sum(len(one) for one, _ in batch) + len(data) > most - MARGIN:
                _send(wire, batch, report)
                batch = []
            batch.append((data, row))
        ended = done == len(rows) or rows[done][0].item != row.item
        if batch and (ended or len(batch) == PHOTOS):
            _send(wire, batch, report)
            batch = []
        if progress:
            progress(done, len(rows), f"{report.added} added")


def _send(wire: Wire, batch: list[tuple[bytes, Row]], report: AddReport) -> None:
    row = batch[0][1]
    said = {**row.attributes}
    for _, other in batch:
        said |= other.attributes
    told = {"item": row.item, "title": row.title, "attributes": json.dumps(said)}
    sides = [("side", one.side.encode()) for _, one in batch]
    try:
        body, kind = form([("photo", data) for data, _ in batch] + sides, told)
        answer = json.loads(wire.ask("POST", "/v1/items", body, kind))
    except (PhotoError, UsageError, BodyTooLarge) as error:
        if isinstance(error, PhotoError) and len(batch) > 1:  # none can be used, each for a reason
            for one in batch:
                _send(wire, [one], report)
        else:
            report.failed += [_failure(one, error) for _, one in batch]
        return
    report.added += len(answer["views"])
    report.skipped += int(answer["skipped"])
    report.sides += int(answer.get("sides", 0))  # a server of before leaves it out
    report.notes += answer["notes"]
    for problem in answer["failed"]:
        failed = batch[problem["photo"]][1]
        report.failed.append(_failure(failed, error_of(problem, problem["status"])))


def _failure(row: Row, error: ObverseError) -> Failure:
    source = row.photo.source if isinstance(row.photo, Photo) else str(row.photo)
    if isinstance(error, PhotoError):
        error = type(error)(error.what, where=source, hint=error.hint)
    return Failure(source, type(error).__name__, str(error))
