"""What an evaluation found: one prediction per query, and the figures they add up to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from obverse.evaluate import metrics
from obverse.evaluate.metrics import Bin, Outcomes, Times
from obverse.types import F64

KS = (1, 2, 5, 10, 20)
"""The k of recall@k."""
MAX_WRONG = 0.005
"""Wrong answers among all queries that a user may put up with: one in two hundred."""
WRONG = (0.005, 0.01, 0.02)
"""Shares of wrong answers that every report tells the outcomes at."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One query and what came back.

    Attributes:
        photo: the picture as the protocol names it.
        role: query or unknown.
        item: id of the right item.
        answer: id of the best candidate's item; empty if nothing came back.
        rank: 1-based place of the right item; None if it is not among the candidates.
        probability, score: of the best candidate; 0 and -inf if nothing came back.
        known: the shipped decision: True if ``answer`` is given as the answer.
        found: an object was found in the photo.
        times_ms: wall time per stage.
        error, reason: the error class and why the photo could not be used; empty if it could.
    """

    photo: str
    role: str
    item: str
    answer: str = ""
    rank: int | None = None
    probability: float = 0.0
    score: float = -math.inf
    known: bool = False
    found: bool = False
    times_ms: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    reason: str = ""

    @property
    def right(self) -> bool:
        """The best candidate is the right item."""
        return self.role == "query" and self.rank == 1

    @property
    def confused(self) -> bool:
        """A wrong item came first; for an unknown query, and was given as the answer."""
        return bool(self.answer) and not self.right and (self.role == "query" or self.known)

    @property
    def sureness(self) -> float:
        """The open-set score: the best candidate's probability, -inf if nothing came back."""
        return self.probability if self.answer else -math.inf


@dataclass(frozen=True, slots=True)
class Failed:
    """A photo that could not be used, and why."""

    photo: str
    role: str
    error: str
    reason: str

    def to_dict(self) -> dict[str, str]:
        return {
            "photo": self.photo,
            "role": self.role,
            "error": self.error,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """JPEGs that show a confusion; empty bytes where there is none.

    Attributes:
        photo: the whole query photo.
        patch: the object in it.
        answer: the view that was answered.
        right: a view of the right item.
        turn: degrees, counter-clockwise, by which ``answer`` must be turned to lie as ``patch``.
        right_turn: the same for ``right``; 0 where it is not known.
    """

    photo: bytes = b""
    patch: bytes = b""
    answer: bytes = b""
    right: bytes = b""
    turn: float = 0.0
    right_turn: float = 0.0


@dataclass(frozen=True, slots=True)
class Confusion:
    """An item taken for another one.

    Attributes:
        item: the right item.
        role: query, or unknown where the catalogue lacks the item.
        answer: what came first instead.
        count: how many photos.
        weight: sum of their probabilities: many and sure is worst.
        photo, probability, known: of the surest of them.
        pictures: of the surest of them.
    """

    item: str
    role: str
    answer: str
    count: int
    weight: float
    photo: str
    probability: float
    known: bool
    pictures: Pictures = field(default_factory=Pictures)

    def to_dict(self) -> dict[str, Any]:
        return {
            "item": self.item,
            "role": self.role,
            "answer": self.answer,
            "count": self.count,
            "weight": round(self.weight, 4),
            "photo": self.photo,
            "probability": round(self.probability, 5),
            "known": self.known,
        }


@dataclass(frozen=True, slots=True)
class OpenSet:
    """Known and unknown queries told apart by the best candidate's probability.

    Attributes:
        auroc, fpr95: None without queries of both kinds.
        max_wrong: the wrong rate chosen.
        chosen: outcomes at the threshold that keeps to it here, in hindsight.
        points: outcomes in hindsight at each of ``WRONG``.
        shipped: outcomes of the decision that was given, by the catalogue's calibration.
    """

    auroc: float | None
    fpr95: float | None
    max_wrong: float
    chosen: Outcomes
    points: Mapping[float, Outcomes]
    shipped: Outcomes

    def to_dict(self) -> dict[str, Any]:
        return {
            "auroc": self.auroc,
            "fpr95": self.fpr95,
            "max_wrong": self.max_wrong,
            **self.chosen.to_dict(),
            "points": {str(wrong): point.to_dict() for wrong, point in self.points.items()},
            "shipped": {k: v for k, v in self.shipped.to_dict().items() if k != "threshold"},
        }


@dataclass(frozen=True, slots=True)
class Setting:
    """What was run, where and when: enough to run it again.

    Attributes:
        recipe: name of the recipe.
        models: stage name to model fingerprint.
        max_wrong, top, limit, workers: as given to ``evaluate``.
        cached: True if the catalogue was there already.
        seconds: wall time of building the ``catalogue`` and asking the ``queries``.
        date: UTC, ISO 8601.
        version: of the package.
        machine: processor, cores, Python.
    """

    recipe: str
    models: Mapping[str, str]
    max_wrong: float | None
    top: int
    limit: int | None
    workers: int
    cached: bool
    seconds: Mapping[str, float]
    date: str
    version: str
    machine: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe,
            "models": dict(self.models),
            "max_wrong": self.max_wrong,
            "top": self.top,
            "limit": self.limit,
            "workers": self.workers,
            "cached": self.cached,
            "seconds": {k: round(v, 2) for k, v in self.seconds.items()},
            "date": self.date,
            "version": self.version,
            "machine": dict(self.machine),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one run.

    Attributes:
        protocol: its name.
        note: the split in one sentence.
        counts: views, items, known and unknown queries, failed photos, query photos that are a
            catalogue picture byte for byte (``same_file``).
        recall: k to share of known queries; a photo that failed counts as not found.
        recall_interval: 95 % interval of recall@1, items drawn again.
        mrr: over known queries; ranks past ``top`` add nothing.
        ece, bins: over all queries that were answered; an unknown one is never right.
        found: share of query photos in which an object was found.
        times_ms: per stage, ``total`` is the whole answer as the caller waits for it.
    """

    protocol: str
    note: str
    setting: Setting
    counts: Mapping[str, int]
    recall: Mapping[int, float | None]
    recall_interval: tuple[float, float] | None
    mrr: float | None
    open_set: OpenSet
    ece: float | None
    bins: tuple[Bin, ...]
    found: float
    times_ms: Mapping[str, Times]
    failed: tuple[Failed, ...]
    confusions: tuple[Confusion, ...]
    predictions: tuple[Prediction, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; predictions and pictures are left out."""
        return {
            "protocol": self.protocol,
            "note": self.note,
            "counts": dict(self.counts),
            "recall": {str(k): v for k, v in self.recall.items()},
            "recall_at_1_interval": None
            if self.recall_interval is None
            else list(self.recall_interval),
            "mrr": self.mrr,
            "open_set": self.open_set.to_dict(),
            "ece": self.ece,
            "reliability": [b.to_dict() for b in self.bins],
            "found": self.found,
            "times_ms": {stage: t.to_dict() for stage, t in self.times_ms.items()},
            "failed": [f.to_dict() for f in self.failed],
            "confusions": [c.to_dict() for c in self.confusions],
            "setting": self.setting.to_dict(),
        }


def ranks(predictions: Sequence[Prediction]) -> F64:
    """Ranks of the known queries, float64, inf where the right item did not come back."""
    known = (p.rank or math.inf for p in predictions if p.role == "query")
    return np.array(list(known), dtype=np.float64)


def sureness(predictions: Sequence[Prediction]) -> tuple[F64, F64]:
    """Open-set scores of the known and of the unknown queries."""
    known = [p.sureness for p in predictions if p.role == "query"]
    unknown = [p.sureness for p in predictions if p.role == "unknown"]
    return np.array(known, dtype=np.float64), np.array(unknown, dtype=np.float64)


def summarise(
    predictions: Sequence[Prediction],
    *,
    protocol: str,
    note: str,
    setting: Setting,
    counts: Mapping[str, int],
    failed: Sequence[Failed] = (),
    pictures: Mapping[str, Pictures] | None = None,
) -> Report:
    """Predictions to figures. ``pictures`` are keyed by the photo of a prediction."""
    known = [p for p in predictions if p.role == "query"]
    answered = [p for p in predictions if p.answer]
    rank = ranks(predictions)
    high, low = sureness(predictions)
    score = np.array([p.sureness for p in predictions])
    right = [p.right for p in predictions]
    unknown = [p.role == "unknown" for p in predictions]
    calibrated = [p.probability for p in answered], [p.right for p in answered]
    allowed = MAX_WRONG if setting.max_wrong is None else setting.max_wrong
    stages: dict[str, list[float]] = {}
    for p in predictions:
        for stage, ms in p.times_ms.items():
            stages.setdefault(stage, []).append(ms)
    return Report(
        protocol=protocol,
        note=note,
        setting=setting,
        counts={
            **counts,
            "known": len(known),
            "unknown": len(predictions) - len(known),
            "failed": len(failed),
        },
        recall=metrics.recall_at(rank, KS),
        recall_interval=metrics.bootstrap_interval(rank <= 1, [p.item for p in known]),
        mrr=metrics.mrr(rank),
        open_set=OpenSet(
            auroc=metrics.auroc(high, low),
            fpr95=metrics.fpr_at_tpr(high, low, 0.95),
            max_wrong=allowed,
            chosen=metrics.operating_point(score, right, unknown, allowed),
            points={w: metrics.operating_point(score, right, unknown, w) for w in WRONG},
            shipped=metrics.count_outcomes([p.known for p in predictions], right, unknown),
        ),
        ece=metrics.ece(*calibrated),
        bins=metrics.reliability(*calibrated),
        found=float(np.mean([p.found for p in predictions])),
        times_ms={stage: metrics.percentiles(times) for stage, times in stages.items()},
        failed=tuple(failed),
        confusions=_confusions(predictions, pictures or {}),
        predictions=tuple(predictions),
    )


def _confusions(
    predictions: Sequence[Prediction], pictures: Mapping[str, Pictures]
) -> tuple[Confusion, ...]:
    """Wrong first answers, grouped by what was taken for what, worst first."""
    groups: dict[tuple[str, str, str], list[Prediction]] = {}
    for p in predictions:
        if p.confused:
            groups.setdefault((p.role, p.item, p.answer), []).append(p)
    found = []
    for (role, item, answer), group in groups.items():
        worst = max(group, key=lambda p: p.probability)
        found.append(
            Confusion(
                item=item,
                role=role,
                answer=answer,
                count=len(group),
                weight=sum(p.probability for p in group),
                photo=worst.photo,
                probability=worst.probability,
                known=worst.known,
                pictures=pictures.get(worst.photo, Pictures()),
            )
        )
    return tuple(sorted(found, key=lambda c: (-c.weight, c.item, c.answer)))
