"""The seam between a catalogue and where its rows live.

A ``Store`` is small on purpose: create or open with a manifest, put views, delete, fetch, search,
scan, stats. ``lance.py`` is the embedded one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from obverse.types import F32, I8, Embedding, Item, View

FORMAT = 1
"""The catalogue format this version writes; a higher number is refused."""
BLOBS = {"embedder": "embedder.npz", "layer": "layer.npz", "calibration": "calibration.json"}
"""What may be kept beside the rows, and the files of it: what was fitted for a named embedder, what
``obverse adapt`` fitted for queries, and what ``obverse calibrate`` fitted for decisions."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a catalogue was made with; rows made with anything else are refused.

    Attributes:
        recipe: name of the recipe.
        models: stage name to model fingerprint; has ``verifier`` only if that describes views.
        dim: length of the vectors.
        map_shape: channels, angles, radii of the maps.
        format: the catalogue format.
        created: UTC time as ISO 8601.
        version: the package version that created it.
        embedder: path of the embedder's card, or a descriptor's name; empty for the recipe's own.
        post: what is done to vectors; empty for nothing.
        verifier: a verifier's name; empty for the usual one.
        finder: a finder's name; empty for the recipe's own.
    """

    recipe: str
    models: dict[str, str]
    dim: int
    map_shape: tuple[int, int, int]
    format: int = FORMAT
    created: str = ""
    version: str = ""
    embedder: str = ""
    post: str = ""
    verifier: str = ""
    finder: str = ""

    @property
    def describes(self) -> bool:
        """Do the rows keep what a verifier described? Catalogues from before there was such a
        verifier have no such column, and need none."""
        return "verifier" in self.models

    def to_dict(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "recipe": self.recipe,
            "models": dict(self.models),
            "dim": self.dim,
            "map_shape": list(self.map_shape),
            "created": self.created,
            "version": self.version,
            **{k: v for k in ("embedder", "post", "verifier", "finder") if (v := getattr(self, k))},
        }


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """The nearest views of one query vector, best first; everything verify needs, in one read.

    Attributes:
        views: view ids, n of them.
        items: item ids, n of them.
        similarity: float32 (n,), cosine.
        maps: int8 (n, channels, angles, radii).
        described: what the verifier described of each view; empty where it describes nothing.
    """

    views: list[str]
    items: list[str]
    similarity: F32
    maps: I8
    described: Sequence[bytes] = ()

    @classmethod
    def of(cls, views: Sequence[View]) -> Hits:
        """Views with embeddings, at least one, as if they had been found; similarity 0."""
        embeddings = [v.embedding for v in views if v.embedding is not None]
        return cls(
            [v.id for v in views],
            [v.item for v in views],
            np.zeros(len(views), np.float32),
            np.stack([e.map for e in embeddings]),
            described_of(embeddings),
        )

    def take(self, places: Sequence[int]) -> Hits:
        """Some of them."""
        return Hits(
            [self.views[i] for i in places],
            [self.items[i] for i in places],
            self.similarity[places],
            self.maps[places],
            [self.described[i] for i in places] if self.described else (),
        )


def described_of(embeddings: Sequence[Embedding]) -> Sequence[bytes]:
    """What the verifier described of each, or nothing where it needs nothing."""
    found = [e.description for e in embeddings]
    return found if any(found) else ()


@dataclass(frozen=True, slots=True)
class StoreStats:
    """Counts and sizes: items, views, bytes on disk, and the index in words (``none`` …)."""

    items: int
    views: int
    bytes: int
    index: str


class Store(Protocol):
    """Where a catalogue's rows live. All methods may raise ``CatalogueError``."""

    uri: str
    manifest: Manifest
    left: tuple[int, ...]
    """The version as this process's last write left it; at first as it was opened."""
    foreign: int
    """How often a write found that somebody else had written since the one before."""

    def put(
        self,
        views: Sequence[View],
        items: Sequence[Item] = (),
        *,
        instead_of: Sequence[str] = (),
    ) -> None:
        """Insert or replace by id; durable when it returns, even against ``kill -9``.
        Items are written before views, so a view never names a missing item. The views with the ids
        ``instead_of`` go in the very commit that brings the new ones."""
        ...

    def delete(self, views: Sequence[str] = (), items: Sequence[str] = ()) -> int:
        """Delete views by id, and items by id with all their views; returns views deleted."""
        ...

    def hashes(self) -> dict[str, list[tuple[str, str, str, str]]]:
        """Content hash -> [(view id, item id, side, source), …] of everything stored."""
        ...

    def items(self, ids: Sequence[str] | None = None) -> list[Item]:
        """Items by id in the order asked (missing ones left out), or all, sorted by id."""
        ...

    def views(
        self,
        ids: Sequence[str] | None = None,
        *,
        item: str | Sequence[str] | None = None,
        embeddings: bool = False,
    ) -> list[View]:
        """Views by id in the order asked, or those of an item or several, or all, sorted by item
        and id."""
        ...

    def listing(self) -> list[tuple[str, str, str, str, float]]:
        """(view id, item id, side, added, degrees to stand upright) of every view."""
        ...

    def version(self) -> tuple[int, ...]:
        """Changes whenever items or views do, whoever changed them."""
        ...

    def search(self, vector: F32, k: int) -> Hits:
        """The ``k`` nearest views of one vector by cosine."""
        ...

    def search_many(self, vectors: F32, k: int) -> Iterator[Hits]:
        """Those of each of several vectors, (n, dim), in their order."""
        ...

    def scan(self, batch: int = 1024) -> Iterator[Hits]:
        """Every view, in batches (similarity is zero), for fitting and evaluation."""
        ...

    def stats(self) -> StoreStats: ...

    def optimise(self) -> None:
        """Compact, and build or refresh the index if it pays; never blocks readers."""
        ...

    def name_stage(self, stage: str, name: str) -> None:
        """Note a stage's name in the manifest: where its model lies now."""
        ...

    def blob(self, name: str) -> bytes | None:
        """What is kept beside the rows under a name of ``BLOBS``; None where there is nothing."""
        ...

    def put_blob(self, name: str, data: bytes | None) -> None:
        """Keep it in place of the one before; None takes it off."""
        ...

    def keep(self, token: str, data: bytes | None) -> None:
        """Keep what undoes a change, durably; None drops it."""
        ...

    def kept(self) -> list[str]:
        """The tokens of all that is kept."""
        ...

    def fetch_kept(self, token: str) -> bytes | None:
        """What was kept under a token; None where nothing is."""
        ...

    def close(self) -> None: ...
