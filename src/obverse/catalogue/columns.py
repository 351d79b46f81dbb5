"""Columns of a catalogue's table: how attributes are written in a CSV, and read back the same.

A column holds what people type: a number where it is written as one, else text. What that cannot
say (the text ``12``, lists, true, null, spaces at an end, an attribute called ``photo``) stands as
JSON in a column ``NAME:json``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from obverse.catalogue.rows import flaw, is_storable

KNOWN = ("photo", "item", "side", "title")
"""Columns that mean something; any other one is an attribute."""
SUFFIX = ":json"

_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,17})\.\d{1,18}")
_MARKS = re.compile(r'[,;\t|"]')
"""What a separator is guessed by."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, whether it is one of ``KNOWN``, and whether its cells are JSON."""

    name: str
    is_known: bool = False
    is_json: bool = False

    @property
    def head(self) -> str:
        """What stands in the table's first line."""
        if not self.is_json:
            return self.name
        name = self.name
        if not _is_clear(name) or name.endswith(SUFFIX):
            # One line of ASCII without a mark that could be taken for a separator.
            letters = (f"\\u{ord(c):04x}" if _MARKS.match(c) else json.dumps(c)[1:-1] for c in name)
            name = f'"{"".join(letters)}"'
        return name + SUFFIX

    def write(self, value: Any) -> str:
        """A cell for a value."""
        return json.dumps(value, ensure_ascii=False) if self.is_json else str(value)

    def read(self, cell: str) -> Any:
        """The value of a cell that is not empty.

        Raises:
            ValueError: JSON that is none, or that no catalogue can hold (``rows.flaw``).
        """
        if not self.is_json:
            return read_value(cell)
        try:
            value = json.loads(cell)
        except (ValueError, RecursionError):
            raise ValueError(f"column {self.name!r} is no JSON here: {cell[:40]}") from None
        if why := flaw({self.name: value}):
            raise ValueError(f"{why}: {cell[:40]}")
        return value


def read_head(text: str) -> Column:
    """The column that a name in a table's first line means."""
    text = text.strip()
    if text.lower() in KNOWN:
        return Column(text.lower(), is_known=True)
    if not text.endswith(SUFFIX):
        return Column(text)
    name = text.removesuffix(SUFFIX)
    if name.startswith('"'):
        try:
            name = str(json.loads(name))
        except ValueError:
            return Column(text)
        if not is_storable(name):
            return Column(text)
    return Column(name, is_json=True)


def read_value(text: str) -> int | float | str:
    """A number where it is written as one; ``007``, ``1e5`` and long codes stay text."""
    if text[-1].isdecimal() and text.isascii():
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return float(text)
    return text


def choose(attributes: Iterable[Mapping[str, Any]]) -> list[Column]:
    """A column for every attribute, by name: plain where every value of it can be read back."""
    plain: dict[str, bool] = {}
    for values in attributes:
        for name, value in values.items():
            plain[name] = plain.get(name, _means_itself(name)) and _survives(value)
    return [Column(name, is_json=not plain[name]) for name in sorted(plain)]


def _is_clear(name: str) -> bool:
    """Can it stand in the first line as it is?"""
    return bool(name) and name == name.strip() and name.isprintable() and not _MARKS.search(name)


def _means_itself(name: str) -> bool:
    """Is it the head of a plain column of that name?"""
    return _is_clear(name) and read_head(name) == Column(name)


def _survives(value: Any) -> bool:
    """Is it read back from a plain cell as it is?"""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    cell = str(value)
    if not cell.strip() or cell != cell.strip() or "\0" in cell:
        return False
    back = read_value(cell)
    return type(back) is type(value) and back == value
