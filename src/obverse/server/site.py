"""Routes of the server itself: the web app's files, the session, health, metrics, the report."""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field

from obverse._version import __version__
from obverse.errors import Busy, NotInCatalogue, UsageError
from obverse.pipeline import Pipeline
from obverse.server import describe, forms, state
from obverse.server.ask import Strict
from obverse.server.guard import COOKIE, check_key, writes_open
from obverse.server.keys import SESSION_SECONDS

routes = APIRouter(tags=["server"])

WEB = Path(__file__).parent / "web"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
}
AT_ROOT = ("manifest.webmanifest", "sw.js", "favicon.ico", "robots.txt")
"""Files of the app that browsers look for at the root; all others are below /static."""


class Shown(Strict):
    """A key that a browser shows."""

    key: str = Field(min_length=1, max_length=500)


@routes.get(
    "/v1/session",
    summary="What this server holds, and what you may do",
    responses=describe.responses(
        example={"catalogue": "coins.obv", "recipe": "coin", "writes": "key", "reads": "open"}
    ),
)
async def session(request: Request) -> Any:
    server = state.of(request)
    opens = request.scope.get("obverse.opens", False)
    settings, manifest = server.settings, server.catalogue.store.manifest
    free = opens or writes_open(request.scope, settings, server.keys())
    entries = await server.reads.run(state.client(request), server.shelf.summary)
    is_disc = server.catalogue.pipeline.recipe.geometry == "disc"
    return {
        "catalogue": server.name,
        "recipe": manifest.recipe,
        "items": entries[0],
        "views": entries[1],
        "writes": "open" if free else "key" if server.keys() else "closed",
        "reads": "key" if settings.read_key and not opens else "open",
        "version": __version__,
        "max_bytes": settings.max_bytes,
        "models": dict(manifest.models),
        "report": bool(settings.report and (settings.report / "report.json").is_file()),
        "features": {"year": is_disc, "sides": has_sides(server.catalogue.pipeline)},
    }


def has_sides(pipeline: Pipeline) -> bool:
    """Can it decide about two sides of one thing?"""
    try:
        return pipeline.pair_decider is not None
    except UsageError:
        return False


@routes.post(
    "/v1/session",
    status_code=204,
    summary="Show a key once, to see pictures in a browser",
    response_class=Response,
    responses=describe.responses(describe.BODY, status=204, text="Opened."),
    openapi_extra=describe.body(Shown, {"key": "obv_…"}),
)
async def show_key(request: Request) -> Response:
    """Sets a cookie that opens reading for twelve hours. Writing needs the key itself each time."""
    server = state.of(request)
    key = (await forms.read_json(request, Shown)).key
    check_key(key, server.keys(), server.guesses, state.client(request))
    response = Response(status_code=204)
    response.set_cookie(
        COOKIE,
        server.sessions.start(key),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=is_secure(request, server.settings.behind_proxy),
    )
    return response


def is_secure(request: Request, behind_proxy: bool) -> bool:
    """Does the browser speak TLS, with us or with the proxy before us?"""
    told = request.headers.get("x-forwarded-proto", "") if behind_proxy else ""
    return (told or request.url.scheme) == "https"


@routes.get("/v1/pictures/{name}", summary="A picture of an answer", response_class=Response,
            responses=describe.responses(describe.MISSING, kind="image/jpeg"))  # fmt: skip
async def answer_picture(request: Request, name: str) -> Response:
    """Kept for ten minutes after the answer."""
    server = state.of(request)
    found = server.pictures.get(name)
    if found is None:
        raise NotInCatalogue("no such picture", hint="it was kept for ten minutes; ask again")
    kept = "no-store" if server.settings.read_key else "private, max-age=600"
    headers = {"Cache-Control": kept}
    return Response(found.data, media_type=found.kind, headers=headers)


@routes.get("/v1/report", summary="The last evaluation, in figures",
            responses=describe.responses(describe.MISSING))  # fmt: skip
async def report(request: Request) -> Any:
    folder = state.of(request).settings.report
    path = folder / "report.json" if folder else None
    if path is None or not path.is_file():
        raise NotInCatalogue("no evaluation report", hint="obverse serve --report DIR")
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise NotInCatalogue(
            "an evaluation report that cannot be read", hint="evaluate again"
        ) from error


@routes.get("/report/{path:path}", include_in_schema=False)
async def report_file(request: Request, path: str) -> Response:
    folder = state.of(request).settings.report
    known = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*")} if folder else {}
    found = known.get(path or "index.html")
    if found is None or not found.is_file():
        raise NotInCatalogue("no such page")
    policy = "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
    return Response(found.read_bytes(), media_type=kind_of(found.name), headers=headers)


@routes.get("/healthz", summary="Is the process alive?",
            responses=describe.responses(example={"status": "alive"}))  # fmt: skip
async def healthz() -> Any:
    return {"status": "alive"}


@routes.get("/readyz", summary="Can it answer?",
            responses=describe.responses(example={"status": "ready"}))  # fmt: skip
async def readyz(request: Request) -> Any:
    if not state.of(request).is_ready:
        raise Busy("models are being loaded", hint="ask again in a moment")
    return {"status": "ready"}


@routes.get("/metrics", summary="Prometheus metrics", response_class=Response,
            responses=describe.responses(kind="text/plain"))  # fmt: skip
async def metrics(request: Request) -> Response:
    data = generate_latest(state.of(request).metrics.registry)
    return Response(data, headers={"Content-Type": CONTENT_TYPE_LATEST})


@routes.get("/", include_in_schema=False)
async def index(request: Request) -> Response:
    return static(request, "index.html")


@routes.get("/static/{path:path}", include_in_schema=False)
async def static_file(request: Request, path: str) -> Response:
    return static(request, path)


def at_root(name: str) -> Any:
    """The route of a file that browsers look for at the root."""

    async def route(request: Request) -> Response:
        return static(request, name)

    return route


for _name in AT_ROOT:
    routes.add_api_route(f"/{_name}", at_root(_name), include_in_schema=False)


def static(request: Request, path: str) -> Response:
    """One of the app's own files, looked up in the list of them, never by a path from outside."""
    file = app_files().get(path)
    if file is None:
        raise NotInCatalogue("no such page")
    packed = file.packed is not None and "gzip" in request.headers.get("accept-encoding", "")
    headers = {"ETag": file.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    headers |= {"Content-Encoding": "gzip"} if packed else {}
    data = file.packed if packed else file.data
    return Response(data, media_type=kind_of(path), headers=headers)


class AppFile(NamedTuple):
    """One of the web app's files: as it is, packed where that helps, and what names its content."""

    data: bytes
    packed: bytes | None
    tag: str


@lru_cache(maxsize=1)
def app_files() -> dict[str, AppFile]:
    """The web app, by path below its folder."""
    found = {}
    for path in sorted(WEB.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            packed = gzip.compress(data, 9, mtime=0)
            tag = f'"{hashlib.sha256(data).hexdigest()[:24]}"'
            small = packed if len(packed) < 0.9 * len(data) else None
            found[path.relative_to(WEB).as_posix()] = AppFile(data, small, tag)
    return found


def kind_of(name: str) -> str:
    return (
        KINDS.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    )
