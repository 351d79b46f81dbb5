"""Patches to embeddings: one file per embedder, found by name."""

from __future__ import annotations

from functools import lru_cache

from obverse.errors import UsageError
from obverse.types import Embedder


@lru_cache(maxsize=4)
def get(name: str) -> Embedder:
    """The embedder of that name, loaded once. Raises ``UsageError`` for an unknown one."""
    if name == "polar":
        from obverse.embed.polar import PolarEmbedder

        return PolarEmbedder()
    raise UsageError(f"unknown embedder {name!r}", hint="choose one of: polar")
