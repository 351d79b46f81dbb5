"""Losses against slow formulas, pair by pair in numpy, and the signs of their gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from obverse.errors import UsageError  # noqa: E402
from obverse.train import losses  # noqa: E402
from obverse.types import Array  # noqa: E402


def example(seed: int) -> tuple[Array, Array, Array]:
    """Similarities (6, 9), positives and ignored ones; each row has a positive and a negative."""
    rng = np.random.default_rng(seed)
    similarity = rng.uniform(-0.6, 0.95, (6, 9))
    kind = rng.choice(3, (6, 9), p=[0.2, 0.2, 0.6])
    kind[:, 0], kind[:, 1] = 0, 2
    return similarity, kind == 0, kind == 1


def slow_softmax(
    own: Callable[[float], float], other: Callable[[float], float]
) -> Callable[..., float]:
    def loss(similarity: Array, positive: Array, ignored: Array) -> float:
        terms = []
        for row, p, g in zip(similarity, positive, ignored, strict=True):
            negatives = sum(math.exp(other(s)) for s in row[~p & ~g])
            for s in row[p]:
                e = math.exp(own(s))
                terms.append(-math.log(e / (e + negatives)))
        return float(np.mean(terms))

    return loss


def slow_triplet(similarity: Array, positive: Array, ignored: Array) -> float:
    terms = []
    for row, p, g in zip(similarity, positive, ignored, strict=True):
        terms += [max(0.0, max(row[~p & ~g]) - s + 0.2) for s in row[p]]
    return float(np.mean(terms))


def slow_contrastive(similarity: Array, positive: Array, ignored: Array) -> float:
    pull = [(1 - s) ** 2 for s in similarity[positive]]
    push = [max(0.0, s - 0.3) ** 2 for s in similarity[~positive & ~ignored]]
    return float(np.mean(pull) + np.mean(push))


SLOW = {
    "arcface": slow_softmax(lambda s: 25 * math.cos(math.acos(s) + 0.2), lambda s: 25 * s),
    "ntxent": slow_softmax(lambda s: s / 0.05, lambda s: s / 0.05),
    "triplet": slow_triplet,
    "contrastive": slow_contrastive,
}


def of(name: str, *arrays: Array) -> float:
    return float(losses.get(name)(*(torch.from_numpy(a) for a in arrays)))


@pytest.mark.parametrize("name", sorted(losses.LOSSES))
@pytest.mark.parametrize("seed", range(3))
def test_equals_the_slow_formula(name: str, seed: int) -> None:
    arrays = example(seed)
    assert of(name, *arrays) == pytest.approx(SLOW[name](*arrays), rel=1e-5)


@pytest.mark.parametrize("name", sorted(losses.LOSSES))
def test_gradients_pull_positives_push_negatives_and_leave_the_rest(name: str) -> None:
    similarity, positive, ignored = example(7)
    table = torch.from_numpy(similarity).requires_grad_()
    losses.get(name)(table, torch.from_numpy(positive), torch.from_numpy(ignored)).backward()
    slope = table.grad.numpy()
    assert (slope[positive] <= 0).all()
    assert slope[positive].min() < 0
    assert (slope[~positive & ~ignored] >= 0).all()
    assert slope[~positive & ~ignored].max() > 0
    assert not slope[ignored].any()


@pytest.mark.parametrize("name", sorted(losses.LOSSES))
def test_what_is_unknown_or_right_already_costs_nothing(name: str) -> None:
    similarity = np.array([[0.9999, -0.9, 0.99]])
    positive = np.array([[True, False, False]])
    ignored = np.array([[False, False, True]])
    assert of(name, similarity, positive, ignored) < 1e-3
    worse = np.array([[-0.5, 0.9, 0.99]])
    assert of(name, worse, positive, ignored) > 0.5
    nothing = np.zeros_like(positive)
    assert of(name, similarity, nothing, ~nothing) == pytest.approx(0.0, abs=1e-6)


def test_no_similarity_is_so_extreme_that_a_gradient_is_lost() -> None:
    table = torch.tensor([[1.0, -1.0], [-1.0, 1.0]], requires_grad=True)
    eye = torch.eye(2, dtype=torch.bool)
    losses.get("arcface")(table, ~eye, torch.zeros(2, 2, dtype=torch.bool)).backward()
    assert torch.isfinite(table.grad).all()


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(UsageError, match="arcface, ntxent, triplet, contrastive"):
        losses.get("hinge")
