"""Answers that were wrong, as people say: kept beside the catalogue, to learn from.

``corrections/`` in the catalogue's folder holds the photos by their hash and one line of JSON for
each correction, appended and on disk before it is acknowledged. A line that a crash cut off is
passed over.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field, Json

from obverse.catalogue.folder import CORRECTIONS, errors, write_whole
from obverse.catalogue.importers import Row
from obverse.catalogue.rows import SENT
from obverse.server import describe, forms, items, state
from obverse.server.ask import Strict

routes = APIRouter(prefix="/v1", tags=["corrections"])

LINES = "corrections.jsonl"
EXAMPLE = {
    "id": "b1946ac92492d234",
    "time": "2026-01-01T00:00:00+00:00",
    "item": "0007",
    "photo": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "said": {"known": True, "best": {"item": {"id": "0008"}, "probability": 0.71}},
}


class Correction(Strict):
    """What was said, and what is right."""

    item: str = Field("", max_length=SENT, description="Empty: not in the catalogue.")
    answer: dict[str, Any] | Json[dict[str, Any]] = Field(default_factory=dict)
    add: bool = Field(False, description="Add the photo as a view of that item, too.")
    side: str = Field("", max_length=20)


@routes.post(
    "/corrections",
    status_code=201,
    summary="This is wrong, it is …",
    responses=describe.responses(
        describe.BODY, describe.MISSING, status=201, example=EXAMPLE, text="Kept."
    ),
    openapi_extra=describe.upload(Correction, most=1),
)
async def correct(request: Request) -> Any:
    """Keeps the photo, the answer and the right item; changes the catalogue only with `add`."""
    server = state.of(request)
    photos, told = await forms.read(request, Correction, most=1)
    photo = await server.asks.run(state.client(request), lambda: server.catalogue.load(photos[0]))
    (side,) = items.sides_of([told.side], 1)

    def work() -> dict[str, Any]:
        if told.item:
            server.catalogue.item(told.item)
        line = keep(Path(server.settings.catalogue), photos[0], told.item, told.answer)
        if told.add and told.item:
            server.catalogue.add([Row(photo, told.item, side)])
        return line

    return await server.write(request, work, lambda _: [told.item] if told.item else [])


@routes.get(
    "/corrections",
    summary="The corrections so far, the latest first",
    responses=describe.responses(example={"total": 1, "corrections": [EXAMPLE]}),
)
async def corrections(request: Request) -> Any:
    """The last 500."""
    server = state.of(request)
    found = await server.reads.run(
        state.client(request), lambda: read(Path(server.settings.catalogue))
    )
    return {"total": len(found), "corrections": found[::-1][: items.PAGE]}


def keep(catalogue: Path, photo: bytes, item: str, said: dict[str, Any]) -> dict[str, Any]:
    """Keep one, on disk when this returns. Raises ``CatalogueError``."""
    folder, sha = catalogue / CORRECTIONS, hashlib.sha256(photo).hexdigest()
    line = {
        "id": secrets.token_hex(8),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "item": item,
        "photo": sha,
        "said": said,
    }
    with errors(catalogue):
        folder.mkdir(exist_ok=True)
        if not (folder / sha).exists():
            write_whole(folder, sha, photo)
        with (folder / LINES).open("ab+") as stream:
            stream.seek(0, os.SEEK_END)
            if stream.tell():
                stream.seek(-1, os.SEEK_END)
                # What a crash cut off must not swallow the next line.
                stream.write(b"" if stream.read() == b"\n" else b"\n")
            stream.write(json.dumps(line).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
    return line


def read(catalogue: Path) -> list[dict[str, Any]]:
    """All of them, in the order they came."""
    path = catalogue / CORRECTIONS / LINES
    found = []
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue  # cut off by a crash, and so never acknowledged
    return found
