"""Fit the calibration that turns what is known of a shortlist into probabilities (decide.py).

One model is fitted on the shortlists of all queries: which candidate is the answer, if any is?
Each of its features can only help in its own direction, so no weight is negative. Everything
reported is cross-validated: the folds split the items, so no item is in both parts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from obverse.decide import FARTHEST, LEAST, LOOKED_AT, Decider, Standing
from obverse.evaluate import metrics
from obverse.types import F64, Array

FOLDS = 10
RIDGE = 1e-3
"""Pull of the weights to zero, for each candidate that is looked at closer, where nothing is known
beforehand."""
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
    """Logistic regression without negative weights: ``choice`` with one candidate.

    Args:
        x: float64 (n, features), finite.
        y: (n,), 0 or 1.
        before: as for ``choice``.

    Returns:
        Weights float64 (features,), and the bias.
    """
    return choice(x[:, None], np.where(y > 0, 0, -1), before)


def choice(x: F64, right: Array, before: tuple[Array, float] | None = None) -> tuple[F64, float]:
    """A conditional logit (McFadden, 1974) without negative weights: of each query one candidate is
    right, or none, whose odds are one. Newton's method on features standardised over the first
    ``LOOKED_AT``; a weight that would be negative is fixed at zero, and the others are fitted
    again.

    Args:
        x: float64 (n, candidates, features); nan where a query has fewer candidates.
        right: (n,), the place of the right candidate; -1 for none.
        before: weights and bias that the new ones are drawn to; a feature without spread keeps its
            weight.

    Returns:
        Weights float64 (features,), and the bias.
    """
    n = x.shape[2]
    there = np.asarray(np.isfinite(x).all(axis=2))
    rows = x[:, :LOOKED_AT][there[:, :LOOKED_AT]]
    mean, std = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    z = np.concatenate([(x - mean) / std, np.ones((*x.shape[:2], 1))], axis=2)
    z[~there] = 0.0
    y = np.arange(x.shape[1]) == right[:, None]
    if before is None:
        goal, pull = np.zeros(n + 1), RIDGE * len(rows) * np.append(np.ones(n), 0.0)
    else:
        goal = np.append(before[0] * std, before[1] + float(before[0] @ mean))
        pull = np.full(n + 1, PULL)
    w, free = goal.copy(), np.append(rows.std(axis=0) > 1e-9, True)
    if before is None:
        w[~free] = 0.0
    while True:
        f = np.flatnonzero(free)
        for _ in range(100):
            odds = np.exp(np.clip(z @ w, -FARTHEST, FARTHEST)) * there
            p = odds / (1 + odds.sum(axis=1, keepdims=True))
            gradient = np.einsum("qkf,qk->f", z, p - y) + pull * (w - goal)
            zf = z[:, :, f]
            mixed = np.einsum("qkf,qk->qf", zf, p)
            hessian = np.einsum("qkf,qk,qkg->fg", zf, p, zf, optimize=True) - mixed.T @ mixed
            step = np.linalg.solve(hessian + np.diag(pull[f] + 1e-9), gradient[f])
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
    expected = _expected(cases) if before is None else before.expected
    plain = Decider(
        (0.0, 0.0, 0.0, 0.0), 0.0, rival, _usual(cases), expected, ((0.0, 0.5),), 0.5, {}
    )
    most = max(len(c.standing.scores) for c in cases)
    x = np.full((len(cases), most, len(plain.weights)), np.nan)
    for row, case in zip(x, cases, strict=True):
        row[: len(case.standing.scores)] = plain.features(case.standing)
    start = None if before is None else (np.asarray(before.weights), before.bias)
    w, bias = choice(x, np.array([c.right for c in cases]), start)
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
    curve = tuple((wrong, max(LEAST, find(wrong))) for wrong in WRONG)
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


def _expected(cases: Sequence[Case]) -> tuple[float, float] | None:
    """What copies of the best view score, and their weakest parts, in the mean."""
    asked = np.array([c.standing.expected for c in cases if c.standing.expected is not None])
    return (float(asked[:, 0].mean()), float(asked[:, 1].mean())) if len(asked) else None


def _told(cases: Sequence[Case], deciders: Sequence[Decider]) -> Told:
    surest = [d.probabilities(c.standing)[:1].sum() for c, d in zip(cases, deciders, strict=True)]
    return Told(
        np.array(surest, np.float64),
        np.array([c.right == 0 for c in cases], bool),
        np.array([c.known for c in cases], bool),
        np.array([c.item for c in cases], str),
    )
