"""Routes that ask the catalogue: what is in these photos?"""

from __future__ import annotations

import secrets
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from obverse.errors import UsageError
from obverse.server import describe, forms, show, state
from obverse.server.state import State
from obverse.types import Answer, Tray

routes = APIRouter(prefix="/v1", tags=["ask"])

EXAMPLE = {
    "answer_id": "kx3Vw0mS1l0",
    "known": True,
    "best": {
        "item": {"id": "0007", "title": "2 crowns", "attributes": {"country": "Norland"}},
        "probability": 0.998,
    },
    "candidates": [],
    "pictures": {
        "photo": "/v1/pictures/a",
        "aligned": {"query": "/v1/pictures/b", "view": "/v1/pictures/c"},
        "heat": "/v1/pictures/d",
    },
}
MATCHED = {
    "matched": True,
    "item": "0007",
    "probability": 0.998,
    "candidates": [{"item": "0007", "title": "2 crowns", "probability": 0.998, "similarity": 0.91}],
}


class Strict(BaseModel):
    """Fields; a name that is none of them is refused."""

    model_config = ConfigDict(extra="forbid")


class Ask(Strict):
    """How to identify."""

    all: bool = Field(False, description="Every object of the photo.")
    top: int = Field(5, ge=1, le=50, description="How many candidates.")
    max_wrong: float | None = Field(
        None, ge=0.001, le=0.5, description="Share of wrong answers, of all, that you put up with."
    )
    draw: bool = Field(False, description="The answer as one picture, too.")
    year: bool | None = Field(None, description="Read the year always, or never.")


class MatchAsk(Strict):
    """How to match."""

    threshold: float = Field(0.5, ge=0, le=1, description="Least probability of a match.")


@routes.post(
    "/identify",
    summary="Which item is in the photo?",
    responses=describe.responses(describe.BODY, example=EXAMPLE),
    openapi_extra=describe.upload(Ask, most=2),
)
async def identify(request: Request) -> Any:
    """One photo, or two of the two sides of one thing, in any order; with `all` every object of one
    photo. `pictures` are kept for ten minutes."""
    server = state.of(request)
    photos, ask = await forms.read(request, Ask, most=2)
    if ask.all and len(photos) == 2:
        raise UsageError("two photos show the two sides of one thing", where="all")
    if ask.year is not None and len(photos) == 2:
        raise UsageError("is read on one photo", where="year")
    told = await server.asks.run(state.client(request), lambda: answer(server, photos, ask))
    return JSONResponse(told)  # plain already: the framework need not walk through it


def answer(server: State, photos: list[bytes], ask: Ask) -> dict[str, Any]:
    """The answer as it is sent."""
    catalogue = server.catalogue
    found: Answer | Tray
    if ask.all:
        found = catalogue.identify_all(
            photos[0], top=ask.top, year=ask.year, max_wrong=ask.max_wrong
        )
    elif len(photos) == 2:
        found = catalogue.identify_sides(*photos, top=ask.top, max_wrong=ask.max_wrong)
    else:
        found = catalogue.identify(photos[0], top=ask.top, year=ask.year, max_wrong=ask.max_wrong)
    for stage, spent in found.times_ms.items():
        server.metrics.stages.labels(stage).inc(spent / 1e3)
    for one in found.answers if isinstance(found, Tray) else (found,):
        server.metrics.answers.labels(str(one.known).lower()).inc()
    told = found.to_dict()
    strip_paths(told)
    told["answer_id"] = secrets.token_urlsafe(9)
    told["pictures"] = show.pictures(found, server.pictures, sheet=ask.draw)
    return told


@routes.post(
    "/match",
    summary="Does the photo match an item, at a threshold?",
    responses=describe.responses(describe.BODY, example=MATCHED),
    openapi_extra=describe.upload(MatchAsk, most=1),
)
async def match(request: Request) -> Any:
    """Upload and match: yes with an item, or no."""
    server = state.of(request)
    photos, ask = await forms.read(request, MatchAsk, most=1)

    def work() -> dict[str, Any]:
        found = server.catalogue.identify(photos[0])
        best = found.best
        matched = best is not None and best.probability >= ask.threshold
        return {
            "matched": matched,
            "item": best.item.id if best is not None and matched else None,
            "probability": round(best.probability, 5) if best else 0.0,
            "candidates": [
                {
                    "item": c.item.id,
                    "title": c.item.title,
                    "probability": round(c.probability, 5),
                    "similarity": round(c.similarity, 5),
                }
                for c in found.candidates
            ],
        }

    return await server.asks.run(state.client(request), work)


def strip_paths(told: Any) -> None:
    """Of where a view came from only the file's name is told: folders are nobody's business."""
    if isinstance(told, list):
        for one in told:
            strip_paths(one)
    elif isinstance(told, dict):
        if isinstance(told.get("view"), dict):
            told["view"]["source"] = told["view"]["source"].rpartition("/")[2]
        for key in ("best", "candidates", "sides", "objects"):
            strip_paths(told.get(key))
