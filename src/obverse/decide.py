"""Scores become probabilities, and the best one a decision: known or unknown.

A raw score shifts from query to query (a dark photo agrees less with everything), so a candidate
is also seen against the others: how far it stands above the best of them. It shifts from view to
view (so does a dark picture in the catalogue), so it counts from what photos of the view's own
picture score. And a design that is merely similar agrees but for one part, so the part that agrees
least counts too, and so does the number that says the value, where view and photo have one. A
conditional logit of these, no weight of which is negative, fitted on one collection and kept as
data with the split it was fitted on, gives the probability. What is known is decided here alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, ClassVar, TypeVar

import numpy as np

from obverse import shipped
from obverse.errors import CatalogueDamaged, UsageError
from obverse.types import F64, Array, Evidence

Made = TypeVar("Made")

FARTHEST = 30.0
"""Logarithms of odds are at most this: of greater ones the sum would forget that none may be right.
"""
LEAST = 0.5
"""No less likely answer is known, however few wrong ones there were: of two items that are as
likely none reaches it."""
LOOKED_AT = 3
"""Candidates whose evidence counts, whatever number is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What is known about the items of a shortlist, best first: by their scores before a closer
    look raised some, but for one that a number or an outline may have put first.

    Attributes:
        scores: float64 (n,), of each item's best view.
        weakest: float64 (n,), ``Evidence.weakest`` of that view; nan where nobody looked, or the
            verifier cannot tell.
        said: float64 (n,), ``spoken`` of its evidence; 0 where nobody looked.
        before: float64 (n,), the scores before a closer look raised some; None where none was.
        expected: what copies of the view that agrees best score, and how well their weakest parts
            agree, in the mean; None where none were asked.
    """

    scores: F64
    weakest: F64
    said: F64
    before: F64 | None = None
    expected: tuple[float, float] | None = None

    @property
    def plain(self) -> F64:
        """The scores that every item has, looked at closer or not, float64 (n,)."""
        return self.scores if self.before is None else self.before

    @classmethod
    def of(
        cls, scores: Array, evidence: Sequence[Evidence] = (), before: F64 | None = None
    ) -> Standing:
        """From scores (n,), best first, the evidence for the first few, and the scores before."""
        weakest, said = np.full(len(scores), np.nan), np.zeros(len(scores))
        for i, shown in enumerate(evidence[: min(LOOKED_AT, len(scores))]):
            weakest[i] = np.nan if shown.weakest is None else shown.weakest
            said[i] = spoken(shown)
        told = next((shown.expected for shown in evidence if shown.expected), None)
        expected = None if told is None else (told.score, told.weakest)
        return cls(np.asarray(scores, np.float64), weakest, said, before, expected)

    def take(self, places: Sequence[int]) -> Standing:
        """Those of some items only, in this order."""
        before = None if self.before is None else self.before[places]
        kept = self.scores[places], self.weakest[places], self.said[places]
        return Standing(*kept, before, self.expected)


def spoken(evidence: Evidence) -> float:
    """What value and outline say for or against a view: the least ``ratio``, natural logarithm of
    how much likelier the photo shows this view's than another; 0 where neither was seen."""
    read = (evidence.numeral, evidence.outline)
    return min((reading.ratio for reading in read if reading), default=0.0)


@dataclass(frozen=True, slots=True)
class Decider:
    """A fitted calibration.

    Attributes:
        weights: of ``features``, none negative; ``bias`` is added.
        rival: the usual best score of a wrong item; nobody's lead counts from lower.
        usual: slope and offset of the weakest part that goes with a score, for where nobody looked.
        expected: what copies of a view usually score, and their weakest parts, for where none were
            asked. None: fitted without copies, so that they do not count.
        curve: shares of wrong answers, rising, each with the lowest probability that may be
            answered for no more of them to be wrong where it was fitted.
        threshold: probability from which the best candidate counts as known, if nobody says how
            many wrong answers he puts up with.
        card: what it was fitted on, how, and how well it did.
    """

    weights: tuple[float, float, float, float]
    bias: float
    rival: float
    usual: tuple[float, float]
    expected: tuple[float, float] | None
    curve: tuple[tuple[float, float], ...]
    threshold: float
    card: dict[str, Any]

    is_fitted: ClassVar[bool] = True

    def features(self, standing: Standing) -> F64:
        """What speaks for each item, float64 (n, 4): its score above what can be expected; its
        lead over the first item, for the first one over the best other (where nothing is said
        against it, over the best that nothing is said against either); its weakest part above what
        can be expected; and what its own number or outline says against it, 0 or negative. One
        value is struck on many coins, and many are round, so neither ever speaks for an item. What
        can be expected of the best view is taken off every item, for it says whether any is right,
        not which. All rise with what speaks for the item or stay, and fall with what speaks for
        the others or stay."""
        s = standing.scores
        best_other = np.full(len(s), s[0] if len(s) else 0.0)
        rivals = s[1:] if (standing.said[:1] < 0).any() else s[1:][standing.said[1:] >= 0]
        best_other[:1] = rivals.max(initial=self.rival)
        slope, offset = self.usual
        looked = np.isfinite(standing.weakest)
        weakest = np.where(looked, standing.weakest, slope * s + offset)
        lead = s - np.maximum(best_other, self.rival)
        against = np.minimum(standing.said, 0)
        expected = standing.expected or self.expected if self.expected else None
        score, part = expected or (0.0, 0.0)
        return np.stack([s - score, lead, weakest - part, against], axis=1)

    def probabilities(self, standing: Standing) -> F64:
        """Calibrated probabilities of items, float64 (n,).

        The model tells the odds of each item against none; at most one is the answer, so each has
        its share of all odds. Together they never exceed one, and of two that are as likely none
        reaches a half.
        """
        logit = self.features(standing) @ np.asarray(self.weights) + self.bias
        odds = np.exp(np.clip(logit, -FARTHEST, FARTHEST))
        odds = np.minimum.accumulate(odds) if len(odds) else odds
        return np.asarray(odds / (1.0 + odds.sum()))

    def known(self, probability: float, max_wrong: float | None = None) -> bool:
        """Does the catalogue hold the item?

        Args:
            probability: of the best candidate.
            max_wrong: the share of wrong answers, of all, that may be; None is the usual one.

        Raises:
            UsageError: ``max_wrong`` is no share.
        """
        return probability >= self.threshold_for(max_wrong)

    def threshold_for(self, max_wrong: float | None) -> float:
        """The lowest probability that is answered, by the curve; between two of its shares the
        stricter one counts, so that no more is promised than was measured."""
        if max_wrong is None:
            return self.threshold
        if not 0 <= max_wrong <= 1:
            raise UsageError(f"max_wrong is {max_wrong}", hint="give a share between 0 and 1")
        return min(threshold for wrong, threshold in self.curve if wrong <= max_wrong)

    def least(self, max_wrong: float | None = None) -> float | None:
        """As ``threshold_for``; None where no probability is enough."""
        threshold = self.threshold_for(max_wrong)
        return threshold if threshold <= 1 else None

    def to_dict(self) -> dict[str, Any]:
        return {
            "weights": list(self.weights),
            "bias": self.bias,
            "rival": self.rival,
            "usual": list(self.usual),
            "expected": None if self.expected is None else list(self.expected),
            "curve": [list(point) for point in self.curve],
            "threshold": self.threshold,
            "card": self.card,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Decider:
        """Raises ``ValueError`` or its like for data that is no calibration."""
        weights = tuple(float(w) for w in data["weights"])
        # Curves from before all candidates were one model went lower.
        curve = tuple((float(wrong), max(LEAST, float(least))) for wrong, least in data["curve"])
        expected = data.get("expected")
        if len(weights) == 3:  # fitted before numbers were read: they say what they say elsewhere
            weights += get("coin").weights[3:]
        if len(weights) != 4 or min(weights) < 0 or not curve or curve[0][0] != 0:
            raise ValueError("weights or curve make no sense")
        return cls(
            weights=(weights[0], weights[1], weights[2], weights[3]),
            bias=float(data["bias"]),
            rival=float(data["rival"]),
            usual=(float(data["usual"][0]), float(data["usual"][1])),
            expected=(float(expected[0]), float(expected[1])) if expected else None,
            curve=curve,
            threshold=max(LEAST, float(data["threshold"])),
            card=data["card"],
        )

    def to_bytes(self) -> bytes:
        return json.dumps(self.to_dict(), indent=2).encode()

    @classmethod
    def from_bytes(cls, data: bytes, where: object = "") -> Decider:
        """Raises ``CatalogueDamaged`` for bytes that are no calibration."""
        try:
            return cls.from_dict(json.loads(data))
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise CatalogueDamaged(
                "its calibration cannot be read",
                where=where,
                hint=f"take it off: obverse calibrate {where} --off",
            ) from error


class Undecided(Decider):
    """No calibration: for what no calibration was fitted for.

    Its probabilities are shares of one, by how far each score stands above the others; nothing is
    ever known.
    """

    __slots__ = ()
    is_fitted = False

    def __init__(self) -> None:
        card = {"what": "no calibration: shares, not probabilities"}
        never = float("inf")
        super().__init__(
            (1.0, 0.0, 0.0, 0.0), 0.0, 0.0, (0.0, 0.0), None, ((0.0, never),), never, card
        )

    def probabilities(self, standing: Standing) -> F64:
        """Exponentials of scores in standard deviations, over their sum, float64 (n,)."""
        s = standing.scores
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
    return _read(f"decide-{recipe}.json", Decider.from_dict)


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
    return shipped.read(name, f"the calibration {name}", lambda data: make(json.loads(data)))


def _pair_decider(data: dict[str, Any]) -> PairDecider:
    return PairDecider(
        decider=Decider.from_dict(data),
        neutral=float(data["neutral"]),
        alike=float(data["alike"]),
        gap=(float(data["gap"][0]), float(data["gap"][1])),
        threshold=float(data["disagree"]),
    )
