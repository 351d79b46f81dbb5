"""The figures, as functions of plain arrays.

``rank`` is the 1-based place of the right item, ``inf`` where it did not come back. ``score`` says
how sure an answer is, higher is surer, ``-inf`` where there was no answer. ``right`` is True where
the best candidate is the right item (never for an unknown query). A figure that has no meaning for
the input (no queries, no unknown ones) is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from obverse.types import F64

BINS = 15
"""Bins of the calibration error, as in Guo et al. 2017, "On calibration of modern networks"."""
DRAWS = 2000
"""Bootstrap draws: the ends of a 95 % interval then move by about 0.1 of its width."""


def recall_at(rank: ArrayLike, ks: Sequence[int]) -> dict[int, float | None]:
    """Share of queries whose right item is among the first k, for each k."""
    ranks = np.asarray(rank, dtype=np.float64)
    return {k: float(np.mean(ranks <= k)) if ranks.size else None for k in ks}


def mrr(rank: ArrayLike) -> float | None:
    """Mean reciprocal rank, in [0, 1]; a rank of inf adds nothing."""
    ranks = np.asarray(rank, dtype=np.float64)
    return float(np.mean(1.0 / ranks)) if ranks.size else None


def auroc(known: ArrayLike, unknown: ArrayLike) -> float | None:
    """Probability that a known query scores higher than an unknown one, ties counting half."""
    high, low = _pair(known, unknown)
    if not high.size or not low.size:
        return None
    below = np.searchsorted(low, high, side="left") + np.searchsorted(low, high, side="right")
    return float(below.sum() / (2.0 * high.size * low.size))


def fpr_at_tpr(known: ArrayLike, unknown: ArrayLike, tpr: float = 0.95) -> float | None:
    """Share of unknown queries accepted at the highest threshold that still accepts a share of at
    least ``tpr`` of the known ones."""
    high, low = _pair(known, unknown)
    if not high.size or not low.size:
        return None
    # The tolerance keeps 0.95 * 20 at 19 whatever the floating point makes of it.
    need = max(1, int(np.ceil(tpr * high.size - 1e-9)))
    threshold = high[high.size - need]
    return float(np.mean(low >= threshold))


def roc(known: ArrayLike, unknown: ArrayLike) -> tuple[F64, F64]:
    """False and true positive rates at every distinct threshold, from (0, 0) to (1, 1)."""
    high, low = _pair(known, unknown)
    steps = np.unique(np.concatenate([high, low]))[::-1]
    fpr = 1.0 - np.searchsorted(low, steps, side="left") / max(1, low.size)
    tpr = 1.0 - np.searchsorted(high, steps, side="left") / max(1, high.size)
    return np.concatenate([[0.0], fpr]), np.concatenate([[0.0], tpr])


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Known and unknown queries mixed, counted by what the asker gets, as shares of all of them.

    Attributes:
        correct: the right item was named.
        wrong: a wrong item was named, for an unknown query any item.
        rejected: nothing was named, rightly or not.
        rejected_unknown: the part of ``rejected`` that was right to reject.
        threshold: lowest score that was answered; None if none was, or there is no such number.
    """

    correct: float
    wrong: float
    rejected: float
    rejected_unknown: float
    threshold: float | None = None

    def to_dict(self) -> dict[str, float | None]:
        return {
            "correct": self.correct,
            "wrong": self.wrong,
            "rejected": self.rejected,
            "rejected_unknown": self.rejected_unknown,
            "threshold": self.threshold,
        }

    def point(self) -> tuple[float, float]:
        """Coverage and risk: share answered, and share of wrong among those."""
        coverage = self.correct + self.wrong
        return coverage, self.wrong / coverage if coverage else 0.0


def count_outcomes(
    answered: ArrayLike, right: ArrayLike, unknown: ArrayLike, *, threshold: float | None = None
) -> Outcomes:
    """Correct, wrong and rejected, in the manner of the MUSCLE CIS coin contest: three kinds of
    outcome over one mix of known and unknown queries. All bool (n,), n >= 1."""
    named, good, other = (np.asarray(a, dtype=bool) for a in (answered, right, unknown))
    return Outcomes(
        correct=float(np.mean(named & good)),
        wrong=float(np.mean(named & ~good)),
        rejected=float(np.mean(~named)),
        rejected_unknown=float(np.mean(~named & other)),
        threshold=threshold,
    )


def operating_point(
    score: ArrayLike, right: ArrayLike, unknown: ArrayLike, max_wrong: float
) -> Outcomes:
    """The outcomes at the lowest threshold where at most ``max_wrong`` of all are wrong.

    ``score`` float (n,), ``right`` and ``unknown`` bool (n,), n >= 1.
    """
    scores, good = np.asarray(score, dtype=np.float64), np.asarray(right, dtype=bool)
    steps, coverage, risk = _sweep(scores, good)
    allowed = np.flatnonzero(coverage * risk <= max_wrong + 1e-12)
    threshold = float(steps[allowed[-1]]) if allowed.size else None
    answered = scores >= threshold if threshold is not None else np.zeros(scores.shape, dtype=bool)
    return count_outcomes(answered, good, unknown, threshold=threshold)


def risk_coverage(score: ArrayLike, right: ArrayLike) -> tuple[F64, F64]:
    """Share of queries answered, and share of wrong among those answered, as the threshold falls
    through every distinct finite score."""
    _, coverage, risk = _sweep(np.asarray(score, dtype=np.float64), np.asarray(right, dtype=bool))
    return coverage, risk


def _sweep(score: F64, right: NDArray[np.bool_]) -> tuple[F64, F64, F64]:
    """Falling distinct finite scores, with coverage and risk when all from there up answer."""
    order = np.argsort(-score, kind="stable")
    order = order[np.isfinite(score[order])]
    ordered = score[order]
    last = np.append(ordered[1:] != ordered[:-1], True)[: ordered.size]
    answered = np.arange(1, ordered.size + 1)[last]
    wrong = np.cumsum(~right[order])[last]
    return ordered[last], answered / max(1, score.size), wrong / answered


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a reliability diagram: answers whose probability lies in [low, high)."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float

    def to_dict(self) -> dict[str, float]:
        return {
            "low": self.low,
            "high": self.high,
            "count": self.count,
            "confidence": self.confidence,
            "accuracy": self.accuracy,
        }


def reliability(probability: ArrayLike, right: ArrayLike, bins: int = BINS) -> tuple[Bin, ...]:
    """Answers sorted into ``bins`` bins of equal width over [0, 1]; empty bins are left out. The
    last one holds 1.0 too."""
    prob = np.asarray(probability, dtype=np.float64)
    good = np.asarray(right, dtype=np.float64)
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.digitize(prob, edges[1:-1])
    return tuple(
        Bin(
            low=float(edges[i]),
            high=float(edges[i + 1]),
            count=int(np.sum(place == i)),
            confidence=float(prob[place == i].mean()),
            accuracy=float(good[place == i].mean()),
        )
        for i in np.unique(place)
    )


def ece(probability: ArrayLike, right: ArrayLike, bins: int = BINS) -> float | None:
    """Expected calibration error: mean distance of confidence and accuracy over the bins, weighted
    by their counts; 0 is perfect. Naeini et al. 2015, equal-width bins."""
    bars = reliability(probability, right, bins)
    total = sum(bar.count for bar in bars)
    if not total:
        return None
    return sum(bar.count * abs(bar.confidence - bar.accuracy) for bar in bars) / total


def bootstrap_interval(
    values: ArrayLike,
    groups: Sequence[Any],
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Percentile interval of the mean of ``values`` when whole groups are drawn again with
    replacement. Photos of one item stand or fall together, so the item is the unit to draw;
    drawing photos would make the interval look narrower than it is."""
    numbers = np.asarray(values, dtype=np.float64)
    if not numbers.size:
        return None
    _, place = np.unique(np.asarray(groups), return_inverse=True)
    sums, counts = np.bincount(place, weights=numbers), np.bincount(place)
    rng = np.random.default_rng(seed)
    means = np.empty(draws)
    for i in range(draws):
        pick = rng.integers(0, sums.size, sums.size)
        means[i] = sums[pick].sum() / counts[pick].sum()
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds."""

    median: float
    p95: float

    def to_dict(self) -> dict[str, float]:
        return {"median": round(self.median, 3), "p95": round(self.p95, 3)}


def percentiles(milliseconds: ArrayLike) -> Times:
    """Median and 95th percentile (linear interpolation) of at least one time."""
    median, p95 = np.quantile(np.asarray(milliseconds, dtype=np.float64), [0.5, 0.95])
    return Times(float(median), float(p95))


def _pair(known: ArrayLike, unknown: ArrayLike) -> tuple[F64, F64]:
    """Both as sorted float64."""
    return np.sort(np.asarray(known, dtype=np.float64)), np.sort(
        np.asarray(unknown, dtype=np.float64)
    )
