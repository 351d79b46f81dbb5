"""How numbers and attributes are said to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from obverse.types import Answer

UNCALIBRATED = "not calibrated, so nothing is called known"
"""What to say where ``Answer.calibrated`` is False."""


def count(number: int, noun: str) -> str:
    """``1 view``, ``3,371 views``."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"


def percent(probability: float) -> str:
    """A probability for people: never 0 % or 100 %, which no calibration can promise."""
    if probability > 0.999:
        return "> 99.9 %"
    if probability < 0.001:
        return "< 0.1 %"
    digits = 1 if probability > 0.99 or probability < 0.01 else 0
    return f"{100 * probability:.{digits}f} %"


def known_from(threshold: float | None) -> str:
    """``known from 71 %``, the probability from which an answer counts as known; empty where none
    is enough."""
    return "" if threshold is None else f"known from {percent(threshold)}"


def decided(answer: Answer) -> str:
    """The limit that decided whether an answer is known, as ``known_from`` says it; empty where
    something else did, such as two sides that disagree, or two items that share one chance."""
    best, limit = answer.best, answer.threshold
    if best is None or limit is None or answer.known != (best.probability >= limit):
        return ""
    # Of twins each has nearly a half: "50 %; known from 50 %" would tell nobody anything.
    same = percent(best.probability) == percent(limit)
    return "" if same and not answer.known else known_from(limit)


def side_names(answer: Answer) -> tuple[str, str]:
    """What to call the two sides of an answer: by their photos or, in one photo, by their place."""
    same = len({id(side.photo) for side in answer.sides}) < 2
    return ("first object", "second object") if same else ("first photo", "second photo")


def half_turn(degrees: float) -> int:
    """A turn the short way, in whole degrees: -179 to 180, to the left (counter-clockwise) where it
    is positive."""
    whole = round(degrees) % 360
    return whole if whole <= 180 else whole - 360


def turned(degrees: float) -> str:
    """A turn for people: ``12° left``, ``168° right``, ``0°``."""
    turn = half_turn(degrees)
    return f"{abs(turn)}°{' left' if turn > 0 else ' right' if turn < 0 else ''}"


def years(attributes: Mapping[str, Any]) -> str:
    """The years that an item says, as it says them: ``1997``, ``1948, 1951``, ``1959–1982``."""
    said = next((attributes[k] for k in ("year", "years") if attributes.get(k)), None)
    if said is not None:
        return ", ".join(map(str, said)) if isinstance(said, list | tuple) else str(said)
    ends = (str(attributes[k]) for k in ("year_from", "year_to") if attributes.get(k))
    return "–".join(dict.fromkeys(ends))


def facts(attributes: Mapping[str, Any], limit: int = 5, *, dated: bool = False) -> str:
    """The first few attributes in one line. The year of a single specimen only where ``dated``:
    beside a photo of another one it would be taken for what is read there."""
    aside = ("year", "years", "year_from", "year_to")
    rest = {k: v for k, v in attributes.items() if v not in (None, "", [], {}) and k not in aside}
    parts = [str(rest.pop(k)) for k in ("country", "denomination") if k in rest]
    told = years(attributes)
    if told and (dated or not told.isdigit()):
        parts.append(told)
    parts += [f"{k.replace('_', ' ')} {v}" for k, v in rest.items() if not isinstance(v, dict)]
    return "  ·  ".join(parts[:limit])
