"""The verbs of a served catalogue, as ``Catalogue`` has them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

import numpy as np

from obverse.catalogue import exporter
from obverse.catalogue.adding import AddReport
from obverse.catalogue.duplicates import Group, Shown
from obverse.catalogue.gathering import Source
from obverse.catalogue.levelling import LevelReport
from obverse.catalogue.rows import check_edit, check_id
from obverse.client.answers import (
    RemoteAnswer,
    RemoteTray,
    read_answer,
    read_item,
    read_tray,
    read_view,
)
from obverse.client.sending import Sources, rows_of, send
from obverse.client.wire import Wire, form, path_of, photo_bytes, renamed
from obverse.errors import NotInCatalogue, PhotoError, ServerError, UsageError
from obverse.types import F32, Item, Progress, View

PAGE = 500
"""Items asked for at a time."""
TAKEN = frozenset({"q", "offset", "limit"})
"""Parameters of the address that lists items, which no attribute of that name gets past."""
LOOK_EVERY_S = 0.2
"""A job is asked how far it is this often."""


class Client:
    """A served catalogue.

    Args:
        url: where it is served, such as ``http://192.168.1.20:8765``.
        key: the key that opens it, where it needs one.
        timeout: seconds without a word from the server after which it counts as gone.
        certificate: PEM file of the one certificate to trust, as ``serve --tls`` keeps it, where
            nobody else vouches for the server.

    Every method may raise what the catalogue would raise, and ``ServerError`` (``KeyNeeded``,
    ``Busy`` …) for what lies between.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 60.0,
        certificate: str | Path | None = None,
    ) -> None:
        self._wire = Wire(url, key, timeout, certificate)
        self.url = self._wire.url

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """As ``Catalogue.close``; no connection is kept between two calls."""

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
        return read_answer(self._wire.send_photos("/v1/identify", [photo], told))

    def identify_sides(
        self,
        photo: Source,
        other: Source | None = None,
        *,
        top: int = 5,
        max_wrong: float | None = None,
    ) -> RemoteAnswer:
        """Which item shows these two sides? See ``Catalogue.identify_sides``."""
        sources = [photo] if other is None else [photo, other]
        told = {"sides": True, "top": top, "max_wrong": max_wrong}
        return read_answer(self._wire.send_photos("/v1/identify", sources, told))

    def identify_all(
        self,
        photo: Source,
        *,
        top: int = 5,
        year: bool | None = None,
        max_wrong: float | None = None,
    ) -> RemoteTray:
        """Which items are in the photo, in reading order? See ``Catalogue.identify_all``."""
        told = {"all": True, "top": top, "year": year, "max_wrong": max_wrong}
        return read_tray(self._wire.send_photos("/v1/identify", [photo], told))

    def match(
        self, photo: Source, threshold: float | None = None, *, year: bool | None = None
    ) -> str | None:
        """The item that the photo matches, or None: at this least probability, or where it is
        known as ``identify`` has it."""
        told = self._wire.send_photos("/v1/match", [photo], {"threshold": threshold, "year": year})
        return str(told["item"]) if told["matched"] else None

    def find(self, photo: Source) -> list[dict[str, Any]]:
        """Where the objects are, each as ``Region.to_dict()``."""
        return list(self._wire.send_photos("/v1/find", [photo], {})["regions"])

    def cutout(self, photo: Source, *, level: bool = False) -> bytes:
        """The first object without its background, as PNG."""
        body, kind = form([("photo", photo_bytes(photo))], {"level": level})
        try:
            return self._wire.ask("POST", "/v1/cutout", body, kind)
        except PhotoError as error:
            raise renamed(error, [photo]) from error

    def embed(self, photo: Source) -> F32:
        """The vector of the first object, float32 (d,)."""
        told = self._wire.send_photos("/v1/embed", [photo], {})
        return np.array(told["vector"], np.float32)

    def picture(self, address: str) -> bytes:
        """A picture that an answer, an item or a view names, as JPEG or PNG."""
        return self._wire.ask("GET", address)

    def items(self, words: str = "", *, sort: str = "", **attributes: str) -> list[Item]:
        """All items, or those with these words or attributes; sorted by id as ``Catalogue.items``,
        or as the server sorts: by ``title``, ``id`` (9 before 10), ``added`` or an attribute.
        Attributes called as a parameter is (``words``, ``sort``, ``q``, ``offset``, ``limit``)
        cannot be asked for. Raises ``UsageError``."""
        if taken := sorted(TAKEN & attributes.keys()):
            raise UsageError(
                "is no attribute that items can be asked for by",
                where=taken[0],
                hint="the server has a parameter of that name",
            )
        found = list(self._pages({"q": words, "sort": sort or "id", **attributes}))
        return found if sort else sorted(found, key=lambda item: item.id)

    def item(self, id: str) -> Item:
        """One item. Raises ``NotInCatalogue``."""
        return read_item(self._wire.ask_json("GET", path_of("items", id)))

    def views(self, item: str | None = None) -> list[View]:
        """The views of an item, or all of them, without thumbnails and embeddings; none of an item
        that is not there."""
        if item is None:
            return [view for one in self.items() for view in self.views(one.id)]
        try:
            told = self._wire.ask_json("GET", path_of("items", item))["views"]
        except NotInCatalogue:
            return []
        return [read_view(view) for view in told]

    def duplicates(self, *, progress: Progress | None = None) -> list[Group]:
        """Items that are one and the same. See ``Catalogue.duplicates``."""
        job = self._wire.ask_json("POST", "/v1/duplicates")["job"]
        while (told := self._wire.ask_json("GET", f"/v1/jobs/{job}"))["state"] == "running":
            if progress:
                progress(told["done"], told["total"], "comparing")
            time.sleep(LOOK_EVERY_S)
        if told["state"] != "done":
            raise ServerError(f"the search {told['state']}", where=self.url, hint="see its log")
        return [
            Group(tuple(Shown(**view) for view in g["views"]), g["score"], g["probability"])
            for g in told["result"]["groups"]
        ]

    def info(self) -> dict[str, Any]:
        """What the server holds, and what this client may do."""
        return dict(self._wire.ask_json("GET", "/v1/session"))

    def export(self, folder: str | Path) -> Path:
        """Write ``catalogue.csv`` and pictures into a folder. See ``Catalogue.export``."""
        items = self.items()
        return exporter.write_views(Path(folder), items, self._pictures(items))

    # -- changing ----------------------------------------------------------------------------

    def add(
        self,
        source: Sources,
        *,
        item: str | None = None,
        side: str = "",
        title: str = "",
        attributes: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> AddReport:
        """Add a folder, a CSV file, photos or rows of this machine. See ``Catalogue.add``."""
        report = AddReport()
        rows = rows_of(source, report, item, side, title, attributes)
        send(self._wire, rows, int(self.info()["max_bytes"]), report, progress)
        report.items = int(self.info()["items"])
        return report

    def remove(self, ids: str | Sequence[str]) -> int:
        """Remove items or single views by id, 1,000 at most; returns views removed. See
        ``Catalogue.remove``."""
        return int(self._remove(ids, undo=False)["views"])

    def edit(
        self,
        id: str,
        *,
        title: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        new_id: str | None = None,
    ) -> Item:
        """Change what is said of an item. See ``Catalogue.edit``."""
        check_edit(id, title, attributes, new_id)
        said = None if attributes is None else dict(attributes)
        told = {"title": title, "attributes": said, "id": new_id}
        change = {key: value for key, value in told.items() if value is not None}
        path, again = path_of("items", id), new_id is None
        return read_item(self._wire.ask_json("PATCH", path, change, again=again))

    def edit_view(self, id: str, *, side: str) -> View:
        """Say which side a view shows. See ``Catalogue.edit_view``; without thumbnail and
        embedding."""
        return read_view(self._wire.ask_json("PATCH", path_of("views", id), {"side": side}))

    def rename(self, id: str, new: str) -> Item:
        """Give an item another id. See ``Catalogue.rename``."""
        return self.edit(id, new_id=check_id(new))

    def merge(self, id: str, others: str | Sequence[str]) -> str:
        """Put the views of other items, 100 at most, under one; a token for ``undo``. See
        ``Catalogue.merge``."""
        path, told = path_of("items", id, ":merge"), {"from": _list(others)}
        return str(self._wire.ask_json("POST", path, told, again=False)["undo"])

    def withdraw(self, ids: str | Sequence[str]) -> str:
        """As ``remove``, but it can be taken back for a while; returns a token for ``undo``."""
        return str(self._remove(ids, undo=True)["undo"])

    def undo(self, token: str) -> list[str]:
        """Take back a ``merge`` or a ``withdraw``; the items that are back, by id."""
        told = self._wire.ask_json("POST", "/v1/undo", {"undo": token}, again=False)
        return list(told["items"])

    def level(
        self,
        item: str | None = None,
        *,
        side: str | None = None,
        view: str | None = None,
        turn: float | None = None,
    ) -> LevelReport:
        """Say which way is up. See ``Catalogue.level``; without an item or a view, item by item."""
        if item is None and view is None and turn is None:
            done = [self._level_all_of(one.id, side) for one in self.items()]
            unsure = [id for report in done for id in report.unsure]
            return LevelReport(sum(report.turned for report in done), tuple(unsure))
        told = {"item": item, "side": side, "view": view, "turn": turn}
        report = self._wire.ask_json("POST", "/v1/items:level", told, again=turn is None)
        return LevelReport(report["turned"], tuple(report["unsure"]))

    # -- inside ------------------------------------------------------------------------------

    def _pages(self, asked: Mapping[str, str]) -> Iterator[Item]:
        start = 0
        while True:
            query = urlencode({**asked, "offset": start, "limit": PAGE})
            told = self._wire.ask_json("GET", f"/v1/items?{query}")
            yield from map(read_item, told["items"])
            start += PAGE
            if start >= told["total"]:
                return

    def _pictures(self, items: Sequence[Item]) -> Iterator[tuple[View, bytes]]:
        """The views of items with their pictures, but for those deleted meanwhile."""
        for view in (view for item in items for view in self.views(item.id)):
            with suppress(NotInCatalogue):
                yield view, self.picture(path_of("views", view.id, "/picture"))

    def _level_all_of(self, id: str, side: str | None) -> LevelReport:
        """Level an item, if it is still there."""
        try:
            return self.level(id, side=side)
        except NotInCatalogue:
            return LevelReport(0, ())

    def _remove(self, ids: str | Sequence[str], *, undo: bool) -> Any:
        told = {"ids": _list(ids), "undo": undo}
        return self._wire.ask_json("POST", "/v1/items:remove", told, again=False)


def _list(ids: str | Sequence[str]) -> list[str]:
    return [ids] if isinstance(ids, str) else list(ids)
