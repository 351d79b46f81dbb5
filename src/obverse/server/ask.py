"""Routes that ask the catalogue: what is in these photos?"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from obverse.catalogue.catalogue import Catalogue
from obverse.chinese import CHINESE
from obverse.errors import PhotoError, UsageError
from obverse.explain import ENGLISH
from obverse.server import describe, forms, show, state
from obverse.server.state import State
from obverse.types import Answer, Photo, Tray

routes = APIRouter(prefix="/v1", tags=["ask"])

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "zh": CHINESE}
"""What an answer is said in, by the code of the language; the first one where nobody says."""
BEST = {
    "item": {"id": "0007", "title": "2 crowns", "attributes": {"country": "Norland"}},
    "view": {"id": "297a8a03b05f332f52c4b9e7", "side": "obverse", "source": "0007_obverse.jpg"},
    "similarity": 0.91,
    "score": 0.874,
    "probability": 0.998,
    "upright": 356.0,
    "evidence": {
        "score": 0.874,
        "turn": 4.0,
        "weakest": 0.79,
        "numeral": {
            "view": "2",
            "photo": "2",
            "ratio": 4.3,
            "box": [[310.0, 402.5], [362.0, 404.0], [360.5, 470.0], [308.5, 468.5]],
        },
        "expected": {"score": 0.64, "weakest": 0.46},
    },
    "year": None,
    "mint_mark": None,
}
EXAMPLE = {
    "language": "en",
    "answer_id": "kx3Vw0mS1l0",
    "known": True,
    "calibrated": True,
    "threshold": 0.5,
    "best": BEST,
    "candidates": [BEST],
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
    sides: bool = Field(False, description="One photo shows both sides; two photos always do.")
    top: int = Field(5, ge=1, le=50, description="How many candidates.")
    max_wrong: float | None = Field(
        None, ge=0, le=1, description="Share of wrong answers, of all, that you put up with."
    )
    draw: bool = Field(False, description="The answer as one picture, too.")
    year: bool | None = Field(None, description="Read the year always, or never.")
    lang: Literal["en", "zh"] | None = Field(
        None, description="Language of explanation and advice; else as Accept-Language says."
    )


class MatchAsk(Strict):
    """How to match."""

    threshold: float | None = Field(
        None, ge=0, le=1, description="Least probability of a match; else what is known matches."
    )
    year: bool | None = Field(None, description="Read the year always, or never.")


@routes.post(
    "/identify",
    summary="Which item is in the photo?",
    responses=describe.responses(describe.BODY, example=EXAMPLE),
    openapi_extra=describe.upload(Ask, most=2),
)
async def identify(request: Request) -> Any:
    """One photo, or two of the two sides of one thing, in any order, or with `sides` one of both;
    with `all` every object of one photo. `pictures` are kept for ten minutes."""
    server = state.of(request)
    photos, ask = await forms.read(request, Ask, most=2)
    sides = ask.sides or len(photos) == 2
    if ask.all and sides:
        raise UsageError("the two sides of one thing are no tray", where="all")
    if ask.year is not None and sides:
        raise UsageError("is read on one side alone", where="year")
    language = ask.lang or preferred(request.headers.get("accept-language", ""))
    work = partial(answer, server, photos, ask, language)
    told = await server.asks.run(state.client(request), work)
    return JSONResponse(told)  # plain already: the framework need not walk through it


def preferred(accepted: str) -> str:
    """The one of our languages that a browser's ``Accept-Language`` wants most."""
    best, language = 0.0, next(iter(LANGUAGES))
    for choice in accepted.split(",")[:20]:
        name, _, weight = choice.partition(";q=")
        code = name.strip().partition("-")[0].lower()
        wanted = float(weight) if re.fullmatch(r"[01](\.\d{0,3})?", weight.strip()) else 1.0
        if code in LANGUAGES and wanted > best:
            best, language = wanted, code
    return language


def answer(server: State, photos: list[bytes], ask: Ask, language: str) -> dict[str, Any]:
    """The answer as it is sent."""
    catalogue = server.catalogue
    found: Answer | Tray
    if ask.all:
        found = catalogue.identify_all(
            photos[0], top=ask.top, year=ask.year, max_wrong=ask.max_wrong
        )
    elif ask.sides or len(photos) == 2:
        loaded = [load(catalogue, photos, n) for n in range(len(photos))]
        found = catalogue.identify_sides(*loaded, top=ask.top, max_wrong=ask.max_wrong)
    else:
        found = catalogue.identify(photos[0], top=ask.top, year=ask.year, max_wrong=ask.max_wrong)
    for stage, spent in found.times_ms.items():
        server.metrics.stages.labels(stage).inc(spent / 1e3)
    for one in found.answers if isinstance(found, Tray) else (found,):
        server.metrics.answers.labels(str(one.known).lower()).inc()
    told = {"language": language, **found.to_dict(LANGUAGES[language])}
    strip_paths(told)
    told["answer_id"] = secrets.token_urlsafe(9)
    told["pictures"] = show.pictures(found, server.pictures, sheet=ask.draw)
    return told


def load(catalogue: Catalogue, photos: list[bytes], n: int) -> Photo:
    """One of several photos. Raises ``PhotoError``, which says of which one."""
    try:
        return catalogue.load(photos[n])
    except PhotoError as error:
        where = f"photo {n + 1} of {len(photos)}" if len(photos) > 1 else error.where
        raise type(error)(error.what, where=where, hint=error.hint) from error


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
        found = server.catalogue.identify(photos[0], year=ask.year)
        best = found.best
        matched = found.known
        if best is not None and ask.threshold is not None:
            matched = best.probability >= ask.threshold
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
