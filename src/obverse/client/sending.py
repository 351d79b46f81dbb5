"""Many photos of this machine, sent a few at a time: what ``Client.add`` does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from obverse.catalogue import importers
from obverse.catalogue.adding import AddReport, Failure
from obverse.catalogue.importers import Row
from obverse.catalogue.sides import check_side
from obverse.client.wire import Wire, error_of, form, photo_bytes, renamed
from obverse.errors import BodyTooLarge, ObverseError, PhotoError, UsageError
from obverse.types import Photo, Progress

PHOTOS = 24
"""Photos sent at a time."""
MARGIN = 256 * 1024
"""Bytes of a request that are left for what is said of its photos."""

Outgoing = tuple[Row, Path | bytes | Photo]
"""What is said of a photo, and the photo."""
Sources = str | Path | bytes | Photo | Iterable[str | Path | bytes | Photo | Row]


def rows_of(
    source: Sources,
    report: AddReport,
    item: str | None,
    side: str,
    title: str,
    attributes: Mapping[str, Any],
) -> list[Outgoing]:
    """The photos of a source, those of one item together; what cannot be read is reported. Raises
    as ``Catalogue.add`` does."""
    found: list[Outgoing] = []
    for one in [source] if isinstance(source, str | Path | bytes | Photo) else source:
        if isinstance(one, Row):
            found.append((replace(one, side=check_side(one.side)), one.photo))
        elif isinstance(one, str | Path):
            listing = importers.read(one, item=item, side=side, title=title, attributes=attributes)
            report.failed += [Failure(p.source, p.error, p.what) for p in listing.problems]
            report.notes += listing.notes
            report.ignored += listing.ignored
            found += [(row, row.photo) for row in sorted(listing.rows, key=lambda row: row.item)]
        elif not item:
            raise UsageError("which item do the bytes show?", hint="name it: item=…")
        else:
            photo = one if isinstance(one, Photo) else Path("<bytes>")
            found.append((Row(photo, item, check_side(side), title, dict(attributes)), one))
    return found


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
        report.failed += [_failure(one, error) for _, one in batch]
        return
    report.added += len(answer["views"])
    report.skipped += int(answer["skipped"])
    report.notes += answer["notes"]
    for problem in answer["failed"]:
        failed = batch[problem["photo"]][1]
        report.failed.append(_failure(failed, error_of(problem, problem["status"])))


def _failure(row: Row, error: ObverseError) -> Failure:
    source = row.photo.source if isinstance(row.photo, Photo) else str(row.photo)
    if isinstance(error, PhotoError):
        error = renamed(error, [source])
    return Failure(source, type(error).__name__, str(error))
