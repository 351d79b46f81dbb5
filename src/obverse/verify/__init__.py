"""Evidence for or against a candidate: one file per verifier, found by name."""

from __future__ import annotations

from obverse.errors import UsageError
from obverse.types import Verifier


def get(name: str) -> Verifier:
    """The verifier of that name. Raises ``UsageError`` for an unknown one."""
    from obverse.verify.polar import PolarVerifier

    if name == "polar":
        return PolarVerifier()
    if name == "flat":
        return PolarVerifier(name="flat", turns=False)
    raise UsageError(f"unknown verifier {name!r}", hint="choose one of: polar, flat")
