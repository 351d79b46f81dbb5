"""The embedded store, against plain dictionaries and exact numpy search."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obverse.catalogue import folder, lance, tables
from obverse.catalogue.lance import LanceStore
from obverse.catalogue.store import FORMAT, Manifest, Store
from obverse.errors import (
    CatalogueDamaged,
    CatalogueError,
    CatalogueMismatch,
    CatalogueMissing,
    CatalogueNewer,
    UsageError,
)
from obverse.types import F32, Item, View
from tests.catalogue.samples import (
    DIM,
    MAP_SHAPE,
    items_of,
    make_manifest,
    make_view,
    same,
    unit,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
"""Any text without lone surrogates: quotes, newlines, NUL, astral characters, not normalised."""
NASTY = [
    *("'", "''", '"', "a'); DROP", "\\", "\\'", "%", "_", "\n", "\r\n", "\0", "a\0b", " "),
    *("é", "e\u0301", "😀", "ids", "NULL", "1", "?", "{}", "$1", "--", "/*", "`", "\ufeff"),
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
QUICK = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def store(tmp_path: Path) -> LanceStore:
    return LanceStore.create(tmp_path / "c.obv", make_manifest())


def fill(store: LanceStore, n: int, start: int = 0) -> list[View]:
    views = [make_view(i) for i in range(start, start + n)]
    store.put(views, items_of(views))
    return views


def test_it_is_a_store(store: LanceStore) -> None:
    as_protocol: Store = store
    assert as_protocol.manifest == make_manifest()


# -- rows ------------------------------------------------------------------------------------------


def test_what_is_put_comes_back_exactly(store: LanceStore) -> None:
    views = fill(store, 50)
    back = {v.id: v for v in store.views(embeddings=True)}
    assert all(same(view, back[view.id]) for view in views)
    assert len(back) == 50
    assert store.items() == items_of(views)


@pytest.mark.parametrize(
    "item",
    [
        Item("half \ud800", "", {}),
        Item("a", "half \ud800", {}),
        Item("a", "", {"half \udfff": 1}),
        Item("a", "", {"n": "\ud83d"}),
        Item("a", "", {"n": [{"inner": ["\udc00"]}]}),
        Item("a", "", {"n": {"inner \ud800": 1}}),
    ],
    ids=["id", "title", "name", "text", "nested text", "nested name"],
)
def test_half_a_character_is_refused(store: LanceStore, item: Item) -> None:
    """Stored, it could be read but not sent or exported, and one item would break every list."""
    view = make_view(0, item.id)
    with pytest.raises(UsageError, match="half a character") as raised:
        store.put([view], [item])
    assert "\n" not in str(raised.value)
    str(raised.value).encode()
    assert store.items() == []
    assert store.views() == []


def test_views_without_embeddings_are_the_same_but_for_them(store: LanceStore) -> None:
    (view,) = fill(store, 1)
    (back,) = store.views()
    assert back.embedding is None
    assert same(back, replace(view, embedding=None))


def test_ids_decide_the_order_and_missing_ones_are_left_out(store: LanceStore) -> None:
    fill(store, 30)
    ids = ["view000007", "view000003", "nobody", "view000029"]
    assert [v.id for v in store.views(ids)] == ["view000007", "view000003", "view000029"]
    assert [i.id for i in store.items(["item00009", "x", "item00001"])] == [
        "item00009",
        "item00001",
    ]
    assert store.views([]) == []
    assert store.items([]) == []


def test_all_views_are_sorted_by_item_and_id(store: LanceStore) -> None:
    store.put([make_view(i, item) for i, item in enumerate(["b", "a", "c", "a", "b"])])
    assert [(v.item, v.id[-1]) for v in store.views()] == [
        ("a", "1"),
        ("a", "3"),
        ("b", "0"),
        ("b", "4"),
        ("c", "2"),
    ]
    assert [v.id[-1] for v in store.views(item="a")] == ["1", "3"]
    assert {v.item for v in store.views(item=["a", "b"])} == {"a", "b"}
    assert [v.id[-1] for v in store.views(["view000003", "view000000"], item="a")] == ["3"]


def test_more_ids_than_one_filter_holds(store: LanceStore, monkeypatch: Any) -> None:
    monkeypatch.setattr(tables, "CHUNK", 7)
    fill(store, 40)
    ids = [f"view{i:06}" for i in (39, *range(20), 25)]
    assert [v.id for v in store.views(ids)] == ids
    assert [v.id for v in store.views(ids, item="item00002")] == [
        "view000006",
        "view000007",
        "view000008",
    ]
    assert store.delete(views=ids) == len(ids)
    assert store.stats().views == 40 - len(ids)


def test_putting_again_replaces(store: LanceStore) -> None:
    views = fill(store, 9)
    changed = replace(make_view(100), id=views[4].id)
    store.put([changed], [Item("item00000", "new", {"a": [1]})])
    assert store.stats().views == 9
    assert same(store.views([changed.id], embeddings=True)[0], changed)
    assert store.items(["item00000"]) == [Item("item00000", "new", {"a": [1]})]


def test_of_two_in_one_put_the_last_counts(store: LanceStore) -> None:
    twice = [make_view(1), replace(make_view(2), id=make_view(1).id)]
    store.put(twice, [Item("a", "first"), Item("a", "second")])
    (back,) = store.views(embeddings=True)
    assert same(back, twice[1])
    assert store.items() == [Item("a", "second")]


def test_deleting_views_and_items(store: LanceStore) -> None:
    fill(store, 12)
    assert store.delete(views=["view000000", "nobody"]) == 1
    assert store.delete(items=["item00001", "nobody"]) == 3
    assert store.delete(views=["view000001"], items=["item00000"]) == 2
    assert store.delete() == 0
    assert {v.item for v in store.views()} == {"item00002", "item00003"}
    assert [i.id for i in store.items()] == ["item00002", "item00003"]


def test_one_commit_brings_a_view_and_takes_another(store: LanceStore) -> None:
    fill(store, 6)
    version = store._views.version
    store.put([make_view(77)], items_of([make_view(77)]), instead_of=["view000002", "nobody"])
    assert store._views.version == version + 1
    ids = {v.id for v in store.views()}
    assert ids == {f"view{i:06}" for i in (0, 1, 3, 4, 5, 77)}


def test_optimising_drops_items_without_a_view(store: LanceStore) -> None:
    fill(store, 6)
    store.put([], [Item("empty")])
    store.delete(views=["view000000", "view000001", "view000002"])
    assert [i.id for i in store.items()] == ["empty", "item00000", "item00001"]
    store.optimise()
    assert [i.id for i in store.items()] == ["item00001"]
    assert store.stats().views == 3


def test_hashes_list_every_view_of_a_picture(store: LanceStore) -> None:
    first = make_view(1, "a")
    twin = replace(first, id="twin", item="b", side="edge", source="/else")
    store.put([first, twin, make_view(2)])
    found = store.hashes()
    assert sorted(found[first.sha256]) == [
        ("twin", "b", "edge", "/else"),
        ("view000001", "a", first.side, first.source),
    ]
    assert len(found) == 2


def test_scan_gives_every_map_once(store: LanceStore) -> None:
    views = {v.id: v for v in fill(store, 70)}
    seen: list[str] = []
    for hits in store.scan(batch=16):
        assert len(hits.views) <= 16
        assert not hits.similarity.any()
        for id, item, map in zip(hits.views, hits.items, hits.maps, strict=True):
            embedding = views[id].embedding
            assert embedding is not None
            np.testing.assert_array_equal(map, embedding.map)
            assert item == views[id].item
            seen.append(id)
    assert sorted(seen) == sorted(views)


def test_what_a_verifier_described_is_kept(tmp_path: Path) -> None:
    manifest = make_manifest()
    manifest.models["verifier"] = "local-1"
    with_it = LanceStore.create(tmp_path / "d.obv", manifest)
    views = [
        replace(v, embedding=replace(v.embedding, description=bytes([n]) * n))
        for n, v in enumerate(make_view(i) for i in range(5))
        if v.embedding is not None
    ]
    with_it.put(views, items_of(views))
    again = LanceStore.open(tmp_path / "d.obv")
    kept = again.views([v.id for v in views], embeddings=True)
    assert [v.embedding and v.embedding.description for v in kept] == [
        b"\0" * 0,
        b"\1",
        b"\2" * 2,
        b"\3" * 3,
        b"\4" * 4,
    ]
    assert views[3].embedding is not None
    hits = again.search(views[3].embedding.vector, 3)
    assert hits.views[0] == views[3].id
    assert hits.described[0] == b"\3" * 3
    assert len(hits.described) == 3


def test_a_catalogue_without_descriptions_opens_and_grows(store: LanceStore) -> None:
    """As made before any verifier described views: no such column, and none comes."""
    before = [make_view(i) for i in range(3)]
    store.put(before, items_of(before))
    again = LanceStore.open(store.uri)
    assert "description" not in again._views.schema.names
    again.put([make_view(7)], items_of([make_view(7)]))
    assert before[0].embedding is not None
    hits = again.search(before[0].embedding.vector, 4)
    assert sorted(hits.views) == sorted(v.id for v in [*before, make_view(7)])
    assert hits.described == ()
    assert all(
        same(a, b)
        for a, b in zip(again.views(embeddings=True), [*before, make_view(7)], strict=True)
    )


def test_stats_count(store: LanceStore) -> None:
    empty = store.stats()
    assert (empty.items, empty.views, empty.index) == (0, 0, "none")
    fill(store, 10)
    full = store.stats()
    assert (full.items, full.views) == (4, 10)
    on_disk = sum(f.stat().st_size for f in Path(store.uri).rglob("*") if f.is_file())
    assert full.bytes == on_disk > empty.bytes


# -- any text, any attribute -----------------------------------------------------------------------


@pytest.mark.parametrize("text", NASTY)
def test_nasty_ids(store: LanceStore, text: str) -> None:
    other = make_view(2)
    view = replace(make_view(1), id=text, item=text, source=text, sha256=text)
    store.put([view, other], [Item(text, text, {f"={text}": text}), *items_of([other])])
    assert same(store.views([text], embeddings=True)[0], view)
    assert same(store.views(item=text, embeddings=True)[0], view)
    assert store.items([text]) == [Item(text, text, {f"={text}": text})]
    assert store.delete(views=[text]) == 1
    assert store.delete(items=[text]) == 0
    assert [v.id for v in store.views()] == [other.id]
    assert [i.id for i in store.items()] == [other.item]


@QUICK
@given(ids=st.lists(TEXT, min_size=1, max_size=8, unique=True), title=TEXT, source=TEXT)
def test_any_text_round_trips(store: LanceStore, ids: list[str], title: str, source: str) -> None:
    views = [
        replace(make_view(n), id=id, item=id, source=source, side=title) for n, id in enumerate(ids)
    ]
    store.put(views, [Item(id, title) for id in ids])
    back = store.views(ids, embeddings=True)
    assert all(same(a, b) for a, b in zip(views, back, strict=True))
    assert store.items(ids) == [Item(id, title) for id in ids]
    for id in ids:
        assert [v.id for v in store.views(item=id)] == [id]
    assert store.delete(views=ids[1:], items=ids[:1]) == len(ids)
    assert store.views() == []
    store.delete(items=ids)


@QUICK
@given(st.dictionaries(st.text(max_size=6).filter(str.strip), JSON, max_size=5))
def test_any_json_attribute_round_trips(store: LanceStore, attributes: dict[str, Any]) -> None:
    store.put([], [Item("a", "t", attributes)])
    (back,) = store.items(["a"])
    assert back.attributes == attributes
    # 1, 1.0 and True are equal to Python but not the same.
    assert json.dumps(back.attributes) == json.dumps(attributes)


HALF = "half\ud83d"


@pytest.mark.parametrize(
    ("views", "items"),
    [
        ([replace(make_view(1), source=HALF)], []),
        ([replace(make_view(1), id=HALF)], []),
        ([], [Item(HALF)]),
        ([], [Item("a", HALF)]),
        ([], [Item("a", "", {"day": timedelta(1)})]),
        ([], [Item("a", "", {"bytes": b"x"})]),
        ([], [Item("a", "", {(1, 2): "x"})]),  # type: ignore[dict-item]
    ],
)
def test_what_cannot_be_stored_is_said_and_nothing_is_written(
    store: LanceStore, views: list[View], items: list[Item]
) -> None:
    with pytest.raises(UsageError) as said:
        store.put([*views, make_view(5)], [*items, Item("b")])
    assert str(said.value).isprintable()
    assert store.views() == []
    assert store.items() == []


def test_nothing_is_found_under_text_that_cannot_be_stored(store: LanceStore) -> None:
    fill(store, 3)
    assert store.views([HALF]) == store.views(item=HALF) == store.items([HALF]) == []
    assert store.delete(views=[HALF], items=[HALF]) == 0


def test_a_programming_error_is_no_damage(store: LanceStore) -> None:
    bare = replace(make_view(1), embedding=None)
    with pytest.raises(ValueError, match="no embedding"):
        store.put([bare])
    short = replace(make_view(1), embedding=replace_vector(np.ones(DIM - 1, np.float32)))
    with pytest.raises(ValueError, match=r".") as said:
        store.put([short])
    assert not isinstance(said.value, CatalogueError)


def replace_vector(vector: F32) -> Any:
    embedding = make_view(1).embedding
    assert embedding is not None
    return replace(embedding, vector=vector)


# -- search ----------------------------------------------------------------------------------------


def vectors_of(views: list[View]) -> F32:
    return np.array([v.embedding.vector for v in views if v.embedding], np.float32)


def test_search_is_exact_cosine(store: LanceStore) -> None:
    views = fill(store, 300)
    vectors = vectors_of(views)
    for query in unit(np.random.default_rng(5).normal(size=(10, DIM)).astype(np.float32)):
        exact = vectors @ query
        hits = store.search(query, 25)
        at = [int(id[4:]) for id in hits.views]
        assert len(set(at)) == 25
        # Stored as float16: 11 bits, so a cosine is off by less than 1e-3.
        np.testing.assert_allclose(hits.similarity, exact[at], atol=1e-3)
        assert (np.diff(hits.similarity) <= 1e-6).all()
        assert exact[at].min() >= np.sort(exact)[-25] - 1e-3
        assert hits.items == [views[i].item for i in at]
        for i, map in zip(at, hits.maps, strict=True):
            embedding = views[i].embedding
            assert embedding is not None
            np.testing.assert_array_equal(map, embedding.map)


def check_many(store: LanceStore, queries: F32, k: int) -> None:
    """Searching for many is searching for each."""
    many = list(store.search_many(queries, k))
    assert len(many) == len(queries)
    for query, hits in zip(queries, many, strict=True):
        alone = store.search(query, k)
        assert hits.views == alone.views
        assert hits.items == alone.items
        np.testing.assert_allclose(hits.similarity, alone.similarity, atol=1e-6)
        np.testing.assert_array_equal(hits.maps, alone.maps)


@pytest.mark.parametrize("count", [0, 1, 5, 11])
def test_many_are_searched_for_as_each_is(
    store: LanceStore, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lance, "TOGETHER", 5)
    queries = unit(np.random.default_rng(8).normal(size=(count, DIM)).astype(np.float32))
    check_many(store, queries, 4)
    fill(store, 60)
    check_many(store, queries, 25)


def test_search_for_more_than_there_is(store: LanceStore) -> None:
    views = fill(store, 7)
    hits = store.search(vectors_of(views)[3], 200)
    assert sorted(hits.views) == [v.id for v in views]
    assert hits.views[0] == views[3].id
    assert hits.similarity[0] == pytest.approx(1.0, abs=1e-3)


def test_an_empty_store_has_nothing_near(store: LanceStore) -> None:
    hits = store.search(unit(np.ones(DIM, np.float32)), 200)
    assert (hits.views, hits.items) == ([], [])
    assert hits.similarity.shape == (0,)
    assert hits.maps.shape == (0, *MAP_SHAPE)
    assert list(store.scan()) == []
    assert store.hashes() == {}
    store.optimise()


# -- several handles -------------------------------------------------------------------------------


def test_another_handle_sees_a_put_at_once(store: LanceStore) -> None:
    other = LanceStore.open(store.uri)
    for n in range(5):
        store.put([make_view(n)], items_of([make_view(n)]))
        assert other.stats().views == n + 1
        assert other.search(vectors_of([make_view(n)])[0], 1).views == [f"view{n:06}"]
    other.delete(views=["view000000"])
    assert store.stats().views == 4


def test_another_process_sees_a_put_at_once(store: LanceStore) -> None:
    fill(store, 4)
    script = (
        "import sys; from obverse.catalogue.lance import LanceStore; "
        "store = LanceStore.open(sys.argv[1]); print(store.stats().views, flush=True); "
        "sys.stdin.readline(); print(store.stats().views)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, store.uri],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "4\n"
        fill(store, 3, start=10)
        out, err = child.communicate("\n")
    assert out == "7\n"
    assert err == ""


def test_threads_write_and_read_at_once(store: LanceStore) -> None:
    failures: list[BaseException] = []

    def work(start: int) -> None:
        try:
            for n in range(start, start + 5):
                store.put([make_view(n)], items_of([make_view(n)]))
                assert [v.id for v in store.views([f"view{n:06}"])] == [f"view{n:06}"]
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(100 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert store.stats().views == 20


def test_a_relative_place_survives_a_change_of_folder(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    store = LanceStore.create("c.obv", make_manifest())
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    fill(store, 3)
    store.optimise()
    assert store.stats().views == 3
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    "name", ["a b", "a#b?c=d&e", "50%20", "münzen", "硬币", "it's", "a:b", "~"]
)
def test_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    store = LanceStore.create(tmp_path / name, make_manifest())
    fill(store, 3)
    store.optimise()
    assert LanceStore.open(tmp_path / name).stats().views == 3
    assert [p.name for p in tmp_path.iterdir()] == [name]


# -- the manifest and the folder -------------------------------------------------------------------


def test_the_manifest_round_trips(store: LanceStore) -> None:
    assert LanceStore.open(store.uri).manifest == make_manifest()
    written = json.loads((Path(store.uri) / folder.MANIFEST).read_text("utf-8"))
    assert written == make_manifest().to_dict()
    assert written["format"] == FORMAT


def test_creating_again_opens(store: LanceStore) -> None:
    fill(store, 3)
    later = replace(make_manifest(), created="2030", version="9")
    assert LanceStore.create(store.uri, later).manifest == make_manifest()
    assert store.stats().views == 3


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (make_manifest(model="polar-2"), ("polar-1", "polar-2", "new catalogue")),
        (make_manifest(recipe="flat"), ("'coin'", "'flat'", "new catalogue")),
    ],
)
def test_another_model_or_recipe_is_refused(
    store: LanceStore, manifest: Manifest, words: tuple[str, ...]
) -> None:
    with pytest.raises(CatalogueMismatch) as said:
        LanceStore.create(store.uri, manifest)
    assert all(word in str(said.value) for word in words)


def test_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    for name, said in (
        ("none", f"make one: obverse add {tmp_path / 'none'} PHOTOS"),
        ("empty", f"make one: obverse add {tmp_path / 'empty'} PHOTOS"),
        (".", f"make one of it: obverse add coins.obv {tmp_path}"),
        ("file", "file: is a file; a catalogue is a folder"),
        ("file/c.obv", "file: is a file; a catalogue is a folder"),
    ):
        with pytest.raises(CatalogueMissing) as raised:
            LanceStore.open(tmp_path / name)
        assert said in str(raised.value)
        assert not folder.exists(tmp_path / name)
    with pytest.raises(CatalogueError):
        LanceStore.create(tmp_path / "file", make_manifest())
    assert (tmp_path / "file").read_text() == "x"


def test_a_newer_format_is_refused(store: LanceStore) -> None:
    path = Path(store.uri) / folder.MANIFEST
    data = json.loads(path.read_text()) | {"format": FORMAT + 1, "models": "unheard of"}
    path.write_text(json.dumps(data))
    with pytest.raises(CatalogueNewer, match="upgrade"):
        LanceStore.open(store.uri)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "3", '{"format": 1}', '{"format": "x"}', '{"format": null}', "\xff"],
)
def test_a_damaged_manifest_is_refused(store: LanceStore, text: str) -> None:
    (Path(store.uri) / folder.MANIFEST).write_bytes(text.encode("latin-1"))
    with pytest.raises(CatalogueDamaged, match="manifest"):
        LanceStore.open(store.uri)
    with pytest.raises(CatalogueDamaged, match="manifest"):
        LanceStore.create(store.uri, make_manifest())


def test_a_manifest_field_missing_is_damage(store: LanceStore) -> None:
    path = Path(store.uri) / folder.MANIFEST
    whole = json.loads(path.read_text())
    for name in whole:
        path.write_text(json.dumps({k: v for k, v in whole.items() if k != name}))
        with pytest.raises(CatalogueDamaged):
            LanceStore.open(store.uri)


def test_a_lost_table_is_damage(store: LanceStore) -> None:
    fill(store, 3)
    (Path(store.uri) / "views.lance").rename(Path(store.uri) / "moved")
    with pytest.raises(CatalogueDamaged, match="one of its tables is missing"):
        LanceStore.open(store.uri)
    with pytest.raises(CatalogueError):
        store.views()


def test_rows_without_a_manifest_are_never_overwritten(store: LanceStore) -> None:
    fill(store, 3)
    path = Path(store.uri) / folder.MANIFEST
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(CatalogueDamaged, match="manifest is missing"):
        LanceStore.create(store.uri, make_manifest())
    with pytest.raises(CatalogueDamaged, match="is missing; restore it from a backup"):
        LanceStore.open(store.uri)
    path.write_bytes(kept)
    assert LanceStore.open(store.uri).stats().views == 3


def test_a_foreign_folder_is_never_written_into(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"mine")
    with pytest.raises(CatalogueDamaged, match=r"photo\.jpg"):
        LanceStore.create(tmp_path, make_manifest())
    assert [p.name for p in tmp_path.iterdir()] == ["photo.jpg"]


@pytest.mark.parametrize("left", ["nothing", "empty folders", "a part", "items only"])
def test_what_a_killed_creation_left_is_made_whole(tmp_path: Path, left: str) -> None:
    place = tmp_path / "c.obv"
    if left == "items only":
        LanceStore.create(place, make_manifest())
        (place / folder.MANIFEST).unlink()
        (place / "views.lance").rename(tmp_path / "away")
    elif left == "empty folders":
        (place / "views.lance" / "_versions").mkdir(parents=True)
        (place / "items.lance").mkdir()
    elif left == "a part":
        place.mkdir()
        (place / f"{folder.MANIFEST}.part").write_text("{")
    store = LanceStore.create(place, make_manifest())
    fill(store, 3)
    assert LanceStore.open(place).stats().views == 3


def test_only_what_a_broken_off_creation_left_goes(store: LanceStore, tmp_path: Path) -> None:
    left, foreign = tmp_path / "left.obv", tmp_path / "foreign"
    for place in (left, foreign):
        (place / "items.lance").mkdir(parents=True)
        (place / ".lock").write_text("")
    (foreign / "photo.jpg").write_bytes(b"mine")
    for place in (left, foreign, Path(store.uri), tmp_path / "none"):
        folder.drop_unmade(place)
    assert not left.exists()
    assert (foreign / "photo.jpg").read_bytes() == b"mine"
    assert LanceStore.open(store.uri).stats().views == 0


def test_a_folder_that_goes_meanwhile_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda path: True)
    folder.drop_unmade(tmp_path / "gone")
    assert not (tmp_path / "gone").exists()


def test_only_a_catalogue_without_views_is_unmade(store: LanceStore, tmp_path: Path) -> None:
    other = LanceStore.create(store.uri, make_manifest())
    assert (store.is_new, other.is_new) == (True, False)
    fill(other, 1)
    store.unmake()
    assert LanceStore.open(store.uri).stats().views == 1
    other.delete(views=["view000000"])
    store.unmake()
    assert not folder.exists(store.uri)
    folder.drop_unmade(Path(store.uri))
    assert not Path(store.uri).exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission(store: LanceStore) -> None:
    fill(store, 3)
    place = Path(store.uri)
    inside = [place, *(p for p in place.rglob("*") if p.is_dir())]
    for path in inside:
        path.chmod(0o500)
    (place / ".lock").chmod(0o400)
    try:
        assert LanceStore.open(place).stats().views == 3
        with pytest.raises(CatalogueError, match="permissions"):
            fill(store, 1, start=10)
    finally:
        for path in inside:
            path.chmod(0o700)


def test_a_manifest_that_may_not_be_read_is_no_damage(store: LanceStore, monkeypatch: Any) -> None:
    def refuse(*_: Any, **__: Any) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", folder.MANIFEST)

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(CatalogueError) as raised:
        LanceStore.open(store.uri)
    assert type(raised.value) is CatalogueError
    assert "(Permission denied); check the disk and the permissions" in str(raised.value)


@pytest.mark.parametrize(
    ("damage", "said"),
    [("cut", "one of its files is cut off"), ("lose", "one of its files is missing")],
)
def test_damage_is_told_in_plain_words(store: LanceStore, damage: str, said: str) -> None:
    fill(store, 3)
    (file,) = (Path(store.uri) / "views.lance" / "data").iterdir()
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:40])
    else:
        file.unlink()
    with pytest.raises(CatalogueDamaged, match=said):
        LanceStore.open(store.uri).views()


def test_what_the_engine_says_of_its_own_source_is_left_out() -> None:
    said = "lance error: LanceError(IO): Execution error: short file, /a/b-1.2/utils.rs:224:20"
    with pytest.raises(CatalogueDamaged) as caught, folder.errors("c.obv"):
        raise RuntimeError(said)
    assert "(Execution error: short file)" in str(caught.value)


@pytest.mark.parametrize("said", ["No space left on device (os error 28)", "Permission denied"])
def test_a_full_or_closed_disk_is_no_damage(said: str) -> None:
    with pytest.raises(CatalogueError) as raised, folder.errors("c.obv"):
        raise RuntimeError(f"lance error: LanceError(IO): {said}, at\n  src/io.rs:1")
    assert type(raised.value) is CatalogueError
    assert "check the disk" in str(raised.value)


# -- index and tidying -----------------------------------------------------------------------------


@pytest.fixture
def indexed(store: LanceStore, monkeypatch: Any) -> tuple[LanceStore, list[View]]:
    monkeypatch.setattr(lance, "INDEX_FROM", 2000)
    rng = np.random.default_rng(0)
    centres = np.repeat(rng.normal(size=(700, DIM)), 3, axis=0)
    vectors = unit((centres + 0.5 * rng.normal(size=centres.shape)).astype(np.float32))
    views = [make_view(n, vector=vector) for n, vector in enumerate(vectors)]
    store.put(views[:1500], items_of(views[:1500]))
    store.optimise()
    assert store.stats().index == "none"
    store.put(views[1500:], items_of(views[1500:]))
    store.optimise()
    assert store.stats().index == "IvfSq"
    return store, views


def test_the_index_finds_what_exact_search_finds(indexed: tuple[LanceStore, list[View]]) -> None:
    store, views = indexed
    vectors = vectors_of(views)
    rng = np.random.default_rng(1)
    recalls = []
    for _ in range(20):
        query = unit(vectors[rng.integers(len(vectors))] + 0.1 * rng.normal(size=DIM))
        exact = np.argsort(-(vectors @ query))[:200]
        hits = store.search(query, 200)
        at = [int(id[4:]) for id in hits.views]
        recalls.append(len(set(at) & set(exact.tolist())) / 200)
        # Similarities are those of the stored vectors, not of the index's 8 bits.
        np.testing.assert_allclose(hits.similarity, vectors[at] @ query, atol=1e-3)
    assert np.mean(recalls) >= 0.95


def test_many_are_searched_for_by_the_index_too(
    indexed: tuple[LanceStore, list[View]],
) -> None:
    store, views = indexed
    check_many(store, vectors_of(views)[:7], 50)


def test_rows_after_the_index_are_found_and_deleted_ones_are_not(
    indexed: tuple[LanceStore, list[View]],
) -> None:
    store, views = indexed
    late = [make_view(n) for n in range(5000, 5050)]
    store.put(late, items_of(late))
    changed = make_view(5, vector=make_view(9999).embedding.vector)  # type: ignore[union-attr]
    store.put([changed])
    store.delete(views=[views[7].id])
    for tidied in (False, True):
        if tidied:
            store.optimise()
        for view in (late[0], late[49], changed):
            assert store.search(vectors_of([view])[0], 3).views[0] == view.id
        assert views[7].id not in store.search(vectors_of([views[7]])[0], 50).views
        assert changed.id not in store.search(vectors_of([views[5]])[0], 1).views
    assert len(store.views()) == len(views) + 50 - 1


def test_a_growing_index_is_built_anew_before_it_falls_apart(
    indexed: tuple[LanceStore, list[View]], monkeypatch: Any
) -> None:
    store, views = indexed
    monkeypatch.setattr(lance, "FRAGMENTS", 0)
    monkeypatch.setattr(lance, "INDEX_PARTS", 2)
    parts = []
    for n in range(6):
        fill(store, 20, start=10_000 + 20 * n)
        store.optimise()
        parts.append(store._views.index_stats("vector_idx").num_indices)
        assert store._views.index_stats("vector_idx").num_unindexed_rows == 0
    assert parts == [2, 1, 2, 1, 2, 1]
    assert len(store.views()) == len(views) + 120


def test_optimising_changes_nothing_but_the_fragments(store: LanceStore, monkeypatch: Any) -> None:
    monkeypatch.setattr(lance, "FRAGMENTS", 5)
    views = [fill(store, 1, start=n)[0] for n in range(12)]
    store.delete(views=["view000003"])
    count = lambda: store._views.stats()["fragment_stats"]["num_fragments"]  # noqa: E731
    assert count() == 11
    store.optimise()
    assert count() == 1
    version = store._views.version
    store.optimise()
    assert store._views.version == version
    back = {v.id: v for v in store.views(embeddings=True)}
    assert all(same(v, back[v.id]) for v in views if v.id != "view000003")
    assert len(back) == 11


def test_nothing_is_said_on_stderr(tmp_path: Path) -> None:
    script = """
import sys
from obverse.catalogue import lance
from tests.catalogue.samples import make_manifest, make_view, items_of
lance.INDEX_FROM, lance.FRAGMENTS = 300, 4
store = lance.LanceStore.create(sys.argv[1], make_manifest())
for n in range(0, 360, 60):
    views = [make_view(i) for i in range(n, n + 60)]
    store.put(views, items_of(views), instead_of=["x"])
    store.optimise()
store.delete(views=["view000001"], items=["item00009"])
store.search(make_view(3).embedding.vector, 200)
store.views(["view000004"], embeddings=True)
assert sum(len(h.views) for h in store.scan()) == 356
print(store.stats().index)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "c.obv")],
        capture_output=True,
        text=True,
        cwd=root,
    )
    assert done.stderr == ""
    assert done.stdout == "IvfSq\n"
