"""Changing what is in a catalogue, so that it can be taken back.

A change that takes something away first keeps, on disk, the rows as they were; taking it back puts
them in again and drops the rows that the change had made. Whatever moment the process is killed at,
a row is in the catalogue, or kept, or both.
"""

from __future__ import annotations

import io
import json
import secrets
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from obverse.catalogue.adding import view_id
from obverse.catalogue.rows import (
    check_edit,
    check_id,
    item_table,
    read_item,
    read_view,
    view_table,
)
from obverse.catalogue.sides import check_side
from obverse.catalogue.store import Manifest, Store
from obverse.errors import AlreadyInCatalogue, ChangedSince, NotInCatalogue, UsageError
from obverse.types import Item, View

KEEP_SECONDS = 600.0
"""How long a change can be taken back."""


@dataclass(frozen=True, slots=True)
class Change:
    """What brings back the state before a change.

    Attributes:
        items, views: the rows as they were, views with embeddings.
        new_views: ids of views that were not there before.
        left: what the change left of the items, as it left them.
    """

    items: list[Item]
    views: list[View]
    new_views: list[str]
    left: list[Item]


def edit(
    store: Store,
    item: Item,
    title: str | None,
    attributes: Mapping[str, Any] | None,
    new_id: str | None = None,
) -> Item:
    """See ``Catalogue.edit``."""
    check_edit(item.id, title, attributes, new_id)
    laid = {**item.attributes, **(attributes or {})}
    kept = {key: value for key, value in laid.items() if value is not None}
    new = Item(item.id, item.title if title is None else title, kept)
    if new_id is not None and new_id != item.id:
        return rename(store, new, new_id)
    if new != item:
        store.put([], [new])
    return new


def edit_view(store: Store, id: str, side: str) -> View:
    """See ``Catalogue.edit_view``."""
    known = check_side(side)
    found = store.views([id], embeddings=True)
    if not found:
        raise NotInCatalogue(f"no view {id!r}", where=store.uri, hint="nothing was changed")
    new = replace(found[0], side=known)
    if new.side != found[0].side:
        store.put([new])
    return replace(new, embedding=None)


def rename(store: Store, item: Item, new: str) -> Item:
    """See ``Catalogue.rename``; what is said of the item is written as given."""
    if check_id(new) == item.id:
        return item
    if store.items([new]):
        raise AlreadyInCatalogue(
            f"there is an item {new!r}", where=store.uri, hint="merge the two, or choose another id"
        )
    named = replace(item, id=new)
    _move(store, store.views(item=item.id, embeddings=True), named)
    store.delete(items=[item.id])
    return named


def merge(store: Store, item: Item, others: Sequence[Item]) -> str:
    """See ``Catalogue.merge``."""
    if not others or item.id in [other.id for other in others]:
        raise UsageError("an item is merged with others", where=item.id, hint="name some others")
    attributes: dict[str, Any] = {}
    for one in (*reversed(others), item):
        attributes |= one.attributes
    whole = Item(item.id, item.title or next((o.title for o in others if o.title), ""), attributes)
    views = store.views(item=[other.id for other in others], embeddings=True)
    there = {view.id for view in store.views(item=item.id)}
    new = {view_id(view.sha256, item.id) for view in views} - there
    token = _keep(store, Change([item, *others], views, sorted(new), [whole]))
    _move(store, [view for view in views if view_id(view.sha256, item.id) in new], whole)
    store.delete(items=[other.id for other in others])
    store.optimise()
    return token


def find(
    store: Store, ids: Sequence[str], *, embeddings: bool = False
) -> tuple[dict[str, Item], dict[str, View]]:
    """The items and views that are to be removed. Raises ``NotInCatalogue`` if one is neither."""
    items = {item.id: item for item in store.items(ids)}
    views = {view.id: view for view in store.views(ids, embeddings=embeddings)}
    for id in ids:
        if id not in items and id not in views:
            raise NotInCatalogue(
                f"no item or view {id!r}", where=store.uri, hint="nothing was removed"
            )
    return items, views


def withdraw(store: Store, ids: Sequence[str]) -> str:
    """See ``Catalogue.withdraw``."""
    items, views = find(store, ids, embeddings=True)
    views |= {view.id: view for view in store.views(item=list(items), embeddings=True)}
    owners = {view.item for view in views.values()} - set(items)
    left = {view.item for view in store.views(item=sorted(owners)) if view.id not in views}
    items |= {item.id: item for item in store.items(sorted(owners - left))}
    token = _keep(store, Change(list(items.values()), list(views.values()), [], []))
    store.delete(views=sorted(views), items=sorted(items))
    store.optimise()
    return token


def undo(store: Store, token: str) -> list[str]:
    """See ``Catalogue.undo``."""
    data = store.fetch_kept(token) if token in _alive(store) else None
    if data is None:
        raise NotInCatalogue(
            "nothing to take back", where=store.uri, hint="it was taken back, or is too old"
        )
    change = _unpack(data, store.manifest)
    if not _is_as_left(store, change):
        raise ChangedSince(
            "what it left was changed since", where=store.uri, hint="change it back by hand"
        )
    store.put(change.views, change.items, instead_of=change.new_views)
    store.keep(token, None)
    return [item.id for item in change.items]


def _is_as_left(store: Store, change: Change) -> bool:
    """Are the items, and the views it made, as a change left them?"""
    if store.items([item.id for item in change.items]) != change.left:
        return False
    made = {
        (id := view_id(view.sha256, item.id)): replace(view, id=id, item=item.id).to_dict()
        for item in change.left
        for view in change.views
    }
    there = {view.id: view.to_dict() for view in store.views(change.new_views)}
    return there == {id: made[id] for id in change.new_views}


def _move(store: Store, views: Sequence[View], item: Item) -> None:
    """Put views under an item, which is written first; the old rows go in the commit that brings
    the new ones."""
    moved = [replace(view, id=view_id(view.sha256, item.id), item=item.id) for view in views]
    store.put(moved, [item], instead_of=[view.id for view in views])


def _keep(store: Store, change: Change) -> str:
    """Keep a change on disk, and drop those that are too old; returns its token."""
    alive = _alive(store)
    for token in store.kept():
        if token not in alive:
            store.keep(token, None)
    token = f"{time.time_ns() // 10**6:012x}{secrets.token_hex(12)}"
    store.keep(token, _pack(change, store.manifest))
    return token


def _alive(store: Store) -> list[str]:
    """The tokens that still hold; the first twelve digits tell when each was made."""
    oldest = (time.time() - KEEP_SECONDS) * 1e3
    return [token for token in store.kept() if int(token[:12], 16) >= oldest]


def _pack(change: Change, manifest: Manifest) -> bytes:
    import pyarrow as pa

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        tables = (
            ("items", item_table(change.items)),
            ("left", item_table(change.left)),
            ("views", view_table(change.views, manifest)),
        )
        for name, table in tables:
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
            archive.writestr(name, sink.getvalue().to_pybytes())
        archive.writestr("new", json.dumps(change.new_views))
    return stream.getvalue()


def _unpack(data: bytes, manifest: Manifest) -> Change:
    import pyarrow as pa

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        items, left, views = (
            pa.ipc.open_stream(archive.read(name)).read_all().to_pylist()
            for name in ("items", "left", "views")
        )
        new_views = json.loads(archive.read("new"))
    return Change(
        [read_item(row) for row in items],
        [read_view(row, manifest) for row in views],
        new_views,
        [read_item(row) for row in left],
    )
