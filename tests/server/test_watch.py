"""What the outermost middleware makes of an application that fails."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from obverse.server.watch import HEADERS, Metrics, Watch

START: Message = {"type": "http.response.start", "status": 200, "headers": []}


def answers_of(begins: bool, metrics: Metrics) -> list[Message]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if begins:
            await send(START)
        raise RuntimeError("/secret/path")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}
    watch = Watch(app, metrics)
    if begins:
        with pytest.raises(RuntimeError):
            asyncio.run(watch(scope, receive, send))
    else:
        asyncio.run(watch(scope, receive, send))
    return sent


def test_a_failure_is_answered_and_counted_as_one() -> None:
    metrics = Metrics()
    start, body = answers_of(False, metrics)
    assert start["status"] == 500
    given = {name.decode(): value.decode() for name, value in start["headers"]}
    assert {name.lower() for name in HEADERS} < set(given)
    told = json.loads(body["body"])
    assert told["code"] == "InternalError"
    assert given["x-request-id"] in told["detail"]
    assert "secret" not in told["detail"]
    labels = {"route": "none", "method": "GET", "status": "500"}
    assert metrics.registry.get_sample_value("obverse_requests_total", labels) == 1


def test_half_an_answer_is_not_followed_by_another() -> None:
    assert [message["type"] for message in answers_of(True, Metrics())] == [START["type"]]
