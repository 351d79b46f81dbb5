"""Adding pictures to a store: only what is new or changed, in batches, safely.

What is in already is skipped by content hash, what is new is embedded, and a batch is reported only
when it is on disk; so whenever adding stops, adding again goes on from there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import cv2

from obverse import photo as photos
from obverse.catalogue import duplicates, slips
from obverse.catalogue.importers import Row
from obverse.catalogue.levelling import Leveller
from obverse.catalogue.rows import check_id
from obverse.catalogue.store import Store
from obverse.errors import ObverseError
from obverse.photo import Limits
from obverse.pipeline import REDUCE_TO, Pipeline
from obverse.types import Item, Patch, Photo, Progress, View

BATCH = 32
"""Views per write: a write costs 20 to 50 ms, a view some 50."""
TIDY_EVERY = 64
"""Writes after which a long addition looks whether the store wants tidying."""
THUMBNAIL_QUALITY = 85
NAMED = 3
"""Pairs of items with the same picture, or pictures without an object, that are named."""

_ESCAPE = re.compile(rb"\\x([89a-f][0-9a-f])")


@dataclass(frozen=True, slots=True)
class Failure:
    """One input that could not be used: where, which error, what to do."""

    source: str
    error: str
    what: str

    def to_dict(self) -> dict[str, str]:
        return {"source": self.source, "error": self.error, "what": self.what}


@dataclass(slots=True)
class AddReport:
    """What adding did.

    Attributes:
        added: views written.
        skipped: views that were in already.
        moved: views recognised under a new name or item.
        sides: other views that are said to show another side than before.
        items: items in the catalogue afterwards.
        ignored: files or lines passed over on purpose: hidden, of another kind, or said twice.
        failed: inputs that could not be used.
        notes: what looks like a slip, in a table or in pictures that two items share, a line each.
    """

    added: int = 0
    skipped: int = 0
    moved: int = 0
    sides: int = 0
    items: int = 0
    ignored: int = 0
    failed: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {
            "added": self.added,
            "skipped": self.skipped,
            "moved": self.moved,
            "sides": self.sides,
            "items": self.items,
            "ignored": self.ignored,
            "notes": self.notes,
            "failed": [f.to_dict() for f in self.failed],
        }


@dataclass(slots=True)
class Entry:
    """A view in the catalogue, as much of it as adding needs."""

    id: str
    item: str
    side: str
    source: str

    @property
    def is_gone(self) -> bool:
        """Is the file it was added from no longer there?"""
        return _is_gone(self.source)

    def has_left(self, folders: Sequence[str]) -> bool:
        """Is its file gone from one of these folders? Elsewhere it may be a drive that is not
        plugged in, or an upload that was deleted."""
        return any(self.source.startswith(folder) for folder in folders) and self.is_gone

    def take(self, row: Row) -> bool:
        """The same picture of the same item: take over its new name, and a side if this is the file
        it came from, or was exported to, or nobody knew the side. True if that changed anything."""
        place = _place(row.photo)
        exported = Path(place).stem == self.id
        renamed = place != self.source and self.is_gone and not exported
        told = row.side not in ("", self.side) and (
            renamed or exported or place == self.source or not self.side
        )
        if renamed:
            self.source = place
        if told:
            self.side = row.side
        return renamed or told

    def move(self, row: Row, sha256: str) -> None:
        """The picture shows another item now."""
        self.id = view_id(sha256, row.item)
        self.item, self.side = row.item, row.side or self.side
        self.source = _place(row.photo)


class Addition:
    """One run of adding rows to a store.

    Args:
        folders: those that the rows list whole: a picture that is gone from one of them and turns
            up under another item was moved there.

    Attributes:
        report: what was done so far.
    """

    def __init__(
        self,
        store: Store,
        pipeline: Pipeline,
        limits: Limits,
        rows: Sequence[Row],
        folders: Sequence[Path] = (),
    ) -> None:
        self.report = AddReport()
        self._store, self._pipeline, self._limits, self._rows = store, pipeline, limits, rows
        self._folders = [os.path.join(_place(folder), "") for folder in folders]  # noqa: PTH118
        self._told: dict[str, Item] = {}
        self._known: dict[str, list[Entry]] = {}
        self._stored: dict[str, Entry] = {}
        self._sided: list[str] = []
        self._copied: list[tuple[str, str]] = []
        self._bare: list[str] = []

    def run(self, progress: Progress | None = None) -> AddReport:
        """Add the rows; ``progress`` is called after each batch that is on disk."""
        self._merge_items()
        for sha, found in self._store.hashes().items():
            self._known[sha] = [Entry(*entry) for entry in found]
        self._stored = {e.id: e for entries in self._known.values() for e in entries}
        stored = ((e.id, e.item, e.side) for e in self._stored.values())
        self._leveller = Leveller(self._store, self._pipeline, stored)
        done = 0
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            try:
                for number, chunk in enumerate(self._ahead(pool), 1):
                    self._write([p for future in chunk if (p := future.result())])
                    done += len(chunk)
                    if progress:
                        progress(done, len(self._rows), f"{self.report.added} added")
                    if number % TIDY_EVERY == 0:
                        self._store.optimise()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        # Even with nothing added: an earlier run may have been killed before it came here.
        self._store.optimise()
        self.report.items = self._store.stats().items
        self.report.failed.sort(key=lambda f: f.source)
        if self._sided:
            told = _some(self._sided)
            self.report.notes.append(f"shown as another side before, and replaced: {told}")
        if self._copied:
            self.report.notes.append(_note(self._copied))
        if self._bare:
            self.report.notes.append(_bare_note(self._bare))
        return self.report

    def _merge_items(self) -> None:
        """What the rows say of items, later ones after earlier ones. Changes to stored items are
        written; new ones wait for their first view."""
        disputed: dict[str, str] = {}
        for row in self._rows:
            said, before = Item(row.item, row.title, row.attributes), self._told.get(row.item)
            if before is not None and (what := dispute(before, said)):
                disputed.setdefault(row.item, what)
            self._told[row.item] = _merged(before, said)
        if disputed:
            named = _some([f"{item} in {what}" for item, what in disputed.items()])
            self.report.notes.append(f"rows of one item differ, and the last counts: {named}")
        odd = {id: slips.in_attributes(item.attributes) for id, item in self._told.items()}
        if odd := {id: what for id, what in odd.items() if what}:
            told = _some([f"{item}: {what}" for item, what in odd.items()])
            self.report.notes.append(f"not understood, so it counts for nothing: {told}")
        if words := slips.in_marks(self._told.values()):
            self.report.notes.append(f"mint marks are letters as struck, or none: {_some(words)}")
        stored = [item for item in self._store.items() if item.id in self._told]
        changed = self._changed_items([item.id for item in stored], stored)
        old = {item.id: item for item in stored}
        replaced = {i.id: what for i in changed if (what := dispute(old[i.id], i))}
        if replaced:
            named = _some([f"{item} in {what}" for item, what in replaced.items()])
            self.report.notes.append(f"said otherwise before, and replaced: {named}")
        if changed:
            self._store.put([], changed)

    def _changed_items(self, ids: Sequence[str], stored: Sequence[Item]) -> list[Item]:
        """Those of the items that the rows make new or other than they are stored."""
        old = {item.id: item for item in stored}
        merged = [_merged(old.get(id), self._told[id]) for id in ids]
        return [item for item in merged if old.get(item.id) != item]

    def _ahead(self, pool: ThreadPoolExecutor) -> Iterator[list[Future[Any]]]:
        """Batches of work, the next one under way while the caller deals with the one before."""
        source = iter(self._rows)
        current = [pool.submit(self._prepare, row) for row in islice(source, BATCH)]
        while current:
            following = [pool.submit(self._prepare, row) for row in islice(source, BATCH)]
            yield current
            current = following

    def _prepare(self, row: Row) -> tuple[Row, str, Patch | None] | None:
        """A row with its hash and, if that is new, its patch; None if the photo cannot be used."""
        try:
            check_id(row.item)  # a folder's name may be blank
            sha = _hash(row.photo, self._limits)
        except ObverseError as error:
            self._fail(row, error)
            return None
        entries = self._known.get(sha, ())
        if self._stored_as(row, entries) or any(e.has_left(self._folders) for e in entries):
            return row, sha, None
        patch = self._look(row)
        return (row, sha, patch) if patch else None

    def _stored_as(self, row: Row, entries: Sequence[Entry]) -> Entry | None:
        """The view that a row's picture is already: one of those of the same content, or the one
        that it is named by, as an export's pictures are."""
        named = self._stored.get(Path(_place(row.photo)).stem)
        return next((e for e in (*entries, *filter(None, [named])) if e.item == row.item), None)

    def _look(self, row: Row) -> Patch | None:
        try:
            photo = photos.load(row.photo, limits=self._limits, reduce_to=REDUCE_TO)
            return self._pipeline.look(photo)
        except ObverseError as error:
            self._fail(row, error)
            return None

    def _fail(self, row: Row, error: ObverseError) -> None:
        source = row.photo.source if isinstance(row.photo, Photo) else str(row.photo)
        failure = Failure(source, type(error).__name__, str(error))
        self.report.failed.append(failure)

    def _write(self, prepared: list[tuple[Row, str, Patch | None]]) -> None:
        """Write what is new or changed, in one go."""
        looked: dict[str, tuple[Entry, str, Patch]] = {}
        changed: dict[str, tuple[Entry, str]] = {}  # new id: the entry, and the id it had
        for row, sha, patch in prepared:
            entries = self._known.setdefault(sha, [])
            if same := self._stored_as(row, entries):
                if same.take(row) and same.id not in looked and same.id not in changed:
                    changed[same.id] = (same, same.id)
                else:  # a picture that comes twice counts once
                    self.report.skipped += 1
            elif left := next(
                (e for e in entries if e.id not in looked and e.has_left(self._folders)), None
            ):
                was = left.id
                left.move(row, sha)
                changed[left.id] = (left, was)
            elif patch := patch or self._look(row):
                entry = Entry(view_id(sha, row.item), row.item, row.side, _place(row.photo))
                entries.append(entry)
                looked[entry.id] = (entry, sha, patch)
        new = self._new_views(list(looked.values()))
        replaced = self._changed_views(list(changed.values()))
        if new or replaced:
            views = [*new, *(now for _, now in replaced)]
            ids = sorted({v.item for v in views})
            # As they are stored by now: somebody else may have changed them since this run began.
            items = self._changed_items(ids, self._store.items(ids))
            left_ids = [was for entry, was in changed.values() if was != entry.id]
            self._store.put(views, items, instead_of=left_ids)
        self.report.added += len(new)
        for old, now in replaced:
            moved = (old.source, old.item) != (now.source, now.item)
            self.report.moved += moved
            self.report.sides += not moved
            if old.side and old.side != now.side:
                self._sided.append(f"{now.item} ({old.side!r}, {now.side!r})")
        if new:
            self._copied += duplicates.copies(self._store, self._pipeline, new)
            if self._pipeline.recipe.geometry == "disc":
                self._bare += [v.source for v in new if v.region["whole"]]

    def _new_views(self, looked: list[tuple[Entry, str, Patch]]) -> list[View]:
        patches = [patch for _, _, patch in looked]
        embeddings = self._pipeline.embed(patches) if looked else []
        views = [
            View(
                id=entry.id,
                item=entry.item,
                side=entry.side,
                sha256=sha,
                source=entry.source,
                region=patch.region.to_dict(),
                thumbnail=_thumbnail(patch),
                embedding=embedding,
                added=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            for (entry, sha, patch), embedding in zip(looked, embeddings, strict=True)
        ]
        return self._leveller.level(views, patches)

    def _changed_views(self, changed: list[tuple[Entry, str]]) -> list[tuple[View, View]]:
        """The views as they are stored, each with what becomes of it."""
        ids = sorted({was for _, was in changed})
        old = {v.id: v for v in self._store.views(ids, embeddings=True)} if ids else {}
        return [
            (old[was], replace(old[was], id=e.id, item=e.item, side=e.side, source=e.source))
            for e, was in changed
            if was in old
        ]


def _merged(old: Item | None, new: Item) -> Item:
    """An item with what is said of it now after what was said before."""
    if old is None:
        return new
    return Item(new.id, new.title or old.title, {**old.attributes, **new.attributes})


def dispute(old: Item, new: Item) -> str:
    """Where both say something of an item, and not the same; empty where they agree."""
    told = [("title", old.title, new.title)] if old.title and new.title else []
    told += [(k, old.attributes[k], v) for k, v in new.attributes.items() if k in old.attributes]
    return ", ".join(f"{k} ({a!r}, {b!r})" for k, a, b in told if not _same(a, b))


def _same(one: object, other: object) -> bool:
    """Are two values of an attribute one, as the catalogue stores them?"""
    try:
        written = [json.dumps(value, sort_keys=True) for value in (one, other)]
    except (TypeError, ValueError):
        return repr(one) == repr(other)
    numbers = [isinstance(v, int | float) and not isinstance(v, bool) for v in (one, other)]
    return written[0] == written[1] or (all(numbers) and one == other)


def _note(copied: list[tuple[str, str]]) -> str:
    """What is said of new pictures that another item has too."""
    pairs = list(dict.fromkeys(tuple(sorted(pair)) for pair in copied))
    named = _some([f"{one} and {other}" for one, other in pairs])
    are = "is" if len(copied) == 1 else "are"
    return (
        f"{len(copied)} of the new pictures {are} nearly the same as one of another item, so both "
        f"will share their probability: {named}; remove one, or make them one item"
    )


def _bare_note(sources: list[str]) -> str:
    """What is said of new pictures in which nothing round was found."""
    return (
        f"no round object was found in {len(sources)} of the new pictures, which were taken whole: "
        f"{_some(sources)}; look at them, or add flat things by "
        "--recipe flat to a catalogue of their own"
    )


def _some(names: list[str]) -> str:
    """The first few of them, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def view_id(sha256: str, item: str) -> str:
    """The stable id of a picture under an item: 24 hex digits."""
    return hashlib.sha256(f"{sha256}\0{item}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _thumbnail(patch: Patch) -> bytes:
    bgr = cv2.cvtColor(patch.original, cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, THUMBNAIL_QUALITY])
    return jpeg.tobytes()


def _hash(photo: Path | Photo, limits: Limits) -> str:
    return photo.sha256 if isinstance(photo, Photo) else photos.hash_file(photo, limits)


def _place(path: Path | Photo) -> str:
    """Where a file is, as text; bytes that are no text become escapes like ``\\xe9``."""
    if isinstance(path, Photo):
        return path.source
    return os.fsencode(path.absolute()).decode("utf-8", "backslashreplace")


def _is_gone(place: str) -> bool:
    """Is no file there any more?"""
    raw = _ESCAPE.sub(lambda m: bytes.fromhex(m[1].decode()), os.fsencode(place))
    return not (os.path.exists(place) or os.path.exists(raw))  # noqa: PTH110 paths as bytes
