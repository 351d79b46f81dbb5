"""Scores become probabilities, and the best one a decision: known or unknown.

A raw score shifts from query to query (a dark photo agrees less with everything), so a candidate
is seen against the query's own background: how far it stands above the next item, and how far above
the spread of all the others. A logistic model on these numbers, fitted on one collection and kept
as data with the split it was fitted on, gives the probability. No threshold lives anywhere else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, TypeVar

import numpy as np

from obverse.errors import ModelError, UsageError
from obverse.types import F64, Array

Made = TypeVar("Made")

PRIOR_WEIGHT = 20
"""A small catalogue has a poor background; the fitted one counts as this many more items."""


@dataclass(frozen=True, slots=True)
class Decider:
    """A fitted calibration.

    Attributes:
        weights: of the features, see ``features``; ``bias`` is added.
        background: mean and standard deviation of the scores of wrong items where it was fitted.
        rival: the usual best score of a wrong item; a lone item is measured against it.
        threshold: probability from which the best candidate counts as known.
        card: what it was fitted on, how, and how well it did.
    """

    weights: tuple[float, float, float]
    bias: float
    background: tuple[float, float]
    rival: float
    threshold: float
    card: dict[str, Any]

    def features(self, scores: Array) -> F64:
        """Each item's score, its lead over the best other item, and its distance from the rest in
        standard deviations.

        Args:
            scores: (n,), the best score of each item, best first.

        Returns:
            float64 (n, 3).
        """
        s = np.asarray(scores, np.float64)
        n = len(s)
        best_other = np.full(n, s[0] if n else 0.0)
        best_other[:1] = max(s[1], self.rival) if n > 1 else self.rival
        mean, std = self.background
        rest = s[1:]
        mean_q = (rest.sum() + PRIOR_WEIGHT * mean) / (len(rest) + PRIOR_WEIGHT)
        squares = ((rest - mean_q) ** 2).sum() + PRIOR_WEIGHT * std**2
        std_q = np.sqrt(squares / (len(rest) + PRIOR_WEIGHT))
        return np.stack([s, s - best_other, (s - mean_q) / std_q], axis=1)

    def probabilities(self, scores: Array) -> F64:
        """Calibrated probabilities of items, float64 (n,), from their scores, best first.

        Together they never exceed one: at most one item is the answer.
        """
        logit = self.features(scores) @ np.asarray(self.weights) + self.bias
        p = 1.0 / (1.0 + np.exp(-np.clip(logit, -40, 40)))
        p = np.minimum.accumulate(p) if len(p) else p
        return np.asarray(p / max(1.0, float(p.sum())))

    def known(self, probability: float) -> bool:
        """Does the catalogue hold the item?"""
        return probability >= self.threshold


class Undecided(Decider):
    """No calibration: for what no calibration was fitted for.

    Its probabilities are shares of one, by how far each score stands above the others; nothing is
    ever known.
    """

    __slots__ = ()

    def __init__(self) -> None:
        card = {"what": "no calibration: shares, not probabilities"}
        super().__init__((0.0, 0.0, 1.0), 0.0, (0.0, 1.0), 0.0, float("inf"), card)

    def probabilities(self, scores: Array) -> F64:
        """Exponentials of scores in standard deviations, over their sum, float64 (n,)."""
        s = np.asarray(scores, np.float64)
        if not len(s):
            return s
        steps = np.exp((s - s.max()) / max(float(s.std()), 1e-9))
        return np.asarray(steps / steps.sum())


@dataclass(frozen=True, slots=True)
class PairDecider:
    """A fitted calibration for two photos of one thing (``obverse.fuse``).

    Attributes:
        decider: of joined scores.
        neutral: the score that stands for a side of which an item has no picture.
        alike: score of the two photos against each other from which they show one side.
        gap: weight and bias of a logistic model of the gap between the best two items, one for each
            photo, and the best one for both.
        threshold: probability of two different things from which it is said.
    """

    decider: Decider
    neutral: float
    alike: float
    gap: tuple[float, float]
    threshold: float

    def same_side(self, score: float) -> bool:
        """Do the photos show one side?"""
        return score >= self.alike

    def apart(self, gap: float) -> float:
        """The probability that the photos show two different things."""
        weight, bias = self.gap
        return float(1.0 / (1.0 + np.exp(-np.clip(weight * gap + bias, -40, 40))))

    def disagree(self, apart: float) -> bool:
        """Is that sure enough to be said?"""
        return apart >= self.threshold


@lru_cache(maxsize=4)
def get(recipe: str) -> Decider:
    """The calibration shipped for a recipe. Raises ``ModelError`` if it cannot be read."""
    return _read(f"decide-{recipe}.json", _decider)


@lru_cache(maxsize=4)
def get_pair(recipe: str) -> PairDecider:
    """The one for two photos.

    Raises:
        UsageError: none was fitted for the recipe.
        ModelError: it cannot be read.
    """
    name = f"sides-{recipe}.json"
    if not (resources.files("obverse") / "models" / name).is_file():
        raise UsageError(
            f"recipe {recipe!r} has no calibration for two sides",
            hint="ask about each photo by itself",
        )
    return _read(name, _pair_decider)


def _read(name: str, make: Callable[[dict[str, Any]], Made]) -> Made:
    try:
        text = (resources.files("obverse") / "models" / name).read_text("utf-8")
        return make(json.loads(text))
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise ModelError(
            f"the calibration {name} cannot be read ({error})", hint="install the package again"
        ) from error


def _decider(data: dict[str, Any]) -> Decider:
    weights, background = data["weights"], data["background"]
    return Decider(
        weights=(float(weights[0]), float(weights[1]), float(weights[2])),
        bias=float(data["bias"]),
        background=(float(background[0]), float(background[1])),
        rival=float(data["rival"]),
        threshold=float(data["threshold"]),
        card=data["card"],
    )


def _pair_decider(data: dict[str, Any]) -> PairDecider:
    return PairDecider(
        decider=_decider(data),
        neutral=float(data["neutral"]),
        alike=float(data["alike"]),
        gap=(float(data["gap"][0]), float(data["gap"][1])),
        threshold=float(data["disagree"]),
    )
