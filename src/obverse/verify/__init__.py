"""Evidence for or against a candidate: one file per verifier, found by name."""

from __future__ import annotations

from obverse.errors import UsageError
from obverse.types import Verifier

NAMES = ("polar", "texture", "local", "vector")


def get(name: str) -> Verifier:
    """The verifier of that name. Raises ``UsageError`` for an unknown one.

    ``vector:STEP,STEP`` ranks a shortlist again by steps of ``obverse.zoo.rerank``;
    ``deep:NAME_OR_FOLDER`` is a matcher of ``transformers`` (``obverse.verify.deep``).
    """
    if name == "polar":
        from obverse.verify.polar import PolarVerifier

        return PolarVerifier()
    if name == "texture":
        from obverse.verify.texture import TextureVerifier

        return TextureVerifier()
    if name == "local":
        from obverse.verify.local import LocalVerifier

        return LocalVerifier()
    if name.partition(":")[0] == "vector":
        from obverse.verify.vector import VectorVerifier

        return VectorVerifier(name.partition(":")[2])
    if name == "deep" or name.startswith("deep:"):
        from obverse.verify.deep import DeepVerifier

        return DeepVerifier(name.removeprefix("deep").removeprefix(":"))
    known = ", ".join((*NAMES, "deep:MODEL"))
    raise UsageError(f"unknown verifier {name!r}", hint=f"choose one of: {known}")
