"""Which side of an item a word or a file name speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterable

from obverse.errors import UsageError

# Words that name a side wherever they stand in a file name.
_WORDS = {
    "obverse": ("obverse", "obv", "avers", "anverso", "аверс", "正面"),
    "reverse": ("reverse", "rev", "revers", "reverso", "реверс", "背面"),
    "edge": ("edge",),
    "other": ("other",),
}
# Words and letters that may as well belong to the name: an Indian Head cent, a dollar of 1893-O
# (New Orleans), pictures a, b and c. Believed where the files of a folder show both sides by them
# and, among letters, no other letter stands in that place.
_VAGUE = {
    "obverse": ("front", "head", "heads", "face", "av", "o", "a"),
    "reverse": ("back", "tail", "tails", "rv", "r"),
    "edge": ("rim", "e"),
}
# What else people call pictures of one thing.
_VIEWS = ("view", "side", "detail", "left", "right", "top", "bottom", "photo", "scan", "picture")
_CLEAR = {word: side for side, words in _WORDS.items() for word in words}
_SIDE = _CLEAR | {word: side for side, words in _VAGUE.items() for word in words}

_SUFFIX = re.compile(r"(.+?)[\s_.-]+([^\W\d_]+)([\s_.-]*\d{1,3})?|(.*\d)([^\W\d_])")
_PREFIX = re.compile(r"([^\W\d_]+)[\s_.-]+(.+)")


def read_side(text: str) -> str | None:
    """The side that a word or letter names; empty for empty, None for an unknown one."""
    text = text.strip().casefold()
    return _SIDE.get(text) if text else ""


def check_side(text: object) -> str:
    """As ``read_side``. Raises ``UsageError`` for an unknown side."""
    side = read_side(text) if isinstance(text, str) else None
    if side is None:
        raise UsageError(f"unknown side {text!r}", hint="use obverse, reverse, edge or other")
    return side


def split_name(stem: str) -> tuple[str, str]:
    """One file name without its ending -> item and side, by the words that are clear alone."""
    base, mark = _split(stem)
    return (base, _CLEAR[mark]) if base and mark in _CLEAR else (stem, "")


def split_names(stems: Iterable[str]) -> list[tuple[str, str]]:
    """The file names of one folder, without ending -> item and side of each.

    ``coin_obverse``, ``coin-rev 2``, ``obverse coin``, ``coin_a`` beside ``coin_r``, ``65o`` beside
    ``65r``, ``a-000001`` beside ``r-000001``. Without a known side the item is the whole name; of a
    name that is a side and nothing else it is empty.
    """
    stems = list(stems)
    found = [_split(stem) for stem in stems]
    marks = {mark for _, mark in found if mark}
    trusted = marks & _CLEAR.keys()
    for group in (
        {mark for mark in marks - trusted if len(mark) == 1},
        {mark for mark in marks - trusted if len(mark) > 1},
    ):
        if {_SIDE.get(mark) for mark in group} - {"edge"} == {"obverse", "reverse"}:
            trusted |= group
    return [
        (base, _SIDE[mark]) if mark in trusted else (stem, "")
        for stem, (base, mark) in zip(stems, found, strict=True)
    ]


def look_like_views(stems: Iterable[str]) -> bool:
    """Could these file names, without ending, be pictures of one thing? ``front`` and ``detail``,
    ``1`` and ``2``, ``IMG_3405`` and ``IMG_3406``; years and other long numbers are names."""
    stems = [stem.casefold() for stem in stems]
    bases = {stem.rstrip("0123456789 _.-()") for stem in stems}
    if bases == {""}:
        return all(len(stem) < 3 for stem in stems)
    return len(bases) == 1 or all(b in _SIDE or b in _VIEWS or len(b) < 2 for b in bases)


def _split(stem: str) -> tuple[str, str]:
    """A file name -> item and the mark of a side; ``(stem, "")`` if there is none.

    A mark is a known word, or any single letter: the unknown ones show that letters are no sides.
    """
    whole = stem.casefold()
    if whole in _SIDE or (len(whole) == 1 and whole.isalpha()):
        return "", whole
    if (numbered := whole.rstrip("0123456789 _.-")) in _CLEAR:
        return "", numbered
    found: list[tuple[str, str, bool]] = []  # item, mark, and whether a vague mark will do
    if end := _SUFFIX.fullmatch(stem):
        found.append((end[1] or end[4], (end[2] or end[5]).casefold(), not end[3]))
    if start := _PREFIX.fullmatch(stem):
        found.append((start[2], start[1].casefold(), start[2][0].isdigit()))
    for base, mark, _ in found:
        if mark in _CLEAR:
            return base, mark
    for base, mark, vague in found:
        if vague and (mark in _SIDE or len(mark) == 1):
            return base, mark
    return stem, ""
