"""Routes that take away, put together, set upright, and take back."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request
from pydantic import Field

from obverse.catalogue import editing
from obverse.catalogue.levelling import LevelReport
from obverse.catalogue.rows import SENT
from obverse.errors import UsageError
from obverse.server import describe, forms, state
from obverse.server.ask import Strict
from obverse.server.items import SHOWN, shown
from obverse.server.views import view_of

routes = APIRouter(prefix="/v1", tags=["collection"])

MOST = 1000
"""Items or views removed at a time."""
UNDO = {"undo": "019a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e"}


class Remove(Strict):
    """What goes: ids of items, of views, or of both."""

    ids: list[str] = Field(max_length=MOST)
    undo: bool = Field(True, description="Keep it for ten minutes, to be taken back.")


class Merge(Strict):
    """The items that go into this one."""

    from_: list[str] = Field(alias="from", min_length=1, max_length=100)


class Token(Strict):
    """What a change was answered with."""

    undo: str = Field(max_length=100)


class Level(Strict):
    """Which way is up: of the sides of an item, or of one view."""

    item: str | None = Field(None, max_length=SENT)
    side: str | None = Field(None, max_length=20)
    view: str | None = Field(None, max_length=100)
    turn: float | None = Field(None, description="Degrees counter-clockwise.")


@routes.delete(
    "/items/{id}",
    summary="Delete an item with its views",
    responses=describe.responses(describe.MISSING, example=UNDO),
)
async def delete_item(request: Request, id: str) -> Any:
    """It can be taken back for ten minutes."""
    server, name = state.of(request), unquote(id)

    def work() -> str:
        server.catalogue.item(name)
        return server.catalogue.withdraw(name)

    return {"undo": await server.write(request, work, lambda _: [name])}


@routes.delete(
    "/views/{id}",
    summary="Delete one view; an item goes with its last",
    responses=describe.responses(describe.MISSING, example=UNDO),
)
async def delete_view(request: Request, id: str) -> Any:
    """It can be taken back for ten minutes."""
    server = state.of(request)

    def work() -> tuple[str, str]:
        view = view_of(server.catalogue, id)
        return server.catalogue.withdraw(view.id), view.item

    token, _ = await server.write(request, work, lambda done: [done[1]])
    return {"undo": token}


@routes.post(
    "/items:remove",
    summary="Delete several items or views at once",
    responses=describe.responses(describe.BODY, describe.MISSING, example={"views": 2, **UNDO}),
    openapi_extra=describe.body(Remove, {"ids": ["0007", "0008"]}),
)
async def remove(request: Request) -> Any:
    """All of them, or none if one is not there. With `undo` it can be taken back for ten minutes;
    `views` counts what went."""
    server = state.of(request)
    told = await forms.read_json(request, Remove)
    catalogue, ids = server.catalogue, list(dict.fromkeys(told.ids))

    def work() -> tuple[list[str], int, str | None]:
        items, views = editing.find(catalogue.store, ids)
        views |= {view.id: view for view in catalogue.store.views(item=list(items))}
        token = catalogue.withdraw(ids) if told.undo else None
        if not told.undo:
            catalogue.remove(ids)
        return sorted({view.item for view in views.values()} | set(items)), len(views), token

    _, views, token = await server.write(request, work, lambda done: done[0])
    return {"views": views, "undo": token}


@routes.post(
    "/items/{id}:merge",
    summary="Put the views of other items under this one",
    responses=describe.responses(describe.BODY, describe.MISSING, example={"item": SHOWN, **UNDO}),
    openapi_extra=describe.body(Merge, {"from": ["0008"]}),
)
async def merge_items(request: Request, id: str) -> Any:
    """It can be taken back for ten minutes."""
    server, name = state.of(request), unquote(id)
    others = (await forms.read_json(request, Merge)).from_
    ids = [name, *others]
    token = await server.write(request, lambda: server.catalogue.merge(name, others), lambda _: ids)
    item = await server.reads.run(state.client(request), lambda: shown(server, name))
    return {"item": item, "undo": token}


@routes.post(
    "/items:level",
    summary="Say which way is up",
    responses=describe.responses(
        describe.BODY, describe.MISSING, example={"turned": 1, "unsure": []}
    ),
    openapi_extra=describe.body(Level, {"item": "0007", "side": "obverse", "turn": 90}),
)
async def level(request: Request) -> Any:
    """The views of an item's side follow the first one, which is turned by `turn` degrees if that
    is given; or one view alone is turned. `unsure` are views that agree too little to tell."""
    server = state.of(request)
    told = await forms.read_json(request, Level)
    if told.item is None and told.view is None:
        raise UsageError("whose?", where="item", hint="name an item or a view")

    def work() -> tuple[str, LevelReport]:
        item = told.item or view_of(server.catalogue, told.view or "").item
        return item, server.catalogue.level(**told.model_dump())

    _, report = await server.write(request, work, lambda done: [done[0]])
    return report.to_dict()


@routes.post(
    "/undo",
    summary="Take back a deletion or a merger",
    responses=describe.responses(
        describe.BODY, describe.MISSING, describe.CHANGED, example={"items": ["0007"]}
    ),
    openapi_extra=describe.body(Token, UNDO),
)
async def undo(request: Request) -> Any:
    server = state.of(request)
    token = (await forms.read_json(request, Token)).undo
    items = await server.write(request, lambda: server.catalogue.undo(token), lambda back: back)
    return {"items": items}
