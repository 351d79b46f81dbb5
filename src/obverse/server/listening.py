"""Where a server listens, and the addresses to open. Nothing heavy: a port that is taken is told
before anything else is loaded."""

from __future__ import annotations

import errno
import socket

from obverse.errors import ServerError

BACKLOG = 256
ANYWHERE = ("0.0.0.0", "::")
ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses that nobody has."""
OTHER_PORT = "choose another one by --port (0 takes a free one)"
WHY = {
    errno.EADDRINUSE: ("another program listens on this port already", OTHER_PORT),
    errno.EACCES: ("it is not allowed to", "choose a --port from 1024 on"),
    errno.EADDRNOTAVAIL: ("this machine has no such address", "check --host"),
    socket.EAI_NONAME: ("there is no such host", "check --host"),
}
"""Why, and what to do next, by the system's number of the error."""


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises ``ServerError``."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)  # who comes while the catalogue is opened waits
    except (OSError, OverflowError) as error:
        number, said = getattr(error, "errno", None) or 0, getattr(error, "strerror", None)
        why, hint = WHY.get(number, (said or str(error), OTHER_PORT))
        raise ServerError(
            f"cannot listen there: {why}", where=f"{host}:{port}", hint=hint
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
