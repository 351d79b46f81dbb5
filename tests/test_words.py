"""How numbers and attributes are said."""

from __future__ import annotations

import pytest

from obverse.words import count, facts, half_turn, known_from, percent, turned, years


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (1.0, "> 99.9 %"),
        (0.9995, "> 99.9 %"),
        (0.995, "99.5 %"),
        (0.97, "97 %"),
        (0.5, "50 %"),
        (0.004, "0.4 %"),
        (0.0, "< 0.1 %"),
    ],
)
def test_a_probability_is_never_certain(probability: float, said: str) -> None:
    assert percent(probability) == said


@pytest.mark.parametrize(
    ("degrees", "said"),
    [
        (0.0, "0°"),
        (359.7, "0°"),
        (-0.4, "0°"),
        (30.2, "30° left"),
        (-30.2, "30° right"),
        (180.0, "180° left"),
        (-180.0, "180° left"),
        (180.6, "179° right"),
        (529.0, "169° left"),
    ],
)
def test_a_turn_is_told_the_short_way(degrees: float, said: str) -> None:
    assert turned(degrees) == said
    assert abs((half_turn(degrees) - degrees + 180) % 360 - 180) <= 0.5


def test_a_limit_that_nothing_reaches_is_not_told() -> None:
    assert known_from(0.62) == "known from 62 %"
    assert known_from(None) == ""


def test_facts_lead_with_country_value_and_years() -> None:
    attributes = {"mint": "Berlin", "year_to": 1935, "country": "Sweden", "year_from": 1921}
    assert facts(attributes) == "Sweden  ·  1921–1935  ·  mint Berlin"
    assert facts({"year_from": 1921, "year_to": 1921}, dated=True) == "1921"
    assert facts({"year_to": 1921, "note": "", "price": None}, dated=True) == "1921"
    assert facts({"country": "Peru", "a": 1, "b": 2}, limit=2) == "Peru  ·  a 1"
    assert facts({}) == ""


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [(1, "view", "1 view"), (0, "view", "0 views"), (3371, "query", "3,371 queries")],
)
def test_counts_agree_with_their_noun(number: int, noun: str, said: str) -> None:
    assert count(number, noun) == said


@pytest.mark.parametrize("said", [{"year": 1988}, {"year_from": 1988, "year_to": 1988}])
def test_the_year_of_a_specimen_is_a_fact_only_where_it_was_read(said: dict[str, int]) -> None:
    assert facts({"country": "Korea", **said}) == "Korea"
    assert facts({"country": "Korea", **said}, dated=True) == "Korea  ·  1988"


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"year": 1997}, "1997"),
        ({"years": [1948, 1951]}, "1948, 1951"),
        ({"years": "1948,1951-53", "year_from": 1900}, "1948,1951-53"),
        ({"year_from": 1959, "year_to": 1982}, "1959–1982"),
        ({"year_from": 1959}, "1959"),
        ({"country": "Peru"}, ""),
    ],
)
def test_years_are_told_as_the_catalogue_says_them(
    attributes: dict[str, object], said: str
) -> None:
    assert years(attributes) == said
