"""Who may ask, and how often: decided by a request's head alone, before its body is read.

Whatever is not listed here as open is a write, so a new route is closed until somebody opens it.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from obverse.errors import Forbidden, KeyNeeded, ObverseError, TooManyRequests
from obverse.server.errors import problem, respond
from obverse.server.keys import Sessions, is_right
from obverse.server.settings import Settings

COOKIE = "obverse_session"
ASKS = frozenset(
    f"/v1/{verb}"
    for verb in ("identify", "match", "find", "cutout", "embed", "classify", "detect", "segment")
)
"""Asked by POST because a photo goes along; nothing is changed."""
SESSION = "/v1/session"
OPEN = frozenset({"/healthz", "/readyz", SESSION})
"""Needs no key even where reading does; with the app's own files, which hold no data."""
GUESSES = 1.0, 10
"""Wrong keys a second and at once, from one address; after that none is even compared."""
ADDRESSES = 20_000
"""Clients whose rates are remembered; of those, the longest silent is forgotten first."""
LOCAL_ENDINGS = (".local", ".localhost", ".lan", ".home.arpa", ".internal")
"""Names that nobody can buy, so a browser that asks for them was sent by no stranger's site."""


class Rates:
    """A token bucket for each client, in a bounded table."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst = rate, burst
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, cost: float = 1.0) -> bool:
        """May this client ask now? ``rate`` 0 stands for no limit."""
        if not self.rate:
            return True
        now = time.monotonic()
        left, then = self._left.pop(client, (float(self.burst), now))
        left = min(float(self.burst), left + (now - then) * self.rate)
        is_fine = left >= 1.0
        self._left[client] = (left - cost if is_fine else left, now)
        if len(self._left) > ADDRESSES:
            self._left.popitem(last=False)
        return is_fine


class Guard:
    """The middleware."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        keys: Callable[[], tuple[str, ...]],
        sessions: Sessions,
        guesses: Rates,
    ) -> None:
        self.app, self.settings, self.keys, self.sessions = app, settings, keys, sessions
        self.guesses = guesses
        self.work = Rates(settings.rate, settings.burst)
        self.reads = Rates(settings.read_rate, settings.read_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["obverse.client"] = client_of(scope, self.settings)
            try:
                self._check(scope)
            except ObverseError as error:
                await respond(problem(error))(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers, path, client = Headers(scope=scope), scope["path"], scope["obverse.client"]
        reads = scope["method"] in ("GET", "HEAD", "OPTIONS")
        if not (self.reads if reads else self.work).take(client):
            raise TooManyRequests("you ask faster than is served", hint="wait a moment")
        if not self.settings.behind_proxy and not is_local_name(headers, self.settings.hosts):
            raise Forbidden(
                "asked for by a name that is not served", hint="allow it with --allow-host"
            )
        key = key_of(headers)
        if key:
            check_key(key, self.keys(), self.guesses, client)
        opens = scope["obverse.opens"] = bool(key)
        if not reads and not comes_from_here(headers):
            raise Forbidden("another site asks", hint="open this server's own page")
        if reads or path in ASKS or path == SESSION:
            self._check_read(headers, path, opens)
        elif not opens:
            self._check_write(scope)

    def _check_read(self, headers: Headers, path: str, opens: bool) -> None:
        if opens or not self.settings.read_key or path in OPEN or not needs_key(path):
            return
        if path not in ASKS and self.sessions.is_open(cookie_of(headers), self.keys()):
            return
        raise KeyNeeded("reading needs a key", hint="send it as Authorization: Bearer KEY")

    def _check_write(self, scope: Scope) -> None:
        keys = self.keys()
        if writes_open(scope, self.settings, keys):
            return
        if keys:
            raise KeyNeeded("writing needs a key", hint="send it as Authorization: Bearer KEY")
        raise Forbidden(
            "writing is closed, as this server has no key",
            hint="make one: obverse key CATALOGUE NAME; or start it with --open-writes",
        )


def check_key(key: str, hashes: tuple[str, ...], guesses: Rates, client: str) -> None:
    """Raises ``KeyNeeded`` for a wrong key, and ``TooManyRequests`` after too many of them."""
    if not guesses.take(client, 0):
        raise TooManyRequests("too many wrong keys", hint="wait a moment")
    if not is_right(key, hashes):
        guesses.take(client)
        raise KeyNeeded("that key does not open this server", hint="check it, or leave it out")


def writes_open(scope: Scope, settings: Settings, keys: tuple[str, ...]) -> bool:
    """May this client write without a key? On the same machine it may as long as there is none."""
    if settings.open_writes:
        return True
    headers = Headers(scope=scope)
    forwarded = "x-forwarded-for" in headers or "forwarded" in headers or "via" in headers
    near = bool(scope["client"]) and is_loopback(scope["client"][0])
    return not keys and near and not forwarded and not settings.behind_proxy


def needs_key(path: str) -> bool:
    """Does this path give away what is in the catalogue?"""
    return path.startswith(("/v1/", "/report")) or path == "/metrics"


def key_of(headers: Headers) -> str:
    """The key that a request shows; empty for none."""
    kind, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "")


def cookie_of(headers: Headers) -> str:
    """The session that a browser shows; empty for none."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def client_of(scope: Scope, settings: Settings) -> str:
    """The client's address. Behind a proxy, the last one that this proxy itself wrote down; of
    IPv6 the network, as one household has 2^64 addresses."""
    address = str(scope["client"][0]) if scope["client"] else ""
    if settings.behind_proxy:
        told = Headers(scope=scope).getlist("x-forwarded-for")
        address = told[-1].rpartition(",")[2].strip() if told else address
    return network_of(address)


def network_of(address: str) -> str:
    """What one client is counted by: an address of IPv4, a network of IPv6."""
    ip = ip_of(address)
    if ip is None:
        return address[:64]
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))


def is_loopback(address: str) -> bool:
    """Is it this machine?"""
    ip = ip_of(address)
    return ip is not None and ip.is_loopback


def ip_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address; one of IPv4 written as IPv6 is the former. None for anything else."""
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if ip.version == 6 else ip


def is_local_name(headers: Headers, hosts: tuple[str, ...]) -> bool:
    """Is this server asked for by an address, or by a name that no stranger can own? Otherwise a
    stranger's site could point its own name here and read along (DNS rebinding)."""
    host = urlsplit(f"//{headers.get('host', '')}").hostname if _sound(headers) else None
    if host is None:
        return not headers.get("host")
    if host in hosts or "." not in host or host.endswith(LOCAL_ENDINGS):
        return True
    return ip_of(host) is not None


def _sound(headers: Headers) -> bool:
    try:
        urlsplit(f"//{headers.get('host', '')}")
    except ValueError:
        return False
    return True


def comes_from_here(headers: Headers) -> bool:
    """Browsers say which site a request comes from; programs say nothing."""
    origin = headers.get("origin")
    if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return False
    return origin is None or origin.partition("://")[2] == headers.get("host", "")
