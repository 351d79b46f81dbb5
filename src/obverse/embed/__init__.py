"""Patches to embeddings: one file per embedder, found by name."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from obverse.types import Embedder


def get(name: str) -> Embedder:
    """The embedder of that name; the shipped one is loaded once.

    Args:
        name: ``polar``, the shipped model for round things, ``vlad``, the shipped words for others,
            or the path of a model's card (a ``.json`` file beside
            its ONNX file, as ``obverse train embedder`` writes them).

    Raises:
        UsageError: an unknown name.
        ModelError: the model cannot be read.
    """
    if name in ("polar", "vlad"):
        return _shipped(name)
    if name.endswith(".json"):
        from obverse.embed.polar import PolarEmbedder

        # A file may be replaced while this process lives: look at it each time.
        return PolarEmbedder(Path(name))
    from obverse import zoo

    raise zoo.unknown(name)


@lru_cache(maxsize=2)
def _shipped(name: str) -> Embedder:
    if name == "vlad":
        from obverse.embed.vlad import VladEmbedder

        return VladEmbedder()
    from obverse.embed.polar import PolarEmbedder

    return PolarEmbedder()
