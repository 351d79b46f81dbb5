"""What a server answers: the catalogue's own dataclasses where they hold no pixels, and small ones
with the same names inside where they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from obverse.types import (
    Expected,
    Issue,
    Item,
    MarkReading,
    NumeralReading,
    OutlineReading,
    Pairing,
    View,
    YearReading,
)


@dataclass(frozen=True, slots=True)
class RemoteView:
    """The view that an item is held against."""

    id: str
    side: str
    source: str


@dataclass(frozen=True, slots=True)
class RemoteEvidence:
    """Agreement at the best turn, the turn, the values, the shapes, and what could be expected: as
    ``obverse.Evidence`` without its map."""

    score: float
    turn: float
    numeral: NumeralReading | None
    outline: OutlineReading | None
    expected: Expected | None


@dataclass(frozen=True, slots=True)
class RemoteMatch:
    """What one of two photos showed about an item."""

    view: RemoteView
    evidence: RemoteEvidence


@dataclass(frozen=True, slots=True)
class RemoteCandidate:
    """An item that came back; see ``obverse.Candidate``."""

    item: Item
    view: RemoteView
    similarity: float
    score: float
    probability: float
    evidence: RemoteEvidence
    upright: float
    sides: tuple[RemoteMatch | None, ...]
    year: YearReading | None
    mint_mark: MarkReading | None


@dataclass(frozen=True, slots=True)
class RemoteAnswer:
    """See ``obverse.Answer``.

    Attributes:
        known: the catalogue is believed to hold the item.
        calibrated: False where probabilities are shares, as ``obverse.Answer`` has it.
        threshold: the probability from which the best counts as known, likewise.
        candidates: best first.
        quality: what is wrong with the photo.
        region: where the object is, as ``Region.to_dict()``.
        times_ms: of each stage, on the server.
        sides, pairing: of two photos of one thing, as ``obverse.Answer`` has them.
        pictures: addresses for ``Client.picture``, for ten minutes.
        data: all that the server said.
    """

    known: bool
    calibrated: bool
    threshold: float | None
    candidates: tuple[RemoteCandidate, ...]
    quality: tuple[Issue, ...]
    region: Mapping[str, Any] = field(repr=False)
    times_ms: Mapping[str, float]
    sides: tuple[RemoteAnswer, ...]
    pairing: Pairing | None
    pictures: Mapping[str, Any]
    data: Mapping[str, Any] = field(repr=False)

    @property
    def best(self) -> RemoteCandidate | None:
        """The first candidate, known or not."""
        return self.candidates[0] if self.candidates else None

    @property
    def evidence(self) -> RemoteEvidence | None:
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

    def explanation(self) -> list[str]:
        """The answer in plain sentences."""
        return list(self.data["explanation"])

    def to_dict(self) -> dict[str, Any]:
        return dict(self.data)


@dataclass(frozen=True, slots=True)
class RemoteTray:
    """Every object of a photo, answered; see ``obverse.types.Tray``.

    Attributes:
        answers: one per object, in reading order.
        failed: objects that could not be answered, as ``Region.to_dict()``, and why.
        times_ms: of each stage, on the server, all objects together.
        pictures: addresses for ``Client.picture``, for ten minutes.
        data: all that the server said.
    """

    answers: tuple[RemoteAnswer, ...]
    failed: tuple[tuple[Mapping[str, Any], str], ...]
    times_ms: Mapping[str, float]
    pictures: Mapping[str, Any]
    data: Mapping[str, Any] = field(repr=False)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the objects that were answered, then of those that failed."""
        return tuple(one["number"] for one in (*self.data["objects"], *self.data["failed"]))

    def to_dict(self) -> dict[str, Any]:
        return dict(self.data)


def read_tray(told: Mapping[str, Any]) -> RemoteTray:
    """What a tray is answered with."""
    shared = {"times_ms": told["times_ms"], "pictures": told["pictures"]}
    answers = tuple(read_answer({**shared, **one}) for one in told["objects"])
    failed = tuple((one["region"], one["what"]) for one in told["failed"])
    return RemoteTray(answers, failed, told["times_ms"], told["pictures"], told)


def read_answer(told: Mapping[str, Any]) -> RemoteAnswer:
    """What one thing is answered with."""
    pairing = told.get("pairing")
    return RemoteAnswer(
        told["known"],
        told["calibrated"],
        told["threshold"],
        tuple(_candidate(c) for c in told["candidates"]),
        tuple(Issue(**issue) for issue in told["quality"]),
        told["region"],
        told["times_ms"],
        tuple(read_answer({"pictures": {}, **side}) for side in told.get("sides", ())),
        Pairing(**pairing) if pairing else None,
        told["pictures"],
        told,
    )


def read_item(told: Mapping[str, Any]) -> Item:
    """An item, however much is said besides."""
    return Item(told["id"], told["title"], told["attributes"])


def read_view(told: Mapping[str, Any]) -> View:
    """A view without its thumbnail and embedding."""
    return View(
        **{k: told[k] for k in ("id", "item", "side", "sha256", "source", "added")},
        region={"upright": told["upright"]},
        thumbnail=b"",
        embedding=None,
    )


def _candidate(told: Mapping[str, Any]) -> RemoteCandidate:
    sides = tuple(m and _match(m) for m in told.get("sides", ()))
    return RemoteCandidate(
        read_item(told["item"]),
        RemoteView(**told["view"]),
        told["similarity"],
        told["score"],
        told["probability"],
        _evidence(told),
        told["upright"],
        sides,
        _year(told["year"]) if told["year"] else None,
        _mark(told["mint_mark"]) if told["mint_mark"] else None,
    )


def _match(told: Mapping[str, Any]) -> RemoteMatch:
    return RemoteMatch(RemoteView(**told["view"]), _evidence(told))


def _evidence(told: Mapping[str, Any]) -> RemoteEvidence:
    proof = told["evidence"]
    read = _numeral(proof["numeral"]) if "numeral" in proof else None
    shape = OutlineReading(**proof["outline"]) if "outline" in proof else None
    expected = Expected(**proof["expected"]) if "expected" in proof else None
    return RemoteEvidence(proof["score"], proof["turn"], read, shape, expected)


def _numeral(told: Mapping[str, Any]) -> NumeralReading:
    box = tuple((x, y) for x, y in told["box"])
    return NumeralReading(told["view"], told["photo"], told["ratio"], box)


def _year(told: Mapping[str, Any]) -> YearReading:
    boxes = tuple(tuple((x, y) for x, y in box) for box in told["boxes"])
    text = tuple(told["text"])
    return YearReading(told["year"], told["written"], told["probability"], boxes, text)


def _mark(told: Mapping[str, Any]) -> MarkReading:
    return MarkReading(told["mark"], told["probability"], tuple((x, y) for x, y in told["box"]))
