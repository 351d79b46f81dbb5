"""Views and items made up for the store: small, random, each one different."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from obverse.catalogue.store import Manifest
from obverse.types import F32, Embedding, Item, View

DIM = 32
MAP_SHAPE = (2, 3, 4)


def make_manifest(recipe: str = "coin", model: str = "polar-1") -> Manifest:
    return Manifest(recipe, {"embedder": model}, DIM, MAP_SHAPE, created="2026", version="0")


def unit(vectors: F32) -> F32:
    """Rows scaled to length one."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def make_view(number: int, item: str | None = None, *, vector: F32 | None = None) -> View:
    """View ``number``: the same call makes the same view, in any process."""
    rng = np.random.default_rng(number)
    if vector is None:
        vector = unit(rng.normal(size=DIM).astype(np.float32))
    sha = hashlib.sha256(str(number).encode()).hexdigest()
    return View(
        id=f"view{number:06}",
        item=item or f"item{number // 3:05}",
        side=("obverse", "reverse", "")[number % 3],
        sha256=sha,
        source=f"/photos/{number}.jpg",
        region={"box": [0.0, 0.5, 10.0, 20.25], "score": 0.5, "ellipse": None},
        thumbnail=rng.bytes(50 + number % 100),
        embedding=Embedding(vector, rng.integers(-127, 128, MAP_SHAPE, dtype=np.int8)),
        added="2026-01-01T00:00:00+00:00",
    )


def items_of(views: Iterable[View]) -> list[Item]:
    return [Item(id, f"title of {id}", {"n": 1}) for id in sorted({v.item for v in views})]


def same(view: View, other: View) -> bool:
    """Equal in all that is stored; vectors as float16."""
    if view.to_dict() != other.to_dict() or view.thumbnail != other.thumbnail:
        return False
    if view.embedding is None or other.embedding is None:
        return view.embedding is other.embedding
    halves = [e.vector.astype(np.float16) for e in (view.embedding, other.embedding)]
    return np.array_equal(*halves) and np.array_equal(view.embedding.map, other.embedding.map)
