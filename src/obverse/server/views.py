"""Routes of views: one photo more, and the pictures of the collection."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request, Response
from pydantic import Field

from obverse import canvas
from obverse.catalogue.catalogue import Catalogue
from obverse.errors import NotInCatalogue
from obverse.server import describe, forms, show, state
from obverse.server.ask import Strict
from obverse.server.items import ADDED, VIEW, add, shown_view, sides_of
from obverse.types import View

routes = APIRouter(prefix="/v1", tags=["collection"])


class NewViews(Strict):
    """The sides that further photos of an item show."""

    side: list[str] = Field(default_factory=list)


class EditView(Strict):
    """What changes of a view."""

    side: str = Field(max_length=20)


@routes.post(
    "/items/{id}/views",
    status_code=201,
    summary="Add photos to an item",
    responses=describe.responses(
        describe.BODY,
        describe.MISSING,
        status=201,
        example=ADDED,
    ),
    openapi_extra=describe.upload(NewViews, most=24),
)
async def add_views(request: Request, id: str) -> Any:
    """What it answers is told at `POST /v1/items`."""
    server, name = state.of(request), unquote(id)
    photos, new = await forms.read(request, NewViews, most=server.settings.max_pictures)
    await server.reads.run(state.client(request), lambda: server.catalogue.item(name))
    rows = [{"item": name, "side": side} for side in sides_of(new.side, len(photos))]
    return await add(request, server, photos, rows, lambda: server.catalogue.item(name).id)


@routes.patch(
    "/views/{id}",
    summary="Say which side a view shows",
    responses=describe.responses(describe.BODY, describe.MISSING, example=VIEW),
    openapi_extra=describe.body(EditView, {"side": "obverse"}),
)
async def edit_view(request: Request, id: str) -> Any:
    """`side` is `obverse`, `reverse`, `edge`, `other`, or empty if nobody knows."""
    server = state.of(request)
    side = (await forms.read_json(request, EditView)).side
    catalogue = server.catalogue
    view = await server.write(
        request, lambda: catalogue.edit_view(id, side=side), lambda view: [view.item]
    )
    return shown_view(view)


@routes.get(
    "/items/{id}/thumbnail",
    summary="The picture to show for an item",
    response_class=Response,
    responses=describe.responses(describe.MISSING, kind="image/jpeg"),
)
async def thumbnail(request: Request, id: str, v: str = "") -> Response:
    """Upright; its first obverse, or else its first view. With a version `v`, as a list names it, a
    browser keeps it."""
    server, name = state.of(request), unquote(id)

    def work() -> bytes:
        entry = server.shelf.get(name)
        if entry is None or not entry.first:
            raise NotInCatalogue(f"no item {name!r}")
        return upright_jpeg(server.album.view(entry.first))

    return picture(request, await server.reads.run(state.client(request), work), v)


@routes.get(
    "/views/{id}/picture",
    summary="A view's picture",
    response_class=Response,
    responses=describe.responses(describe.MISSING, kind="image/jpeg"),
)
async def view_picture(request: Request, id: str, v: str = "") -> Response:
    """Upright. With a version `v` a browser keeps it."""
    server = state.of(request)
    data = await server.reads.run(
        state.client(request), lambda: upright_jpeg(server.album.view(id))
    )
    return picture(request, data, v)


def view_of(catalogue: Catalogue, id: str) -> View:
    """One view. Raises ``NotInCatalogue``."""
    found = catalogue.store.views([id])
    if not found:
        raise NotInCatalogue(f"no view {id!r}")
    return found[0]


def upright_jpeg(view: View) -> bytes:
    """A view's picture, standing upright."""
    return _turned(view.thumbnail, view.upright) if view.upright else view.thumbnail


@lru_cache(maxsize=512)
def _turned(thumbnail: bytes, degrees: float) -> bytes:
    return show.encode_jpeg(canvas.turned(canvas.decode(thumbnail), degrees))


def picture(request: Request, data: bytes, version: str) -> Response:
    """A JPEG that a browser may keep, unless a key is needed to see it; asked for with a version,
    it never changes."""
    tag = f'"{sha256(data).hexdigest()[:24]}"'
    age = "max-age=604800, immutable" if version else "max-age=60"
    kept = "no-store" if state.of(request).settings.read_key else f"private, {age}"
    headers = {"ETag": tag, "Cache-Control": kept}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=show.JPEG)
