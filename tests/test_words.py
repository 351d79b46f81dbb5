"""How numbers and attributes are said."""

from __future__ import annotations

import pytest

from obverse.words import facts, percent


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


def test_facts_lead_with_country_value_and_years() -> None:
    attributes = {"mint": "Berlin", "year_to": 1935, "country": "Sweden", "year_from": 1921}
    assert facts(attributes) == "Sweden  ·  1921–1935  ·  mint Berlin"
    assert facts({"year_from": 1921, "year_to": 1921}) == "1921"
    assert facts({"year_to": 1921, "note": "", "price": None}) == "1921"
    assert facts({"country": "Peru", "a": 1, "b": 2}, limit=2) == "Peru  ·  a 1"
    assert facts({}) == ""
