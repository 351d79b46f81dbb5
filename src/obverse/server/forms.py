"""Uploads: photos and the words beside them, from multipart or JSON, held in memory.

File names are not looked at, nothing is written to disk, and what a photo is is found by its bytes
when it is decoded. Size and time are limited where the body arrives (``obverse.server.body``).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from obverse.errors import BodyTooLarge, Busy, UsageError, WrongMedia
from obverse.server import state
from obverse.server.plain import said

PARTS = 256
"""Parts of a form, at most."""
HEAD_BYTES, FIELD_BYTES = 4096, 256 * 1024
"""A part's head, and a field that is no file, at most."""
STRUCTURE = 10_000
"""Commas and brackets of a JSON body, at most: photos in base64 hold none, and each value of a
million costs a hundred bytes and time in which nobody else is served."""
URL_SAFE = bytes.maketrans(b"-_", b"+/")
Model = TypeVar("Model", bound=BaseModel)


@dataclass(slots=True)
class Form:
    """What came: photos in their order, and each field's values."""

    photos: list[bytes] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)


async def read(
    request: Request, model: type[Model], *, most: int, least: int = 1, name: str = "photo"
) -> tuple[list[bytes], Model]:
    """The photos and the fields of a request.

    Args:
        request: ``multipart/form-data``, its files in fields called ``name``; or JSON with
            base64 in a list ``photos``.
        model: what the other fields must be; lists are fields that may be repeated.
        most, least: how many photos.

    Raises:
        UsageError: something is missing, too much, or no sense.
        WrongMedia: neither multipart nor JSON.
        BodyTooLarge: too many parts, or too much text.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == b"multipart/form-data":
        where, parts = name, Parts(name, known=_fields(model))
        form = await _multipart(request, options.get(b"boundary", b""), parts)
        told: dict[str, Any] = {
            key: values if _is_list(model, key) else values[-1]
            for key, values in form.fields.items()
        }
    elif kind == b"application/json":
        where, body = f"{name}s", await request.body()
        server = state.of(request)
        form, told = await server.reads.run(state.client(request), lambda: _json(body, name))
    else:
        raise WrongMedia(
            "neither multipart/form-data nor application/json",
            where="content-type",
            hint=f"send the photo as a field {name!r} of a form",
        )
    fields = checked(model, told, _hint(where))
    if not least <= len(form.photos) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise UsageError(f"{len(form.photos)} photos, not {wanted}", where=where, hint=_hint(where))
    return form.photos, fields


async def read_file(request: Request, sink: BinaryIO, *, name: str) -> None:
    """One file of a form, written to ``sink`` as it comes. Raises as ``read`` does, and
    ``Busy`` where the disk is full."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data":
        raise WrongMedia("not multipart/form-data", where="content-type", hint="send a form")
    parts = Parts(name, sink)
    await _multipart(request, options.get(b"boundary", b""), parts)
    if len(parts.form.photos) != 1:
        raise UsageError(f"{len(parts.form.photos)} files, not 1", where=name, hint=_hint(name))


async def read_json(request: Request, model: type[Model]) -> Model:
    """A JSON body without photos, as the model has it. Raises ``UsageError``, ``BodyTooLarge`` and
    ``WrongMedia``."""
    kind, _ = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"application/json":
        hint = "send JSON, and say so: Content-Type: application/json"
        raise WrongMedia("not application/json", where="content-type", hint=hint)
    body = await request.body()
    if len(body) > FIELD_BYTES:
        raise BodyTooLarge(f"more than {FIELD_BYTES:,} bytes", where="body")
    return checked(model, parsed(body))


def parsed(body: bytes) -> Any:
    """What a JSON body says. Raises ``UsageError``, ``BodyTooLarge``."""
    if sum(map(body.count, (b",", b"[", b"{"))) > STRUCTURE:
        raise BodyTooLarge(f"more than {STRUCTURE:,} values", where="body")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"no JSON ({error})", where="body") from error


def checked(model: type[Model], told: Any, hint: str = "see /docs") -> Model:
    """Fields as the model has them. Raises ``UsageError``, with ``hint`` for one that is none."""
    if isinstance(told, dict):
        # Before the model, which would make an error for each.
        known = _fields(model)
        for key in told:
            if key not in known:
                raise UsageError("no such field", where=key[:80], hint=hint)
    try:
        return model.model_validate(told)
    except ValidationError as error:
        where, what = said(error.errors(include_url=False, include_input=False)[0])
        raise UsageError(what, where=where or "body", hint="see /docs") from error


def _fields(model: type[BaseModel]) -> set[str]:
    """The names of a model's fields as they are sent."""
    return {about.alias or name for name, about in model.model_fields.items()}


def _is_list(model: type[BaseModel], key: str) -> bool:
    found = model.model_fields.get(key)
    return found is not None and str(found.annotation).startswith("list")


def _json(body: bytes, name: str) -> tuple[Form, dict[str, Any]]:
    told = parsed(body)
    if not isinstance(told, dict):
        raise UsageError("not a JSON object", where="body")
    photos = told.pop(f"{name}s", [])
    if not isinstance(photos, list) or not all(isinstance(text, str) for text in photos):
        raise UsageError("not a list of texts in base64", where=f"{name}s")
    try:
        return Form([_unpacked(text) for text in photos]), told
    except ValueError as error:
        raise UsageError(
            f"no base64 ({error})", where=f"{name}s", hint="send the file's bytes in base64"
        ) from error


def _unpacked(text: str) -> bytes:
    """What base64 says, be it broken into lines, URL-safe, without its padding, or in a ``data:``
    URL. Raises ``ValueError``."""
    packed = text.partition(",")[2] if text.startswith("data:") else text
    plain = packed.encode("ascii").translate(URL_SAFE, b" \t\r\n")
    return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)


def _hint(name: str) -> str:
    """Where files go."""
    return f"a file goes into {name!r}; see /docs"


async def _multipart(request: Request, boundary: bytes, parts: Parts) -> Form:
    if not 1 <= len(boundary) <= 200:
        raise UsageError("multipart without a boundary", where="content-type")
    try:
        parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]
        async for piece in request.stream():
            parser.write(piece)
        parser.finalize()
    except FormParserError as error:
        raise UsageError(f"a broken form ({error})", where="body") from error
    if not parts.is_whole:
        raise UsageError("a form that ends too early", where="body", hint="send it again")
    return parts.form


class Parts:
    """Collects a form's parts as they are parsed; files go to ``sink`` where there is one, and
    fields that are not ``known`` are refused as soon as they are named."""

    def __init__(
        self, name: str, sink: BinaryIO | None = None, known: Set[str] = frozenset()
    ) -> None:
        self.form = Form()
        self._known = known
        self._sink = sink
        self.is_whole = False
        self._name = name
        self._count = 0
        self._start()

    def callbacks(self) -> dict[str, Any]:
        """For the parser."""
        return {
            "on_part_begin": self._start,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._whole,
        }

    def _start(self) -> None:
        self._field, self._value = b"", b""
        self._heads: dict[bytes, bytes] = {}
        self._pieces: list[bytes] = []
        self._size = 0
        self._key, self._is_file = "", False

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]
        self._limit(len(self._field), HEAD_BYTES)

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._limit(len(self._value), HEAD_BYTES)

    def _header_end(self) -> None:
        self._heads[self._field.lower()] = self._value
        self._limit(len(self._heads), 16)
        self._field, self._value = b"", b""

    def _headers_finished(self) -> None:
        self._count += 1
        self._limit(self._count, PARTS)
        _, options = parse_options_header(self._heads.get(b"content-disposition", b""))
        self._key = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = self._key == self._name
        if not (self._is_file or self._key in self._known):
            where = self._key[:80] or "body"
            raise UsageError("no such field", where=where, hint=_hint(self._name))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if not self._is_file:
            self._limit(self._size, FIELD_BYTES)
        elif self._sink is not None:
            try:
                self._sink.write(data[start:end])
            except OSError as error:
                raise Busy("no room to keep it", hint="try again later, in parts") from error
            return
        self._pieces.append(data[start:end])

    def _end(self) -> None:
        whole = b"".join(self._pieces)
        self._pieces = []
        if self._is_file:
            self.form.photos.append(whole)
            return
        try:
            text = whole.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UsageError("not written in UTF-8", where=self._key) from error
        self.form.fields.setdefault(self._key, []).append(text)

    def _whole(self) -> None:
        self.is_whole = True

    def _limit(self, size: int, most: int) -> None:
        if size > most:
            raise BodyTooLarge(f"more than {most:,} in a form's part or head", where="body")
