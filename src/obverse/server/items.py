"""Routes of the collection: items, listed, shown, added, and what is said of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field, Json

from obverse.catalogue.adding import AddReport
from obverse.catalogue.importers import Row
from obverse.catalogue.rows import SENT
from obverse.catalogue.sides import check_side
from obverse.errors import PhotoError, UsageError
from obverse.server import describe, forms, state
from obverse.server.ask import Strict, load
from obverse.server.errors import problem
from obverse.server.shelf import Entry
from obverse.server.state import State
from obverse.types import View

routes = APIRouter(prefix="/v1", tags=["collection"])

PAGE = 500
"""Items of one page, at most."""
FIELDS = frozenset({"q", "sort", "offset", "limit"})
ITEM = {"id": "0007", "title": "2 crowns", "attributes": {"country": "Norland"}}
LISTED = {**ITEM, "views": 2, "added": "2026-01-01T00:00:00+00:00"}
LISTED |= {"thumbnail": "/v1/items/0007/thumbnail"}
VIEW = {
    "id": "7b3f0a4b2c9d8e1f00aa11bb",
    "item": "0007",
    "side": "obverse",
    "source": "",
    "sha256": "00",
    "added": "2026-01-01T00:00:00+00:00",
    "upright": 0.0,
    "thumbnail": "/v1/views/7b3f0a4b2c9d8e1f00aa11bb/picture",
}
SHOWN = {**ITEM, "views": [VIEW], "added": "2026-01-01T00:00:00+00:00"}
ADDED = {"item": ITEM, "views": [VIEW], "skipped": 0, "sides": 0, "failed": [], "notes": []}


class NewItem(Strict):
    """What is said of a new item; ``side`` once for each photo."""

    item: str = Field("", max_length=SENT)
    title: str = Field("", max_length=SENT)
    attributes: dict[str, Any] | Json[dict[str, Any]] = Field(default_factory=dict)
    side: list[str] = Field(default_factory=list)


class Edit(Strict):
    """What changes; an attribute that becomes null goes."""

    title: str | None = Field(None, max_length=SENT)
    attributes: dict[str, Any] | None = None
    id: str | None = Field(None, min_length=1, max_length=SENT)


@routes.get(
    "/items",
    summary="List, search, filter, sort",
    responses=describe.responses(example={"total": 1, "items": [LISTED]}),
    openapi_extra={"parameters": [describe.ATTRIBUTES]},
)
async def list_items(
    request: Request, q: str = "", sort: str = "title", offset: int = 0, limit: int = 100
) -> Any:
    """`q`: words that must all occur. `sort`: `title`, `id`, `added` or an attribute that some
    item has, with `-` before it backwards. Any other parameter is an attribute and its value."""
    if not 0 <= offset <= 10**9 or not 0 <= limit <= PAGE:
        raise UsageError(f"offset from 0, limit from 0 to {PAGE}", where="offset, limit")
    where = {key: v for key, v in request.query_params.items() if key not in FIELDS}
    shelf = state.of(request).shelf
    total, found = await state.of(request).reads.run(
        state.client(request),
        lambda: shelf.page(words=q, where=where, sort=sort, offset=offset, limit=limit),
    )
    state.of(request).album.listed([entry.first for entry in found])
    return JSONResponse({"total": total, "items": [listed(entry) for entry in found]})


@routes.get(
    "/attributes",
    summary="The attributes and their commonest values",
    responses=describe.responses(example={"country": [["Norland", 12]]}),
)
async def attributes(request: Request) -> Any:
    """For filters."""
    server = state.of(request)
    return await server.reads.run(state.client(request), server.shelf.attributes)


@routes.get(
    "/items/{id}",
    summary="One item with its views",
    responses=describe.responses(describe.MISSING, example=SHOWN),
)
async def get_item(request: Request, id: str) -> Any:
    server, name = state.of(request), unquote(id)
    return await server.reads.run(state.client(request), lambda: shown(server, name))


@routes.post(
    "/items",
    status_code=201,
    summary="Register an item by its photos",
    responses=describe.responses(
        describe.BODY,
        describe.TAKEN,
        status=201,
        text="Registered; the very next question finds it.",
        example=ADDED,
    ),
    openapi_extra=describe.upload(NewItem, most=24),
)
async def add_item(request: Request) -> Any:
    """The id is made from the title where none is given. `views` are those that are new, `skipped`
    counts photos that the item has already, `sides` those whose view got another side instead. A
    photo that cannot be used is listed in `failed` and the others go on; if none can, the error is
    that of the first. `notes` are sentences about what looks like a slip, such as a picture that
    another item has, too. An item that exists gets the photos as further views, and what is said of
    it now is laid over what was said before."""
    server = state.of(request)
    photos, new = await forms.read(request, NewItem, most=server.settings.max_pictures)
    if not new.item and not new.title.strip():
        raise UsageError("neither an id nor a title", where="item")
    rows = [
        {"item": new.item, "side": side, "title": new.title, "attributes": new.attributes}
        for side in sides_of(new.side, len(photos))
    ]
    return await add(request, server, photos, rows, lambda: new.item or free_id(server, new.title))


@routes.patch(
    "/items/{id}",
    summary="Change what is said of an item",
    responses=describe.responses(describe.BODY, describe.MISSING, describe.TAKEN, example=SHOWN),
    openapi_extra=describe.body(Edit, {"title": "2 crowns", "attributes": {"country": None}}),
)
async def edit_item(request: Request, id: str) -> Any:
    server, name = state.of(request), unquote(id)
    edit = await forms.read_json(request, Edit)

    def work() -> str:
        told = edit.model_dump(include={"title", "attributes"})
        return server.catalogue.edit(name, **told, new_id=edit.id).id

    new = await server.write(request, work, lambda new: [name, new])
    return await server.reads.run(state.client(request), lambda: shown(server, new))


async def add(
    request: Request,
    server: State,
    photos: list[bytes],
    rows: list[dict[str, Any]],
    name: Callable[[], str],
) -> dict[str, Any]:
    """Decode photos, add those that can be used, and tell of the others. ``name`` tells the item's
    id, asked when it is this request's turn to write: until then others may take it."""
    catalogue, good, failed = server.catalogue, [], []
    for number, row in enumerate(rows):
        try:
            decode = partial(load, catalogue, photos, number)
            photo = await server.asks.run(state.client(request), decode)
        except PhotoError as error:
            failed.append((number, error))
        else:
            good.append(Row(photo, **row))
    if not good:
        raise failed[0][1]

    def work() -> tuple[str, set[str], AddReport]:
        id = name()
        before = {view.id for view in catalogue.views(id)}
        return id, before, catalogue.add([replace(row, item=id) for row in good])

    id, before, report = await server.write(request, work, lambda done: [done[0]])
    item = await server.reads.run(state.client(request), lambda: shown(server, id))
    new = [view for view in item.pop("views") if view["id"] not in before]
    problems = [{**problem(error), "photo": number} for number, error in failed]
    counts = {"skipped": report.skipped, "sides": report.sides}
    return {"item": item, "views": new, **counts, "failed": problems, "notes": report.notes}


def listed(entry: Entry) -> dict[str, Any]:
    """An item as it is listed."""
    address = f"/v1/items/{quote(entry.item.id, safe='')}/thumbnail"
    # A view's picture changes when it is turned.
    version = f"{entry.first[:8]}-{entry.upright:.1f}"
    return {**entry.to_dict(), "thumbnail": f"{address}?v={version}"}


def shown(server: State, id: str) -> dict[str, Any]:
    """One item with its views, whose pictures will be asked for together."""
    item, views = server.catalogue.item(id), server.catalogue.views(id)
    views.sort(key=lambda view: (view.added, view.id))
    server.album.listed([view.id for view in views])
    told = list(map(shown_view, views))
    return {**item.to_dict(), "views": told, "added": views[0].added if views else ""}


def shown_view(view: View) -> dict[str, Any]:
    """A view of an item."""
    return {
        **{k: v for k, v in view.to_dict().items() if k != "region"},
        "source": view.source if view.source == "<bytes>" else view.source.rpartition("/")[2],
        "upright": view.upright,
        "thumbnail": f"/v1/views/{view.id}/picture",
    }


def sides_of(told: list[str], count: int) -> list[str]:
    """The side of each photo; those that nobody named are empty."""
    if len(told) > count:
        raise UsageError(f"{len(told)} sides of {count} photos", where="side")
    sides = [check_side(side) for side in told]
    return sides + [""] * (count - len(sides))


def free_id(server: State, title: str) -> str:
    """An id made from a title that no item has."""
    plain = unicodedata.normalize("NFKC", title).casefold()
    base = re.sub(r"[^\w]+", "-", plain).strip("-")[:80] or "item"
    id, number = base, 2
    while server.shelf.get(id) is not None:
        id, number = f"{base}-{number}", number + 1
    return id
