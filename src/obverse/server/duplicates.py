"""Routes that look for items that are in the catalogue twice."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from obverse.errors import UsageError
from obverse.server import describe, state
from obverse.types import Progress

routes = APIRouter(prefix="/v1", tags=["duplicates"])

GROUP = {
    "views": [{"id": "7b3f", "item": "0007", "title": "2 crowns", "side": "obverse"}],
    "score": 0.81,
    "probability": 0.97,
}


@routes.post(
    "/duplicates",
    status_code=202,
    summary="Look for items that are in the catalogue twice",
    responses=describe.responses(status=202, text="Started.", example={"job": "kx3Vw0mS1l0"}),
)
async def start(request: Request) -> Any:
    """Takes a minute or so per few thousand views; ask `/v1/jobs/ID` how far it is."""
    server = state.of(request)

    def work(progress: Progress) -> dict[str, Any]:
        groups = server.catalogue.duplicates(progress=progress)
        return {"groups": [group.to_dict() for group in groups]}

    return {"job": server.jobs.start(work).id}


@routes.get(
    "/jobs/{id}",
    summary="How far a job is, and its result",
    responses=describe.responses(
        describe.MISSING,
        example={"state": "done", "done": 48, "total": 48, "result": {"groups": [GROUP]}},
    ),
)
async def job(request: Request, id: str) -> Any:
    return state.of(request).jobs.get(id).to_dict()


@routes.get(
    "/duplicates",
    summary="What the last search for duplicates found",
    responses=describe.responses(example={"total": 1, "groups": [GROUP]}),
)
async def duplicates(request: Request, limit: int = 100) -> Any:
    """Empty before the first search."""
    if not 0 <= limit <= 1000:
        raise UsageError("from 0 to 1,000", where="limit")
    found = state.of(request).jobs.latest()
    groups = (found.result or {}).get("groups", []) if found else []
    return {"total": len(groups), "groups": groups[:limit]}
