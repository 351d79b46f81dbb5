"""A shortlist ranked again by how its views lie among each other, by name.

Each takes a query's vector, float32 (dim,), and those of the shortlist, float32 (n, dim), all of
unit length, and gives scores, float32 (n,), -1 to 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from obverse.types import F32, F64, Array

TABLE = (
    (
        "qe:ALPHA",
        r"qe:([0-9]+(\.[0-9]+)?)",
        "query expansion by the nearest 10, weight cosine^ALPHA",
    ),
    ("reciprocal", "reciprocal", "k-reciprocal neighbours: who is near whom both ways"),
    ("diffusion", "diffusion", "random walks among the nearest: follows chains of likeness"),
    ("csls", "csls", "score normalisation: views that are near to everything count less"),
)
"""Name as a user writes it, pattern, what it is."""
EXPAND = 10
"""Neighbours that a query is expanded by (Radenović, Tolias and Chum, 2018, take 50 of 100,000)."""
K1, K2, WEIGHT = 20, 6, 0.3
"""Of k-reciprocal encoding, as its authors chose them (Zhong et al., 2017)."""
NEAREST, POWER, AHEAD = 10, 3, 0.85
"""Of diffusion: neighbours in the graph, exponent of the likeness, chance that the walk goes on;
Iscen et al. (2017) take 50, 3 and 0.99 of 100,000 pictures."""
LOCAL = 10
"""Neighbours that make up what is usual around a vector (Lample et al., 2018)."""


def again(name: str, query: F32, vectors: F32) -> F32:
    """The scores of a shortlist by one of the methods."""
    kind, _, number = name.partition(":")
    if kind == "qe":
        return expand(query, vectors, float(number))
    return _PLAIN[kind](query, vectors)


def expand(query: F32, vectors: F32, alpha: float, nearest: int = EXPAND) -> F32:
    """alpha-weighted query expansion (Radenović, Tolias and Chum, 2018): cosine to the query plus
    its nearest views, each weighted by its cosine to the power ``alpha``."""
    cosines = vectors @ query
    near = np.argsort(-cosines, kind="stable")[:nearest]
    weights = np.maximum(cosines[near], 0.0) ** alpha
    wider = query + weights @ vectors[near]
    return np.asarray(vectors @ (wider / np.linalg.norm(wider)), np.float32)


def csls(query: F32, vectors: F32, nearest: int = LOCAL) -> F32:
    """Cosine less what is usual around the query and around the view (cross-domain similarity
    local scaling, Lample et al., 2018; half of it)."""
    cosines = vectors @ query
    among = vectors @ vectors.T
    np.fill_diagonal(among, -np.inf)
    usual = _top(among, min(nearest, len(vectors) - 1)).mean(axis=1) if len(vectors) > 1 else 0.0
    own = _top(cosines[None], min(nearest, len(vectors))).mean()
    return np.asarray(cosines - (usual + own) / 2, np.float32)


def reciprocal(query: F32, vectors: F32, k1: int = K1, k2: int = K2, weight: float = WEIGHT) -> F32:
    """Re-ranking with k-reciprocal encoding (Zhong et al., 2017): one less a mix of the cosine
    distance, of share ``weight``, and the Jaccard distance of soft neighbourhoods."""
    every = np.vstack([query[None], vectors])
    distance = 1.0 - (every @ every.T).astype(np.float64)
    rank = np.argsort(distance, axis=1, kind="stable")
    sets = [_reciprocal_set(rank, i, k1) for i in range(len(every))]
    half = [set(_reciprocal_set(rank, i, round(k1 / 2)).tolist()) for i in range(len(every))]
    encoded = np.zeros_like(distance)
    for i, mine in enumerate(sets):
        wider = set(mine.tolist())
        for other in mine:
            if len(half[other] & set(mine.tolist())) > 2 / 3 * len(half[other]):
                wider |= half[other]
        index = sorted(wider)
        weights = np.exp(-distance[i, index])
        encoded[i, index] = weights / weights.sum()
    if k2 > 1:
        encoded = np.stack([encoded[near].mean(axis=0) for near in rank[:, :k2]])
    least = np.minimum(encoded[:1], encoded[1:]).sum(axis=1)
    jaccard = 1.0 - least / (2.0 - least)
    return np.asarray(1.0 - ((1 - weight) * jaccard + weight * distance[0, 1:]), np.float32)


def diffusion(
    query: F32, vectors: F32, nearest: int = NEAREST, power: float = POWER, ahead: float = AHEAD
) -> F32:
    """Ranking on manifolds (Zhou et al., 2004; Iscen et al., 2017): where random walks that start
    at the query are found, on the graph of mutual neighbours."""
    every = np.vstack([query[None], vectors])
    likeness = np.maximum((every @ every.T).astype(np.float64), 0.0) ** power
    np.fill_diagonal(likeness, 0.0)
    order = np.argsort(-likeness, axis=1, kind="stable")
    is_near = np.zeros(likeness.shape, bool)
    np.put_along_axis(is_near, order[:, :nearest], True, axis=1)
    mutual = is_near & is_near.T
    # The query is joined to its neighbours even where they have better ones.
    mutual[0], mutual[:, 0] = is_near[0], is_near[0]
    graph = np.where(mutual, likeness, 0.0)
    root = np.sqrt(np.maximum(graph.sum(axis=1), 1e-12))
    walk = graph / root / root[:, None]
    start = np.zeros(len(every))
    start[0] = 1.0
    found: F64 = np.linalg.solve(np.eye(len(every)) - ahead * walk, (1 - ahead) * start)
    return np.asarray(found[1:], np.float32)


def _reciprocal_set(rank: Array, i: int, k: int) -> Array:
    """Those among the ``k`` nearest of ``i`` that have it among theirs; the nearest is itself."""
    forward = rank[i, : k + 1]
    return np.asarray(forward[(rank[forward, : k + 1] == i).any(axis=1)])


def _top(table: Array, k: int) -> Array:
    return -np.partition(-table, k - 1, axis=1)[:, :k]


_PLAIN: dict[str, Callable[[F32, F32], F32]] = {
    "reciprocal": reciprocal,
    "diffusion": diffusion,
    "csls": csls,
}
