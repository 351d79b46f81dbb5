"""The views whose pictures are looked at, fetched a page of the list at a time.

To find a view by its id the store looks through all of them, which takes as long for one as for a
hundred. So with the first picture of a page that somebody was shown, all of that page are fetched.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from obverse.catalogue.store import Store
from obverse.errors import NotInCatalogue
from obverse.types import View

PAGE = 100
"""Views fetched together, at most: what the web app lists at a time."""
KEPT = 2000
"""Views kept in memory, some 20 MB; they are forgotten when the catalogue changes."""
LISTED = 20_000
"""Views whose page is remembered."""


class Album:
    """Views of a store with their thumbnails. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn, self._listing = threading.Lock(), threading.Lock()
        self._views: OrderedDict[str, View] = OrderedDict()
        self._pages: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._version: tuple[int, ...] = ()

    def listed(self, ids: Sequence[str]) -> None:
        """These views were shown side by side: who asks for one will ask for the others. Waits for
        no store."""
        with self._listing:
            for start in range(0, len(ids), PAGE):
                page = tuple(ids[start : start + PAGE])
                for id in page:
                    self._pages[id] = page
                    self._pages.move_to_end(id)
            while len(self._pages) > LISTED:
                self._pages.popitem(last=False)

    def view(self, id: str) -> View:
        """One view. Raises ``NotInCatalogue``."""
        with self._turn:
            version = self._store.version()
            if version != self._version:
                self._views.clear()
                self._version = version
            if id not in self._views:
                self._fetch(id)
            if id not in self._views:
                raise NotInCatalogue(f"no view {id!r}")
            return self._views[id]

    def _fetch(self, id: str) -> None:
        with self._listing:
            page = self._pages.get(id, (id,))
        for view in self._store.views([one for one in page if one not in self._views]):
            self._views[view.id] = view
        while len(self._views) > KEPT:
            self._views.popitem(last=False)
