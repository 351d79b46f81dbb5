"""Codes of vectors: product, scalar and binary quantisation.

A code is compared without decoding the query: the query keeps its numbers, only what is stored is
rounded (asymmetric distance, Jégou, Douze and Schmid, 2011).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from obverse import zoo
from obverse.errors import UsageError
from obverse.types import F32, U8, Array

CENTRES = 256
"""Of each part of a product quantiser: one byte."""


class Coder(Protocol):
    """Vectors to bytes and back. ``kind`` names it in a chain, ``size`` is bytes of a code."""

    kind: ClassVar[str]

    @property
    def size(self) -> int: ...

    def encode(self, vectors: F32) -> U8:
        """float32 (n, dim) -> uint8 (n, size)."""
        ...

    def decode(self, codes: U8) -> F32:
        """uint8 (n, size) -> float32 (n, dim)."""
        ...

    def state(self) -> dict[str, Array]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """Each of M equal parts of a vector as the nearest of at most 256 centres.

    Attributes:
        centres: float32 (M, centres, dim / M).
    """

    kind: ClassVar[str] = "pq"
    centres: F32

    @classmethod
    def fit(cls, vectors: F32, parts: int) -> Product:
        """Raises ``UsageError`` where the vector cannot be cut into so many equal parts."""
        zoo.need("pq", "sklearn")
        from sklearn.cluster import KMeans

        dim = vectors.shape[1]
        if dim % parts:
            fits = [m for m in range(1, dim + 1) if dim % m == 0]
            near = min(fits, key=lambda m: abs(m - parts))
            raise UsageError(
                f"{dim} numbers cannot be cut into {parts} equal parts", hint=f"try pq:{near}"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # fewer distinct vectors than centres
            found = [
                KMeans(min(CENTRES, len(part)), random_state=0, n_init=1, max_iter=50)
                .fit(part)
                .cluster_centers_
                for part in np.split(vectors, parts, axis=1)
            ]
        return cls(np.asarray(found, np.float32))

    @property
    def size(self) -> int:
        return len(self.centres)

    def encode(self, vectors: F32) -> U8:
        parts = np.split(vectors, self.size, axis=1)
        codes = [
            ((centres**2).sum(axis=1) - 2 * part @ centres.T).argmin(axis=1)
            for part, centres in zip(parts, self.centres, strict=True)
        ]
        return np.stack(codes, axis=1).astype(np.uint8)

    def decode(self, codes: U8) -> F32:
        return np.hstack([c[codes[:, i]] for i, c in enumerate(self.centres)])

    def state(self) -> dict[str, Array]:
        return {"centres": self.centres}


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """Each number as one of 256 levels between the least and the largest seen.

    Attributes:
        low, step: float32 (dim,).
    """

    kind: ClassVar[str] = "sq8"
    low: F32
    step: F32

    @classmethod
    def fit(cls, vectors: F32) -> Scalar:
        low, high = vectors.min(axis=0), vectors.max(axis=0)
        return cls(low, np.maximum((high - low) / 255, 1e-12).astype(np.float32))

    @property
    def size(self) -> int:
        return len(self.low)

    def encode(self, vectors: F32) -> U8:
        return np.asarray(np.clip(np.rint((vectors - self.low) / self.step), 0, 255), np.uint8)

    def decode(self, codes: U8) -> F32:
        return np.asarray(codes * self.step + self.low, np.float32)

    def state(self) -> dict[str, Array]:
        return {"low": self.low, "step": self.step}


@dataclass(frozen=True, slots=True, eq=False)
class Binary:
    """Each number as its sign: for vectors around the origin.

    Attributes:
        dim: numbers in a vector.
    """

    kind: ClassVar[str] = "binary"
    dim: int

    @property
    def size(self) -> int:
        return -(-self.dim // 8)

    def encode(self, vectors: F32) -> U8:
        return np.packbits(vectors > 0, axis=1)

    def decode(self, codes: U8) -> F32:
        bits = np.unpackbits(codes, axis=1, count=self.dim)
        return (2 * bits.astype(np.float32) - 1) / np.float32(np.sqrt(self.dim))

    def state(self) -> dict[str, Array]:
        return {"dim": np.array(self.dim)}


def restore(kind: str, state: Mapping[str, Array]) -> Coder:
    """A coder from what its ``state`` gave."""
    if kind == Product.kind:
        return Product(state["centres"])
    if kind == Scalar.kind:
        return Scalar(state["low"], state["step"])
    return Binary(int(state["dim"]))
