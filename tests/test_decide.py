"""Decide: probabilities behave, whatever the size of the catalogue."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obverse import decide
from obverse.decide import PRIOR_WEIGHT, Decider
from obverse.errors import ModelError

PLAIN = Decider(
    weights=(8.0, 10.0, 0.3),
    bias=-4.0,
    background=(0.1, 0.05),
    rival=0.2,
    threshold=0.5,
    card={},
)


def test_features_by_a_slow_formula() -> None:
    scores = [0.6, 0.3, 0.2, 0.1]
    got = PLAIN.features(np.array(scores))
    rest = scores[1:] + [0.1] * PRIOR_WEIGHT
    mean = sum(rest) / len(rest)
    spread = sum((s - mean) ** 2 for s in scores[1:]) + PRIOR_WEIGHT * 0.05**2
    std = (spread / (3 + PRIOR_WEIGHT)) ** 0.5
    for i, s in enumerate(scores):
        lead = s - 0.3 if i == 0 else s - 0.6
        assert got[i] == pytest.approx([s, lead, (s - mean) / std])


@given(st.lists(st.floats(-1, 1), min_size=0, max_size=60))
def test_probabilities_are_probabilities(values: list[float]) -> None:
    scores = np.sort(np.array(values))[::-1]
    p = PLAIN.probabilities(scores)
    assert p.shape == scores.shape
    assert ((p >= 0) & (p <= 1)).all()
    assert p.sum() <= 1 + 1e-9
    assert (np.diff(p) <= 1e-12).all()


def test_a_clear_lead_beats_a_tie() -> None:
    clear = PLAIN.probabilities(np.array([0.6, 0.2, 0.1]))[0]
    tie = PLAIN.probabilities(np.array([0.6, 0.59, 0.1]))[0]
    assert clear > tie
    assert tie <= 0.5 + 1e-9 or PLAIN.probabilities(np.array([0.6, 0.59, 0.1]))[1] < tie


def test_a_lone_item_is_not_known_by_being_alone() -> None:
    assert PLAIN.probabilities(np.array([0.15]))[0] < 0.5
    assert PLAIN.probabilities(np.array([0.8]))[0] > 0.9


@pytest.mark.parametrize("recipe", ["coin", "disc", "flat"])
def test_shipped_calibrations_say_where_they_come_from(recipe: str) -> None:
    decider = decide.get(recipe)
    assert 0 < decider.threshold < 1
    for key in ("fitted_on", "cross_validated", "ece", "auroc", "operating_points", "command"):
        assert key in decider.card
    sure = decider.probabilities(np.array([0.95, *np.full(30, decider.background[0])]))[0]
    unsure = decider.probabilities(np.array([decider.rival, *np.full(30, decider.rival)]))[0]
    assert decider.known(float(sure))
    assert not decider.known(float(unsure))


def test_no_calibration() -> None:
    with pytest.raises(ModelError, match="install the package again"):
        decide.get("no-such-recipe")
