"""Errors as problems (RFC 9457): the project's error tree, mirrored in status codes."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from obverse import errors
from obverse.errors import ObverseError

STATUS: dict[type[ObverseError], int] = {
    errors.UsageError: 422,
    errors.PhotoTooLarge: 413,
    errors.NotAPhoto: 415,
    errors.PhotoError: 422,
    errors.NotInCatalogue: 404,
    errors.AlreadyInCatalogue: 409,
    errors.ChangedSince: 409,
    errors.MissingExtra: 501,
    errors.ModelError: 501,
    errors.KeyNeeded: 401,
    errors.Forbidden: 403,
    errors.BodyTooLarge: 413,
    errors.WrongMedia: 415,
    errors.TooSlow: 408,
    errors.TooManyRequests: 429,
    errors.Busy: 503,
}
"""The nearest class in an error's line of descent decides; none of these is a failure of ours."""
UNREADABLE = "the catalogue cannot be read"
RETRY_SECONDS = 2
MEDIA_TYPE = "application/problem+json"


def status_of(error: ObverseError) -> int:
    """The status code of an error."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem(error: ObverseError) -> dict[str, Any]:
    """An error as a problem. Our own failures, whose words name paths of this machine, are for the
    log alone."""
    status = status_of(error)
    told: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": UNREADABLE if status == 500 else error.what,
        "code": type(error).__name__,
    }
    ours = isinstance(error, errors.CatalogueError)
    if error.where and status < 500 and not ours:
        told["where"] = "photo" if error.where == "<bytes>" else error.where
    # A catalogue's hints speak of the command line.
    if error.hint and status != 500 and not (ours and "obverse" in error.hint):
        is_large = isinstance(error, errors.PhotoTooLarge)  # whose limits a client cannot set
        told["hint"] = "send a smaller picture" if is_large else error.hint
    return told


def bare(status: int, detail: str, code: str = "ServerError") -> dict[str, Any]:
    """A problem that is no error of the tree: a wrong path or method, or a failure of ours."""
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}


def respond(told: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """A problem as a response."""
    status = told["status"]
    headers = dict(headers or {})
    if status in (429, 503):
        headers.setdefault("Retry-After", str(RETRY_SECONDS))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="obverse"'
    # Half characters, which a request may hold, have no UTF-8: ASCII escapes do for all.
    return Response(json.dumps(told), status, headers, media_type=MEDIA_TYPE)
