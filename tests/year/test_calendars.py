"""Years as coins write them, against dates that anyone can look up."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest

from obverse.year.calendars import CALENDARS, dates_of, kanji, names_years, years_of


@pytest.mark.parametrize(
    ("calendar", "number", "year"),
    [
        ("gregorian", 1948, 1948),
        ("meiji", 1, 1868),
        ("meiji", 45, 1912),
        ("taisho", 15, 1926),
        ("showa", 39, 1964),  # the Tokyo Olympics
        ("showa", 64, 1989),
        ("heisei", 1, 1989),
        ("heisei", 31, 2019),
        ("reiwa", 2, 2020),
        ("minguo", 38, 1949),
        ("buddhist", 2475, 1932),  # the Siamese revolution
        ("dangi", 4292, 1959),  # on the first coins of South Korea
        ("hebrew", 5708, 1948),  # Israel's independence
        ("persian", 1357, 1978),
        ("saka", 1869, 1947),
        ("vikram", 2058, 2001),
        ("hijri", 1, 622),
        ("hijri", 1300, 1882),
        ("hijri", 1400, 1979),  # 1 Muharram fell on 21 November
        ("hijri", 1445, 2023),  # on 19 July
    ],
)
def test_a_year_becomes_gregorian(calendar: str, number: int, year: int) -> None:
    assert CALENDARS[calendar].gregorian(number) == year


def test_kanji_numerals_say_their_number() -> None:
    for number in range(1, 200):
        total = ones = 0
        for c in kanji(number):
            value = int(unicodedata.numeric(c))
            if value >= 10:
                total, ones = total + max(ones, 1) * value, 0
            else:
                ones = value
        assert total + ones == number


@pytest.mark.parametrize(
    ("attributes", "years"),
    [
        ({"year": 1921}, [1921]),
        ({"year_from": 1921, "year_to": 1924}, [1921, 1922, 1923, 1924]),
        ({"years": "1948, 1951-53, 1960"}, [1948, 1951, 1952, 1953, 1960]),
        ({"years": "1948;1950–1951"}, [1948, 1950, 1951]),
        ({"years": [1948, "1951"], "year_from": 1900}, [1948, 1951]),
        ({"year_from": 2024}, [2024, 2025, 2026]),
        ({"year_from": "unknown", "year_to": 1502}, [1500, 1501, 1502]),
        ({"year_from": 2024, "year_to": 9999}, [2024, 2025, 2026]),
        ({"year_from": 2024, "year_to": 10**10}, [2024, 2025, 2026]),
        ({"year_from": 2025, "year_to": 20251231}, [2025, 2026]),
        ({"years": "98-103"}, [98, 99, 100, 101, 102, 103]),
        ({"years": "998-1001"}, [998, 999, 1000, 1001]),
        ({"year": "2023-12-31"}, [2023]),
        ({"year": "20231231", "year_from": 2025}, [2025, 2026]),
        ({"years": [1948, 0, -5, 1e12, float("nan")]}, [1948]),
        ({"years": "2040"}, [2040]),
    ],
)
def test_an_item_says_which_years_it_may_show(attributes: dict[str, Any], years: list[int]) -> None:
    assert years_of(attributes, today=2025) == years
    assert names_years(attributes)


def test_an_item_that_says_nothing_may_show_any_year() -> None:
    assert not names_years({"country": "Sweden", "year": ""})
    years = years_of({"country": "Sweden"}, today=2025)
    assert (years[0], years[-1]) == (1500, 2026)


def test_dates_are_written_in_the_items_calendar() -> None:
    dates = dates_of({"year": 1987, "calendar": "Buddhist"})
    assert [(d.written, d.year) for d in dates] == [("2530", 1987)]
    both = {d.written for d in dates_of({"year": 1979, "calendar": "gregorian, hijri"})}
    assert both == {"1979", "1400"}
    assert {d.written for d in dates_of({"year": 1979, "calendar": "unheard of"})} == {"1979"}
    listed = {d.written for d in dates_of({"year": 1979, "calendar": ["gregorian", "Hijri"]})}
    assert listed == both
    far = {"year_from": 1950, "year_to": 9999, "calendar": "hijri"}
    assert max(d.year for d in dates_of(far)) <= datetime.now(UTC).year + 1
    assert dates_of({"year": 3999, "calendar": "hijri"})


def test_a_loose_digit_or_two_are_no_date_but_of_a_reign() -> None:
    assert not dates_of({"years": "1-99"})
    assert [d.written for d in dates_of({"years": "99-101"})] == ["100", "101"]
    assert not dates_of({"years": "622-650", "calendar": "hijri"})
    assert "1年" in {d.written for d in dates_of({"year": 1989, "calendar": "heisei"})}
    assert "元年" in {d.written for d in dates_of({"year": 1912, "calendar": "minguo"})}


def test_an_era_is_named_only_where_there_are_several() -> None:
    one = {d.written for d in dates_of({"year": 1950, "calendar": "showa"})}
    assert one == {"25年", "二十五年", "年五十二"}
    two = dates_of({"year_from": 1989, "year_to": 1989, "calendar": "showa heisei"})
    assert {d.year for d in two} == {1989}
    written = {d.written for d in two}
    assert {"昭和64年", "昭和六十四年", "平成元年", "平成1年", "年元成平"} <= written
    assert "元年" not in written


def test_every_year_of_the_moon_lies_in_the_range_asked_for() -> None:
    dates = dates_of({"year_from": 1900, "year_to": 2000, "calendar": "hijri"})
    assert {d.year for d in dates} <= set(range(1900, 2001))
    # 33 Gregorian years hold 34 of the moon.
    assert len(dates) in (104, 105)
    assert [d.year for d in dates] == sorted(d.year for d in dates)
