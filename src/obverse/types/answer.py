"""What comes back: evidence for a view, what was read, candidates, and the answer to a photo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from obverse.types.picture import F32, F64, Array, Patch, Photo, Region
from obverse.types.record import Item, View

if TYPE_CHECKING:
    from obverse.separate import Separation


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Keypoints of a view found again in the query.

    Attributes:
        query, view: float32 (n, 2), x and y of each pair in pixels of the two patches.
        inliers: bool (n,), the pairs that the model explains.
        model: float64 (3, 3), homography from the view's patch to the query's; None without one.
    """

    query: F32 = field(repr=False)
    view: F32 = field(repr=False)
    inliers: Array = field(repr=False)
    model: F64 | None = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        return {
            "pairs": len(self.inliers),
            "inliers": int(self.inliers.sum()),
            "homography": None
            if self.model is None
            else [[round(float(v), 6) for v in row] for row in self.model],
        }


@dataclass(frozen=True, slots=True)
class NumeralReading:
    """The number that is the value, as a view says it and as the photo does at the same place.

    Attributes:
        view: on the view.
        photo: in the photo; empty where nothing is legible.
        ratio: natural logarithm of how much likelier the photo says the view's number than any
            other value; 0 where nothing is legible.
        box: the place in the photo: four corners in full-size pixels, from the start of the top
            edge on, clockwise.
    """

    view: str
    photo: str
    ratio: float
    box: tuple[tuple[float, float], ...]

    @property
    def agrees(self) -> bool:
        """Does the photo legibly say that number?"""
        return self.photo == self.view

    @property
    def differs(self) -> bool:
        """Does the photo legibly say another one?"""
        return bool(self.photo) and self.photo != self.view

    def to_dict(self) -> dict[str, Any]:
        return {
            "view": self.view,
            "photo": self.photo,
            "ratio": round(self.ratio, 4),
            "box": [[round(x, 1), round(y, 1)] for x, y in self.box],
        }


@dataclass(frozen=True, slots=True)
class OutlineReading:
    """The shape that a photo shows, where it is that of a view that comes close.

    Attributes:
        view: how many corners or scallops this view has; 0 where none are seen.
        photo: how many the photo shows.
        ratio: natural logarithm of how much likelier the photo has this view's outline than another
            one.
    """

    view: int
    photo: int
    ratio: float

    @property
    def differs(self) -> bool:
        """Does the photo show another shape?"""
        return self.photo != self.view

    def to_dict(self) -> dict[str, Any]:
        return {"view": self.view, "photo": self.photo, "ratio": round(self.ratio, 4)}


@dataclass(frozen=True, slots=True)
class Expected:
    """What hasty photos of a view's own picture agree with it, in the mean: what can be expected of
    a photo of the very thing. Low where the picture is dark, blurred or worn.

    Attributes:
        score, weakest: as of ``Evidence``.
    """

    score: float
    weakest: float

    def to_dict(self) -> dict[str, Any]:
        return {"score": round(self.score, 5), "weakest": round(self.weakest, 5)}


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What verifying one view against the query showed.

    Attributes:
        score: agreement at the best turn, -1 to 1 (for the polar verifier the cosine of the maps);
            of the first few, with the photo laid over the view where that agrees better.
        turn: degrees, counter-clockwise as seen, by which the view's patch must be turned to lie
            as the query does; in [0, 360).
        agreement: float32 (rows of the query's map, radii), each cell's share of the score, in the
            query's frame.
        matches: the keypoints found again, from verifiers that look for them.
        weakest: agreement of the parts that agree least, -1 to 1, from verifiers that can tell.
        numeral: what both say the value is, where the view has a number that can be read.
        outline: which shape both have, where the photo shows corners that some view has.
        expected: what photos of the view's own picture score, of the one that agrees best.
    """

    score: float
    turn: float
    agreement: F32 = field(repr=False)
    matches: Matches | None = None
    weakest: float | None = None
    numeral: NumeralReading | None = None
    outline: OutlineReading | None = None
    expected: Expected | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "score": round(float(self.score), 5),
            "turn": round(float(self.turn), 2),
            **({} if self.weakest is None else {"weakest": round(self.weakest, 5)}),
            **({"numeral": self.numeral.to_dict()} if self.numeral else {}),
            **({"outline": self.outline.to_dict()} if self.outline else {}),
            **({"expected": self.expected.to_dict()} if self.expected else {}),
            **({"matches": self.matches.to_dict()} if self.matches else {}),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """What one of two photos showed about an item: the view it is held against, and the proof."""

    view: View
    evidence: Evidence

    def to_dict(self) -> dict[str, Any]:
        return {
            "view": {"id": self.view.id, "side": self.view.side, "source": self.view.source},
            "evidence": self.evidence.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class YearReading:
    """The year read off an object.

    Attributes:
        year: in the Gregorian calendar.
        written: the number as the object says it, in its own calendar.
        probability: calibrated probability that it is right, 0 to 1.
        boxes: where it stands in the photo, in full-size pixels: the four corners of each piece,
            from the start of its top edge on, clockwise. Two pieces where the design divides it.
        text: what each piece reads at first sight, before only possible years were asked for.
    """

    year: int
    written: str
    probability: float
    boxes: tuple[tuple[tuple[float, float], ...], ...]
    text: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "year": self.year,
            "written": self.written,
            "probability": round(float(self.probability), 5),
            "boxes": [[[round(x, 1), round(y, 1)] for x, y in box] for box in self.boxes],
            "text": list(self.text),
        }


@dataclass(frozen=True, slots=True)
class MarkReading:
    """The mint mark read off an object.

    Attributes:
        mark: its letters; empty for none.
        probability: calibrated probability that it is right, 0 to 1.
        box: where it stands, or would, in the photo: four corners in full-size pixels, from the
            start of the top edge on, clockwise.
    """

    mark: str
    probability: float
    box: tuple[tuple[float, float], ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "mark": self.mark,
            "probability": round(float(self.probability), 5),
            "box": [[round(x, 1), round(y, 1)] for x, y in self.box],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """An item that came back, with its best view.

    Attributes:
        item: the item.
        view: its view that agrees best with the query.
        similarity: cosine of the invariant vectors.
        score: the verifier's. Items are ranked by it before the photo is laid over the first views,
            which may raise it.
        probability: calibrated probability that this item is the answer, 0 to 1.
        evidence: what verifying showed.
        sides: where two photos were asked about together, what each of them showed, in their
            order; None where the catalogue has no picture of that side. ``view``, ``similarity``
            and ``evidence`` are then those of the photo that agrees better.
        year: the year read, where somebody asked and it could be read.
        mint_mark: the mint mark read, where the item says where it stands and it could be read.
    """

    item: Item
    view: View
    similarity: float
    score: float
    probability: float
    evidence: Evidence
    sides: tuple[Match | None, ...] = ()
    year: YearReading | None = None
    mint_mark: MarkReading | None = None

    @property
    def upright(self) -> float:
        """Degrees counter-clockwise by which the query's patch must be turned to stand upright, as
        the view does once it is turned by its own ``upright``; 0 to 360."""
        return (self.view.upright - self.evidence.turn) % 360

    def to_dict(self) -> dict[str, Any]:
        sides = [None if match is None else match.to_dict() for match in self.sides]
        return {
            "item": self.item.to_dict(),
            "view": {"id": self.view.id, "side": self.view.side, "source": self.view.source},
            "similarity": round(float(self.similarity), 5),
            "score": round(float(self.score), 5),
            "probability": round(float(self.probability), 5),
            "upright": round(self.upright, 2),
            "evidence": self.evidence.to_dict(),
            "year": None if self.year is None else self.year.to_dict(),
            "mint_mark": None if self.mint_mark is None else self.mint_mark.to_dict(),
            **({"sides": sides} if sides else {}),
        }


@dataclass(frozen=True, slots=True)
class Pairing:
    """How two photos of one thing go together.

    Attributes:
        same_side: both show one side, so the second adds little.
        apart: calibrated probability that they show two different things: mixed up, or a mule, or
            a fake. It supposes that the catalogue holds both.
        disagree: ``apart`` is high enough to say so.
    """

    same_side: bool
    apart: float
    disagree: bool

    def to_dict(self) -> dict[str, Any]:
        return {
            "same_side": self.same_side,
            "apart": round(self.apart, 5),
            "disagree": self.disagree,
        }


@dataclass(frozen=True, slots=True)
class Issue:
    """What is wrong with a photo, by how much, and what to do about it.

    Attributes:
        name: ``blurred``, ``glare`` …, see ``obverse.quality``.
        measured, limit: in ``unit``.
        unit: what is counted, in words.
        advice: one plain line.
    """

    name: str
    measured: float
    limit: float
    unit: str
    advice: str

    def to_dict(self, words: Mapping[str, str] | None = None) -> dict[str, Any]:
        """``words``: a table in another language that may hold the advice, by name."""
        return {
            "name": self.name,
            "measured": round(self.measured, 4),
            "limit": self.limit,
            "unit": self.unit,
            "advice": (words or {}).get(self.name, self.advice),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Ranked items with calibrated probabilities, the evidence, and the decision.

    Attributes:
        photo: the query.
        patch: the object in it that was asked about.
        known: True if the catalogue is believed to hold the item.
        candidates: best first, by probability; but where the best design bears another date or mint
            mark than the items of it, the nearest of these stays first. Empty only if the catalogue
            is empty.
        times_ms: wall time per stage in milliseconds; of the whole tray, where there is one.
        sides: where two photos were asked about together, the answer to each alone, in their order;
            ``photo`` and ``patch`` are then those of the first.
        pairing: how those two go together, else None.
        quality: what is wrong with the photo; it changes nothing else in the answer.
        calibrated: False where no calibration was fitted for the stages: what stands as
            probabilities are shares then, and nothing is known.
        threshold: the probability from which the best candidate counts as known; None where none
            is enough.
    """

    photo: Photo
    patch: Patch
    known: bool
    candidates: tuple[Candidate, ...]
    times_ms: Mapping[str, float]
    sides: tuple[Answer, ...] = ()
    pairing: Pairing | None = None
    quality: tuple[Issue, ...] = ()
    calibrated: bool = True
    threshold: float | None = None

    @property
    def best(self) -> Candidate | None:
        """The first candidate, known or not."""
        return self.candidates[0] if self.candidates else None

    @property
    def evidence(self) -> Evidence | None:
        """The best candidate's evidence."""
        return self.candidates[0].evidence if self.candidates else None

    @property
    def year(self) -> YearReading | None:
        """The year read on the best candidate."""
        return self.candidates[0].year if self.candidates else None

    @property
    def mint_mark(self) -> MarkReading | None:
        """The mint mark read on the best candidate."""
        return self.candidates[0].mint_mark if self.candidates else None

    @property
    def separation(self) -> Separation | None:
        """Where the photo tells the best candidate from the next one; None where there is none."""
        from obverse.separate import separate

        return separate(self)

    def explanation(self, words: Mapping[str, str] | None = None) -> list[str]:
        """The answer in plain sentences: what it is, on what ground, what speaks against it; in
        English, or as a table of words says it (``obverse.chinese``)."""
        from obverse.explain import ENGLISH, explain

        return explain(self, words or ENGLISH)

    def to_dict(self, words: Mapping[str, str] | None = None) -> dict[str, Any]:
        """As JSON values; ``words`` as for ``explanation``, for the advice too."""
        split = self.separation
        told = {
            "photo": self.photo.to_dict(),
            "region": self.patch.region.to_dict(),
            "known": self.known,
            "calibrated": self.calibrated,
            "threshold": None if self.threshold is None else round(self.threshold, 5),
            "best": None if self.best is None else self.best.to_dict(),
            "candidates": [c.to_dict() for c in self.candidates],
            "quality": [issue.to_dict(words) for issue in self.quality],
            "separation": None if split is None else split.to_dict(),
            "explanation": self.explanation(words),
            "times_ms": {k: round(v, 2) for k, v in self.times_ms.items()},
        }
        if self.pairing is not None:
            told["pairing"] = self.pairing.to_dict()
            told["sides"] = [side.to_dict(words) for side in self.sides]
        return told


@dataclass(frozen=True, slots=True, eq=False)
class Tray:
    """Every object of a photo, answered.

    Attributes:
        photo: the query.
        answers: one per object, in reading order: row by row from the top, each from the left.
        failed: objects that could not be answered, and why.
        times_ms: wall time per stage in milliseconds, all objects together.
    """

    photo: Photo
    answers: tuple[Answer, ...]
    failed: tuple[tuple[Region, str], ...]
    times_ms: Mapping[str, float]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the objects that were answered, then of those that failed."""
        from obverse.tray import numbers

        regions = [answer.patch.region for answer in self.answers]
        return tuple(numbers([*regions, *(region for region, _ in self.failed)]))

    def to_dict(self, words: Mapping[str, str] | None = None) -> dict[str, Any]:
        """As JSON values; ``words`` as for ``Answer.to_dict``."""
        shared = ("photo", "times_ms")
        objects = [a.to_dict(words) for a in self.answers]
        return {
            "photo": self.photo.to_dict(),
            "objects": [
                {"number": n, **{k: v for k, v in told.items() if k not in shared}}
                for n, told in zip(self.numbers, objects, strict=False)
            ],
            "failed": [
                {"number": n, "region": region.to_dict(), "what": why}
                for n, (region, why) in zip(self.numbers[len(objects) :], self.failed, strict=True)
            ],
            "times_ms": {k: round(v, 2) for k, v in self.times_ms.items()},
        }
