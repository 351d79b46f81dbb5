"""A served catalogue (``obverse serve``) asked and changed from Python, with a catalogue's verbs.

    client = obverse.Client("http://192.168.1.20:8765", key="obv_…")
    answer = client.identify("photo.jpg")

The standard library's HTTP is enough, so the package needs nothing more for it. What comes back are
the catalogue's own dataclasses where they hold no pixels, and small ones with the same names inside
where they do.
"""

from __future__ import annotations

import http.client
import io
import json
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import numpy as np

from obverse import errors
from obverse import photo as photos
from obverse.catalogue import importers
from obverse.catalogue.adding import AddReport, Failure
from obverse.catalogue.importers import Row
from obverse.errors import (
    BodyTooLarge,
    Busy,
    ObverseError,
    PhotoError,
    ServerError,
    TooManyRequests,
    UsageError,
)
from obverse.types import F32, Array, Issue, Item, Photo, Progress, View

Source = str | Path | bytes | Array | Photo

PAGE = 500
"""Items asked for at a time."""
PHOTOS = 24
"""Photos sent at a time."""
MARGIN = 256 * 1024
"""Bytes of a request that are left for what is said of its photos."""
TRIES, LONGEST_WAIT_S = 5, 30.0
"""A full server is asked again so often, after as long as it says but no longer than this."""


@dataclass(frozen=True, slots=True)
class RemoteView:
    """The view that an item is held against."""

    id: str
    side: str
    source: str


@dataclass(frozen=True, slots=True)
class RemoteEvidence:
    """Agreement at the best turn, and the turn: as ``obverse.Evidence`` without its map."""

    score: float
    turn: float


@dataclass(frozen=True, slots=True)
class RemoteCandidate:
    """An item that came back; see ``obverse.Candidate``."""

    item: Item
    view: RemoteView
    similarity: float
    score: float
    probability: float
    evidence: RemoteEvidence
    upright: float
    year: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class RemoteAnswer:
    """See ``obverse.Answer``.

    Attributes:
        known: the catalogue is believed to hold the item.
        candidates: best first.
        quality: what is wrong with the photo.
        region: where the object is, as ``Region.to_dict()``.
        times_ms: of each stage, on the server.
        pictures: addresses for ``Client.picture``, for ten minutes.
        data: all that the server said.
    """

    known: bool
    candidates: tuple[RemoteCandidate, ...]
    quality: tuple[Issue, ...]
    region: Mapping[str, Any]
    times_ms: Mapping[str, float]
    pictures: Mapping[str, Any]
    data: Mapping[str, Any] = field(repr=False)

    @property
    def best(self) -> RemoteCandidate | None:
        """The first candidate, known or not."""
        return self.candidates[0] if self.candidates else None

    @property
    def evidence(self) -> RemoteEvidence | None:
        """The best candidate's evidence."""
        return self.candidates[0].evidence if self.candidates else None

    def to_dict(self) -> dict[str, Any]:
        return dict(self.data)


class Client:
    """A served catalogue.

    Args:
        url: where it is served, such as ``http://192.168.1.20:8765``.
        key: the key that opens it, where it needs one.
        timeout: seconds without a word from the server after which it counts as gone.

    Every method may raise what the catalogue would raise, and ``ServerError`` (``KeyNeeded``,
    ``Busy`` …) for what lies between.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout: float = 60.0) -> None:
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

    # -- asking ------------------------------------------------------------------------------

    def identify(
        self,
        photo: Source,
        *,
        top: int = 5,
        year: bool | None = None,
        max_wrong: float | None = None,
    ) -> RemoteAnswer:
        """Which item is in the photo? See ``Catalogue.identify``."""
        told = {"top": top, "year": year, "max_wrong": max_wrong}
        return _answer(self._send_photos("/v1/identify", [photo], told))

    def identify_sides(
        self, photo: Source, other: Source, *, top: int = 5, max_wrong: float | None = None
    ) -> RemoteAnswer:
        """Which item shows these two sides? See ``Catalogue.identify_sides``."""
        asked = {"top": top, "max_wrong": max_wrong}
        return _answer(self._send_photos("/v1/identify", [photo, other], asked))

    def identify_all(
        self,
        photo: Source,
        *,
        top: int = 5,
        year: bool | None = None,
        max_wrong: float | None = None,
    ) -> list[RemoteAnswer]:
        """Which items are in the photo, in reading order? See ``Catalogue.identify_all``."""
        asked = {"all": True, "top": top, "year": year, "max_wrong": max_wrong}
        told = self._send_photos("/v1/identify", [photo], asked)
        shared = {"times_ms": told["times_ms"], "pictures": told["pictures"]}
        return [_answer({**shared, **one}) for one in told["objects"]]

    def match(self, photo: Source, threshold: float = 0.5) -> str | None:
        """The item that the photo matches, or None."""
        told = self._send_photos("/v1/match", [photo], {"threshold": threshold})
        return str(told["item"]) if told["matched"] else None

    def find(self, photo: Source) -> list[dict[str, Any]]:
        """Where the objects are, each as ``Region.to_dict()``."""
        return list(self._send_photos("/v1/find", [photo], {})["regions"])

    def cutout(self, photo: Source, *, level: bool = False) -> bytes:
        """The first object without its background, as PNG."""
        body, kind = _form([("photo", _bytes(photo))], {"level": level})
        return self._ask("POST", "/v1/cutout", body, kind)

    def embed(self, photo: Source) -> F32:
        """The vector of the first object, float32 (d,)."""
        return np.array(self._send_photos("/v1/embed", [photo], {})["vector"], np.float32)

    def picture(self, address: str) -> bytes:
        """A picture that an answer, an item or a view names, as JPEG or PNG."""
        return self._ask("GET", address)

    def items(self, words: str = "", *, sort: str = "id", **attributes: str) -> list[Item]:
        """All items, or those with these words or attributes."""
        return list(self._pages({"q": words, "sort": sort, **attributes}))

    def item(self, id: str) -> Item:
        """One item. Raises ``NotInCatalogue``."""
        return _item(self._json("GET", _path("items", id)))

    def views(self, item: str) -> list[View]:
        """The views of an item, without thumbnails and embeddings."""
        told = self._json("GET", _path("items", item))["views"]
        return [
            View(
                **{k: view[k] for k in ("id", "item", "side", "sha256", "source", "added")},
                region={"upright": view["upright"]},
                thumbnail=b"",
                embedding=None,
            )
            for view in told
        ]

    def info(self) -> dict[str, Any]:
        """What the server holds, and what this client may do."""
        return dict(self._json("GET", "/v1/session"))

    # -- changing ----------------------------------------------------------------------------

    def add(
        self,
        source: str | Path | bytes | Photo | Iterable[str | Path | bytes | Photo],
        *,
        item: str | None = None,
        side: str = "",
        title: str = "",
        attributes: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> AddReport:
        """Add a folder, a CSV file or photos of this machine. See ``Catalogue.add``."""
        report = AddReport()
        most = int(self.info()["max_bytes"]) - MARGIN
        batch: list[tuple[bytes, Row]] = []
        rows = list(_rows(source, report, item, side, title, attributes or {}))
        for done, row in enumerate(rows, 1):
            try:
                data = _bytes(row.photo)
            except PhotoError as error:
                report.failed.append(_failure(row, error))
            else:
                if batch and sum(len(one) for one, _ in batch) + len(data) > most:
                    self._add(batch, report)
                    batch = []
                batch.append((data, row))
            ended = done == len(rows) or rows[done].item != row.item
            if batch and (ended or len(batch) == PHOTOS):
                self._add(batch, report)
                batch = []
            if progress:
                progress(done, len(rows), f"{report.added} added")
        report.items = int(self.info()["items"])
        return report

    def edit(
        self, id: str, *, title: str | None = None, attributes: Mapping[str, Any] | None = None
    ) -> Item:
        """Change what is said of an item. See ``Catalogue.edit``."""
        told = {"title": title, "attributes": None if attributes is None else dict(attributes)}
        return _item(self._json("PATCH", _path("items", id), _without_none(told)))

    def rename(self, id: str, new: str) -> Item:
        """Give an item another id. See ``Catalogue.rename``."""
        return _item(self._json("PATCH", _path("items", id), {"id": new}))

    def merge(self, id: str, others: str | Sequence[str]) -> str:
        """Put the views of other items under one; a token for ``undo``. See ``Catalogue.merge``."""
        names = [others] if isinstance(others, str) else list(others)
        return str(self._json("POST", _path("items", id) + ":merge", {"from": names})["undo"])

    def withdraw(self, id: str) -> str:
        """Remove an item, or a view, by id; a token for ``undo``. See ``Catalogue.withdraw``."""
        try:
            return str(self._json("DELETE", _path("items", id))["undo"])
        except errors.NotInCatalogue:
            return str(self._json("DELETE", _path("views", id))["undo"])

    def undo(self, token: str) -> list[str]:
        """Take back a ``merge`` or a ``withdraw``; the items that are back, by id."""
        return list(self._json("POST", "/v1/undo", {"undo": token})["items"])

    # -- inside ------------------------------------------------------------------------------

    def _pages(self, asked: Mapping[str, str]) -> Iterator[Item]:
        start = 0
        while True:
            query = urlencode({**asked, "offset": start, "limit": PAGE})
            told = self._json("GET", f"/v1/items?{query}")
            yield from map(_item, told["items"])
            start += PAGE
            if start >= told["total"]:
                return

    def _add(self, batch: list[tuple[bytes, Row]], report: AddReport) -> None:
        row = batch[0][1]
        said = {**row.attributes}
        for _, other in batch:
            said |= other.attributes
        told = {"item": row.item, "title": row.title, "attributes": json.dumps(said)}
        sides = [("side", one.side.encode()) for _, one in batch]
        try:
            body, kind = _form([("photo", data) for data, _ in batch] + sides, told)
            answer = json.loads(self._ask("POST", "/v1/items", body, kind, TRIES))
        except (PhotoError, UsageError, BodyTooLarge) as error:
            report.failed += [_failure(one, error) for _, one in batch]
            return
        report.added += len(answer["views"])
        report.skipped += int(answer["skipped"])
        for problem in answer["failed"]:
            failed = batch[problem["photo"]][1]
            report.failed.append(_failure(failed, _error(problem, problem["status"])))

    def _send_photos(
        self, path: str, sources: Sequence[Source], told: Mapping[str, Any]
    ) -> dict[str, Any]:
        body, kind = _form([("photo", _bytes(photo)) for photo in sources], told)
        return dict(json.loads(self._ask("POST", path, body, kind)))

    def _json(self, method: str, path: str, told: Any = None) -> Any:
        body = None if told is None else json.dumps(told).encode()
        return json.loads(self._ask(method, path, body, "application/json"))

    def _ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "", tries: int = 1
    ) -> bytes:
        """One request, made again while the server is too busy for it. Raises the error that the
        server names, or ``ServerError``."""
        while True:
            status, wait, data = self._exchange(method, path, body, kind)
            if status < 400:
                return data
            error, tries = _error(_told(data), status), tries - 1
            if tries < 1 or not isinstance(error, TooManyRequests | Busy):
                raise error
            time.sleep(min(float(wait) if wait.isdecimal() else 1.0, LONGEST_WAIT_S))

    def _exchange(
        self, method: str, path: str, body: bytes | None, kind: str
    ) -> tuple[int, str, bytes]:
        """Status, ``Retry-After`` and body of what is answered."""
        make = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = make(self._host, self._port, timeout=self._timeout)
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
        except (OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
            raise ServerError(
                f"cannot be reached ({why})", where=self.url, hint="is it running? obverse serve"
            ) from error
        finally:
            connection.close()
        return response.status, response.headers.get("Retry-After", ""), data


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


def _error(told: Mapping[str, Any], status: int) -> ObverseError:
    """The error that a problem names."""
    kind = getattr(errors, str(told.get("code", "")), ServerError)
    if not (isinstance(kind, type) and issubclass(kind, ObverseError)):
        kind = ServerError
    what = str(told.get("detail") or f"the server answered {status}")
    return kind(what, where=told.get("where"), hint=str(told.get("hint", "")))


def _form(parts: Sequence[tuple[str, bytes]], fields: Mapping[str, Any]) -> tuple[bytes, str]:
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


def _text(value: Any) -> bytes:
    return (str(value).lower() if isinstance(value, bool) else str(value)).encode()


def _bytes(photo: Source) -> bytes:
    """A photo as it is sent: files as they are, pixels as PNG."""
    if isinstance(photo, bytes):
        return photo
    if isinstance(photo, str | Path):
        return photos.read(str(photo), photos.DEFAULT_LIMITS)
    from PIL import Image

    pixels = photo.pixels if isinstance(photo, Photo) else photos.load(photo).pixels
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def _rows(
    source: str | Path | bytes | Photo | Iterable[str | Path | bytes | Photo],
    report: AddReport,
    item: str | None,
    side: str,
    title: str,
    attributes: Mapping[str, Any],
) -> Iterator[Row]:
    for one in [source] if isinstance(source, str | Path | bytes | Photo) else source:
        if isinstance(one, str | Path):
            listing = importers.read(one, item=item, side=side, title=title, attributes=attributes)
            report.failed += [Failure(p.source, p.error, p.what) for p in listing.problems]
            yield from sorted(listing.rows, key=lambda row: row.item)
            continue
        if not item:
            raise UsageError("which item do the bytes show?", hint="name it: item=…")
        photo = one if isinstance(one, Photo) else photos.load(one)
        yield Row(photo, item, side, title, dict(attributes))


def _failure(row: Row, error: ObverseError) -> Failure:
    source = row.photo.source if isinstance(row.photo, Photo) else str(row.photo)
    return Failure(source, type(error).__name__, str(error))


def _path(kind: str, id: str) -> str:
    return f"/v1/{kind}/{quote(id, safe='')}"


def _without_none(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if value is not None}


def _item(told: Mapping[str, Any]) -> Item:
    return Item(told["id"], told["title"], told["attributes"])


def _answer(told: dict[str, Any]) -> RemoteAnswer:
    return RemoteAnswer(
        told["known"],
        tuple(_candidate(c) for c in told["candidates"]),
        tuple(Issue(**issue) for issue in told["quality"]),
        told["region"],
        told["times_ms"],
        told["pictures"],
        told,
    )


def _candidate(told: Mapping[str, Any]) -> RemoteCandidate:
    evidence = told["evidence"]
    return RemoteCandidate(
        _item(told["item"]),
        RemoteView(**told["view"]),
        told["similarity"],
        told["score"],
        told["probability"],
        RemoteEvidence(evidence["score"], evidence["turn"]),
        told["upright"],
        told["year"],
    )
