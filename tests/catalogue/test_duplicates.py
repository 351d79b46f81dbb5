"""Items that show one design: found however many there are, and told from others."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from obverse import Catalogue
from obverse.catalogue.duplicates import cliques
from obverse.catalogue.importers import Row
from obverse.mint.design import coin_type
from obverse.mint.render import scan


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_all_items_of_one_design_make_one_group(tmp_path: Path, copies: int) -> None:
    rows = []
    for index in (0, 4, 7, 9):
        coin = coin_type(11, index)
        for specimen in range(copies if index == 4 else 1):
            path = tmp_path / f"{index}-{specimen}.png"
            Image.fromarray(scan(coin, "obverse", size=320, seed=specimen)).save(path)
            rows.append(Row(path, path.stem, "obverse", "", {}))
    with Catalogue(tmp_path / "c.obv") as catalogue:
        assert not catalogue.add(rows).failed
        groups = [sorted(view.item for view in group.views) for group in catalogue.duplicates()]
    assert groups == ([[f"4-{n}" for n in range(copies)]] if copies > 1 else [])


def test_one_side_alike_is_no_duplicate(tmp_path: Path) -> None:
    """Two coins that share a portrait are two; the same coin with one picture less is one."""
    coins = [coin_type(11, index) for index in (0, 4, 7)]
    sides = {
        "portrait-1": [(coins[0], "obverse", 0), (coins[1], "reverse", 0)],
        "portrait-2": [(coins[0], "obverse", 1), (coins[2], "reverse", 0)],
        "whole": [(coins[1], "obverse", 0), (coins[0], "reverse", 0)],
        "half": [(coins[1], "obverse", 1)],
    }
    rows = []
    for item, pictures in sides.items():
        for coin, side, specimen in pictures:
            path = tmp_path / f"{item}-{side}.png"
            Image.fromarray(scan(coin, side, size=320, seed=specimen)).save(path)
            rows.append(Row(path, item, side, "", {}))
    with Catalogue(tmp_path / "c.obv") as catalogue:
        assert not catalogue.add(rows).failed
        (group,) = catalogue.duplicates()
    assert [(view.item, view.side) for view in group.views] == [
        ("half", "obverse"),
        ("whole", "obverse"),
    ]


def test_a_coin_of_one_side_joins_no_two_others(tmp_path: Path) -> None:
    """It may be either of two that share its portrait; these are not each other."""
    portrait, lion, tower = (coin_type(11, index) for index in (0, 4, 7))
    rows = []
    for item, reverse in (("alone", None), ("lion", lion), ("tower", tower)):
        sides = [("obverse", portrait), ("reverse", reverse)]
        for side, coin in sides[: 2 if reverse else 1]:
            path = tmp_path / f"{item}-{side}.png"
            Image.fromarray(scan(coin, side, size=320, seed=len(rows))).save(path)
            rows.append(Row(path, item, side))
    with Catalogue(tmp_path / "c.obv") as catalogue:
        assert not catalogue.add(rows).failed
        groups = [{view.item for view in group.views} for group in catalogue.duplicates()]
    assert sorted(map(sorted, groups)) == [["alone", "lion"], ["alone", "tower"]]


NODES = st.sampled_from("abcdefg")
PAIRS = st.lists(
    st.tuples(NODES, NODES).filter(lambda p: p[0] < p[1]), unique=True, max_size=21
)  # fmt: skip


@given(PAIRS)
def test_groups_hold_every_pair_and_no_other(pairs: list[tuple[str, str]]) -> None:
    found = cliques(pairs)
    within = {pair for group in found for pair in combinations(sorted(group), 2)}
    assert within == set(pairs)
    assert len(found) <= len(pairs)
    # None could take another item in.
    for group in found:
        beside = set("abcdefg") - group
        assert not any(all(tuple(sorted((x, y))) in within for y in group) for x in beside)


def test_an_item_that_goes_meanwhile_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = []
    for specimen in range(3):
        path = tmp_path / f"{specimen}.png"
        Image.fromarray(scan(coin_type(11, 4), "obverse", size=320, seed=specimen)).save(path)
        rows.append(Row(path, path.stem, "obverse"))
    with Catalogue(tmp_path / "c.obv") as catalogue:
        assert not catalogue.add(rows).failed
        store, calls = catalogue.store, []
        listing = store.listing

        def with_less() -> list[tuple[str, str, str, str, str]]:
            """The second time it is asked, as the groups are made, an item has just gone."""
            calls.append(1)
            if len(calls) == 2:
                store.delete(items=["1"])
            return listing()

        monkeypatch.setattr(store, "listing", with_less)
        (group,) = catalogue.duplicates()
    assert len(calls) == 2
    assert [view.item for view in group.views] == ["0", "2"]


def test_a_picture_that_two_items_share_is_told(tmp_path: Path) -> None:
    """A smaller copy under another item is noted as it is added, another design is not."""
    rows = []
    for name, index in (("one", 4), ("two", 4), ("third", 7)):
        path = tmp_path / f"{name}.jpg"
        picture = Image.fromarray(scan(coin_type(11, index), "obverse", size=480, seed=1))
        picture = picture.resize((300, 300)) if name == "two" else picture
        picture.save(path, quality=80)
        rows.append(Row(path, name, "obverse", "", {}))
    with Catalogue(tmp_path / "c.obv") as catalogue:
        assert catalogue.add([rows[0], rows[2]]).notes == []
        (note,) = catalogue.add([rows[1]]).notes
        assert "1 of the new pictures" in note
        assert "one and two" in note
        assert catalogue.add(rows).notes == []
        answer = catalogue.identify(rows[0].photo)
        assert {c.item.id for c in answer.candidates[:2]} == {"one", "two"}
        assert any("nearly the same picture" in line for line in answer.explanation())
        catalogue.remove("two")
        answer = catalogue.identify(rows[0].photo)
        assert not any("nearly the same picture" in line for line in answer.explanation())


def test_coins_of_other_years_or_mints_are_no_duplicates(tmp_path: Path) -> None:
    """However alike: one picture often stands for all years of a type."""
    said = {
        "a": {"year": 1950, "mint_mark": "D"},
        "b": {"year": 1950, "mint_mark": "none"},
        "c": {"year": 1951, "mint_mark": "D"},
        "d": {"year": 1951},
    }
    rows = []
    for n, (item, attributes) in enumerate(said.items()):
        path = tmp_path / f"{item}.png"
        Image.fromarray(scan(coin_type(11, 4), "obverse", size=320 + 8 * n, seed=1)).save(path)
        rows.append(Row(path, item, "obverse", "", attributes))
    with Catalogue(tmp_path / "c.obv") as catalogue:
        assert catalogue.add(rows[:3]).notes == []
        assert catalogue.duplicates() == []
        (note,) = catalogue.add(rows[3:]).notes
        assert "c and d" in note
        (group,) = catalogue.duplicates()
    assert {view.item for view in group.views} == {"c", "d"}
