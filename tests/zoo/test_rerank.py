"""Ranking again, against slow formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from obverse.types import F32
from obverse.zoo import rerank, unit


@pytest.fixture(scope="module")
def shortlist() -> tuple[F32, F32]:
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(4, 12))
    vectors = unit(np.repeat(centres, 10, axis=0) + 0.6 * rng.normal(size=(40, 12)))
    return unit(centres[1:2] + 0.6 * rng.normal(size=(1, 12)))[0], vectors


def cosine(a: F32, b: F32) -> float:
    return float(sum(float(x) * float(y) for x, y in zip(a, b, strict=True)))


@pytest.mark.parametrize("alpha", [0.0, 1.0, 3.0])
def test_query_expansion_against_the_slow_formula(shortlist: tuple[F32, F32], alpha: float) -> None:
    query, vectors = shortlist
    order = sorted(range(40), key=lambda i: -cosine(query, vectors[i]))[: rerank.EXPAND]
    wider = [float(x) for x in query]
    for i in order:
        weight = max(cosine(query, vectors[i]), 0.0) ** alpha
        wider = [w + weight * float(v) for w, v in zip(wider, vectors[i], strict=True)]
    norm = math.sqrt(sum(w * w for w in wider))
    expected = [sum(w / norm * float(x) for w, x in zip(wider, v, strict=True)) for v in vectors]
    np.testing.assert_allclose(rerank.again(f"qe:{alpha}", query, vectors), expected, atol=1e-5)


def test_csls_against_the_slow_formula(shortlist: tuple[F32, F32]) -> None:
    query, vectors = shortlist
    own = sorted((cosine(query, v) for v in vectors), reverse=True)[: rerank.LOCAL]
    for i, found in enumerate(rerank.again("csls", query, vectors)):
        others = [cosine(vectors[i], v) for j, v in enumerate(vectors) if j != i]
        usual = sorted(others, reverse=True)[: rerank.LOCAL]
        expected = cosine(query, vectors[i]) - (np.mean(own) + np.mean(usual)) / 2
        assert found == pytest.approx(expected, abs=1e-5)


def test_reciprocal_neighbours_against_sets(shortlist: tuple[F32, F32]) -> None:
    """With no local expansion of sets or queries: the Jaccard distance of weighted neighbours."""
    query, vectors = shortlist
    every = np.vstack([query, vectors]).astype(np.float64)
    distance = 1 - every @ every.T
    near = [set(np.argsort(row, kind="stable")[:5].tolist()) for row in distance]
    mutual = [{j for j in near[i] if i in near[j]} for i in range(41)]
    half = [set(np.argsort(row, kind="stable")[:3].tolist()) for row in distance]
    halves = [{j for j in half[i] if i in half[j]} for i in range(41)]
    wider = []
    for mine in mutual:
        grown = set(mine)
        for j in mine:
            if len(halves[j] & mine) > 2 / 3 * len(halves[j]):
                grown |= halves[j]
        wider.append(grown)
    soft = []
    for i, mine in enumerate(wider):
        weights = {j: math.exp(-distance[i, j]) for j in mine}
        soft.append({j: w / sum(weights.values()) for j, w in weights.items()})
    expected = []
    for i in range(1, 41):
        both = sum(min(soft[0].get(j, 0.0), soft[i].get(j, 0.0)) for j in range(41))
        most = sum(max(soft[0].get(j, 0.0), soft[i].get(j, 0.0)) for j in range(41))
        expected.append(1 - (0.7 * (1 - both / most) + 0.3 * distance[0, i]))
    found = rerank.reciprocal(query, vectors, k1=4, k2=1)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_diffusion_is_what_many_walks_find(shortlist: tuple[F32, F32]) -> None:
    query, vectors = shortlist
    found = rerank.diffusion(query, vectors)
    every = np.vstack([query, vectors]).astype(np.float64)
    likeness = np.maximum(every @ every.T, 0) ** rerank.POWER
    np.fill_diagonal(likeness, 0)
    near = [set(np.argsort(-row, kind="stable")[: rerank.NEAREST].tolist()) for row in likeness]
    graph = np.zeros_like(likeness)
    for i in range(41):
        for j in range(41):
            joined = (j in near[i] and i in near[j]) or (i == 0 and j in near[0])
            if joined or (j == 0 and i in near[0]):
                graph[i, j] = likeness[i, j]
    degree = np.sqrt(graph.sum(axis=1))
    walk = graph / degree / degree[:, None]
    start = np.eye(41)[0]
    state = start.copy()
    for _ in range(300):
        state = rerank.AHEAD * walk @ state + (1 - rerank.AHEAD) * start
    np.testing.assert_allclose(found, state[1:], atol=1e-6)


@pytest.mark.parametrize("name", ["qe:3", "reciprocal", "diffusion", "csls"])
def test_the_own_cluster_comes_first(shortlist: tuple[F32, F32], name: str) -> None:
    query, vectors = shortlist
    first = np.argsort(-rerank.again(name, query, vectors))[:8]
    assert set(first.tolist()) <= set(range(10, 20))


@pytest.mark.parametrize("name", ["qe:3", "reciprocal", "diffusion", "csls"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_shortlist_of_a_few(name: str, count: int) -> None:
    vectors = unit(np.random.default_rng(1).normal(size=(count, 5)))
    scores = rerank.again(name, vectors[-1], vectors)
    assert scores.shape == (count,)
    assert np.isfinite(scores).all()
