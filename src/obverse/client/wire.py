"""Requests to a server and its errors, which are the catalogue's own, by the standard library."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import secrets
import ssl
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from obverse import errors
from obverse import photo as photos
from obverse.catalogue.gathering import Source
from obverse.errors import Busy, ObverseError, PhotoError, ServerError, TooManyRequests, UsageError
from obverse.types import Photo

TRIES, LONGEST_WAIT_S = 5, 30.0
"""A full server is asked again so often, after as long as it says but no longer than this."""

OWN_CERTIFICATE = "does serve --tls make its own? name a copy of it: Client(…, certificate=PATH)"
OTHER_CERTIFICATE = "give the one that it has now, and ask by a name or address that it holds"


class Wire:
    """Where the server is, and one request to it; arguments as for ``Client``."""

    def __init__(
        self, url: str, key: str | None, timeout: float, certificate: str | Path | None = None
    ) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError("is no address of a server", where=url, hint="http://HOST:8765")
        self.url = url.rstrip("/")
        self._secure = parts.scheme == "https"
        try:
            self._host, self._port = parts.hostname, parts.port
        except ValueError as error:
            raise UsageError(f"no address ({error})", where=url, hint="http://HOST:8765") from error
        if key and not (key.isprintable() and _is_latin(key)):
            raise UsageError("a key holds letters that no request can carry", hint="check the key")
        self._base = parts.path.rstrip("/")
        self._key, self._timeout = key, timeout
        if certificate is not None and not self._secure:
            raise UsageError(
                "a certificate is for https alone", where=url, hint="https://HOST:8765"
            )
        self._is_given = certificate is not None
        self._trusts = _trusting(certificate) if self._secure else None

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str = "",
        *,
        again: bool = True,
    ) -> bytes:
        """One request, made again while the server has no time for it. Raises the error that the
        server names, or ``ServerError``.

        Args:
            again: the same request twice does no harm. One that would is made again only where it
                was refused before it was looked at: a server that is busy may have begun it.
        """
        refused = (TooManyRequests, Busy) if again else (TooManyRequests,)
        for left in reversed(range(TRIES)):
            status, wait, data = self._exchange(method, path, body, kind)
            if status < 400:
                break
            error = error_of(_told(data), status)
            if not left or not isinstance(error, refused):
                raise error
            time.sleep(min(float(wait) if wait.isdecimal() else 1.0, LONGEST_WAIT_S))
        return data

    def ask_json(self, method: str, path: str, told: Any = None, *, again: bool = True) -> Any:
        """One request in JSON, as what it is answered with; ``again`` as for ``ask``."""
        body = None if told is None else json.dumps(told).encode()
        return json.loads(self.ask(method, path, body, "application/json", again=again))

    def send_photos(
        self, path: str, sources: Sequence[Source], told: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Photos and what is said of them, as what they are answered with."""
        body, kind = form([("photo", photo_bytes(photo)) for photo in sources], told)
        try:
            return dict(json.loads(self.ask("POST", path, body, kind)))
        except PhotoError as error:
            raise renamed(error, sources) from error

    def _connection(self) -> http.client.HTTPConnection:
        if self._trusts is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=self._timeout, context=self._trusts
        )

    def _exchange(
        self, method: str, path: str, body: bytes | None, kind: str
    ) -> tuple[int, str, bytes]:
        """Status, ``Retry-After`` and body of what is answered."""
        connection = self._connection()
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        headers |= {"Content-Type": kind} if body is not None else {}
        try:
            try:
                connection.request(method, self._base + path, body, headers)
            except (BrokenPipeError, ConnectionResetError):
                # Refused while it was still being sent: the answer that says why may be there.
                if connection.sock is None:
                    raise
            response = connection.getresponse()
            data = response.read()
        except ssl.SSLCertVerificationError as error:
            raise ServerError(
                f"its certificate is not trusted ({error.verify_message})",
                where=self.url,
                hint=OTHER_CERTIFICATE if self._is_given else OWN_CERTIFICATE,
            ) from error
        except (OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
            raise ServerError(
                f"cannot be reached ({why})", where=self.url, hint="is it running? obverse serve"
            ) from error
        finally:
            connection.close()
        return response.status, response.headers.get("Retry-After", ""), data


def _trusting(certificate: str | Path | None) -> ssl.SSLContext:
    """Trust in whom the system trusts, or in this certificate alone. Raises ``UsageError``."""
    try:
        return ssl.create_default_context(cafile=certificate)
    except OSError as error:
        raise UsageError(
            f"no certificate ({error.strerror or error})",
            where=certificate,
            hint="give the PEM file of the server's",
        ) from error


def error_of(told: Mapping[str, Any], status: int) -> ObverseError:
    """The error that a problem names."""
    # A full server, or a proxy before it, turns away in plain words.
    unnamed = {429: TooManyRequests, 503: Busy}.get(status, ServerError)
    kind = getattr(errors, str(told.get("code", "")), unnamed)
    if not (isinstance(kind, type) and issubclass(kind, ObverseError)):
        kind = ServerError
    what = str(told.get("detail") or f"the server answered {status}")
    return kind(what, where=told.get("where"), hint=str(told.get("hint", "")))


def renamed(error: PhotoError, sources: Sequence[Source]) -> PhotoError:
    """An error about bytes with the names of the files they were read from."""
    names = [str(one) for one in sources if isinstance(one, str | Path)]
    which = re.fullmatch("photo ([0-9]+) of [0-9]+", error.where)
    if which and len(names) == len(sources) >= int(which[1]):
        where = names[int(which[1]) - 1]
    else:
        where = " or ".join(names) if names and error.where == "photo" else error.where
    return type(error)(error.what, where=where, hint=error.hint)


def form(parts: Sequence[tuple[str, bytes]], fields: Mapping[str, Any]) -> tuple[bytes, str]:
    """A form as ``multipart/form-data``, and its media type."""
    mark = secrets.token_hex(16)
    body = io.BytesIO()
    said = [(name, _text(value)) for name, value in fields.items() if value is not None]
    for name, data in (*said, *parts):
        file = '; filename="photo"' if name == "photo" else ""
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        body.write(head.encode() + data + b"\r\n")
    body.write(f"--{mark}--\r\n".encode())
    return body.getvalue(), f"multipart/form-data; boundary={mark}"


def photo_bytes(photo: Source) -> bytes:
    """A photo as it is sent: files as they are, pixels as PNG."""
    if isinstance(photo, bytes | bytearray | memoryview):
        return bytes(photo)
    if isinstance(photo, str | os.PathLike):
        return photos.read(os.fspath(photo), photos.DEFAULT_LIMITS)
    from PIL import Image

    pixels = photo.pixels if isinstance(photo, Photo) else photos.load(photo).pixels
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def path_of(kind: str, id: str, verb: str = "") -> str:
    """Where an item or a view is, or one of its verbs."""
    return f"/v1/{kind}/{quote(id, safe='')}{verb}"


def _is_latin(text: str) -> bool:
    """Can a request's head hold this text?"""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _told(data: bytes) -> dict[str, Any]:
    try:
        told = json.loads(data)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {}


def _text(value: Any) -> bytes:
    return (str(value).lower() if isinstance(value, bool) else str(value)).encode()
