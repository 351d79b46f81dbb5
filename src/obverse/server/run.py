"""Serving: uvicorn with our limits, and the addresses to open."""

from __future__ import annotations

import socket
from contextlib import suppress

import uvicorn

from obverse.errors import ServerError
from obverse.server.app import create_app
from obverse.server.door import Doorkeeper
from obverse.server.protocol import limited
from obverse.server.settings import Settings
from obverse.server.watch import start_log

HEAD_BYTES = 32 * 1024
KEEP_ALIVE = 15
BACKLOG = 256
ANYWHERE = ("0.0.0.0", "::")
ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses that nobody has."""


def run(settings: Settings, listening: socket.socket, *, quiet: bool = False) -> None:
    """Serve until told to stop; what was accepted by then is finished."""
    start_log(quiet)
    config = uvicorn.Config(
        create_app(settings),
        http=limited(settings),
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=settings.connections,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=settings.stop_seconds,
        h11_max_incomplete_event_size=HEAD_BYTES,
        ssl_certfile=settings.certificate,
    )
    with suppress(KeyboardInterrupt):  # uvicorn passes Ctrl-C on once all is finished
        (Doorkeeper if settings.certificate else uvicorn.Server)(config).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises ``ServerError``."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)  # who comes while the catalogue is opened waits
    except (OSError, OverflowError) as error:
        raise ServerError(
            f"cannot listen there ({error})", where=f"{host}:{port}", hint="choose another --port"
        ) from error
    return bound


def addresses(host: str, port: int, scheme: str = "http") -> list[str]:
    """What to open in a browser: on this machine, and from others where they can reach it."""
    if host not in ANYWHERE:
        return [f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"]
    return [f"{scheme}://{near}:{port}/" for near in ("127.0.0.1", *own_address())]


def names(host: str) -> list[str]:
    """The names and addresses by which others may ask for what listens there."""
    return [*([] if host in ANYWHERE else [host]), *own_address(), *own_address(socket.AF_INET6)]


def own_address(family: socket.AddressFamily = socket.AF_INET) -> list[str]:
    """This machine's address in its network, where it is in one."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            # No packet is sent: this only asks which of our addresses would be used.
            probe.connect((ELSEWHERE[family], 9))
            return [str(probe.getsockname()[0])]
    except OSError:
        return []
