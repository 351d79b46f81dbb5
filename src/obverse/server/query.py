"""What is asked in an address: a parameter that a route does not know is refused."""

from __future__ import annotations

from fastapi import Request
from fastapi.routing import APIRoute

from obverse.errors import UsageError
from obverse.server.items import list_items
from obverse.server.site import healthz, metrics, readyz

TAKE_ANY = (list_items, healthz, readyz, metrics)
"""The list of items takes attributes; probes may add what they like."""


async def known_only(request: Request) -> None:
    """Raises ``UsageError``. The app's own files take anything."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    if not route.include_in_schema or route.endpoint in TAKE_ANY:
        return
    known = [parameter.alias for parameter in route.dependant.query_params]
    for name in request.query_params:
        if name not in known:
            hint = "see /docs" if request.method == "GET" else "fields go into the body; see /docs"
            raise UsageError("no such parameter", where=name[:80] or "?", hint=hint)
