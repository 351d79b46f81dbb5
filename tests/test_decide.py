"""Decide: probabilities behave, whatever the size of the catalogue."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obverse import decide
from obverse.decide import LOOKED_AT, Decider, Standing, spoken
from obverse.errors import CatalogueDamaged, ModelError, UsageError
from obverse.types import Evidence, Expected, NumeralReading, OutlineReading

PLAIN = Decider(
    weights=(8.0, 10.0, 3.0, 1.5),
    bias=-4.0,
    rival=0.2,
    usual=(0.5, -0.1),
    expected=None,
    curve=((0.0, 0.97), (0.005, 0.9), (0.02, 0.6), (0.1, 0.3)),
    threshold=0.6,
    card={},
)
RECIPES = ("coin", "disc", "flat")
SIZES = (1, 2, 5, 20)


def stand(*scores: float) -> Standing:
    return Standing.of(np.array(scores))


def seen(score: float, weakest: float | None, ratio: float | None = None) -> Evidence:
    numeral = (
        None if ratio is None else NumeralReading("20", "20" if ratio > 0 else "50", ratio, ())
    )
    return Evidence(score, 0.0, np.zeros((1, 1), np.float32), weakest=weakest, numeral=numeral)


def test_what_speaks_against_an_item_is_the_most_that_does() -> None:
    """A value that agrees does not make up for another shape."""
    one = replace(seen(0.6, 0.4, 3.0), outline=OutlineReading(0, 12, -4.6))
    assert spoken(one) == -4.6
    assert spoken(seen(0.6, 0.4, 3.0)) == 3.0
    assert spoken(seen(0.6, 0.4)) == 0.0
    got = PLAIN.features(Standing.of(np.array([0.5, 0.6]), [seen(0.5, None), one]))
    assert got[0, 1] == pytest.approx(0.5 - PLAIN.rival), "an item of another shape is no rival"
    assert got[1, 3] == -4.6


def lists(size: int) -> st.SearchStrategy[list[float]]:
    return st.lists(st.floats(0, 1), min_size=size, max_size=size)


def test_features_by_a_slow_formula() -> None:
    scores = [0.6, 0.3, 0.15]
    got = PLAIN.features(Standing.of(np.array(scores), [seen(0.6, 0.4), seen(0.3, None)]))
    assert got[0] == pytest.approx([0.6, 0.6 - 0.3, 0.4, 0.0])
    assert got[1] == pytest.approx([0.3, 0.3 - 0.6, 0.5 * 0.3 - 0.1, 0.0])
    assert got[2] == pytest.approx([0.15, 0.15 - 0.6, 0.5 * 0.15 - 0.1, 0.0])
    assert PLAIN.features(stand(0.6, 0.1))[0, 1] == pytest.approx(0.4), "the rival is nearer"


def test_a_score_counts_from_what_photos_of_the_view_score() -> None:
    decider = replace(PLAIN, expected=(0.6, 0.4))
    scores = np.array([0.6, 0.3])
    poor = replace(seen(0.6, 0.4), expected=Expected(0.5, 0.25))
    got = decider.features(Standing.of(scores, [poor, seen(0.3, 0.2)]))
    assert got[0] == pytest.approx([0.1, 0.3, 0.15, 0.0])
    assert got[1] == pytest.approx([0.3 - 0.5, -0.3, 0.2 - 0.25, 0.0]), "as the best view"
    assert decider.features(stand(0.6))[0, 0] == pytest.approx(0.0), "as is usual, unasked"
    np.testing.assert_array_equal(
        PLAIN.features(Standing.of(scores, [poor])),
        PLAIN.features(Standing.of(scores, [seen(0.6, 0.4)])),
    )
    good = replace(poor, expected=Expected(0.7, 0.5))
    chances = [decider.probabilities(Standing.of(scores, [e]))[0] for e in (poor, good)]
    assert chances[0] > chances[1]
    taken = Standing.of(scores, [poor, seen(0.3, 0.2)]).take([1, 0])
    assert decider.features(taken)[:, 0] == pytest.approx([-0.2, 0.1]), "dates may reorder items"


@pytest.mark.parametrize("expected", [None, (0.45, 0.2), (0.6, 0.42), (0.75, 0.6)])
@pytest.mark.parametrize("score", [0.5, 0.7, 0.9])
def test_of_items_with_one_picture_none_is_known(
    score: float, expected: tuple[float, float] | None
) -> None:
    decider = decide.get("coin")
    evidence = [seen(score, score - 0.15) for _ in range(2)]
    if expected is not None:
        evidence[0] = replace(evidence[0], expected=Expected(*expected))
    p = decider.probabilities(Standing.of(np.array([score, score, 0.3]), evidence))
    assert p[0] == p[1] < 0.5
    assert not decider.known(float(p[0]), 1.0)


def test_each_item_has_its_share_of_all_odds() -> None:
    """By the formula; and of two that are as likely none reaches a half."""
    standing = stand(0.6, 0.5, 0.1)
    logit = PLAIN.features(standing) @ PLAIN.weights + PLAIN.bias
    odds = np.exp(logit)
    np.testing.assert_allclose(PLAIN.probabilities(standing), odds / (1 + odds.sum()))
    sure = replace(PLAIN, bias=1e3).probabilities(stand(0.9, 0.9))
    assert sure[0] == sure[1] < 0.5


def test_a_number_speaks_against_an_item_and_not_for_it() -> None:
    scores = np.array([0.6, 0.55, 0.3])
    plain, equal, other = (
        Standing.of(scores, [seen(0.6, 0.4, r), seen(0.55, 0.3)]) for r in (None, 4.0, -4.0)
    )
    np.testing.assert_array_equal(PLAIN.features(plain), PLAIN.features(equal))
    assert PLAIN.features(other)[0] == pytest.approx([0.6, 0.6 - 0.55, 0.4, -4.0])
    swapped = Standing.of(scores[[1, 0, 2]], [seen(0.55, 0.3, 4.0), seen(0.6, 0.4, -4.0)])
    assert PLAIN.features(swapped)[0] == pytest.approx([0.55, 0.55 - 0.3, 0.3, 0.0]), "no rival"
    chances = [PLAIN.probabilities(standing)[0] for standing in (plain, equal, other)]
    assert chances[0] == chances[1] > 10 * chances[2]


@given(
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=8),
    against=st.floats(0.01, 4.6),
    said=st.lists(st.floats(-4.6, 4.6), min_size=LOOKED_AT, max_size=LOOKED_AT),
    unread=st.integers(0, LOOKED_AT),
)
def test_a_first_item_of_another_value_is_never_surer_than_without_numbers(
    scores: list[float], against: float, said: list[float], unread: int
) -> None:
    """Whatever the numbers of the others say: those of other values are no better answers."""
    ordered = np.sort(np.array(scores))[::-1]
    ratios = [None] * unread + [*said[unread:]]
    ratios[0] = -against
    seen_so = [seen(s, 0.1, r) for s, r in zip(ordered, ratios, strict=False)]
    plain = Standing.of(ordered, [seen(s, 0.1) for s in ordered])
    with_numbers = PLAIN.features(Standing.of(ordered, seen_so))[0] @ PLAIN.weights
    assert with_numbers <= PLAIN.features(plain)[0] @ PLAIN.weights + 1e-9


def test_a_calibration_from_before_copies_does_not_count_them() -> None:
    told = PLAIN.to_dict() | {"expected": [0.6, 0.4]}
    assert Decider.from_dict(told).expected == (0.6, 0.4)
    del told["expected"]
    assert Decider.from_dict(told).expected is None
    assert PLAIN.curve[-1][1] < 0.5
    assert Decider.from_dict(told | {"threshold": 0.4}).threshold == 0.5, "nor what is unlikely"
    assert Decider.from_dict(told).curve[-1] == (0.1, 0.5)


def test_a_calibration_from_before_numbers_takes_the_shipped_weight_of_them() -> None:
    told = PLAIN.to_dict()
    told["weights"] = told["weights"][:3]
    assert Decider.from_dict(told).weights == (8.0, 10.0, 3.0, decide.get("coin").weights[3])
    assert decide.get("coin").weights[3] > 0


def test_evidence_counts_for_the_first_few_whatever_is_asked_for() -> None:
    scores = np.linspace(0.9, 0.1, 9)
    evidence = [seen(s, s / 2) for s in scores]
    many, few = Standing.of(scores, evidence), Standing.of(scores, evidence[:LOOKED_AT])
    np.testing.assert_array_equal(many.weakest, few.weakest)
    assert np.isfinite(many.weakest).sum() == LOOKED_AT
    taken = many.take([0, 4, 5])
    assert taken.scores.tolist() == scores[[0, 4, 5]].tolist()
    assert np.isfinite(taken.weakest).tolist() == [True, False, False]


@given(st.lists(st.floats(-1, 1), min_size=0, max_size=60))
def test_probabilities_are_probabilities(values: list[float]) -> None:
    scores = np.sort(np.array(values))[::-1]
    p = PLAIN.probabilities(Standing.of(scores))
    assert p.shape == scores.shape
    assert ((p >= 0) & (p <= 1)).all()
    assert p.sum() <= 1 + 1e-9
    assert (np.diff(p) <= 1e-12).all()


@pytest.mark.parametrize("recipe", RECIPES)
@given(data=st.data(), size=st.sampled_from(SIZES))
def test_a_better_score_never_lowers_the_probability(
    recipe: str, data: st.DataObject, size: int
) -> None:
    """Nor do worse rivals, a better weakest part, or numbers that speak less against it or more
    against others: in the shipped fits, small catalogues too."""
    decider = decide.get(recipe)
    scores = np.sort(data.draw(lists(size)))[::-1]
    weakest = np.full(size, np.nan)
    looked = min(size, LOOKED_AT)
    weakest[:looked] = data.draw(st.lists(st.floats(-1, 1), min_size=looked, max_size=looked))
    said = np.array(data.draw(st.lists(st.floats(-4, 4), min_size=size, max_size=size)))
    before = decider.probabilities(Standing(scores, weakest, said))[0] - 1e-12
    better = scores.copy()
    better[0] += data.draw(st.floats(0, 1))
    assert decider.probabilities(Standing(better, weakest, said))[0] >= before
    worse = scores.copy()
    worse[1:] -= np.sort(data.draw(lists(size - 1)))
    assert decider.probabilities(Standing(worse, weakest, said))[0] >= before
    whole = weakest.copy()
    whole[0] += data.draw(st.floats(0, 1))
    assert decider.probabilities(Standing(scores, whole, said))[0] >= before
    same = said.copy()
    same[0] += data.draw(st.floats(0, 4))
    assert decider.probabilities(Standing(scores, weakest, same))[0] >= before
    others = said.copy()
    others[1:] -= data.draw(st.floats(0, 4))
    assert decider.probabilities(Standing(scores, weakest, others))[0] >= before


@pytest.mark.parametrize("recipe", ["coin", "flat"])
@pytest.mark.parametrize("size", SIZES)
def test_small_catalogues_know_the_right_item_and_no_other(recipe: str, size: int) -> None:
    """`disc` is left out: it cannot tell known from unknown, as its card says."""
    decider = decide.get(recipe)
    others = np.full(size - 1, decider.rival / 2)
    right = decider.probabilities(Standing.of(np.array([0.95, *others])))[0]
    wrong = decider.probabilities(Standing.of(np.array([decider.rival, *others])))[0]
    assert decider.known(float(right))
    assert not decider.known(float(wrong))


def test_a_clear_lead_beats_a_tie() -> None:
    clear = PLAIN.probabilities(stand(0.6, 0.2, 0.1))[0]
    tie = PLAIN.probabilities(stand(0.6, 0.59, 0.1))
    assert clear > tie[0] > tie[1]


def test_a_weak_part_lowers_the_probability() -> None:
    scores = np.array([0.6, 0.2])
    whole, flawed = (
        PLAIN.probabilities(Standing.of(scores, [seen(0.6, w)]))[0] for w in (0.5, -0.2)
    )
    assert whole > flawed


def test_fewer_wrong_answers_need_a_higher_probability() -> None:
    assert PLAIN.threshold_for(None) == 0.6
    wanted = {0.0: 0.97, 0.003: 0.97, 0.005: 0.9, 0.01: 0.9, 0.02: 0.6, 1.0: 0.3}
    assert {w: PLAIN.threshold_for(w) for w in wanted} == wanted
    assert {w: PLAIN.least(w) for w in wanted} == wanted
    assert decide.Undecided().least() is None
    assert replace(PLAIN, curve=((0.0, float("inf")),)).least(0.0) is None
    assert PLAIN.known(0.7)
    assert not PLAIN.known(0.7, 0.005)
    for no_share in (-0.1, 1.1, float("nan")):
        with pytest.raises(UsageError, match="a share between 0 and 1"):
            PLAIN.known(0.7, no_share)


@pytest.mark.parametrize("recipe", RECIPES)
def test_shipped_calibrations_say_where_they_come_from(recipe: str) -> None:
    decider = decide.get(recipe)
    assert 0 < decider.threshold < 1
    for key in ("fitted_on", "cross_validated", "ece", "auroc", "operating_points", "command"):
        assert key in decider.card
    assert min(decider.weights) >= 0
    shares, thresholds = zip(*decider.curve, strict=True)
    assert list(shares) == sorted(shares)
    assert list(thresholds) == sorted(thresholds, reverse=True)
    assert decider.threshold == dict(decider.curve)[decider.card["max_wrong"]]
    assert min(thresholds) >= 0.5, "less likely than not is not known"


def test_a_calibration_survives_storage_or_says_so() -> None:
    fitted = replace(PLAIN, curve=PLAIN.curve[:-1], expected=(0.6, 0.4))
    kept = fitted.to_bytes()
    assert Decider.from_bytes(kept) == fitted
    negative = replace(PLAIN, weights=(-1.0, 10.0, 3.0)).to_bytes()
    bare = json.dumps({**PLAIN.to_dict(), "curve": []}).encode()
    for bad in (kept[:-20], b"[]", negative, bare):
        with pytest.raises(CatalogueDamaged, match=r"obverse calibrate c\.obv --off"):
            Decider.from_bytes(bad, "c.obv")


def test_no_calibration() -> None:
    with pytest.raises(ModelError, match="install the package again"):
        decide.get("no-such-recipe")
