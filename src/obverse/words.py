"""How numbers and attributes are said to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from obverse.types import Answer

UNCALIBRATED = "not calibrated, so nothing is called known"
"""What to say where ``Answer.calibrated`` is False."""


def percent(probability: float) -> str:
    """A probability for people: never 0 % or 100 %, which no calibration can promise."""
    if probability > 0.999:
        return "> 99.9 %"
    if probability < 0.001:
        return "< 0.1 %"
    digits = 1 if probability > 0.99 or probability < 0.01 else 0
    return f"{100 * probability:.{digits}f} %"


def facts(attributes: Mapping[str, Any], limit: int = 5) -> str:
    """The first few attributes in one line."""
    rest = {k: v for k, v in attributes.items() if v not in (None, "", [], {})}
    first, last = rest.pop("year_from", None), rest.pop("year_to", None)
    parts = [str(rest.pop(k)) for k in ("country", "denomination") if k in rest]
    if first is not None or last is not None:
        years = [str(y) for y in (first, last) if y is not None]
        parts.append("–".join(dict.fromkeys(years)))
    parts += [f"{k.replace('_', ' ')} {v}" for k, v in rest.items() if not isinstance(v, dict)]
    return "  ·  ".join(parts[:limit])


def pairing(answer: Answer) -> str:
    """How the two photos of an answer go together, in one line."""
    pair, best = answer.pairing, answer.best
    if pair is None or best is None:
        return ""
    shown = [side.best.item.name for side in answer.sides if side.best is not None]
    if pair.disagree and len(shown) == 2:
        return (
            f"the two sides disagree ({percent(pair.apart)}): the first is like {shown[0]}, "
            f"the second like {shown[1]}; mixed up, or a mule, or a fake?"
        )
    if pair.same_side:
        return "both photos show the same side; one of the other side would tell more"
    missing = [n for n, match in zip(("first", "second"), best.sides, strict=True) if not match]
    if missing:
        return f"the catalogue has no picture of the side in the {missing[0]} photo"
    return "both sides speak for it" if answer.known else "neither photo says enough"
