"""Pictures of a page are fetched together, and are never older than the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from obverse.catalogue.lance import LanceStore
from obverse.errors import NotInCatalogue
from obverse.server import album as albums
from obverse.server.album import Album
from obverse.server.items import shown
from obverse.types import View
from tests.catalogue.samples import items_of, make_manifest, make_view


class Counting:
    """A store that notes what it was asked for."""

    def __init__(self, store: LanceStore) -> None:
        self.store, self.asked = store, list[list[str]]()

    def views(self, ids: Sequence[str]) -> list[View]:
        self.asked.append(list(ids))
        return self.store.views(ids)

    def version(self) -> tuple[int, ...]:
        return self.store.version()


@pytest.fixture
def store(tmp_path: Path) -> Counting:
    made = LanceStore.create(tmp_path / "c.obv", make_manifest())
    views = [make_view(number) for number in range(12)]
    made.put(views, items_of(views))
    return Counting(made)


def test_a_page_is_fetched_once(store: Counting, monkeypatch: Any) -> None:
    monkeypatch.setattr(albums, "PAGE", 5)
    album = Album(store)  # type: ignore[arg-type]
    views = store.store.views()
    ids = [view.id for view in views]
    album.listed(ids)
    for view in views:
        assert album.view(view.id).to_dict() == view.to_dict()
        assert album.view(view.id).thumbnail == view.thumbnail
    assert store.asked == [ids[:5], ids[5:10], ids[10:]]
    with pytest.raises(NotInCatalogue):
        album.view("nope")


def test_the_views_of_an_item_that_is_shown_are_fetched_together(store: Counting) -> None:
    album = Album(store)  # type: ignore[arg-type]
    views = [view for view in store.store.views() if view.item == "item00000"]
    assert len(views) > 1
    item = SimpleNamespace(to_dict=dict)
    catalogue = SimpleNamespace(item=lambda _: item, views=lambda _: list(views))
    told = shown(SimpleNamespace(catalogue=catalogue, album=album), "item00000")  # type: ignore[arg-type]
    for view in told["views"]:
        album.view(view["id"])
    assert store.asked == [[view["id"] for view in told["views"]]]


def test_what_was_changed_is_fetched_anew(store: Counting) -> None:
    album = Album(store)  # type: ignore[arg-type]
    first, second, *_ = store.store.views(embeddings=True)
    assert album.view(first.id).upright == 0
    store.store.put([replace(first, region={"upright": 90.0})])
    assert album.view(first.id).upright == 90
    store.store.delete(views=[second.id])
    with pytest.raises(NotInCatalogue):
        album.view(second.id)


def test_it_is_bounded(store: Counting, monkeypatch: Any) -> None:
    monkeypatch.setattr(albums, "PAGE", 3)
    monkeypatch.setattr(albums, "KEPT", 4)
    monkeypatch.setattr(albums, "LISTED", 6)
    album = Album(store)  # type: ignore[arg-type]
    ids = [view.id for view in store.store.views()]
    album.listed(ids)
    for id in ids:
        assert album.view(id).id == id
    assert len(album._views) <= 4
    assert len(album._pages) <= 6
