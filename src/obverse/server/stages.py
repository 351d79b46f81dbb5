"""Routes that run one stage of the pipeline on a photo: find, cut out, embed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from obverse import cutout as cutouts
from obverse import photo as loading
from obverse import tray
from obverse.server import describe, forms, show, state
from obverse.server.ask import Strict

routes = APIRouter(prefix="/v1", tags=["stages"])


class CutAsk(Strict):
    """How to cut out."""

    level: bool = False


@routes.post(
    "/find",
    summary="Where are the objects of a photo?",
    responses=describe.responses(
        describe.BODY,
        example={
            "width": 640,
            "height": 480,
            "regions": [{"number": 1, "box": [120.0, 80.0, 420.0, 380.0], "score": 0.98}],
        },
    ),
    openapi_extra=describe.upload(Strict, most=1),
)
async def find(request: Request) -> Any:
    """Outlines in pixels of the photo, the largest and best first, numbered in reading order. Quick
    enough for a live camera with small pictures."""
    server = state.of(request)
    photos, _ = await forms.read(request, Strict, most=1)

    def work() -> dict[str, Any]:
        photo = server.catalogue.load(photos[0])
        regions = server.catalogue.pipeline.find(photo)
        return {"width": photo.width, "height": photo.height, "regions": tray.told(regions)}

    return await server.asks.run(state.client(request), work)


@routes.post(
    "/cutout",
    summary="The first object without its background",
    response_class=Response,
    responses=describe.responses(describe.BODY, kind="image/png"),
    openapi_extra=describe.upload(CutAsk, most=1),
)
async def cutout(request: Request) -> Response:
    """A transparent PNG at the photo's full size; with `level` its tilt is undone."""
    server = state.of(request)
    photos, ask = await forms.read(request, CutAsk, most=1)

    def work() -> bytes:
        photo = loading.load(photos[0], limits=server.catalogue.limits)
        region = server.catalogue.pipeline.find(photo)[0]
        return show.encode_png(cutouts.cut(photo, region, level=ask.level))

    data = await server.asks.run(state.client(request), work)
    return Response(data, media_type=show.PNG)


@routes.post(
    "/embed",
    summary="The vector of the first object",
    responses=describe.responses(
        describe.BODY, example={"vector": [0.031, -0.012], "dim": 512, "model": "polar-1f3a"}
    ),
    openapi_extra=describe.upload(Strict, most=1),
)
async def embed(request: Request) -> Any:
    """Of unit length; it does not change with the object's turn."""
    server = state.of(request)
    photos, _ = await forms.read(request, Strict, most=1)

    def work() -> dict[str, Any]:
        pipeline = server.catalogue.pipeline
        patch = pipeline.look(server.catalogue.load(photos[0]))
        vector = pipeline.embed_query(patch).vector
        model = f"{pipeline.embedder.name}-{pipeline.embedder.fingerprint}"
        numbers = [round(float(value), 6) for value in vector]
        return {"vector": numbers, "dim": len(numbers), "model": model}

    return await server.asks.run(state.client(request), work)
