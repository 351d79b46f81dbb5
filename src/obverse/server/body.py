"""How much a request may send, and how slowly: enforced while it arrives, before anyone reads it.

ASGI, around the application. A body that is too large or too slow ends in 413 or 408, whatever part
of the application is reading it.
"""

from __future__ import annotations

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from obverse.errors import BodyTooLarge, Busy, ObverseError, TooSlow
from obverse.server.errors import problem, respond
from obverse.server.settings import Settings

DRAIN_SECONDS, DRAIN_PAUSE, DRAIN_TIMES = 10.0, 2.0, 2
"""A refused client that is still sending is read on for so long, until it pauses for so long, or
until it has sent so many times the most that is taken: were the connection closed at once, it
would see a reset instead of the reason."""
BULK = "/v1/items:bulk"


class BodyLimits:
    """The middleware."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self.held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = Body(self, scope, receive)
        reply = Reply(body, send)
        try:
            body.check_length()
            await self.app(scope, body.receive, reply.send)
        except ObverseError as error:
            if reply.started:
                raise
            body.failed = error
        finally:
            self.held -= body.held
        if body.failed is not None and not reply.started:
            reply.refuses = True
            await respond(problem(body.failed))(scope, receive, reply.send)


class Body:
    """One request's body, counted and timed as it comes."""

    def __init__(self, limits: BodyLimits, scope: Scope, receive: Receive) -> None:
        self.limits, self.scope, self._receive = limits, scope, receive
        settings = limits.settings
        self.is_bulk = scope["path"] == BULK
        self.most = settings.max_zip if self.is_bulk else settings.max_bytes
        self.size = 0
        self.held = 0
        self.failed: ObverseError | None = None
        self.is_coming = any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in scope["headers"]
        )
        self._start = time.monotonic()

    def check_length(self) -> None:
        """Refuse by what the head says, before a byte of the body is read."""
        for name, value in self.scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self.most:
                raise self._too_large()

    async def receive(self) -> Message:
        """The next piece. Raises ``BodyTooLarge``, ``TooSlow``, ``Busy``."""
        try:
            return await self._next()
        except ObverseError as error:
            self.failed = error
            raise

    async def drain(self) -> None:
        """Read on for a moment, and forget it."""
        until, size = time.monotonic() + DRAIN_SECONDS, 0
        while self.is_coming and size < DRAIN_TIMES * self.most:
            left = min(DRAIN_PAUSE, until - time.monotonic())
            try:
                message = await asyncio.wait_for(self._receive(), left)
            except TimeoutError:
                return
            size += len(message.get("body", b""))
            self.is_coming = message.get("more_body", False)

    async def _next(self) -> Message:
        if not self.is_coming:
            return await self._receive()
        settings = self.limits.settings
        until = self._start + settings.body_grace + self.size / settings.body_rate
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, until - time.monotonic()))
        except TimeoutError:
            raise TooSlow(
                f"{self.size:,} bytes in {time.monotonic() - self._start:.0f} s",
                hint="try again with a better connection, or a smaller photo",
            ) from None
        self.is_coming = message.get("more_body", False)
        self._count(message)
        return message

    def _count(self, message: Message) -> None:
        size = len(message.get("body", b""))
        self.size += size
        self.scope["obverse.bytes"] = self.size
        if self.size > self.most:
            raise self._too_large()
        if not self.is_bulk:  # that goes to disk
            self.held += size
            self.limits.held += size
            if self.limits.held > self.limits.settings.max_held:
                raise Busy("too many uploads at once", hint="try again in a moment")

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(
            f"more than {self.most:,} bytes", hint="send a smaller picture, or fewer at a time"
        )


class Reply:
    """The response on its way out.

    The application's own words about a body that broke a limit are dropped: it does not know why.
    Where the client is still sending when it is answered, it is read on for a moment, and then the
    connection is closed: closed at once, the client would see a reset instead of the answer.
    """

    def __init__(self, body: Body, send: Send) -> None:
        self.started = False
        self.refuses = False
        self._body, self._send = body, send
        self._closes = False

    async def send(self, message: Message) -> None:
        if self._body.failed is not None and not self.started and not self.refuses:
            return
        if message["type"] == "http.response.start":
            self.started = True
            if self._body.is_coming:
                self._closes = True
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        elif self._closes and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._body.drain()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)
