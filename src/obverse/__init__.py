"""Obverse: photo in, the right coin out, from your own catalogue, on your own machine.

import obverse

with obverse.Catalogue("coins.obv") as catalogue:
    catalogue.add("PHOTOS/")
    answer = catalogue.identify("photo.jpg")
    if answer.best:
        print(answer.best.item.name, answer.best.probability, answer.known)
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from obverse._version import __version__

if TYPE_CHECKING:
    from obverse.catalogue.catalogue import Catalogue, identify
    from obverse.client import Client
    from obverse.errors import CatalogueError, ObverseError, PhotoError, UsageError
    from obverse.photo import Limits
    from obverse.types import Answer, Candidate, Evidence, Item, Photo, View

__all__ = [
    "Answer",
    "Candidate",
    "Catalogue",
    "CatalogueError",
    "Client",
    "Evidence",
    "Item",
    "Limits",
    "ObverseError",
    "Photo",
    "PhotoError",
    "UsageError",
    "View",
    "__version__",
    "identify",
]

# onnxruntime, from 1.29 on, tells its maker of each session and keeps a number for this machine,
# unless this is set before it is loaded. Whoever wants that may set it to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_HOME = {
    "Catalogue": "obverse.catalogue.catalogue",
    "Client": "obverse.client",
    "identify": "obverse.catalogue.catalogue",
    "CatalogueError": "obverse.errors",
    "ObverseError": "obverse.errors",
    "PhotoError": "obverse.errors",
    "UsageError": "obverse.errors",
    "Limits": "obverse.photo",
    "Answer": "obverse.types",
    "Candidate": "obverse.types",
    "Evidence": "obverse.types",
    "Item": "obverse.types",
    "Photo": "obverse.types",
    "View": "obverse.types",
}


def __getattr__(name: str) -> Any:
    """Names load when first used, so that ``import obverse`` and ``obverse --help`` stay quick."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'obverse' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
