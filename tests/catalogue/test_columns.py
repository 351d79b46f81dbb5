"""Attributes come back from a table as they went in; what people type means what it says."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obverse.catalogue.columns import KNOWN, Column, choose, read_head
from obverse.catalogue.importers import table_rows

LETTERS = st.characters(exclude_categories=("Cs",))
TEXT = st.text(LETTERS, max_size=12)
NUMBERLIKE = st.from_regex(r"-?[0-9 ]{1,20}([.,eE][0-9]{0,3})?", fullmatch=True)
WORDS = TEXT | NUMBERLIKE | st.sampled_from(["", " ", "true", "null", "007", "1e5", "-0", "[1]"])
FINITE = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.none() | st.booleans() | st.integers() | FINITE | WORDS
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner))
NASTY = st.sampled_from(
    ["photo", "Photo", "photo_", "photo:json", "title", "a", " a", "a:json", '"a"',
     '"a":json', ";photo;", "a,b", "a|b", "x\ty", "two\nlines", "a\u2028b", "1", "\ufeff", '"']
)  # fmt: skip
NAMES = (NASTY | TEXT).filter(str.strip)
"""What a catalogue accepts as an attribute's name."""


def round_trip(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The table as it is exported, read as it is imported."""
    columns = choose(items)
    out = io.StringIO(newline="")
    lines = csv.writer(out)
    lines.writerow([*KNOWN, *(column.head for column in columns)])
    for n, item in enumerate(items):
        cells = (c.write(item[c.name]) if c.name in item else "" for c in columns)
        lines.writerow([f"{n}.jpg", f"item-{n}", "", "", *cells])
    data = out.getvalue().encode()
    listing = table_rows(data, Path("catalogue.csv"), is_there=lambda _: True)
    assert listing.problems == []
    return [dict(row.attributes) for row in listing.rows]


def exact(items: list[dict[str, Any]]) -> list[str]:
    """Tells 1 from 1.0 and from True, and 0.0 from -0.0."""
    return [json.dumps(item, sort_keys=True) for item in items]


@given(st.lists(st.dictionaries(NAMES, JSON, max_size=4), min_size=1, max_size=3))
@settings(max_examples=200)
def test_all_attributes_come_back(items: list[dict[str, Any]]) -> None:
    assert exact(round_trip(items)) == exact(items)


@pytest.mark.parametrize(
    "value",
    [12, 12.5, -44, "Sverige", "007", "1e5", "12", "12.50", " x", "", None, True, [1, "a"],
     {"a": 1}, 10**30, 1e30, 1e-7, 12.0, -0.0, "true", "null", "two\nlines",
     "a\rb", "ö", 'say "x"'],
)  # fmt: skip
def test_every_type_comes_back(value: Any) -> None:
    assert exact(round_trip([{"a": value}, {}])) == exact([{"a": value}, {}])


def test_columns_stay_plain_where_that_says_it_all() -> None:
    items = [{"country": "Sverige", "year": 1921, "price": 12.5, "mint": "007"}, {"year": "n. d."}]
    assert [c.head for c in choose(items)] == ["country", "mint", "price", "year"]
    assert [c.head for c in choose([{"year": "1921"}, {"year": 1921}])] == ["year:json"]


def test_names_that_clash_do_not() -> None:
    clashing = {"photo": "a", "photo_": "b", "Photo": "c", "item": 1, "title": None}
    assert round_trip([clashing]) == [clashing]
    assert len({c.head for c in choose([clashing])}) == 5


def test_a_head_that_is_typed() -> None:
    assert read_head(" Photo ") == Column("photo", is_known=True)
    assert read_head("tags:json") == Column("tags", is_json=True)
    assert read_head('"broken:json') == Column('"broken:json')
    assert read_head(r'"\ud800":json') == Column(r'"\ud800":json')


def test_a_cell_that_is_no_json_is_told() -> None:
    listing = table_rows(b"photo,a:json\nx.jpg,[1\ny.jpg,[1]\n", Path("t.csv"))
    assert [row.attributes for row in listing.rows] == [{"a": [1]}]
    assert "'a' is no JSON here: [1" in listing.problems[0].what


UNSTORABLE = [
    r'"\ud800"', r'{"\udfff": 1}', r'[["\ud83d", "\ude00"]]',
    "NaN", "[Infinity]", "-1e999", "[" * 21 + "]" * 21, "[" * 10**5,
    json.dumps("x" * 70_000),
]  # fmt: skip


@pytest.mark.parametrize("cell", UNSTORABLE, ids=lambda cell: cell[:12])
def test_a_cell_that_no_catalogue_can_hold_is_told(cell: str) -> None:
    """With its line, and the other lines are read."""
    with pytest.raises(ValueError, match=r"'a'|longer"):
        Column("a", is_json=True).read(cell)
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["photo", "a:json"], ["x.jpg", "1"], ["y.jpg", cell], ["z.jpg", 3]])
    listing = table_rows(out.getvalue().encode(), Path("t.csv"))
    assert [row.attributes for row in listing.rows] == [{"a": 1}, {"a": 3}]
    (problem,) = listing.problems
    assert problem.source == "t.csv:3"
    assert "\n" not in problem.what
    assert len(problem.what) < 200


def test_a_pair_of_escapes_is_one_character() -> None:
    assert Column("a", is_json=True).read(r'"\ud83d\ude00"') == "\U0001f600"


def test_plain_cells_that_are_too_long_together_are_told() -> None:
    cells = ",".join(["x" * 40_000] * 2)
    listing = table_rows(f"photo,a,b\nx.jpg,{cells}\ny.jpg,1,2\n".encode(), Path("t.csv"))
    assert [row.attributes for row in listing.rows] == [{"a": 1, "b": 2}]
    assert "longer than 65,536" in listing.problems[0].what
