"""Where is it? One file per finder: a photo in, its regions out, largest and best first."""

from __future__ import annotations

from obverse.errors import UsageError
from obverse.types import Finder

NAMES = ("unet", "classical", "whole")


def get(name: str) -> Finder:
    """The finder of that name: one of ``NAMES``, or one that is told what to look for, such as
    ``owlvit:coin`` (``obverse.find.prompted``). Raises ``UsageError`` for an unknown one."""
    if name == "unet":
        from obverse.find.unet import UNetFinder

        return UNetFinder()
    if name == "classical":
        from obverse.find.classical import ClassicalFinder

        return ClassicalFinder()
    if name == "whole":
        from obverse.find.whole import WholeFinder

        return WholeFinder()
    if isinstance(name, str) and ":" in name:
        from obverse.find import prompted

        return prompted.get(name)
    known = ", ".join((*NAMES, "owlvit:PROMPT", "clipseg:PROMPT"))
    raise UsageError(f"unknown finder {name!r}", hint=f"choose one of: {known}")
