"""What is asked in an address: a parameter that a route does not know is refused."""

from __future__ import annotations

from fastapi import Request
from fastapi.routing import APIRoute

from obverse.errors import UsageError
from obverse.server.items import list_items


async def known_only(request: Request) -> None:
    """Raises ``UsageError``. The list of items takes attributes, too, and the app's own files
    anything."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    if not route.include_in_schema or route.endpoint is list_items:
        return
    known = [parameter.alias for parameter in route.dependant.query_params]
    for name in request.query_params:
        if name not in known:
            hint = "see /docs" if request.method == "GET" else "fields go into the body; see /docs"
            raise UsageError("no such parameter", where=name[:80] or "?", hint=hint)
