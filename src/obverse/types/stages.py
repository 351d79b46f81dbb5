"""What a stage must be able to do, to be put in another's place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from obverse.types.answer import Evidence
from obverse.types.picture import F32, I8, Embedding, Patch, Photo, Region


class Finder(Protocol):
    """Where is it? Give every object in a photo, largest and best first; never an empty list."""

    name: str

    def find(self, photo: Photo) -> list[Region]: ...

    def first(self, photo: Photo) -> Region:
        """What ``find`` gives first; it may take less time."""
        return self.find(photo)[0]


class Embedder(Protocol):
    """Patches to embeddings, in batches. ``fingerprint`` names model and preprocessing exactly."""

    name: str
    fingerprint: str
    dim: int
    map_shape: tuple[int, int, int]

    def embed(self, patches: list[Patch], *, phases: int = 1) -> list[Embedding]: ...


class Verifier(Protocol):
    """Scores of many catalogue views against one query, at their best turns.

    ``fingerprint`` names exactly how it describes patches; empty if maps are all it needs.
    """

    name: str
    fingerprint: str

    def describe(self, patch: Patch) -> bytes:
        """What to keep of a patch besides its map; empty if that is all it needs."""
        ...

    def scores(
        self,
        query: Embedding,
        maps: I8,
        described: Sequence[bytes] = (),
        items: Sequence[str] = (),
    ) -> tuple[F32, F32]:
        """``maps`` int8 (n, channels, angles, radii), what ``describe`` gave of each view, and the
        item each one shows -> scores (n,), turns in degrees (n,)."""
        ...

    def evidence(
        self, query: Embedding, maps: I8, described: Sequence[bytes] = ()
    ) -> list[Evidence]:
        """The full evidence for a few views, arguments as above."""
        ...
