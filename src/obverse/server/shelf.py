"""The items of a catalogue, listed fast: kept in memory, read again when the catalogue changes."""

from __future__ import annotations

import difflib
import heapq
import json
import threading
from bisect import insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from obverse.catalogue.importers import natural_key
from obverse.catalogue.store import Store
from obverse.errors import UsageError
from obverse.types import SIDES, Item

VALUES = 50
"""Values listed of each attribute: the commonest."""
ORDERS = 6
"""Orders that are kept sorted; the others are sorted anew when asked for."""

OWN = ("title", "id", "added")
"""What every item can be sorted by, whatever its attributes."""
NAMED = 30
"""Names listed, at most, where one that is asked for is none."""

Key = tuple[Any, ...]
Listed = tuple[str, str, str, str, float]
"""A view, as ``Store.listing`` has it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as it is listed.

    Attributes:
        item: the item.
        views: how many it has; ``first`` is the one to show, turned by ``upright`` degrees.
        added: when the first of them was added.
        text: what a search looks through, casefolded.
    """

    item: Item
    views: int
    first: str
    upright: float
    added: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        return {**self.item.to_dict(), "views": self.views, "added": self.added}


class Shelf:
    """All items of a store. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = threading.RLock()
        self._entries: dict[str, Entry] = {}
        self._orders: dict[str, list[tuple[Key, str]]] = {}
        self._attributes: dict[str, Counter[str]] | None = None
        self._version: tuple[int, ...] = ()
        self._foreign = 0

    def get(self, id: str) -> Entry | None:
        """One item."""
        self._refresh()
        return self._entries.get(id)

    def page(
        self,
        *,
        words: str = "",
        where: Mapping[str, str] | None = None,
        sort: str = "title",
        offset: int = 0,
        limit: int = 100,
    ) -> tuple[int, list[Entry]]:
        """How many items there are that fit, and some of them.

        Args:
            words: all of them must occur in the id, the title or an attribute's value.
            where: attributes and their values, as text.
            sort: ``title``, ``id``, ``added`` or an attribute; with ``-`` before it backwards.
            offset, limit: which of them.

        Raises:
            UsageError: ``sort`` is none of these, or no item has such an attribute; where there are
                no items, whatever is named.
        """
        with self._turn:
            self._refresh()
            self._check_names(where or {})
            order = self._order(sort.removeprefix("-"))
            ids: Iterable[str] = (id for _, id in (reversed(order) if sort[:1] == "-" else order))
            wanted = words.casefold().split()
            if not wanted and not where:
                first, last = offset, offset + limit
                if sort[:1] == "-":
                    first, last = max(0, len(order) - last), max(0, len(order) - first)
                rows = order[first:last]
                rows = rows[::-1] if sort[:1] == "-" else rows
                return len(order), [self._entries[id] for _, id in rows]
            found = [e for e in map(self._entries.__getitem__, ids) if _fits(e, wanted, where)]
            return len(found), found[offset : offset + limit]

    def attributes(self) -> dict[str, list[tuple[str, int]]]:
        """The commonest values of each attribute, and how many items have them."""
        with self._turn:
            self._refresh()
            if self._attributes is None:
                self._attributes = {}
                for entry in self._entries.values():
                    for name, value in entry.item.attributes.items():
                        self._attributes.setdefault(name, Counter())[as_text(value)] += 1
            return {name: _commonest(found) for name, found in sorted(self._attributes.items())}

    def changed(self, ids: Sequence[str]) -> None:
        """These items were changed by this process, after a look at the others: cheaper than to
        read all again."""
        with self._turn:
            if not self._version:
                return
            if self._store.foreign != self._foreign:  # others were changed, too: who knows which
                self._version = ()
                return
            version = self._store.left
            items = {item.id: item for item in self._store.items(ids)}
            views: dict[str, list[Listed]] = {}
            for view in self._store.views(item=list(ids)):
                row = (view.id, view.item, view.side, view.added, view.upright)
                views.setdefault(view.item, []).append(row)
            for id in ids:
                self._drop(id)
                if id in items:
                    self._put(_entry(items[id], views.get(id, [])))
            self._attributes = None
            self._version = version

    def refresh(self) -> None:
        """Read all if another process has changed anything."""
        self._refresh()

    def summary(self) -> tuple[int, int]:
        """Items and views."""
        with self._turn:
            self._refresh()
            return len(self._entries), sum(entry.views for entry in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def _refresh(self) -> None:
        with self._turn:
            foreign, version = self._store.foreign, self._store.version()
            if version == self._version:
                return
            views: dict[str, list[Listed]] = {}
            for row in self._store.listing():
                views.setdefault(row[1], []).append(row)
            items = self._store.items()
            self._entries = {i.id: _entry(i, views.get(i.id, [])) for i in items}
            self._orders, self._attributes, self._version = {}, None, version
            self._foreign = foreign

    def _order(self, name: str) -> list[tuple[Key, str]]:
        if name not in self._orders:
            if self._entries and name not in OWN and not self._is_attribute(name):
                hint = _choice(name, [*OWN, *self.attributes()])
                raise UsageError("nothing to sort by", where=name[:80] or "sort", hint=hint)
            while len(self._orders) >= ORDERS:
                self._orders.pop(next(iter(self._orders)))
            rows = ((sort_key(entry, name), id) for id, entry in self._entries.items())
            self._orders[name] = sorted(rows)
        return self._orders[name]

    def _check_names(self, names: Iterable[str]) -> None:
        for name in names:
            if self._entries and not self._is_attribute(name):
                hint = _choice(name, list(self.attributes()))
                raise UsageError("no item has such an attribute", where=name[:80], hint=hint)

    def _is_attribute(self, name: str) -> bool:
        return any(name in entry.item.attributes for entry in self._entries.values())

    def _drop(self, id: str) -> None:
        if self._entries.pop(id, None) is not None:
            for name, order in self._orders.items():
                self._orders[name] = [row for row in order if row[1] != id]

    def _put(self, entry: Entry) -> None:
        self._entries[entry.item.id] = entry
        for name, order in self._orders.items():
            insort(order, (sort_key(entry, name), entry.item.id))


def sort_key(entry: Entry, name: str) -> Key:
    """Comparable whatever the values are: numbers first, then words, what is missing last."""
    if name == "added":
        return (1, entry.added)
    if name in ("title", "id"):
        return (1, natural_key(entry.item.name if name == "title" else entry.item.id))
    value = entry.item.attributes.get(name)
    if value is None:
        return (2,)
    if isinstance(value, int | float):
        return (0, value)
    return (1, natural_key(as_text(value)))


def _choice(name: str, known: Sequence[str]) -> str:
    """Advice on a name that is none of the known ones."""
    if not known:
        return "items have no attributes yet"
    near = difflib.get_close_matches(name, known, 1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"{meant}choose from: {', '.join(known[:NAMED])}"


def _commonest(found: Counter[str]) -> list[tuple[str, int]]:
    return heapq.nsmallest(VALUES, found.items(), key=lambda row: (-row[1], natural_key(row[0])))


def as_text(value: Any) -> str:
    """An attribute's value as people filter by it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _entry(item: Item, views: Sequence[Listed]) -> Entry:
    order = {side: number for number, side in enumerate(SIDES)}
    first = min(views, key=lambda v: (order.get(v[2], len(order)), v[3], v[0]), default=None)  # type: ignore[call-overload]
    words = [item.id, item.title, *map(as_text, item.attributes.values())]
    return Entry(
        item,
        len(views),
        first[0] if first else "",
        first[4] if first else 0.0,
        min((view[3] for view in views), default=""),
        "\n".join(words).casefold(),
    )


def _fits(entry: Entry, words: Sequence[str], where: Mapping[str, str] | None) -> bool:
    if not all(word in entry.text for word in words):
        return False
    have = entry.item.attributes
    return all(name in have and as_text(have[name]) == v for name, v in (where or {}).items())
