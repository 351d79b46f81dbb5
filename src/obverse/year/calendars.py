"""Years as coins write them: which numbers an item may show, and the Gregorian year each means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

FIRST = 1500
"""The earliest year looked for where nobody says which are possible; dates are rare before."""
LAST = 3999
"""Greater numbers are no Gregorian years, whatever an attribute says."""
SHORTEST = 100
"""The least number that is looked for by itself: one or two digits stand on every coin. Years of a
reign may be shorter, as 年 follows them."""
KEYS = ("year", "years", "year_from", "year_to")
"""The attributes that say which years an item may show."""
_KANJI = "〇一二三四五六七八九"
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"),
    (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
DIGITS = "0123456789"
NUMERALS = DIGITS + _KANJI + "十百元年"
"""Every character that numbers are written with here; one that stands beside a number belongs to
it."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """How years are counted and written.

    Attributes:
        offset: Gregorian year of the year 0.
        first, last: the numbers that dates have.
        era: name of a reign that years are counted from, in kanji; then 年 follows the number.
        roman: written in Roman numerals.
    """

    offset: int
    first: int = SHORTEST
    last: int = 9999
    era: str = ""
    roman: bool = False

    def gregorian(self, number: int) -> int:
        """The Gregorian year that a year of this calendar falls in for the most part, or, of the
        moon calendar, begins in."""
        return number + self.offset


class Hijri(Calendar):
    """The Islamic calendar of the moon, in its tabular form (epoch 16 July 622, Julian; leap years
    2, 5, 7, 10, 13, 16, 18, 21, 24, 26, 29 of 30)."""

    def gregorian(self, number: int) -> int:
        start = 227015 + 354 * (number - 1) + (3 + 11 * number) // 30
        return date.fromordinal(start).year


CALENDARS: Mapping[str, Calendar] = {
    "gregorian": Calendar(0),
    "roman": Calendar(0, last=3999, roman=True),
    "meiji": Calendar(1867, first=1, last=45, era="明治"),
    "taisho": Calendar(1911, first=1, last=15, era="大正"),
    "showa": Calendar(1925, first=1, last=64, era="昭和"),
    "heisei": Calendar(1988, first=1, last=31, era="平成"),
    "reiwa": Calendar(2018, first=1, last=99, era="令和"),
    "minguo": Calendar(1911, first=1, last=199, era="民國"),
    "buddhist": Calendar(-543),
    "dangi": Calendar(-2333),
    "hebrew": Calendar(-3760),
    "hijri": Hijri(0),
    "persian": Calendar(621),
    "saka": Calendar(78),
    "vikram": Calendar(-57),
}


@dataclass(frozen=True, slots=True)
class Dated:
    """A number as written, and the Gregorian year it means."""

    written: str
    year: int


def names_years(attributes: Mapping[str, Any]) -> bool:
    """Does the item say its years, in numbers?"""
    return any(numbers_in(attributes.get(key)) for key in KEYS)


def years_of(attributes: Mapping[str, Any], today: int | None = None) -> list[int]:
    """The Gregorian years an item may show, rising: ``years`` (a list, or text such as
    ``1948, 1951-53``) or ``year``, else from ``year_from`` to ``year_to``, but not beyond the year
    after this one; either end may be open. What is no year is passed over."""
    latest = (today or datetime.now(UTC).year) + 1
    listed = set(numbers_in(attributes.get("years"))) | set(numbers_in(attributes.get("year")))
    if listed:
        return sorted(listed)
    start, end = (numbers_in(attributes.get(key)) for key in ("year_from", "year_to"))
    first, last = min(start, default=FIRST), max(end, default=latest)
    return list(range(first, min(last, max(first, latest)) + 1))


def lacks(attributes: Mapping[str, Any], year: int) -> bool:
    """Does the item say its years, and is this none of them?"""
    return names_years(attributes) and year not in years_of(attributes)


def calendars_of(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of an item's calendars; Gregorian if it names none that is known."""
    return tuple(n for n in calendars_named(attributes) if n in CALENDARS) or ("gregorian",)


def calendars_named(attributes: Mapping[str, Any]) -> list[str]:
    """What an item says of its calendar, whether that is known or not."""
    said = attributes.get("calendar") or ""
    said = ",".join(map(str, said)) if isinstance(said, list | tuple) else str(said)
    return [name for name in re.split(r"[,;/\s]+", said.lower()) if name]


def dates_of(attributes: Mapping[str, Any], today: int | None = None) -> list[Dated]:
    """Everything an item's date may say: its years in its ``calendar`` (a name of ``CALENDARS``, or
    several in a list or with commas between them; Gregorian where none or an unknown one is
    named)."""
    calendars = [CALENDARS[name] for name in calendars_of(attributes)]
    years = set(years_of(attributes, today))
    # One era goes without saying; its name on the object is often worn or set apart.
    named_era = sum(bool(c.era) for c in calendars) > 1
    return list(dict.fromkeys(d for c in calendars for d in _dates(c, years, named_era)))


def _dates(calendar: Calendar, years: set[int], named: bool) -> Iterable[Dated]:
    if not years:
        return
    low, high = (y - calendar.gregorian(0) for y in (min(years), max(years)))
    if isinstance(calendar, Hijri):
        # The year of the moon is 3 % shorter.
        low, high = (int((y - 622) * 33 / 32) for y in (min(years), max(years) + 2))
    for number in range(max(low, calendar.first), min(high, calendar.last) + 1):
        year = calendar.gregorian(number)
        if year in years:
            for written in _written(number, calendar, named):
                yield Dated(written, year)


def _written(number: int, calendar: Calendar, named: bool) -> Iterable[str]:
    """A number as a coin may write it. Years of an era run from left to right or, in kanji before
    1948, from right to left."""
    era = calendar.era
    if not era:
        yield roman(number) if calendar.roman else str(number)
        return
    name = era if named else ""
    yield from (f"{name}{number}", f"{name}{number}年") if name else (f"{number}年",)
    for form in [kanji(number), "元"] if number == 1 else [kanji(number)]:
        yield f"{name}{form}年"
        yield f"{name}{form}年"[::-1]


def roman(number: int) -> str:
    """A number from 1 to 3999 in Roman numerals, fours and nines by subtraction: 1949 is
    MCMXLIX."""
    text = ""
    for value, letters in _ROMAN:
        text += letters * (number // value)
        number %= value
    return text


def kanji(number: int) -> str:
    """A number from 1 to 199 in kanji: 35 is 三十五."""
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    text = "百" if hundreds else ""
    if hundreds and tens == 1:
        text += "一"
    if tens:
        text += (_KANJI[tens] if tens > 1 else "") + "十"
    return text + (_KANJI[ones] if ones else "")


def numbers_in(value: Any) -> list[int]:
    """Years from 1 to ``LAST`` in a JSON value: numbers, or text with numbers, ranges and dates."""
    if isinstance(value, list | tuple):
        return [n for one in value for n in numbers_in(one)]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [int(value)] if 1 <= value <= LAST else []
    out: list[int] = []
    text = re.sub(r"\b(\d{4})-\d\d-\d\d\b", r"\1", str(value or ""))
    for first, last in re.findall(r"(?<!\d)(\d{1,4})(?:\s*[-–/]\s*(\d{1,4}))?(?!\d)", text):
        start, end = int(first), range_end(first, last or first)
        out += range(start, max(start, end) + 1)
    return [n for n in out if 1 <= n <= LAST]


def range_end(first: str, last: str) -> int:
    """The year that a range ends with, which may go without its century: 1953 of 1951-53."""
    return int(first[: max(0, len(first) - len(last))] + last)
