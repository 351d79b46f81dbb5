"""What the server tells of itself: one line of JSON a request, metrics, and the safe headers.

No line holds a picture, a key, or what was asked for beyond its path.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from obverse.server.errors import bare, respond

log = logging.getLogger("obverse.server")

POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NOISY = ("python_multipart", "PIL")
"""They log what is wrong with what was sent; the answer says it already."""
METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"})
SECONDS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Everything at /metrics, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "obverse_requests", "Requests answered.", ["route", "method", "status"],
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "obverse_request_seconds", "From the request's head to the end of its answer.",
            ["route"], buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self.received = Counter("obverse_received_bytes", "Of bodies.", registry=self.registry)
        self.stages = Counter(
            "obverse_stage_seconds", "Spent in each stage.", ["stage"], registry=self.registry
        )
        self.answers = Counter(
            "obverse_answers", "Photos answered.", ["known"], registry=self.registry
        )

    def gauge(self, name: str, text: str, read: Any) -> None:
        """A number that is looked up when somebody asks."""
        Gauge(name, text, registry=self.registry).set_function(read)


class Watch:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status, number = time.perf_counter(), 0, secrets.token_hex(8)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = {name.lower() for name, _ in message["headers"]}
                extra = [
                    (name.lower().encode(), value.encode())
                    for name, value in (*HEADERS.items(), ("X-Request-ID", number))
                    if name.lower().encode() not in given
                ]
                if b"cache-control" not in given:
                    extra.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        scope["obverse.request"] = number
        try:
            await self.app(scope, receive, answer)
        except Exception as error:
            # Here, and not by the framework's handler, which stands outside of this middleware.
            log.error("failed", exc_info=error, extra={"facts": {"id": number}})
            if status:
                raise  # half an answer is out: the connection is closed
            told = bare(500, f"unexpected; the log has it as {number}", "InternalError")
            await respond(told)(scope, receive, answer)
        finally:
            self._note(scope, status, time.perf_counter() - start, number)

    def _note(self, scope: Scope, status: int, seconds: float, number: str) -> None:
        route = getattr(scope.get("route"), "path", "") or "none"
        method = scope["method"] if scope["method"] in METHODS else "other"
        size = int(scope.get("obverse.bytes", 0))
        self.metrics.requests.labels(route, method, status).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        self.metrics.received.inc(size)
        log.info(
            "request",
            extra={
                "facts": {
                    "id": number,
                    "client": scope.get("obverse.client", ""),
                    "method": method,
                    "path": scope["path"][:200],
                    "status": status,
                    "ms": round(1e3 * seconds, 1),
                    "bytes": size,
                }
            },
        )


class Lines(logging.Formatter):
    """A log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        told: dict[str, Any] = {
            "time": f"{stamp}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told)


def start_log(quiet: bool = False) -> None:
    """Send the lines to stderr; ``quiet`` leaves out requests that went well."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    for name in ("obverse.server", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.WARNING if quiet or name != "obverse.server" else logging.INFO)
        logger.propagate = False
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
