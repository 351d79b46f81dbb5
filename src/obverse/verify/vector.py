"""Verify by the vector alone: cosine, and what ranks a shortlist again. For descriptors by name,
which have no map that would turn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from obverse.types import F32, I8, Array, Embedding, Evidence, Patch
from obverse.zoo import rerank


class VectorVerifier:
    """Cosine of vectors, which their embedder packs as descriptions.

    Args:
        step: a name of ``obverse.zoo.rerank`` that ranks the shortlist again; empty for none.
    """

    name, fingerprint = "vector", "1"

    def __init__(self, step: str = "") -> None:
        self._step = step

    def describe(self, patch: Patch) -> bytes:
        """Nothing: a patch does not know its vector, the embedder does."""
        return b""

    def scores(
        self,
        query: Embedding,
        maps: I8,
        described: Sequence[bytes] = (),
        items: Sequence[str] = (),
    ) -> tuple[F32, F32]:
        """Scores -1 to 1, and turns, which are zero."""
        vectors, asked = unpack(described), unpack([query.description])
        turns = np.zeros(len(vectors), np.float32)
        if not len(vectors):
            return turns, turns
        scores = (vectors @ asked.T).ravel()
        if self._step:
            scores = rerank.again(self._step, asked[0], vectors)
        return scores, turns

    def evidence(
        self, query: Embedding, maps: I8, described: Sequence[bytes] = ()
    ) -> list[Evidence]:
        """The cosines, before anything is ranked again; ``agreement`` is float32 (1, 1)."""
        cosines = (unpack(described) @ unpack([query.description]).T).ravel()
        return [Evidence(float(c), 0.0, np.full((1, 1), c, np.float32)) for c in cosines]


def pack(vector: F32) -> bytes:
    """A vector as little-endian float32."""
    return vector.astype("<f4").tobytes()


def unpack(described: Sequence[bytes]) -> F32:
    """Vectors, float32 (n, dim)."""
    rows: Array = np.frombuffer(b"".join(described), "<f4")
    return rows.reshape(len(described), -1).astype(np.float32)
