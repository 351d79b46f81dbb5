"""Fit a light layer on a catalogue's own views, and keep it only if it helps on held-out items.

What varies between two pictures of one coin is estimated from degraded copies of the stored
pictures; the layer (``obverse.layer``) plays that down in queries. How strongly is chosen on some
items, whether it stays is decided on others. Where the catalogue has several views of one side,
each of these is asked as a query, which is the real thing; else degraded copies are.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from obverse.catalogue.catalogue import Catalogue
from obverse.catalogue.folder import check_writable
from obverse.errors import UsageError
from obverse.layer import Layer
from obverse.train.own import Fitted, beyond_chance, degraded, have_twins, sample
from obverse.types import F32, F64, Array, Embedding, Progress, View
from obverse.verify.polar import unit

LEAST_VIEWS, LEAST_ITEMS = 8, 5
MOST_VIEWS = 1500
"""Views looked at, drawn at random from a larger catalogue."""
COPIES = {"fit": 600, "choose": 200, "judge": 300}
"""Degraded copies embedded for each purpose, some 25 ms each on 2 busy cores."""
MOST_COPIES = 12
"""Copies of one view."""
PARTS = ("fit", "fit", "fit", "choose", "judge")
"""Each fifth of the items serves one purpose."""
LEAST_TWINS = 30
"""Queries that have another view of their side, from which these replace degraded copies."""
STRENGTHS = (0.0, 0.15, 0.3, 0.5)
"""How far from the identity. On composed phone-like photos, which the degradations only resemble,
0.15 to 0.5 was level or a little better; 0.7 and more won on degraded copies and lost there."""


def take_off(catalogue: Catalogue) -> Fitted:
    """Remove the layer."""
    had = catalogue.store.blob("layer") is not None
    _keep(catalogue, None)
    return Fitted(False, "the layer is off" if had else "there was no layer", {})


def adapt(catalogue: Catalogue, *, seed: int = 0, progress: Progress | None = None) -> Fitted:
    """Fit, choose, judge; the layer is stored if it helped, and one from before goes if not.

    Args:
        catalogue: of a recipe for round things.
        seed: of the split and the degradations.
        progress: called as ``progress(done, total, text)``.

    Raises:
        UsageError: the catalogue is of things that are not round.
    """
    check_writable(catalogue.uri)
    begun = time.monotonic()
    pipeline = catalogue.pipeline
    if not pipeline.recipe.turns:
        raise UsageError(
            f"its recipe is {pipeline.recipe.name}, its embedder {pipeline.recipe.embedder}",
            where=catalogue.uri,
            hint="adapt degrades round things only, for embedders whose maps turn with them",
        )
    rng = np.random.default_rng(seed)
    views = sample(catalogue, MOST_VIEWS, rng)
    items = np.array([view.item for view in views])
    names = np.unique(items)
    if len(views) < LEAST_VIEWS or len(names) < LEAST_ITEMS:
        return Fitted(
            catalogue.store.blob("layer") is not None,
            f"too small to adapt to: {len(views)} of at least {LEAST_VIEWS} views, "
            f"{len(names)} of at least {LEAST_ITEMS} items; nothing changed",
            {},
        )
    owners = dict(zip(rng.permutation(names).tolist(), np.resize(PARTS, len(names)), strict=True))
    parts = np.array([owners[item] for item in items])
    bench = _Bench(catalogue, views, items)
    copies = {
        name: bench.copy(np.flatnonzero(parts == name), count, rng, progress)
        for name, count in COPIES.items()
    }
    scatters = bench.scatters(copies["fit"])
    twins = have_twins(views)
    real = min(np.sum(twins & (parts == part)) for part in ("choose", "judge")) >= LEAST_TWINS
    asked = {
        part: bench.as_queries(np.flatnonzero(twins & (parts == part))) if real else copies[part]
        for part in ("choose", "judge")
    }
    chosen = bench.choose(asked["choose"], scatters)
    layer = _layer(scatters, chosen, 1.0)
    before, plain = bench.ask(asked["judge"], None)
    after, layered = bench.ask(asked["judge"], layer)
    owner = items[asked["judge"].index]
    helps = max(chosen) > 0 and _is_better(before, after, owner, rng)
    figures = {"before": _figures(before), "after": _figures(after)}
    card = {
        "views": len(views),
        "strength": {"vector": chosen[0], "map": chosen[1]},
        "judged_on": "other views" if real else "degraded copies",
        "queries": len(before),
        "judged_items": len(np.unique(owner)),
        **figures,
        "seconds": round(time.monotonic() - begun, 1),
    }
    moved = " and ".join(
        f"{name} {figures['before'][name]:.3f} -> {figures['after'][name]:.3f}"
        for name in ("recall@1", "mrr")
    )
    words = f"{moved} on {len(before)} queries of held-out items ({card['judged_on']})"
    if not helps:
        _keep(catalogue, None)
        return Fitted(False, f"no layer: it would not help beyond chance, {words}", card)
    gain = float(np.median(plain) / max(float(np.median(layered)), 1e-6))
    layer = _layer(scatters, chosen, gain, catalogue.store.manifest.models["embedder"], card)
    _keep(catalogue, layer)
    return Fitted(True, f"layer on: {words}", card)


def _keep(catalogue: Catalogue, layer: Layer | None) -> None:
    """Store the layer, or take it off. A calibration of the catalogue's own was fitted to the
    scores before, so it goes when they change."""
    before = catalogue.store.blob("layer")
    after = None if layer is None else layer.to_bytes()
    catalogue.keep("layer", after)
    if before or after:
        catalogue.keep("calibration", None)


@dataclass(frozen=True, slots=True, eq=False)
class Queries:
    """``index`` (n,) of the view that each shows, their embeddings, and whether a query is the view
    itself, which then must not answer."""

    index: Array
    embeddings: Sequence[Embedding]
    own: bool = False


class _Bench:
    """The views of a catalogue, to be asked with and without a layer."""

    def __init__(self, catalogue: Catalogue, views: Sequence[View], items: Array) -> None:
        self.pipeline, self.views, self.items = catalogue.pipeline, views, items
        embeddings = [view.embedding for view in views if view.embedding is not None]
        self.vectors = np.stack([e.vector for e in embeddings])
        self.maps = np.stack([e.map for e in embeddings])

    def copy(
        self, index: Array, count: int, rng: np.random.Generator, progress: Progress | None
    ) -> Queries:
        """Degraded copies of the views, upright but for a part of a cell."""
        each = int(np.clip(count // max(len(index), 1), 1, MOST_COPIES))
        shown = np.repeat(rng.permutation(index)[:count], each)
        embeddings: list[Embedding] = []
        for start in range(0, len(shown), 32):
            patches = [
                degraded(self.views[i], self.maps.shape[2], rng) for i in shown[start : start + 32]
            ]
            embeddings += self.pipeline.embed(patches)
            if progress:
                progress(len(embeddings), len(shown), "degraded copies")
        return Queries(shown, embeddings)

    def as_queries(self, index: Array) -> Queries:
        """Views asked as they are."""
        embeddings = [Embedding(self.vectors[i], self.maps[i]) for i in index]
        return Queries(index, embeddings, own=True)

    def scatters(self, copies: Queries) -> tuple[F64, F64]:
        """How copies differ from their views: (dim, dim) and (channels, channels)."""
        apart = np.stack([e.vector for e in copies.embeddings]) - self.vectors[copies.index]
        cells = unit(np.stack([e.map for e in copies.embeddings]).astype(np.float32))
        cells -= unit(self.maps[copies.index].astype(np.float32))
        mixed = np.tensordot(cells, cells, axes=((0, 2, 3), (0, 2, 3)))
        return np.asarray(apart.T @ apart, np.float64), np.asarray(mixed, np.float64)

    def choose(self, queries: Queries, scatters: tuple[F64, F64]) -> tuple[float, float]:
        """The strengths with the best mean reciprocal rank, for vector and map each on its own; of
        equal ones the weakest."""
        vector = [
            float(np.mean(self._by_vector(queries, _layer(scatters, (s, 0.0), 1.0))))
            for s in STRENGTHS
        ]
        fmap = [
            float(np.mean(self.ask(queries, _layer(scatters, (0.0, s), 1.0))[0])) for s in STRENGTHS
        ]
        return STRENGTHS[int(np.argmax(vector))], STRENGTHS[int(np.argmax(fmap))]

    def ask(self, queries: Queries, layer: Layer | None) -> tuple[F64, F64]:
        """Reciprocal ranks of the right items, by search and verify as in ``identify``, 0 where it
        was not on the shortlist; and the scores of those that were."""
        ranks, scores = [], []
        for i, query in zip(queries.index, queries.embeddings, strict=True):
            query = layer.apply(query) if layer else query
            near = self.vectors @ query.vector
            if queries.own:
                near[i] = -np.inf
            short = np.argsort(-near, kind="stable")[: self.pipeline.recipe.shortlist]
            short = short[np.isfinite(near[short])]
            found, _ = self.pipeline.verifier.scores(query, self.maps[short])
            rank, best = _rank(found, self.items[short], self.items[i])
            ranks.append(rank)
            if rank:
                scores.append(best)
        return np.array(ranks), np.array(scores or [1.0])

    def _by_vector(self, queries: Queries, layer: Layer) -> list[float]:
        ranks = []
        for i, query in zip(queries.index, queries.embeddings, strict=True):
            near = self.vectors @ layer.apply(query).vector
            if queries.own:
                near[i] = -np.inf
            ranks.append(_rank(near, self.items, self.items[i])[0])
        return ranks


def _layer(
    scatters: tuple[F64, F64],
    strengths: tuple[float, float],
    gain: float,
    model: str = "",
    card: dict[str, Any] | None = None,
) -> Layer:
    vector, channels = (_undo(w, s) for w, s in zip(scatters, strengths, strict=True))
    return Layer(vector, channels, gain, model, card or {})


def _undo(scatter: F64, strength: float) -> F32:
    """The inverse of a scatter of unit mean variance, shrunk towards the identity."""
    eye = np.eye(len(scatter))
    variance = max(float(np.trace(scatter)) / len(scatter), 1e-12)
    mixed = strength * scatter / variance + (1 - strength) * eye
    return np.asarray(np.linalg.inv(mixed), np.float32)


def _rank(scores: Array, items: Array, right: str) -> tuple[float, float]:
    """The reciprocal rank of an item among items by their best view, and its score."""
    mine = scores[items == right]
    best = float(mine.max()) if mine.size else -math.inf
    if not math.isfinite(best):
        return 0.0, best
    above = np.unique(items[(scores >= best) & (items != right)])
    return 1.0 / (1 + len(above)), best


def _figures(ranks: F64) -> dict[str, float]:
    return {"recall@1": round(float(np.mean(ranks == 1)), 4), "mrr": round(float(ranks.mean()), 4)}


def _is_better(before: F64, after: F64, owner: Array, rng: np.random.Generator) -> bool:
    """Does the mean reciprocal rank rise beyond chance, and recall@1 not fall?"""
    if np.mean(after == 1) < np.mean(before == 1):
        return False
    return beyond_chance(after - before, owner, rng)
