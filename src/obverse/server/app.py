"""The application: routes, and around them, from the outside in, watch, body limits and guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from obverse._version import __version__
from obverse.errors import ObverseError, UsageError
from obverse.server import (
    ask,
    bulk,
    changes,
    corrections,
    describe,
    duplicates,
    items,
    listing,
    site,
    stages,
    views,
    words,
)
from obverse.server.body import BodyLimits
from obverse.server.errors import bare, problem, respond
from obverse.server.guard import Guard
from obverse.server.plain import said
from obverse.server.query import known_only
from obverse.server.settings import Settings
from obverse.server.state import State
from obverse.server.watch import Watch, log

PARTS = (site, listing, ask, stages, words, bulk, items, views, changes, corrections, duplicates)
ABOUT = """Photo in, the right coin out: from your own catalogue, on your own machine.

Writing needs a key, sent as Authorization: Bearer KEY. Errors are problems (RFC 9457)."""


def create_app(settings: Settings) -> FastAPI:
    """The application for one catalogue.

    Raises:
        CatalogueMissing, CatalogueMismatch, CatalogueNewer, CatalogueDamaged.
        ModelError, MissingExtra: a model that was named cannot be used.
    """
    server = State(settings)
    words.load(settings.models)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        server.start()
        yield
        server.close()
        log.info("stopped")

    app = FastAPI(
        title="Obverse",
        description=ABOUT,
        version=__version__,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.server = server
    for part in PARTS:
        app.include_router(part.routes, dependencies=[Depends(known_only)])
    app.add_exception_handler(ObverseError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _unrouted)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    # The last one added is the outermost.
    app.add_middleware(Heads)
    app.add_middleware(Segments)
    app.add_middleware(
        Guard,
        settings=settings,
        keys=server.keys,
        sessions=server.sessions,
        guesses=server.guesses,
    )
    app.add_middleware(BodyLimits, settings=settings)
    app.add_middleware(Watch, metrics=server.metrics)
    return app


class Segments:
    """Keeps an id with a slash in it in one piece: the path is split before it is decoded, so that
    ``/v1/items/a%2Fb/thumbnail`` names the item ``a/b``; routes decode their ids themselves."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            raw = scope.get("raw_path", b"").decode("latin-1").partition("?")[0]
            parts = (
                unquote(part).replace("%", "%25").replace("/", "%2F") for part in raw.split("/")
            )
            if "%" in raw:
                scope["path"] = "/".join(parts)
        await self.app(scope, receive, send)


class Heads:
    """HEAD is answered as GET is: the server that sends the answer leaves out the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        asked = {**scope, "method": "GET"}
        try:
            await self.app(asked, receive, send)
        finally:
            scope["route"] = asked.get("route")  # for the log and the metrics


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ObverseError)
    told = problem(error)
    if told["status"] == 500:
        number = request.scope.get("obverse.request", "")
        log.error("failed", exc_info=error, extra={"facts": {"id": number}})
        told["detail"] += f"; the log has it as {number}"
    return respond(told)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where, what = said({**first, "loc": first["loc"][1:]})  # without the kind of parameter
    return respond(problem(UsageError(what, where=where, hint="see /docs")))


def _unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        # The framework names the methods of one route; a path may have several.
        routes = (route for part in PARTS for route in part.routes.routes)
        fits = (r for r in routes if r.matches(request.scope)[0] is not Match.NONE)
        found = {m for route in fits if isinstance(route, APIRoute) for m in route.methods or ()}
        found |= {"HEAD"} if "GET" in found else set()
        headers["Allow"] = ", ".join(sorted(found))
    told = bare(error.status_code, f"{request.method} {request.url.path[:200]}: {error.detail}")
    return respond({**told, "hint": "see /docs"}, headers)


def _openapi(app: FastAPI) -> dict[str, Any]:
    from fastapi.openapi.utils import get_openapi

    if app.openapi_schema is None:
        told = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        parts = told.setdefault("components", {})
        parts.setdefault("schemas", {})["Problem"] = describe.PROBLEM
        parts["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        told["security"] = [{}, {"key": []}, {"header": []}]
        app.openapi_schema = told
    return app.openapi_schema
