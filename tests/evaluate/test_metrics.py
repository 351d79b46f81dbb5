"""Against scikit-learn where it has the figure, else against the slowest formula there is."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_auc_score, roc_curve

from obverse.evaluate import metrics

ranks = st.lists(st.one_of(st.integers(1, 30), st.just(math.inf)), min_size=1, max_size=40)
# Few distinct values, so that ties are common.
scores = st.lists(
    st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1)), min_size=1, max_size=40
)
answers = st.lists(
    st.tuples(st.one_of(st.sampled_from([0.0, 0.3, 0.6, 1.0]), st.floats(0, 1)), st.booleans()),
    min_size=1,
    max_size=40,
)


@given(ranks)
def test_recall_and_mrr(values: list[float]) -> None:
    recall = metrics.recall_at(values, (1, 5, 20))
    for k in (1, 5, 20):
        assert recall[k] == pytest.approx(sum(1 for r in values if r <= k) / len(values))
    total = sum(0 if r == math.inf else 1 / r for r in values)
    assert metrics.mrr(values) == pytest.approx(total / len(values))


@given(scores, scores)
def test_auroc_equals_scikit_learn(known: list[float], unknown: list[float]) -> None:
    label = [1] * len(known) + [0] * len(unknown)
    assert metrics.auroc(known, unknown) == pytest.approx(roc_auc_score(label, known + unknown))


@given(scores, scores)
def test_roc_equals_scikit_learn(known: list[float], unknown: list[float]) -> None:
    label = [1] * len(known) + [0] * len(unknown)
    fpr, tpr, _ = roc_curve(label, known + unknown, drop_intermediate=False)
    ours = metrics.roc(known, unknown)
    assert_allclose(ours[0], fpr, atol=1e-12)
    assert_allclose(ours[1], tpr, atol=1e-12)


@given(scores, scores, st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_fpr_at_tpr_equals_scikit_learn(
    known: list[float], unknown: list[float], rate: float
) -> None:
    label = [1] * len(known) + [0] * len(unknown)
    fpr, tpr, _ = roc_curve(label, known + unknown, drop_intermediate=False)
    expected = min(f for f, t in zip(fpr, tpr, strict=True) if t >= rate - 1e-9)
    assert metrics.fpr_at_tpr(known, unknown, rate) == pytest.approx(expected)


def test_auroc_takes_queries_that_failed() -> None:
    assert metrics.auroc([-math.inf, 0.9], [0.5]) == 0.5
    assert metrics.fpr_at_tpr([-math.inf, 0.9], [0.5], 0.95) == 1.0


@given(answers, st.sampled_from([0.0, 0.05, 0.2, 1.0]))
def test_operating_point_is_the_best_of_all_thresholds(
    rows: list[tuple[float, bool]], max_wrong: float
) -> None:
    score, right = [s for s, _ in rows], [r for _, r in rows]
    unknown = [not r and i % 2 == 0 for i, r in enumerate(right)]
    n, best = len(rows), (0, 0)
    for threshold in [*sorted(set(score)), math.inf]:
        correct = sum(r for s, r in rows if s >= threshold)
        wrong = sum(not r for s, r in rows if s >= threshold)
        if wrong <= max_wrong * n + 1e-9:
            best = max(best, (correct, wrong))
    point = metrics.operating_point(score, right, unknown, max_wrong)
    assert point.wrong <= max_wrong + 1e-9
    assert (point.correct * n, point.wrong * n) == pytest.approx(best)
    assert point.correct + point.wrong + point.rejected == pytest.approx(1)
    named = [point.threshold is not None and s >= point.threshold for s in score]
    expected = sum(u and not a for u, a in zip(unknown, named, strict=True)) / n
    assert point.rejected_unknown == pytest.approx(expected)


def test_operating_point_never_answers_a_query_that_failed() -> None:
    point = metrics.operating_point([-math.inf, 0.4], [False, True], [False, False], 1.0)
    assert (point.correct, point.wrong, point.rejected) == (0.5, 0.0, 0.5)
    none = metrics.operating_point([-math.inf], [False], [True], 1.0)
    assert none.threshold is None
    assert (none.rejected, none.rejected_unknown) == (1.0, 1.0)
    assert none.point() == (0.0, 0.0)


@given(answers)
def test_risk_and_coverage(rows: list[tuple[float, bool]]) -> None:
    coverage, risk = metrics.risk_coverage([s for s, _ in rows], [r for _, r in rows])
    for share, error, threshold in zip(
        coverage, risk, sorted({s for s, _ in rows}, reverse=True), strict=True
    ):
        answered = [r for s, r in rows if s >= threshold]
        assert share == pytest.approx(len(answered) / len(rows))
        assert error == pytest.approx(sum(not r for r in answered) / len(answered))


@given(answers, st.integers(1, 20))
def test_ece_equals_the_slow_formula(rows: list[tuple[float, bool]], bins: int) -> None:
    edges = np.linspace(0, 1, bins + 1)
    total = 0.0
    for i in range(bins):
        inside = [
            (p, r) for p, r in rows if edges[i] <= p < edges[i + 1] or (i == bins - 1 and p == 1.0)
        ]
        if inside:
            said = sum(p for p, _ in inside) / len(inside)
            was = sum(r for _, r in inside) / len(inside)
            total += abs(said - was) * len(inside) / len(rows)
    assert metrics.ece([p for p, _ in rows], [r for _, r in rows], bins) == pytest.approx(total)


def test_reliability_equals_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    probability = rng.random(5000)
    right = rng.random(5000) < probability
    bars = metrics.reliability(probability, right, 10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        accuracy, confidence = calibration_curve(right, probability, n_bins=10)
    assert_allclose([b.accuracy for b in bars], accuracy)
    assert_allclose([b.confidence for b in bars], confidence)
    assert sum(b.count for b in bars) == 5000
    error = metrics.ece(probability, right)
    assert error is not None
    assert error < 0.05


def test_bootstrap_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for trial in range(120):
        rate = rng.beta(8, 2, size=60)
        values = rng.random((60, 4)) < rate[:, None]
        groups = np.repeat(np.arange(60), 4).tolist()
        interval = metrics.bootstrap_interval(values.ravel(), groups, draws=300, seed=trial)
        assert interval is not None
        hits += interval[0] <= 0.8 <= interval[1]
    # 95 % of 120 is 114; four standard deviations below is 104.
    assert hits >= 104


def test_bootstrap_widens_when_photos_of_an_item_fall_together() -> None:
    values = [1.0] * 50 + [0.0] * 50
    alone = metrics.bootstrap_interval(values, list(range(100)))
    together = metrics.bootstrap_interval(values, [i // 10 for i in range(100)])
    assert alone is not None
    assert together is not None
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])
    assert alone == metrics.bootstrap_interval(values, list(range(100)))


def test_percentiles() -> None:
    times = metrics.percentiles(range(1, 102))
    assert (times.median, times.p95) == (51, 96)


def test_figures_without_meaning_are_none() -> None:
    assert metrics.recall_at([], (1,)) == {1: None}
    assert metrics.mrr([]) is None
    assert metrics.auroc([1.0], []) is None
    assert metrics.fpr_at_tpr([], [1.0]) is None
    assert metrics.ece([], []) is None
    assert metrics.bootstrap_interval([], []) is None
