"""Serving: uvicorn with our limits."""

from __future__ import annotations

import socket
from contextlib import suppress

import uvicorn

from obverse.server.app import create_app
from obverse.server.door import Doorkeeper
from obverse.server.listening import BACKLOG
from obverse.server.protocol import limited
from obverse.server.settings import Settings
from obverse.server.watch import start_log

HEAD_BYTES = 32 * 1024
KEEP_ALIVE = 15


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
