"""Items edited, renamed, merged, withdrawn, and all of it taken back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import obverse
from obverse.catalogue import editing
from obverse.catalogue.adding import view_id
from obverse.catalogue.catalogue import Catalogue
from obverse.catalogue.lance import LanceStore
from obverse.errors import AlreadyInCatalogue, ChangedSince, NotInCatalogue, UsageError
from obverse.types import Item
from tests.catalogue.samples import make_manifest, make_view, same

ITEMS = {"a": (0, 1), "b": (2,), "c/ü": (3, 4)}


def view_of(number: int, item: str) -> obverse.View:
    """As adding would have named it."""
    view = make_view(number, item)
    return replace(view, id=view_id(view.sha256, item))


VIEWS = {number: view_of(number, item).id for item, held in ITEMS.items() for number in held}


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Three items, five views with stable ids; nothing here needs a model."""
    store = LanceStore.create(tmp_path / "x.obv", make_manifest())
    for item, numbers in ITEMS.items():
        views = [view_of(n, item) for n in numbers]
        store.put(views, [Item(item, item.upper(), {"n": len(views), item: True})])
    return Catalogue(tmp_path / "x.obv", create=False, any_model=True)


State = tuple[list[Item], list[obverse.View]]


def state(catalogue: Catalogue) -> State:
    return catalogue.items(), catalogue.store.views(embeddings=True)


def is_same(one: State, other: State) -> bool:
    return one[0] == other[0] and len(one[1]) == len(other[1]) and all(map(same, one[1], other[1]))


def test_edit_lays_over_and_takes_off(catalogue: Catalogue) -> None:
    now = catalogue.edit("a", title="New", attributes={"n": None, "more": [1, "x"]})
    assert now == Item("a", "New", {"a": True, "more": [1, "x"]})
    assert catalogue.item("a") == now
    assert catalogue.edit("a") == now
    assert catalogue.edit("a", title="").name == "a"
    with pytest.raises(NotInCatalogue):
        catalogue.edit("nope", title="x")
    with pytest.raises(UsageError):
        catalogue.edit("a", attributes={"x": float("nan")})
    assert catalogue.item("a").attributes == now.attributes


@pytest.mark.parametrize(("said", "side"), [("edge", "edge"), ("Rev", "reverse"), ("", "")])
def test_a_views_side_is_told_and_nothing_else_changes(
    catalogue: Catalogue, said: str, side: str
) -> None:
    items, views = state(catalogue)
    told = catalogue.edit_view(VIEWS[1], side=said)
    assert (told.id, told.side, told.embedding) == (VIEWS[1], side, None)
    wanted = [replace(v, side=side) if v.id == VIEWS[1] else v for v in views]
    assert is_same(state(catalogue), (items, wanted))


def test_a_side_that_makes_no_sense_is_refused(catalogue: Catalogue) -> None:
    before = state(catalogue)
    with pytest.raises(UsageError, match="unknown side 'top'"):
        catalogue.edit_view(VIEWS[1], side="top")
    with pytest.raises(NotInCatalogue, match="no view 'a'"):
        catalogue.edit_view("a", side="edge")
    assert is_same(state(catalogue), before)


def nested(levels: int) -> object:
    """Lists within each other."""
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "attributes",
    [{"x": nested(20)}, {"x": nested(300)}, {"x": nested(100_000)}, {"x": "x" * 2**16}, {" ": 1}],
)
def test_what_could_not_be_shown_is_not_stored(
    catalogue: Catalogue, attributes: dict[str, object]
) -> None:
    with pytest.raises(UsageError):
        catalogue.edit("a", attributes=attributes)
    assert catalogue.item("a").attributes == {"n": 2, "a": True}


def test_what_is_just_short_enough_is_stored(catalogue: Catalogue) -> None:
    attributes = {"x": nested(19), "y": "y" * (2**16 - 200)}
    catalogue.edit("a", attributes=attributes)
    assert attributes.items() <= catalogue.item("a").attributes.items()


def test_rename_takes_the_views_along(catalogue: Catalogue) -> None:
    before = {view.sha256: view for view in catalogue.store.views(item="a", embeddings=True)}
    assert catalogue.rename("a", "new 'name'").title == "A"
    assert [item.id for item in catalogue.items()] == ["b", "c/ü", "new 'name'"]
    after = catalogue.store.views(item="new 'name'", embeddings=True)
    assert {view.sha256 for view in after} == set(before)
    for view in after:
        assert view.id == view_id(view.sha256, "new 'name'")
        old = before[view.sha256]
        assert view.embedding is not None
        assert old.embedding is not None
        assert (view.embedding.map == old.embedding.map).all()
        assert view.thumbnail == old.thumbnail
    assert catalogue.store.views(item="a") == []
    with pytest.raises(AlreadyInCatalogue):
        catalogue.rename("b", "c/ü")
    with pytest.raises(UsageError):
        catalogue.rename("b", "  ")
    with pytest.raises(UsageError):
        catalogue.rename("b", 5)  # type: ignore[arg-type]
    for id in (".", ".."):
        with pytest.raises(UsageError):
            catalogue.rename("b", id)
    assert catalogue.rename("b", "b") == catalogue.item("b")


def test_merge_and_back(catalogue: Catalogue) -> None:
    before = state(catalogue)
    token = catalogue.merge("a", ["b", "c/ü"])
    (item,) = catalogue.items()
    assert item == Item("a", "A", {"n": 2, "a": True, "b": True, "c/ü": True})
    assert len(catalogue.views("a")) == len(catalogue.views()) == 5
    assert sorted(catalogue.undo(token)) == sorted(ITEMS)
    assert is_same(state(catalogue), before)
    with pytest.raises(NotInCatalogue, match="nothing to take back"):
        catalogue.undo(token)


def test_an_edit_with_a_new_id_is_whole_or_nothing(catalogue: Catalogue) -> None:
    before = state(catalogue)
    with pytest.raises(AlreadyInCatalogue):
        catalogue.edit("a", title="New", new_id="b")
    with pytest.raises(UsageError):
        catalogue.edit("a", title="New", attributes={"x": float("nan")}, new_id="z")
    assert is_same(state(catalogue), before)
    assert catalogue.edit("a", title="New", attributes={"n": None}, new_id="z") == (
        Item("z", "New", {"a": True})
    )
    assert [item.id for item in catalogue.items()] == ["b", "c/ü", "z"]
    assert len(catalogue.views("z")) == 2


@pytest.mark.parametrize("change", ["edit", "rename", "withdraw", "turn", "again"])
def test_what_was_done_since_a_merger_is_not_lost(catalogue: Catalogue, change: str) -> None:
    token = catalogue.merge("a", "b")
    moved = view_id(view_of(2, "b").sha256, "a")
    if change == "edit":
        catalogue.edit("a", title="Later")
    elif change == "rename":
        catalogue.rename("a", "z")
    elif change == "withdraw":
        catalogue.withdraw(moved)
    elif change == "turn":
        catalogue.level(view=moved, turn=30)
    else:
        catalogue.store.put([view_of(9, "b")], [Item("b", "added again", {})])
    before = state(catalogue)
    with pytest.raises(ChangedSince):
        catalogue.undo(token)
    assert is_same(state(catalogue), before)


def test_a_picture_that_both_have_is_there_once(catalogue: Catalogue) -> None:
    catalogue.store.put([view_of(0, "b")])
    before = state(catalogue)
    token = catalogue.merge("a", "b")
    shas = [view.sha256 for view in catalogue.views("a")]
    assert len(shas) == len(set(shas)) == 3
    catalogue.undo(token)
    assert is_same(state(catalogue), before)


@pytest.mark.parametrize(
    "ids", [["a"], ["a", "c/ü"], [VIEWS[2]], [VIEWS[0]], [VIEWS[3], VIEWS[4]], ["a", VIEWS[0]]]
)
def test_withdraw_and_back(catalogue: Catalogue, ids: list[str]) -> None:
    before = state(catalogue)
    token = catalogue.withdraw(ids)
    left = state(catalogue)
    assert not {row.id for row in (*left[0], *left[1])} & set(ids)
    assert {view.item for view in left[1]} == {item.id for item in left[0]}
    catalogue.undo(token)
    assert is_same(state(catalogue), before)


def test_an_edit_made_between_stays(catalogue: Catalogue) -> None:
    """Bringing back a view leaves alone what was said of its item meanwhile."""
    view = catalogue.views("a")[0]
    token = catalogue.withdraw(view.id)
    catalogue.edit("a", title="Meanwhile")
    catalogue.undo(token)
    assert catalogue.item("a").title == "Meanwhile"
    assert len(catalogue.views("a")) == 2


def test_it_is_kept_before_anything_goes(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed right after keeping: nothing is gone. Killed right before: nothing either."""
    before = state(catalogue)

    def killed(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    for name in ("keep", "delete"):
        with monkeypatch.context() as patch:
            patch.setattr(LanceStore, name, killed)
            with pytest.raises(KeyboardInterrupt):
                catalogue.withdraw("a")
        assert is_same(state(catalogue), before)


def test_old_changes_are_dropped(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    token = catalogue.withdraw("a")
    later = editing.time.time() + editing.KEEP_SECONDS + 1
    monkeypatch.setattr(editing.time, "time", lambda: later)
    with pytest.raises(NotInCatalogue):
        catalogue.undo(token)
    monkeypatch.setattr(editing.time, "time_ns", lambda: int(later * 1e9))
    fresh = catalogue.withdraw("b")
    assert catalogue.store.kept() == [fresh]


def test_strange_files_are_left_alone_and_unfinished_ones_go(catalogue: Catalogue) -> None:
    folder = Path(catalogue.uri) / "undo"
    folder.mkdir()
    for name in ("notes.txt", "backup", "0" * 35, f"{'0' * 36}.part"):
        (folder / name).write_bytes(b"x")
    before = state(catalogue)
    token = catalogue.withdraw("a")
    names = {path.name for path in folder.iterdir()}
    assert names == {"notes.txt", "backup", "0" * 35, token}
    catalogue.undo(token)
    assert is_same(state(catalogue), before)


@pytest.mark.parametrize("token", ["", ".", "../manifest.json", "nope", "0" * 36])
def test_a_token_is_no_path(catalogue: Catalogue, token: str) -> None:
    catalogue.withdraw("a")
    with pytest.raises(NotInCatalogue):
        catalogue.undo(token)


def test_withdraw_of_nothing_changes_nothing(catalogue: Catalogue) -> None:
    before = state(catalogue)
    with pytest.raises(NotInCatalogue):
        catalogue.withdraw(["a", "nope"])
    assert is_same(state(catalogue), before)
    assert catalogue.store.kept() == []
    for others in ([], ["a"], ["a", "b"]):
        with pytest.raises(UsageError):
            catalogue.merge("a", others)


def test_listing_and_version(catalogue: Catalogue) -> None:
    listing = sorted(catalogue.store.listing())
    views = sorted((v.id, v.item, v.side, v.added, v.upright) for v in catalogue.views())
    assert listing == views
    version = catalogue.store.version()
    assert catalogue.store.version() == version
    elsewhere = LanceStore.open(catalogue.uri)
    elsewhere.put([], [Item("a", "by another")])
    assert catalogue.store.version() != version
