"""Items that show one design: found however many there are, and told from others."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from obverse import Catalogue
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
