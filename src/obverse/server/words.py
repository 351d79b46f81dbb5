"""Routes that look at a photo by words: classify, detect, segment, where a model was named.

The models are those the server was started with; no request names or fetches one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field

from obverse import photo as loading
from obverse.errors import MissingExtra
from obverse.server import describe, forms, show, state
from obverse.server.ask import Strict
from obverse.server.state import State
from obverse.zoo import text

routes = APIRouter(prefix="/v1", tags=["words"])

SIDE = 1600
"""A JPEG's long side is never decoded below this."""


class Labels(Strict):
    """What a photo may show."""

    labels: list[str] = Field(min_length=1, max_length=100)
    template: str = Field("a photo of a {}", max_length=200)


class Prompts(Strict):
    """What to look for."""

    prompt: list[str] = Field(min_length=1, max_length=20)
    threshold: float | None = Field(None, ge=0, le=1)


class Prompt(Strict):
    """What to mark."""

    prompt: str = Field(min_length=1, max_length=200)
    threshold: float | None = Field(None, ge=0, le=1)


@routes.post(
    "/classify",
    summary="Which label suits the photo?",
    responses=describe.responses(
        describe.BODY, example={"labels": [{"label": "obverse", "probability": 0.81}]}
    ),
    openapi_extra=describe.upload(Labels, most=1),
)
async def classify(request: Request) -> Any:
    """By CLIP or SigLIP, without training."""
    server = state.of(request)
    model = model_for(server, "classify")
    photos, ask = await forms.read(request, Labels, most=1)

    def work() -> Any:
        options = {"template": ask.template, "model": model}
        return run(server, "classify", photos[0], ask.labels, **options).to_dict()

    return await server.asks.run(state.client(request), work)


@routes.post(
    "/detect",
    summary="Where are the things that words name?",
    responses=describe.responses(
        describe.BODY, example={"objects": [{"prompt": "coin", "box": [1, 2, 3, 4], "score": 0.5}]}
    ),
    openapi_extra=describe.upload(Prompts, most=1),
)
async def detect(request: Request) -> Any:
    """By OWL-ViT, OWLv2 or Grounding DINO."""
    server = state.of(request)
    model = model_for(server, "detect")
    photos, ask = await forms.read(request, Prompts, most=1)

    def work() -> Any:
        options = {"threshold": ask.threshold, "model": model}
        return run(server, "detect", photos[0], ask.prompt, **options).to_dict()

    return await server.asks.run(state.client(request), work)


@routes.post(
    "/segment",
    summary="Which pixels do words mean?",
    responses=describe.responses(
        describe.BODY, example={"share": 0.4, "mask": "/v1/pictures/a", "objects": []}
    ),
    openapi_extra=describe.upload(Prompt, most=1),
)
async def segment(request: Request) -> Any:
    """By CLIPSeg; `mask` is a picture, kept for ten minutes."""
    server = state.of(request)
    model = model_for(server, "segment")
    photos, ask = await forms.read(request, Prompt, most=1)

    def work() -> Any:
        options = {"threshold": ask.threshold, "model": model}
        found = run(server, "segment", photos[0], ask.prompt, **options)
        name = server.pictures.keep(show.encode_png(found.image()), show.PNG)
        return {**found.to_dict(), "mask": f"/v1/pictures/{name}"}

    return await server.asks.run(state.client(request), work)


def load(models: Mapping[str, str]) -> None:
    """Load the models that were named, each kept for its first question. Raises ``ModelError``,
    ``MissingExtra``."""
    loaders = {"classify": text.classifier, "detect": text.detector, "segment": text.segmenter}
    for verb, model in models.items():
        loaders[verb](model)


def model_for(server: State, verb: str) -> str:
    """The model that was named for it. Raises ``MissingExtra``."""
    model = server.settings.models.get(verb)
    if model is None:
        raise MissingExtra(f"no model to {verb} with", hint=f"obverse serve --{verb} MODEL")
    return model


def run(server: State, verb: str, data: bytes, words: Any, **options: Any) -> Any:
    """One photo through ``obverse.zoo.text``. Raises as that does, and ``PhotoError``."""
    photo = loading.load(data, limits=server.catalogue.limits, reduce_to=SIDE)
    return getattr(text, verb)([photo], words, **options)[0]
