"""Fit the calibration that turns what is known of a shortlist into probabilities (decide.py).

A logistic model is fitted on the first candidates of every query: is this one the answer? Each of
its features can only help in its own direction, so no weight is negative. Everything reported is
cross-validated: the folds split the items, so no item is in both parts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from obverse.decide import LOOKED_AT, Decider, Standing
from obverse.evaluate import metrics
from obverse.types import F64, Array

FOLDS = 10
RIDGE = 1e-3
"""Pull of the weights to zero, for each query, where nothing is known beforehand."""
PULL = 30.0
"""Pull to what is known beforehand: as much as so many queries for the usual best wrong score, as
four times as many or more for weights, of which a query tells a quarter at most."""
WRONG = (0.0, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2)
"""Shares of wrong answers that a curve is measured at."""
MAX_WRONG = 0.02
"""The one that decides if nobody says otherwise."""
TOLD = (0.005, 0.01, 0.02, 0.05)
"""Those whose outcomes the card tells."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One query.

    Attributes:
        item: what the photo shows; queries of one item are never in both parts of a split.
        standing: what is known of the items that came back.
        right: the place of the right one among them; -1 if it is not there.
        known: the catalogue has the right one.
    """

    item: str
    standing: Standing
    right: int
    known: bool


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What was told of some cases: the best candidate's probability, whether it was right, whether
    the catalogue had the right one, and the item; (n,) each."""

    probability: F64
    right: Array
    known: Array
    item: Array

    def point(self, max_wrong: float) -> metrics.Outcomes:
        return metrics.operating_point(self.probability, self.right, ~self.known, max_wrong)

    def threshold(self, max_wrong: float) -> float:
        """The lowest probability that may be answered."""
        found = self.point(max_wrong).threshold
        highest = float(self.probability.max(initial=0.0))
        return math.nextafter(highest, 2.0) if found is None else found

    def figures(self) -> dict[str, Any]:
        """How well it was told, for a card."""
        points = {wrong: self.point(wrong).to_dict() for wrong in TOLD}
        return {
            "queries": len(self.probability),
            "known": int(self.known.sum()),
            "ece": metrics.ece(self.probability, self.right),
            "auroc": metrics.auroc(self.probability[self.known], self.probability[~self.known]),
            "operating_points": {str(wrong): point for wrong, point in points.items()},
        }


def logistic(x: F64, y: Array, before: tuple[Array, float] | None = None) -> tuple[F64, float]:
    """Logistic regression without negative weights: Newton's method on standardised features; a
    weight that would be negative is fixed at zero, and the others are fitted again.

    Args:
        x: float64 (n, features).
        y: (n,), 0 or 1.
        before: weights and bias that the new ones are drawn to; a feature without spread keeps its
            weight.

    Returns:
        Weights float64 (features,), and the bias.
    """
    mean, std = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = np.hstack([(x - mean) / std, np.ones((len(x), 1))])
    n = x.shape[1]
    if before is None:
        goal, pull = np.zeros(n + 1), RIDGE * len(x) * np.append(np.ones(n), 0.0)
    else:
        goal = np.append(before[0] * std, before[1] + float(before[0] @ mean))
        pull = np.full(n + 1, PULL)
    w, free = goal.copy(), np.append(x.std(axis=0) > 1e-9, True)
    if before is None:
        w[~free] = 0.0
    while True:
        f = np.flatnonzero(free)
        for _ in range(100):
            p = 1 / (1 + np.exp(-np.clip(z @ w, -40, 40)))
            gradient = z.T @ (p - y) + pull * (w - goal)
            hessian = (z[:, f] * (p * (1 - p))[:, None]).T @ z[:, f] + np.diag(pull[f] + 1e-9)
            step = np.linalg.solve(hessian, gradient[f])
            w[f] -= step * min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-9))
            if np.abs(step).max() < 1e-8:
                break
        lowest = int(np.argmin(np.where(free[:n], w[:n], np.inf)))
        if not free[lowest] or w[lowest] >= 0:
            break
        free[lowest], w[lowest] = False, 0.0
    weights = w[:n] / std
    return weights, float(w[n] - weights @ mean)


def fit(cases: Sequence[Case], before: Decider | None = None) -> Decider:
    """A calibration from some cases, without a curve; drawn to an earlier one where given."""
    best_wrong = [s.max() for c in cases if (s := np.delete(c.standing.scores, _own(c))).size]
    rival = float(np.median(best_wrong)) if best_wrong else 0.0
    if before is not None:
        rival = (len(best_wrong) * rival + PULL * before.rival) / (len(best_wrong) + PULL)
    usual = _usual(cases)
    plain = Decider((0.0, 0.0, 0.0, 0.0), 0.0, rival, usual, ((0.0, 0.5),), 0.5, {})
    cases = [c for c in cases if len(c.standing.scores)]
    x = np.concatenate([plain.features(c.standing)[:LOOKED_AT] for c in cases])
    first = [min(LOOKED_AT, len(c.standing.scores)) for c in cases]
    y = np.concatenate([np.arange(k) == c.right for c, k in zip(cases, first, strict=True)])
    start = None if before is None else (np.asarray(before.weights), before.bias)
    w, bias = logistic(x, y.astype(float), start)
    return replace(plain, weights=(float(w[0]), float(w[1]), float(w[2]), float(w[3])), bias=bias)


def cross_validate(cases: Sequence[Case], before: Decider | None = None) -> Told:
    """What is told of each case, in their order, by a calibration fitted on other items."""
    names = sorted({c.item for c in cases})
    fold = {d: i % FOLDS for i, d in enumerate(np.random.default_rng(0).permutation(names))}
    fitted = [fit([c for c in cases if fold[c.item] != k], before) for k in set(fold.values())]
    return _told(cases, [fitted[fold[c.item]] for c in cases])


def tell(decider: Decider, cases: Sequence[Case]) -> Told:
    """What a calibration tells of the cases, in their order."""
    return _told(cases, [decider] * len(cases))


def finish(
    decider: Decider, told: Told, card: dict[str, Any], before: Decider | None = None
) -> Decider:
    """The calibration with its curve, threshold and card.

    Args:
        decider: fitted.
        told: what its like told of cases that they were not fitted on.
        card: what to say of it.
        before: an earlier one, whose wrong answers count along with those of ``told``: of a few
            dozen cases one wrong would be more than any share that is put up with.
    """
    find = told.threshold if before is None else partial(_joint_threshold, told, before)
    curve = tuple((wrong, find(wrong)) for wrong in WRONG)
    said = {**card, "max_wrong": MAX_WRONG}
    return replace(decider, curve=curve, threshold=dict(curve)[MAX_WRONG], card=said)


def _joint_threshold(told: Told, before: Decider, max_wrong: float) -> float:
    """The lowest probability from which no more than so many would be wrong of these cases and of
    those that the earlier calibration's curve was measured on, taken together."""
    here, there = len(told.probability), int(before.card["queries"])
    shares = {threshold: wrong for wrong, threshold in reversed(before.curve)}
    marks = sorted(shares)
    never = math.nextafter(float(told.probability.max(initial=max(marks))), 2.0)
    tried = np.array(sorted({*told.probability, *marks, never}))
    wrong = np.sort(told.probability[~told.right.astype(bool)])
    wrong_here = len(wrong) - np.searchsorted(wrong, tried)
    wrong_there = there * np.interp(tried, marks, [shares[m] for m in marks], left=1.0)
    allowed = wrong_here + wrong_there <= max_wrong * (here + there) + 1e-9
    return float(tried[np.argmax(allowed)])


def _own(case: Case) -> list[int]:
    return [case.right] if case.right >= 0 else []


def _usual(cases: Sequence[Case]) -> tuple[float, float]:
    """Slope, not negative, and offset of the weakest part by the score."""
    scores = np.concatenate([c.standing.scores for c in cases])
    weakest = np.concatenate([c.standing.weakest for c in cases])
    looked = np.isfinite(weakest)
    if looked.sum() < 2:
        return 0.0, 0.0
    s, w = scores[looked], weakest[looked]
    slope = max(0.0, float(np.cov(s, w)[0, 1] / max(float(s.var(ddof=1)), 1e-9)))
    return slope, float(w.mean() - slope * s.mean())


def _told(cases: Sequence[Case], deciders: Sequence[Decider]) -> Told:
    surest = [d.probabilities(c.standing)[:1].sum() for c, d in zip(cases, deciders, strict=True)]
    return Told(
        np.array(surest, np.float64),
        np.array([c.right == 0 for c in cases], bool),
        np.array([c.known for c in cases], bool),
        np.array([c.item for c in cases], str),
    )
