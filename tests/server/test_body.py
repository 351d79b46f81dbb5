"""Bodies that break a limit: the reason reaches a client that is still sending."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from obverse.server import body as bodies
from obverse.server.body import BodyLimits
from obverse.server.settings import Settings

MOST = 1000


class Client:
    """Sends pieces of a body, and notes what it had sent when each part of the answer came."""

    def __init__(self, pieces: Iterator[bytes | None]) -> None:
        self.pieces, self.sent = pieces, 0
        self.answer: list[tuple[Message, int]] = []

    async def receive(self) -> Message:
        piece = next(self.pieces, b"")
        if piece is None:  # it falls silent
            await asyncio.sleep(3600)
        assert piece is not None
        self.sent += len(piece)
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    async def send(self, message: Message) -> None:
        self.answer.append((message, self.sent))

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.answer[0][0]["headers"])

    @property
    def text(self) -> bytes:
        return b"".join(message.get("body", b"") for message, _ in self.answer[1:])


async def reads(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads the whole body."""
    while (await receive()).get("more_body"):
        pass
    await answers_at_once(scope, receive, send)


async def answers_at_once(scope: Scope, receive: Receive, send: Send) -> None:
    """One that does not look at the body."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"fine"})


def serve(app: Any, client: Client, length: int | None = None) -> BodyLimits:
    limits = BodyLimits(app, Settings("x.obv", max_bytes=MOST))
    head = (b"transfer-encoding", b"chunked")
    if length is not None:
        head = (b"content-length", str(length).encode())
    scope = {"type": "http", "path": "/v1/find", "method": "POST", "headers": [head]}
    asyncio.run(limits(scope, client.receive, client.send))
    return limits


def pieces(count: int, size: int = 100) -> Iterator[bytes | None]:
    return (bytes(size) for _ in range(count))


@pytest.mark.parametrize("length", [1800, None], ids=["told", "chunked"])
def test_a_client_that_is_still_sending_hears_why_and_is_read_out(length: int | None) -> None:
    client = Client(pieces(18))
    limits = serve(reads, client, length)
    assert client.answer[0][0]["status"] == 413
    assert json.loads(client.text)["code"] == "BodyTooLarge"
    assert client.headers[b"connection"] == b"close"
    # Told at the first piece too many, or before the first one; over when the last one is in.
    assert client.answer[0][1] == (0 if length else MOST + 100)
    last, sent = client.answer[-1]
    assert not last.get("more_body", False)
    assert sent == client.sent == 1800
    assert all(message.get("more_body") for message, _ in client.answer[1:-1])
    assert limits.held == 0


def test_an_answer_before_the_body_is_read_is_not_cut_short() -> None:
    client = Client(pieces(8))
    serve(answers_at_once, client)
    assert (client.answer[0][0]["status"], client.text) == (200, b"fine")
    assert client.headers[b"connection"] == b"close"
    assert client.sent == 800


def test_who_never_ends_is_not_read_for_ever() -> None:
    client = Client(pieces(10**9))
    serve(reads, client)
    assert client.sent <= MOST + (bodies.DRAIN_TIMES + 1) * MOST
    assert json.loads(client.text)["status"] == 413


def test_who_falls_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "DRAIN_PAUSE", 0.05)
    client = Client(iter([bytes(1100), None]))
    serve(reads, client)
    assert json.loads(client.text)["status"] == 413
    assert not client.answer[-1][0].get("more_body", False)


def test_a_body_that_fits_is_nobodys_business() -> None:
    client = Client(pieces(9))
    limits = serve(reads, client, 900)
    assert (client.answer[0][0]["status"], client.text) == (200, b"fine")
    assert b"connection" not in client.headers
    assert limits.held == 0
