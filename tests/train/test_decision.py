"""The fit of a decision, against a slow optimiser, known truths, and its own promises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from obverse.decide import Standing
from obverse.train import decision
from obverse.train.decision import Case, choice, cross_validate, finish, fit, logistic, tell


def objective(w: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """The penalised loss as a formula, on standardised features."""
    mean, std = x.mean(axis=0), x.std(axis=0)
    weights, bias = w[:-1] / std, w[-1] - (w[:-1] / std) @ mean
    logit = x @ weights + bias
    losses = np.logaddexp(0, logit) - y * logit
    return float(losses.sum() + 0.5 * decision.RIDGE * len(x) * (w[:-1] ** 2).sum())


def test_the_fit_is_the_best_without_negative_weights() -> None:
    """No small step within the bounds lowers the loss, and one weight does hit its bound."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3)) * [1.0, 0.1, 3.0] + [0.5, 0.0, -2.0]
    logit = 2 * x[:, 0] - 1 * x[:, 2] + 8 * x[:, 1]
    y = (rng.random(300) < 1 / (1 + np.exp(-logit))).astype(float)
    weights, bias = logistic(x, y)
    assert weights[2] == 0
    assert weights[0] > 0
    assert weights[1] > 0
    w = np.append(weights * x.std(axis=0), bias + weights @ x.mean(axis=0))
    best = objective(w, x, y)
    for i in range(4):
        for step in (-0.02, 0.02):
            moved = w.copy()
            moved[i] += step
            if i == 3 or moved[i] >= 0:
                assert objective(moved, x, y) > best


def test_a_choice_among_several_is_the_likeliest_by_the_formula() -> None:
    """Queries with one to three candidates, of which one is right, or none: no small step within
    the bounds makes what was the case likelier, and what is found is near what it was drawn by."""
    rng = np.random.default_rng(3)
    truth, bias = np.array([1.5, 0.0, 0.7]), -0.5
    x = rng.normal(size=(600, 3, 3)) * [1.0, 2.0, 0.5]
    x[:200, 2], x[:50, 1] = np.nan, np.nan
    there = np.isfinite(x[..., 0])
    odds = np.where(there, np.exp(np.nan_to_num(x) @ truth + bias), 0.0)
    chances = np.column_stack([np.ones(600), odds]) / (1 + odds.sum(axis=1))[:, None]
    right = np.array([rng.choice(4, p=p) for p in chances]) - 1
    weights, found = choice(x, right)
    assert weights == pytest.approx(truth, abs=0.25)
    assert found == pytest.approx(bias, abs=0.25)
    rows = x[there]
    mean, std = rows.mean(axis=0), rows.std(axis=0)

    def loss(w: np.ndarray) -> float:
        total = 0.5 * decision.RIDGE * len(rows) * float((w[:-1] ** 2).sum())
        for query, place in zip(x, right, strict=True):
            own = query[np.isfinite(query[:, 0])]
            each = np.exp((own - mean) / std @ w[:-1] + w[-1])
            total -= np.log((1.0 if place < 0 else each[place]) / (1 + each.sum()))
        return total

    w = np.append(weights * std, found + weights @ mean)
    best = loss(w)
    for i in range(4):
        for step in (-0.02, 0.02):
            moved = w.copy()
            moved[i] += step
            if i == 3 or moved[i] >= 0:
                assert loss(moved) > best


def test_little_data_stays_near_what_was_known_before() -> None:
    rng = np.random.default_rng(1)
    known = (np.array([3.0, 1.0]), -1.0)
    far = {}
    for n in (8, 80, 8000):
        x = rng.normal(size=(n, 2))
        y = (rng.random(n) < 1 / (1 + np.exp(-(0.5 * x[:, 0] + 4 * x[:, 1] + 1)))).astype(float)
        weights, _ = logistic(x, y, known)
        far[n] = float(np.abs(weights - [0.5, 4.0]).max())
    assert far[8] > far[80] > far[8000]
    assert far[8] > 2
    assert far[8000] < 0.7


@pytest.mark.parametrize("value", [0.0, 1.5])
def test_what_the_data_never_show_keeps_the_weight_it_had(value: float) -> None:
    """Such as numbers, in a catalogue where none speaks against a view of its own."""
    rng = np.random.default_rng(2)
    x = np.column_stack([rng.normal(size=500), np.full(500, value)])
    y = (rng.random(500) < 1 / (1 + np.exp(-2 * x[:, 0]))).astype(float)
    weights, bias = logistic(x, y, (np.array([1.0, 1.4]), 0.0))
    assert weights[1] == pytest.approx(1.4)
    alone, plain = logistic(x[:, :1], y, (np.array([1.0]), 1.4 * value))
    assert (weights[0], bias + 1.4 * value) == pytest.approx((alone[0], plain), abs=1e-6)
    assert logistic(x, y)[0][1] == 0


def world(items: int, each: int, seed: int) -> list[Case]:
    """Right items score 0.7, the best wrong one 0.5, both give or take 0.08."""
    rng = np.random.default_rng(seed)
    cases = []
    for n in range(items * each):
        wrong = np.sort(rng.normal(0.5, 0.08, 6))[::-1]
        right = float(rng.normal(0.7, 0.08))
        known = n % 4 != 0
        scores = np.sort(np.append(wrong, right) if known else wrong)[::-1]
        place = int(np.flatnonzero(scores == right)[0]) if known else -1
        cases.append(Case(f"i{n // each}", Standing.of(scores), place, known))
    return cases


def test_probabilities_fitted_on_one_part_hold_on_another() -> None:
    told = tell(fit(world(200, 4, seed=0)), world(500, 4, seed=1))
    figures = told.figures()
    assert figures["ece"] < 0.04
    assert figures["auroc"] > 0.8
    assert told.probability.mean() == pytest.approx(told.right.mean(), abs=0.03)


def test_cross_validation_never_sees_the_item_and_keeps_the_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases = world(25, 4, seed=2)
    fitted: list[set[str]] = []
    plain = fit(cases)

    def spy(part: list[Case], before: object = None) -> object:
        fitted.append({c.item for c in part})
        return replace(plain, bias=float(len(fitted)))

    monkeypatch.setattr(decision, "fit", spy)
    told = cross_validate(cases)
    assert told.item.tolist() == [c.item for c in cases]
    for i, case in enumerate(cases):
        fold = next(k for k, names in enumerate(fitted) if case.item not in names)
        alone = replace(plain, bias=float(fold + 1)).probabilities(case.standing)[0]
        assert told.probability[i] == pytest.approx(alone)


def test_what_copies_score_is_learned_and_kept() -> None:
    """Scores that shift with the view are told apart again by what its copies score; a fit that is
    drawn to an earlier one counts as that does."""
    rng = np.random.default_rng(5)
    plain = world(100, 4, seed=4)
    shifts = rng.normal(0, 0.15, 100)
    shifted, told = [], []
    for n, case in enumerate(plain):
        shift = float(shifts[n // 4])
        standing = Standing.of(case.standing.scores + shift)
        shifted.append(replace(case, standing=standing))
        own = replace(standing, expected=(0.6 + shift, 0.4 + shift))
        told.append(replace(case, standing=own))
    without, with_copies = cross_validate(shifted).figures(), cross_validate(told).figures()
    assert with_copies["auroc"] > without["auroc"] + 0.03
    fitted = fit(told)
    assert fitted.expected == pytest.approx((0.6 + shifts.mean(), 0.4 + shifts.mean()))
    assert fit(shifted).expected is None
    assert fit(shifted, fitted).expected == fitted.expected
    assert fit(told, fit(shifted)).expected is None


def test_nothing_less_likely_than_not_is_known() -> None:
    cases = world(100, 4, seed=3)
    decider = finish(fit(cases), cross_validate(cases), {})
    assert cross_validate(cases).threshold(0.2) < 0.5, "or nothing is tested"
    assert min(threshold for _, threshold in decider.curve) == 0.5


def test_the_curve_keeps_its_promise_where_it_was_measured() -> None:
    cases = world(100, 4, seed=3)
    told = cross_validate(cases)
    decider = finish(fit(cases), told, {"what": "a test"})
    for wrong, threshold in decider.curve:
        answered = told.probability >= threshold
        assert np.mean(answered & ~told.right) <= wrong + 1e-12
    assert decider.threshold == decider.threshold_for(decision.MAX_WRONG)
    assert decider.card == {"what": "a test", "max_wrong": decision.MAX_WRONG}
    assert told.figures()["queries"] == 400


def test_few_cases_are_judged_with_those_of_the_earlier_curve() -> None:
    """One wrong answer among forty is more than 2 % of them, and less than 2 % of them all."""
    before = finish(fit(many := world(300, 4, seed=5)), cross_validate(many), {"queries": 1200})
    few = cross_validate(world(10, 4, seed=6))
    surest = float(few.probability.max())
    few = replace(few, right=few.probability < surest)
    alone = finish(fit(many), few, {})
    assert alone.threshold > surest
    joint = finish(fit(many), few, {}, before)
    assert joint.threshold == pytest.approx(before.threshold, abs=0.1)
    marks = {threshold: wrong for wrong, threshold in reversed(before.curve)}
    pairs = list(zip(few.probability, few.right, strict=True))
    for wrong, threshold in joint.curve:
        earlier = np.interp(threshold, sorted(marks), [marks[m] for m in sorted(marks)], left=1.0)
        told = sum(p >= threshold and not right for p, right in pairs)
        assert 1200 * earlier + told <= wrong * 1240 + 1e-6
    assert list(joint.curve) == sorted(joint.curve)


def test_many_cases_outweigh_the_earlier_curve() -> None:
    before = replace(fit(world(30, 4, seed=7)), curve=((0.0, 0.9999), (0.2, 0.0)))
    before = replace(before, card={"queries": 10})
    told = cross_validate(cases := world(300, 4, seed=8))
    joint, alone = finish(fit(cases), told, {}, before), finish(fit(cases), told, {})
    for (wrong, here), (_, there) in zip(joint.curve, alone.curve, strict=True):
        if wrong >= decision.MAX_WRONG:
            assert here == pytest.approx(there, abs=0.05)


def test_nothing_but_unknown_queries_is_no_reason_to_fail() -> None:
    cases = [c for c in world(12, 4, seed=4) if not c.known]
    decider = fit([*cases, Case("empty", Standing.of(np.zeros(0)), -1, False)])
    assert min(decider.weights) >= 0
    assert tell(decider, cases).probability.max() < 0.5
