"""How numbers and attributes are said to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
