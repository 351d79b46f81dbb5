"""The list of items against a slow formula, and kept up to date in every way."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from obverse.catalogue.importers import natural_key
from obverse.catalogue.lance import LanceStore
from obverse.errors import UsageError
from obverse.server.shelf import Listed, Shelf, as_text
from obverse.types import Item
from tests.catalogue.samples import make_manifest, make_view
from tests.e2e.conftest import run_command

WORDS = ("Crown", "ducat", "Öre", "10", "9", "Rare one")


@pytest.fixture
def store(tmp_path: Path) -> LanceStore:
    store = LanceStore.create(tmp_path / "x.obv", make_manifest())
    rng = random.Random(1)
    items, views = [], []
    for number in range(60):
        attributes = {"country": rng.choice(["A", "B", "C"]), "year": rng.randrange(1900, 1910)}
        if number % 7 == 0:
            attributes = {"odd": [1, {"x": None}], "country": 3.5}  # type: ignore[dict-item]
        title = " ".join(rng.sample(WORDS, 2)) if number % 5 else ""
        items.append(Item(f"item{number}", title, attributes))
        views += [make_view(3 * number + k, f"item{number}") for k in range(1 + number % 3)]
    store.put(views, items)
    return store


def fits(item: Item, words: str, where: dict[str, str]) -> bool:
    texts = [item.id, item.title, *map(as_text, item.attributes.values())]
    told = [text.casefold() for text in texts]
    if any(all(word not in text for text in told) for word in words.casefold().split()):
        return False
    return all(as_text(item.attributes.get(key, ())) == value for key, value in where.items())


def slow(store: LanceStore, words: str, where: dict[str, str], sort: str) -> list[str]:
    found = [item for item in store.items() if fits(item, words, where)]
    name = sort.removeprefix("-")

    def key(item: Item) -> tuple[object, ...]:
        value = {"title": item.name, "id": item.id}.get(name, item.attributes.get(name))
        if value is None:
            return (2, 0, item.id)
        if isinstance(value, int | float):
            return (0, value, item.id)
        return (1, natural_key(as_text(value)), item.id)

    return [item.id for item in sorted(found, key=key, reverse=sort[:1] == "-")]


@pytest.mark.parametrize("sort", ["title", "-title", "id", "-id", "year", "-year", "country"])
@pytest.mark.parametrize(
    ("words", "where"),
    [
        ("", {}),
        ("crown", {}),
        ("ÖRE 10", {}),
        ("", {"country": "A"}),
        ("item1", {"country": "3.5"}),
    ],
)
def test_pages_are_those_of_a_slow_formula(
    store: LanceStore, sort: str, words: str, where: dict[str, str]
) -> None:
    shelf = Shelf(store)
    expected = slow(store, words, where, sort)
    for offset, limit in ((0, 1000), (3, 7), (1000, 5)):
        total, page = shelf.page(words=words, where=where, sort=sort, offset=offset, limit=limit)
        assert total == len(expected)
        assert [entry.item.id for entry in page] == expected[offset : offset + limit]


def test_the_command_lists_in_the_same_order(store: LanceStore, tmp_path: Path) -> None:
    listed = [row["id"] for row in run_command("list", tmp_path / "x.obv", "--json").json]
    assert listed == [entry.item.id for entry in Shelf(store).page(limit=500)[1]]
    untitled = [f"item{number}" for number in range(0, 60, 5)]
    assert [id for id in listed if id in untitled] == untitled  # item5 before item10


def test_what_no_item_has_is_nothing_to_sort_by(store: LanceStore) -> None:
    shelf = Shelf(store)
    for sort in ("zzz", "-zzz", "", "-"):
        with pytest.raises(UsageError, match="title, id, added, country, odd, year"):
            shelf.page(sort=sort)
    assert shelf.page(sort="odd")[0] == 60


def test_what_no_item_has_is_nothing_to_filter_by(store: LanceStore, tmp_path: Path) -> None:
    for name in ("contry", "title", ""):
        with pytest.raises(UsageError, match=r"such an attribute.*country, odd, year"):
            Shelf(store).page(where={"country": "A", name: "x"})
    empty = Shelf(LanceStore.create(tmp_path / "empty.obv", store.manifest))
    assert empty.page(where={"contry": "x"}, sort="contry") == (0, [])


def test_changes_arrive_by_either_way(store: LanceStore) -> None:
    """Told of one by one, or found by reading all: the same list."""
    shelf, rng = Shelf(store), random.Random(2)
    for sort in ("title", "year"):
        shelf.page(sort=sort)
    for turn in range(25):
        id = f"item{rng.randrange(80)}"
        if turn % 4 == 0:
            store.delete(items=[id])
        elif turn % 4 == 1:
            store.put([make_view(1000 + turn, id)], [Item(id, f"new {turn}", {"year": turn})])
        else:
            store.put([], [Item(id, rng.choice(WORDS), {"country": str(turn)})])
        shelf.changed([id])
        fresh = Shelf(store)
        for sort in ("title", "-year", "added"):
            assert shelf.page(sort=sort, limit=500) == fresh.page(sort=sort, limit=500)
        assert shelf.attributes() == fresh.attributes()
        assert shelf.summary() == fresh.summary()
    elsewhere = LanceStore.open(store.uri)
    elsewhere.put([], [Item("from elsewhere")])
    assert shelf.get("from elsewhere") is not None


def test_what_others_write_meanwhile_is_seen(store: LanceStore) -> None:
    """Between this process's look at the catalogue and its write, or right after the write."""
    elsewhere = LanceStore.open(store.uri)
    shelf = Shelf(store)
    for number in range(3):
        shelf.refresh()
        elsewhere.put([], [Item(f"before{number}")])
        store.put([], [Item("item1", f"ours {number}")])
        if number:
            elsewhere.put([], [Item(f"after{number}")])
        shelf.changed(["item1"])
        fresh = Shelf(store)
        assert shelf.page(limit=500) == fresh.page(limit=500)
        shelf.refresh()
        store.put([], [Item("item2", f"ours {number}")])
        elsewhere.put([], [Item(f"later{number}")])
        shelf.changed(["item2"])
        assert shelf.page(limit=500) == Shelf(store).page(limit=500)


def test_own_changes_are_not_read_twice(store: LanceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put([], [Item("item1", "first")])
    shelf = Shelf(store)
    shelf.refresh()
    monkeypatch.setattr(LanceStore, "listing", None)
    for number in range(3):
        store.put([], [Item("item1", f"ours {number}")])
        shelf.changed(["item1"])
        entry = shelf.get("item1")
        assert entry is not None
        assert entry.item.title == f"ours {number}"


def test_a_hundred_thousand_items_are_listed_fast() -> None:
    class Many:
        """As much of a store as the shelf asks for."""

        foreign, left = 0, ()

        def version(self) -> tuple[int, ...]:
            return (1,)

        def items(self, ids: object = None) -> list[Item]:
            return [
                Item(f"i{n}", f"Coin {n * 7919 % 100_000}", {"c": n % 40}) for n in range(100_000)
            ]

        def listing(self) -> list[Listed]:
            return [(f"v{n}", f"i{n}", "obverse", "2026", 0.0) for n in range(100_000)]

    shelf = Shelf(Many())  # type: ignore[arg-type]
    shelf.page()
    took = []
    for turn in range(3):
        start = time.thread_time()
        total, page = shelf.page(offset=50_000 + turn, limit=100)
        assert (total, len(page)) == (100_000, 100)
        assert page[0].item.title == f"Coin {50_000 + turn}"
        total, _ = shelf.page(words="coin 99", where={"c": "3"}, limit=10)
        assert total > 0
        took.append(time.thread_time() - start)
    assert min(took) < 0.5
