"""Items that differ by their year only: found, and told apart by what was read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from obverse import Catalogue
from obverse.catalogue.importers import Row
from obverse.explain import explain
from obverse.mint.design import coin_type
from obverse.mint.photo import snap
from obverse.mint.render import scan
from obverse.types import Candidate, Evidence, Item, MarkReading, View, YearReading
from obverse.year.mark import Marked
from obverse.year.reader import Reading
from obverse.year.twins import (
    apart,
    by_mark,
    by_year,
    dates,
    marks,
    near,
    other_dates,
    place,
    settle,
    twins,
)
from tests.year.test_reader import dated_side


def item(id: str, title: str = "", **attributes: Any) -> Item:
    return Item(id, title, attributes)


def candidate(one: Item, probability: float) -> Candidate:
    view = View(one.id, one.id, "", "", "", {}, b"", None, "")
    evidence = Evidence(0.5, 0.0, np.zeros((1, 1), np.float32))
    return Candidate(one, view, 0.5, 0.5, probability, evidence)


def reading(chances: Mapping[int, float], read: bool = True) -> Reading:
    year = max(chances, key=chances.__getitem__)
    box = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    best = YearReading(year, str(year), chances[year], (box,), (str(year),))
    return Reading(best if read else None, dict(chances))


def test_twins_are_alike_but_for_their_years() -> None:
    first = item("a", "5 sen 1990", year=1990, country="Malaysia")
    others = [
        item("b", "5 sen 1991", year=1991, country="Malaysia"),
        item("c", "10 sen 1991", year=1991, country="Malaysia", metal="brass"),
        item("d", "5 sen 1992", year=1992, country="Brunei"),
        item("e", "5 crowns 1992", year=1992, country="Malaysia"),
        item("f", "5 sen 1990", year=1990, country="Malaysia"),
        item("g", "5 sen", country="Malaysia"),
        item("h", "5 sen 2000-08", year_from=2000, year_to=2008, country="Malaysia"),
    ]
    assert twins([first, *others]) == [0, 1, 7]
    assert twins([others[5], first]) == [0]
    assert twins([]) == []
    untitled = [item("a", year=1990), item("b", year=1991)]
    assert twins(untitled) == [0]


def test_what_is_said_of_a_specimen_parts_no_twins() -> None:
    first = item("a", "Cent 1950", year=1950, country="USA", mintage=10, Box="A 1")
    assert twins([first, item("b", "Cent 1951", year=1951, country="USA", mintage=20)]) == [0, 1]
    assert twins([first, item("b", "Cent 1951", year=1951, country="USA", metal="steel")]) == [0]
    assert twins([first, item("b", "Cent", year="n.d.", country="USA")]) == [0], "says no year"


def test_items_that_say_other_years_or_marks_are_apart() -> None:
    cent = item("a", year=1950, mint_mark="D")
    assert apart(cent, item("b", year=1951))
    assert apart(cent, item("b", year=1950, mint_mark="none"))
    assert not apart(cent, item("b", years="1949-51", mint_mark="D, S"))
    assert not apart(cent, item("b"))


def test_numbers_in_titles_are_years_if_the_item_says_so() -> None:
    lire = [item(f"{n}", f"{n} Lire {1980 + i}", year=1980 + i) for i, n in enumerate((1000, 2000))]
    assert twins(lire) == [0]
    marked = [
        item("a", "1909S", year=1909, mint_mark="S"),
        item("b", "1910-D", year=1910, mint_mark="D"),
        item("c", "1911", year=1911, mint_mark="none"),
    ]
    assert twins([item("z", "Cent 1909S", year=1909, mint_mark="S"), *marked]) == [0]
    named = [Item(one.id, f"Cent {one.title}", one.attributes) for one in marked]
    assert twins(named) == [0, 1, 2]
    spans = [item("a", "5 sen 1990-99", years="1990-99"), item("b", "5 sen 2000", year=2000)]
    assert twins(spans) == [0, 1]


def test_twins_may_differ_by_mint_mark_only() -> None:
    first = item("a", "Cent 1909-S", year=1909, mint_mark="S", mint_mark_at="0.5, -0.5")
    others = [
        item("b", "Cent 1909", year=1909, mint_mark=""),
        item("c", "Cent 1910 D", year=1910, mint_mark="D"),
        item("d", "Cent 1909", year=1909),
        item("e", "Cent 1909 S VDB", year=1909, mint_mark="S"),
        item("f", "Cent 1909 S", year=1909, mint_mark="S"),
    ]
    assert twins([first, *others]) == [0, 1, 2]
    assert marks([first, *others[:2]]) == ("S", "", "D")
    assert place([others[0], first]) == (0.5, -0.5)
    assert by_year([first, others[1]])
    assert not by_year([first, others[0]])
    assert by_mark([first, others[0]])
    assert not by_mark([first, others[4]])


def test_the_mint_mark_puts_twins_in_order() -> None:
    group = [item("a", mint_mark="S"), item("b", mint_mark=""), item("c", mint_mark=["D", "P"])]
    before = [candidate(one, 0.3) for one in group]
    box = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    marked = Marked(MarkReading("D", 0.7, box), {"S": 0.1, "": 0.15, "D": 0.7, "P": 0.05})
    after = settle(before, [0, 1, 2], Reading(), marked, 0.8)
    assert [c.item.id for c in after] == ["c", "b", "a"]
    np.testing.assert_allclose([c.probability for c in after], [0.8 * v for v in (0.75, 0.15, 0.1)])
    assert after[0].mint_mark == marked.best
    assert after[0].year is None


def test_only_scores_near_the_best_may_be_twins() -> None:
    far = [0.6, 0.1, 0.05, 0.0]
    assert near(np.array([0.8, 0.75, 0.71, 0.71, 0.71, 0.705, *far])) == 6
    assert near(np.array([0.8, 0.75, 0.71, *far])) == 5, "the first few in any case"
    assert near(np.array([0.8, 0.1])) == 2
    assert near(np.zeros(0, np.float32)) == 0


ITEMS = [
    item("a", year=1990),
    item("x", "another"),
    item("b", year=1991),
    item("c", year=1992),
]


def test_the_year_orders_the_twins_and_shares_out_their_probability() -> None:
    before = [candidate(i, p) for i, p in zip(ITEMS, (0.5, 0.3, 0.1, 0.1), strict=True)]
    after = settle(before, [0, 2, 3], reading({1990: 0.04, 1991: 0.9, 1992: 0.06}), Marked(), 0.8)
    assert [c.item.id for c in after] == ["b", "x", "c", "a"]
    assert [c.probability for c in after] == pytest.approx([0.72, 0.3, 0.048, 0.032])
    assert after[0].year is not None
    assert after[0].year.year == 1991
    assert all(c.year is None for c in after[1:])


def test_what_cannot_be_read_changes_nothing_and_what_is_read_counts_by_itself() -> None:
    before = [candidate(i, p) for i, p in zip(ITEMS, (0.5, 0.3, 0.1, 0.1), strict=True)]
    assert settle(before, [0, 2, 3], reading({1990: 0.2}, read=False), Marked(), 0.8) == tuple(
        before
    )
    for chance in (0.99, 0.02):
        alone = settle(before, [0], reading({1990: chance, 1991: 1 - chance}), Marked(), 0.5)
        assert [c.item for c in alone] == [c.item for c in before]
        assert [c.probability for c in alone] == pytest.approx([0.5 * chance, 0.3, 0.1, 0.1])
        assert alone[0].year is not None


def test_a_year_that_none_of_them_has_takes_its_chance_along() -> None:
    before = [candidate(i, p) for i, p in zip(ITEMS, (0.5, 0.3, 0.1, 0.1), strict=True)]
    read = reading({1990: 0.01, 1991: 0.02, 1992: 0.0, 1922: 0.97})
    after = settle(before, [0, 2, 3], read, Marked(), 0.6)
    assert [c.item.id for c in after] == ["b", "x", "a", "c"], "the design is the nearest still"
    assert [c.probability for c in after] == pytest.approx([0.012, 0.3, 0.006, 0.0])
    assert [c.year is not None for c in after] == [True, False, False, False]
    # Another design that is likelier than this one comes first.
    other = settle(before, [0, 2, 3], read, Marked(), 0.2)
    assert [c.item.id for c in other] == ["x", "b", "a", "c"]


def test_a_mark_that_is_read_makes_no_date_surer() -> None:
    """Of a cent without a mark nobody knows the year, whatever may be listed."""
    group = [
        item("a", year=1941, mint_mark="S"),
        item("b", year=1952, mint_mark="none"),
        item("c", year=1941, mint_mark="none"),
    ]
    box = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    marked = Marked(MarkReading("", 0.9, box), {"": 0.9, "S": 0.1})
    before = [candidate(one, p) for one, p in zip(group[:2], (0.4, 0.4), strict=True)]
    after = settle(before, [0, 1], Reading(), marked, 0.8)
    assert {c.item.id: c.probability for c in after} == pytest.approx({"b": 0.36, "a": 0.04})
    # A date with a mark that goes with another year only: neither is it.
    dated = settle(before, [0, 1], reading({1941: 0.99, 1952: 0.01}), marked, 0.8)
    found = {c.item.id: c.probability for c in dated}
    assert found == pytest.approx({"a": 0.8 * 0.99 * 0.1, "b": 0.8 * 0.01 * 0.9})
    before.append(candidate(group[2], 0.1))
    after = settle(before, [0, 1, 2], reading({1941: 0.99, 1952: 0.01}), marked, 0.8)
    assert after[0].item.id == "c"
    assert after[0].probability == pytest.approx(0.8 * 0.99 * 0.9)


def test_a_year_that_several_may_show_is_shared_by_their_pictures() -> None:
    group = [item("a", years="1950-55"), item("b", years="1953-60"), item("c", years="1961")]
    before = [candidate(one, p) for one, p in zip(group, (0.3, 0.1, 0.1), strict=True)]
    after = settle(before, [0, 1, 2], reading({1954: 0.8, 1958: 0.1, 1961: 0.1}), Marked(), 1.0)
    found = {c.item.id: c.probability for c in after}
    assert found == pytest.approx({"a": 0.6, "b": 0.3, "c": 0.1})


def test_other_dates_are_those_of_the_same_calendars() -> None:
    group = [item("a", year=1990, calendar="showa"), item("b", year=1989, calendar="heisei")]
    said, others = dates(group), other_dates(group)
    assert not set(said) & set(others)
    listed = [item("a", year=1990, calendar=["showa", "heisei"]), item("b", year=1950)]
    assert "昭和30年" in {d.written for d in other_dates(listed)}
    assert "1951" in {d.written for d in other_dates(listed)}
    assert {d.year for d in others} >= {1926, 1950, 1988, 2019}
    assert all("年" in d.written for d in others)
    western = {d.year for d in other_dates([ITEMS[0], ITEMS[2]])}
    assert western >= {1800, 1989, 1992, 2024}
    assert not western & {1990, 1991}


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Three dates of one minted type, and two other types."""
    root = tmp_path_factory.mktemp("dated")
    rows = []
    for index, years in ((0, coin_type(5, 0).years[:3]), (3, (1990,)), (4, (1990,))):
        coin = coin_type(5, index)
        side = dated_side(coin)
        for specimen, year in enumerate(years):
            path = root / f"{coin.item}-{year}.png"
            Image.fromarray(scan(coin, side, year=year, size=480, seed=specimen)).save(path)
            attributes = {"country": coin.country, "year": year}
            rows.append(Row(path, path.stem, side, f"{coin.title} {year}", attributes))
    catalogue = Catalogue(root / "coins.obv")
    assert not catalogue.add(rows).failed
    return catalogue


@pytest.mark.parametrize("which", [0, 2])
def test_the_date_decides_between_items_that_share_a_design(dated: Catalogue, which: int) -> None:
    coin = coin_type(5, 0)
    year = coin.years[which]
    shot = snap(coin, dated_side(coin), np.random.default_rng(which), year=year, tilt=8, wear=0.05)
    told = dated.identify(shot.image, top=2)
    assert told.best is not None
    assert told.best.item.attributes["year"] == year
    assert told.year is not None
    assert told.year.year == year
    assert told.known
    assert len(told.candidates) == 2
    assert "year" in told.times_ms
    assert told.to_dict()["best"]["year"]["written"] == str(year)
    untold = dated.identify(shot.image, year=False)
    assert untold.year is None
    assert "year" not in untold.times_ms
    assert {c.item.id for c in untold.candidates} >= {c.item.id for c in told.candidates}


def test_a_date_that_the_catalogue_lacks_is_no_answer(dated: Catalogue) -> None:
    coin = coin_type(5, 0)
    other = coin.years[0] + 7
    assert other not in coin.years[:3]
    shot = snap(coin, dated_side(coin), np.random.default_rng(5), year=other, tilt=8, wear=0.05)
    told = dated.identify(shot.image)
    assert told.best is not None
    assert told.best.item.attributes["year"] in coin.years[:3], "the design is right"
    assert told.year is not None
    assert told.year.year == other
    assert told.best.probability < 0.1
    assert not told.known
    assert f"a year that {told.best.item.name} does not have" in " ".join(explain(told))


def test_an_item_of_the_year_that_was_read_joins_from_further_down(
    dated: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the nearest alone are looked at, the date may be that of another twin."""
    coin = coin_type(5, 0)
    shots = [
        snap(coin, dated_side(coin), np.random.default_rng(n), year=year, tilt=8, wear=0.05)
        for n, year in enumerate(coin.years[:3])
    ]
    pipeline = dated.pipeline
    rank = pipeline.rank

    def one(*args: Any, **named: Any) -> Any:
        first, standing, evidence = rank(*args, **named)
        return first, standing, evidence[:2]

    monkeypatch.setattr(pipeline, "rank", one)
    answers = [dated.identify(shot.image) for shot in shots]
    assert [a.best and a.best.item.attributes["year"] for a in answers] == list(coin.years[:3])
    assert all(a.known for a in answers)
    assert any(len(a.candidates) == 3 for a in answers), "one of them joined"
    assert all(c.evidence.agreement.size > 1 for a in answers for c in a.candidates)


def test_it_is_read_of_a_lone_item_where_asked(dated: Catalogue, tmp_path: Path) -> None:
    coin = coin_type(5, 3)
    shot = snap(coin, dated_side(coin), np.random.default_rng(1), year=1990, tilt=5, wear=0.05)
    assert dated.identify(shot.image).year is None
    asked = dated.identify(shot.image, year=True)
    assert asked.best is not None
    assert asked.best.item.attributes["country"] == coin.country
    assert asked.year is not None
    assert asked.year.year == 1990
    assert asked.known
    other = snap(coin, dated_side(coin), np.random.default_rng(1), year=1997, tilt=5, wear=0.05)
    assert dated.identify(other.image).known, "by its design"
    asked = dated.identify(other.image, year=True)
    assert asked.best is not None
    assert asked.year is not None
    assert (asked.best.item.attributes["year"], asked.year.year) == (1990, 1997)
    assert not asked.known


def test_how_many_are_shown_changes_no_answer(dated: Catalogue) -> None:
    coin = coin_type(5, 0)
    shot = snap(coin, dated_side(coin), np.random.default_rng(2), year=coin.years[1], tilt=8)
    told = [dated.identify(shot.image, top=top) for top in (1, 2, 5, 50)]
    assert [len(t.candidates) for t in told] == [1, 2, 5, 5]
    assert len({t.best and t.best.item.id for t in told}) == 1
    assert len({t.best and round(t.best.probability, 6) for t in told}) == 1
