"""What is done to vectors after they were described, by name, in a chain: ``pca-whiten:128,pq:16``.

First come steps that change vectors (``l2``, ``centre``, ``pca:D``, ``pca-whiten:D``), fitted on
the catalogue; then at most one code (``pq:M``, ``sq8``, ``binary``) that stored vectors are rounded
to; then what ranks a shortlist again (``obverse.zoo.rerank``). Whatever comes out is of unit
length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from obverse import zoo
from obverse.errors import UsageError
from obverse.recipes import OWN
from obverse.types import F32, Array
from obverse.zoo import rerank
from obverse.zoo.quantise import Binary, Coder, Product, Scalar, restore


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table: a name as the user writes it, what it is, and when it acts."""

    name: str
    pattern: str
    what: str
    acts: str

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "what": self.what, "acts": self.acts}


TABLE = (
    Entry("l2", "l2", "unit length", "vector"),
    Entry("centre", "centre", "less the catalogue's mean", "vector"),
    Entry("pca:D", "pca:([1-9][0-9]*)", "the D main directions of the catalogue", "vector"),
    Entry(
        "pca-whiten:D",
        "pca-whiten:([1-9][0-9]*)",
        "the same, each of equal spread: what all pictures share counts less",
        "vector",
    ),
    Entry("pq:M", "pq:([1-9][0-9]*)", "product quantisation, M bytes", "code"),
    Entry("sq8", "sq8", "scalar quantisation, a byte a number", "code"),
    Entry("binary", "binary", "signs, a bit a number: after centre or pca", "code"),
    *(Entry(*row, "shortlist") for row in rerank.TABLE),
)


def parse(text: str) -> list[tuple[str, str]]:
    """A chain's steps, each as (name, when it acts).

    Raises:
        UsageError: an unknown step, or steps in an order that makes no sense.
    """
    steps = []
    for name in filter(None, (part.strip() for part in text.split(","))):
        found = next((e for e in TABLE if re.fullmatch(e.pattern, name)), None)
        if found is None:
            if name in OWN or zoo.entry(name):
                hint = f"{name} is a descriptor: give --embedder once for each"
                raise UsageError(f"unknown post-processing {name!r}", hint=hint)
            known = [e.name for e in TABLE]
            hint = f"{zoo.meant(name, known)}choose from: {', '.join(known)}"
            raise UsageError(f"unknown post-processing {name!r}", hint=hint)
        steps.append((name, found.acts))
    acts = [act for _, act in steps]
    if (
        acts != sorted(acts, key=("vector", "code", "shortlist").index)
        or max(map(acts.count, ("code", "shortlist"))) > 1
    ):
        raise UsageError(
            f"{text!r} is in no order that makes sense",
            hint="vectors first, then one code, then one step that ranks again: pca:64,pq:16,qe:3",
        )
    return steps


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """``(vector - mean) @ basis``; without a basis the vector keeps its numbers.

    Attributes:
        mean: float32 (dim,).
        basis: float32 (dim, fewer), or None.
    """

    mean: F32
    basis: F32 | None = None

    @classmethod
    def pca(cls, vectors: F32, dim: int, whiten: bool) -> Linear:
        """Principal components; whitened (Jégou and Chum, 2012), the covariance of ``vectors``
        becomes the identity. Raises ``UsageError`` for more components than the data has."""
        most = min(len(vectors) - 1, vectors.shape[1])
        if dim > most:
            raise UsageError(
                f"{len(vectors):,} pictures of {vectors.shape[1]:,} numbers have no {dim} main "
                "directions",
                hint=f"ask for at most {most}, or add more pictures at once",
            )
        mean = vectors.mean(axis=0)
        _, spread, axes = np.linalg.svd(vectors - mean, full_matrices=False)
        basis = axes[:dim].T
        if whiten:
            scale = np.sqrt(len(vectors) - 1) / np.maximum(spread[:dim], 1e-6 * spread[0])
            basis = basis * scale
        return cls(mean.astype(np.float32), basis.astype(np.float32))

    def apply(self, vectors: F32) -> F32:
        away = vectors - self.mean
        return away if self.basis is None else np.asarray(away @ self.basis, np.float32)

    def state(self) -> dict[str, Array]:
        return {"mean": self.mean} | ({} if self.basis is None else {"basis": self.basis})


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """A fitted chain.

    Attributes:
        name: as it was asked for.
        steps: of vectors, in their order; None stands for ``l2``.
        coder: what stored vectors are rounded to.
    """

    name: str = ""
    steps: tuple[Linear | None, ...] = ()
    coder: Coder | None = None

    @classmethod
    def fit(cls, text: str, vectors: F32) -> Chain:
        """Fit all steps on vectors, float32 (n, dim). Raises ``UsageError``."""
        steps: list[Linear | None] = []
        coder: Coder | None = None
        for name, act in parse(text):
            kind, _, number = name.partition(":")
            if act == "vector":
                step = _fit_step(kind, number, vectors)
                vectors = _apply(step, vectors)
                steps.append(step)
            elif act == "code":
                coder = _fit_coder(kind, number, zoo.unit(vectors))
        return cls(text, tuple(steps), coder)

    @property
    def fingerprint(self) -> str:
        """Of everything that shapes vectors."""
        return zoo.fingerprint(
            [step for step in parse(self.name) if step[1] != "shortlist"], self.state()
        )

    def apply(self, vectors: Array) -> F32:
        """Vectors of queries, float32 (n, dim) of unit length."""
        made = np.asarray(vectors, np.float32)
        for step in self.steps:
            made = _apply(step, made)
        return zoo.unit(made)

    def keep(self, vectors: F32) -> F32:
        """What a catalogue keeps of vectors that were applied: rounded to codes and decoded."""
        return zoo.unit(self.coder.decode(self.coder.encode(vectors))) if self.coder else vectors

    def state(self) -> dict[str, Array]:
        """What was fitted, with the step's number before each name."""
        stages = [*(s.state() if s else {} for s in self.steps)]
        stages += [self.coder.state()] if self.coder else []
        return {f"{i}.{key}": array for i, s in enumerate(stages) for key, array in s.items()}

    @classmethod
    def restore(cls, text: str, state: Mapping[str, Array]) -> Chain:
        """The chain of that name from what ``state`` gave. Raises ``KeyError`` if it is not."""
        steps: list[Linear | None] = []
        coder: Coder | None = None
        for i, (name, act) in enumerate(parse(text)):
            mine = {k.partition(".")[2]: v for k, v in state.items() if k.startswith(f"{i}.")}
            if act == "vector":
                steps.append(None if name == "l2" else Linear(mine["mean"], mine.get("basis")))
            elif act == "code":
                coder = restore(name.partition(":")[0], mine)
        return cls(text, tuple(steps), coder)


def reranks(text: str) -> list[str]:
    """Names of the steps that rank a shortlist again."""
    return [name for name, act in parse(text) if act == "shortlist"]


def is_fitted(text: str) -> bool:
    """Does the chain have to see vectors first?"""
    return any(act != "shortlist" and name not in ("l2", "binary") for name, act in parse(text))


def _fit_step(kind: str, number: str, vectors: F32) -> Linear | None:
    if kind == "l2":
        return None
    if kind == "centre":
        return Linear(vectors.mean(axis=0))
    return Linear.pca(vectors, int(number), kind == "pca-whiten")


def _fit_coder(kind: str, number: str, vectors: F32) -> Coder:
    if kind == "pq":
        return Product.fit(vectors, int(number))
    return Scalar.fit(vectors) if kind == "sq8" else Binary(vectors.shape[1])


def _apply(step: Linear | None, vectors: F32) -> F32:
    return zoo.unit(vectors) if step is None else step.apply(vectors)
