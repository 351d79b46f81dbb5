"""An answer in plain sentences, each made from a number in the answer and said only where it holds.

Two steps: ``reasons`` chooses what is worth saying, as a key and its values; the table ``ENGLISH``
says it. Another language is another table, such as ``obverse.chinese``, which also holds the advice
on photos: that is English where it is made (``obverse.quality``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from obverse import decide, names
from obverse.words import half_turn, percent, side_names
from obverse.year.calendars import lacks, names_years

if TYPE_CHECKING:
    from obverse.separate import Sector, Separation
    from obverse.types import (
        Answer,
        Candidate,
        Evidence,
        Item,
        MarkReading,
        Match,
        NumeralReading,
        OutlineReading,
        Patch,
        YearReading,
    )

Read = TypeVar("Read", "NumeralReading", "OutlineReading")
MOST = 5
"""Sentences of an explanation."""
LIT = 0.5
"""A cell agrees if it has this share of what it would have in the same picture: 0.54 to 0.82 of the
face in 36 right answers on `dev_wild`, 0.33 to 0.65 in 12 where the catalogue lacks the design."""
RIVAL, RIVAL_LEAST = 0.5, 0.05
"""An item with at least this share of the best one's probability is nearly as likely, unless both
have next to none."""
COUNTER = 0.25
"""A place that speaks for the next item is told from this share of the best one's lead on."""
COPY = 0.07
"""Two views whose agreement with the photo differs by less than this share are nearly one picture:
those of two specimens of one design differ by 0.083 and more in 82 photos of `wild_dev`, 0.89 of 93
smaller, lighter or cropped copies by less (``benchmarks/copies.py``)."""
DATES, DATES_AT = (5, 6, 7), 0.55
"""Where dates often are: hours, and a radius. On 14 of 20 designs of `dev` the date is read at 5 or
6 o'clock, on 9 in 10 pictures between 0.38 and 0.75 of the radius."""
POOR = 0.52
"""Copies of a view score less than this for about one view in twenty of 300 training pictures
(``benchmarks/expected.py``)."""
RIM, HALFWAY = 0.7, 0.4
"""Radii of a sector's middle from which it lies near the rim, or half way out."""

ENGLISH: Mapping[str, str] = {
    "empty": "Nothing to compare with: the catalogue is empty.",
    "known": "This is {item} ({sure}).",
    "unknown": "Not recognised: the nearest item is {item} ({sure}).",
    "uncalibrated": "The nearest item is {item}, with a share of {sure}; these stages have no "
    "calibration, so nothing is called known.",
    "apart": "Not recognised as one thing: {pairing}",
    "rival": "{second} is nearly as likely ({sure}), so neither is sure enough.",
    "rival, a place": "{second} is nearly as likely ({sure}), so neither is sure enough; "
    "they part most {where}: agreement {first} against {other}, over the whole face {whole} "
    "against {whole_other}.",
    "agrees": "It agrees with {view} over {share} of the face (score {score} of 1){turned}.",
    "alike": "It is like {view} as a whole (score {score} of 1); nothing says where.",
    "points": "{inliers} of {pairs} matched points lie on one plane with {view}.",
    "no points": "No points of {view} are found again on one plane.",
    "value": "Both say {view}.",
    "other value": "Against it: the catalogue's picture says {view}, the photo {photo}.",
    "shape": "The photo shows its outline, with {view} corners or scallops.",
    "other shape": "Against it: the photo's outline has {photo} corners or scallops, the "
    "catalogue's picture {other}.",
    "pairing": "{pairing}",
    "year": "The date reads {written} ({sure}).",
    "year, converted": "The date reads {written}, which is {year} ({sure}).",
    "another year": "The date reads {written} ({sure}), a year that {item} does not have.",
    "mark": "The mint mark reads {mark} ({sure}).",
    "another mark": "The mint mark reads {mark} ({sure}), one that {item} does not have.",
    "missing mark": "There is no mint mark ({sure}) where {item} has one.",
    "no mark": "There is no mint mark where one would be ({sure}).",
    "next": "Next in line is {second} ({sure}).",
    "next, a place": "Next in line is {second} ({sure}); they part most {where}: "
    "agreement {first} against {other}, over the whole face {whole} against {whole_other}.",
    "next, points": "Next in line is {second} ({sure}), with {other} points against {first}.",
    "next, another value": "Next in line is {second} ({sure}), whose picture says {view} where "
    "the photo says {photo}.",
    "next, another shape": "Next in line is {second} ({sure}), whose picture {other} where the "
    "photo's outline has {photo} corners or scallops.",
    "next, by design": "Next in line is {second} ({sure}), likelier than {item}, which comes first "
    "for its design alone.",
    "next, a copy": "{second} ({sure}) has nearly the same picture in the catalogue, so the two "
    "share the chance.",
    "next, a year": "{second} ({sure}) differs by its year, so the date decides.",
    "next, a year and a mark": "{second} ({sure}) differs by year and mint mark, so these decide.",
    "next, a mark": "{second} ({sure}) differs by its mint mark, so that decides.",
    "counter": "Against it: {where}, {second} agrees better ({other} against {first}, over "
    "the whole face {whole_other} against {whole}).",
    "weak": "Against it: {where}, nothing agrees (agreement {first}, over the whole face {whole}).",
    "advice": "{advice}.",
    "poor picture": "A clearer picture of {item} in the catalogue would help: hasty photos of this "
    "one score {expected} only.",
    # parts of sentences
    "no corners": "shows none",
    "corners": "shows {view}",
    "the side": "the catalogue's {side}",
    "side": "picture",
    "upright": "",
    "left": ", lying turned {degrees}° to the left",
    "right": ", lying turned {degrees}° to the right",
    "at": "at {clock} o'clock {radius}",
    "centre": "in the centre",
    "rim": "near the rim",
    "halfway": "half way out",
    "inner": "near the centre",
    "with the date": "{where}, where the date is",
    "dates": "{where}, where dates often are",
    "in photo": "{where}, in the {photo}",
    "obverse": "obverse",
    "reverse": "reverse",
    "edge": "edge",
    "other": "other",
    "first photo": "first photo",
    "second photo": "second photo",
    "first object": "first object",
    "second object": "second object",
    # two photos of one thing
    "disagree": "the two sides disagree ({sure}): the first is like {first}, the second like "
    "{second}; mixed up, or a mule, or a fake?",
    "same side": "both show the same side; a picture of the other one would tell more.",
    "no picture": "the catalogue has no picture of the side in the {photo}.",
    "both": "both sides speak for it.",
    "neither": "neither says enough.",
    "other value, two": "one of the two says another value.",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence: its key in the table, and what is filled in."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)


def explain(answer: Answer, words: Mapping[str, str] = ENGLISH) -> list[str]:
    """What it is and how sure, on what ground, what comes next and where the two part, and what
    speaks against it: one to five sentences."""
    return [words[reason.key].format(**reason.values) for reason in reasons(answer, words)]


def reasons(answer: Answer, words: Mapping[str, str] = ENGLISH) -> list[Reason]:
    """What is worth saying about an answer, most telling first.

    Args:
        answer: of ``identify`` or ``identify_sides``.
        words: the table that parts of sentences, such as places, are taken from.
    """
    best = answer.best
    if best is None:
        return [Reason("empty")]
    if answer.pairing is not None and answer.pairing.disagree:
        return [Reason("apart", {"pairing": pairing(answer, words)}), *_faults(answer, words)]
    told = [_verdict(answer, best), _ground(answer, best, words)]
    told += [*_value(best), *_shape(best, words)]
    called = names.of(answer)[best.item.id]
    if answer.year is not None:
        told.append(_year(answer.year, best, called))
    if answer.mint_mark is not None:
        told.append(_mark(answer.mint_mark, best, called))
    split = answer.separation
    told += _next(answer, split, words)
    told += [*_faults(answer, words), *_against(answer, split, words), *_poor(answer, best, called)]
    return told[:MOST]


def read_otherwise(answer: Answer, item: Item) -> tuple[YearReading | None, MarkReading | None]:
    """The year and the mint mark that were read, each only if the item says that it has others."""
    from obverse.year import mark

    said, year, struck = item.attributes, answer.year, answer.mint_mark
    return (
        year if year is not None and lacks(said, year.year) else None,
        struck if struck is not None and mark.lacks(said, struck.mark) else None,
    )


def against(answer: Answer, split: Separation) -> Sector | None:
    """The place that speaks against the best item, if one does: where the next one agrees so much
    better that it weighs, else where the best one does not agree at all."""
    from obverse.separate import is_likely

    one, two = (_match(c, split.photo) for c in answer.candidates[:2])
    lead = one.evidence.score - two.evidence.score
    counter, weak = split.against if is_likely(answer) else None, split.weakest
    if counter is not None and -counter.lead >= COUNTER * max(lead, 0) and counter.lead < 0:
        return counter
    return weak if weak is not None and weak.first <= 0 else None


def advice(answer: Answer, words: Mapping[str, str] = ENGLISH) -> list[str]:
    """What to do about the photo or photos, each once, what to mend first coming first."""
    issues = [issue for photo in answer.sides or (answer,) for issue in photo.quality]
    return list(dict.fromkeys(words.get(issue.name, issue.advice) for issue in issues))


def place(sector: Sector, words: Mapping[str, str] = ENGLISH) -> str:
    """Where a sector lies on the object standing upright."""
    if not sector.clock:
        return words["centre"]
    middle = (sector.inner + sector.outer) / 2
    radius = "rim" if middle >= RIM else "halfway" if middle >= HALFWAY else "inner"
    return words["at"].format(clock=sector.clock, radius=words[radius])


def _verdict(answer: Answer, best: Candidate) -> Reason:
    sure = {"item": names.of(answer)[best.item.id], "sure": percent(best.probability)}
    if not answer.calibrated:
        return Reason("uncalibrated", sure)
    return Reason("known" if answer.known else "unknown", sure)


def _ground(answer: Answer, best: Candidate, words: Mapping[str, str]) -> Reason:
    """What the answer rests on."""
    if answer.pairing is not None:
        return Reason("pairing", {"pairing": _begun(pairing(answer, words))})
    side = words.get(best.view.side or "side", best.view.side)
    view = words["the side"].format(side=side)
    proof = best.evidence
    if proof.matches is not None:
        pairs, inliers = len(proof.matches.inliers), int(proof.matches.inliers.sum())
        if not inliers:
            return Reason("no points", {"view": view})
        return Reason("points", {"inliers": str(inliers), "pairs": str(pairs), "view": view})
    if proof.agreement.size == 1:
        return Reason("alike", {"view": view, "score": _two(best.score)})
    share = float((proof.agreement * proof.agreement.size >= LIT).mean())
    values = {"view": view, "share": f"{share:.0%}".replace("%", " %"), "score": _two(best.score)}
    return Reason("agrees", {**values, "turned": _turned(-best.upright, words)})


def pairing(answer: Answer, words: Mapping[str, str] = ENGLISH) -> str:
    """How the two photos of an answer go together, as a sentence; empty where there are not two."""
    pair, best = answer.pairing, answer.best
    if pair is None or best is None:
        return ""
    called = names.of(answer)
    shown = [called[side.best.item.id] for side in answer.sides if side.best is not None]
    if pair.disagree and len(shown) == 2:
        values = {"sure": percent(pair.apart), "first": shown[0], "second": shown[1]}
        return words["disagree"].format(**values)
    if pair.same_side:
        return words["same side"]
    sides = zip(side_names(answer), best.sides, strict=True)
    missing = [name for name, match in sides if not match]
    if missing:
        return words["no picture"].format(photo=words[missing[0]])
    read = [match.evidence.numeral for match in best.sides if match]
    if any(numeral is not None and numeral.differs for numeral in read):
        return words["other value, two"]
    return words["both" if answer.known else "neither"]


def _value(best: Candidate) -> list[Reason]:
    """Whether view and photo say one value, where both are legible; if one does not, that."""
    read = _telling([e.numeral for e in _proofs(best) if e.numeral and e.numeral.photo])
    if read is None:
        return []
    return [
        Reason("value" if read.agrees else "other value", {"view": read.view, "photo": read.photo})
    ]


def _shape(best: Candidate, words: Mapping[str, str]) -> list[Reason]:
    """Whether the photo shows the outline of the view, where it shows one."""
    read = _outline(best)
    if read is None:
        return []
    return [Reason("other shape" if read.differs else "shape", _corners(read, words))]


def _outline(candidate: Candidate) -> OutlineReading | None:
    """The shape that a photo shows."""
    return _telling([e.outline for e in _proofs(candidate) if e.outline])


def _proofs(candidate: Candidate) -> list[Evidence]:
    """The evidence of each photo that was asked about."""
    return [match.evidence for match in candidate.sides if match] or [candidate.evidence]


def _telling(read: Sequence[Read]) -> Read | None:
    """Of what was read in the photos that which speaks against the item, if one of them does."""
    return next((one for one in read if one.differs), read[0] if read else None)


def _corners(read: OutlineReading, words: Mapping[str, str]) -> dict[str, str]:
    other = words["corners" if read.view else "no corners"].format(view=read.view)
    return {"view": str(read.view), "photo": str(read.photo), "other": other}


def _year(read: YearReading, best: Candidate, item: str) -> Reason:
    values = {"written": read.written, "sure": percent(read.probability)}
    if lacks(best.item.attributes, read.year):
        return Reason("another year", {**values, "item": item})
    if read.written == str(read.year):
        return Reason("year", values)
    return Reason("year, converted", {**values, "year": str(read.year)})


def _mark(read: MarkReading, best: Candidate, item: str) -> Reason:
    from obverse.year import mark

    values = {"mark": read.mark, "sure": percent(read.probability)}
    if not mark.lacks(best.item.attributes, read.mark):
        return Reason("mark" if read.mark else "no mark", values)
    key = "another mark" if read.mark else "missing mark"
    return Reason(key, {**values, "item": item})


def _next(answer: Answer, split: Separation | None, words: Mapping[str, str]) -> list[Reason]:
    """Who comes next, and where the photo tells the two apart."""
    from obverse.separate import is_likely

    if len(answer.candidates) < 2:
        return []
    one, two = answer.candidates[:2]
    values = {"second": names.of(answer)[two.item.id], "sure": percent(two.probability)}
    close = two.probability >= max(RIVAL * one.probability, RIVAL_LEAST)
    is_open = answer.calibrated and not answer.known and not any(read_otherwise(answer, one.item))
    lead = "rival" if close and is_open else "next"
    if two.probability > one.probability and any(read_otherwise(answer, one.item)):
        return [Reason("next, by design", {**values, "item": names.of(answer)[one.item.id]})]
    read = two.evidence.numeral
    if read is not None and read.differs:
        return [Reason("next, another value", {**values, "view": read.view, "photo": read.photo})]
    shape = _outline(two)
    if shape is not None and shape.differs:
        return [Reason("next, another shape", {**values, **_corners(shape, words)})]
    if decided := _decided(answer, one, two):
        return [Reason(decided, values)]
    if _copied(one, two):
        return [Reason("next, a copy", values)]
    if not is_likely(answer):
        return [Reason(lead, values)]
    if split is not None and split.inliers is not None and lead == "next":
        first, other = map(str, split.inliers)
        return [Reason("next, points", {**values, "first": first, "other": other})]
    if split is not None and split.sectors:
        sector = split.sectors[0]
        where = _where(answer, split, sector, words)
        shares = _shares(answer, split, sector)
        return [Reason(f"{lead}, a place", {**values, "where": where, **shares})]
    return [Reason(lead, values)]


def _faults(answer: Answer, words: Mapping[str, str]) -> list[Reason]:
    """What is wrong with the photo: what to mend first."""
    return [Reason("advice", {"advice": _begun(text)}) for text in advice(answer, words)[:1]]


def _poor(answer: Answer, best: Candidate, item: str) -> list[Reason]:
    """That the catalogue's picture is hard to recognise, where that may be why nothing is known."""
    expected = best.evidence.expected
    if answer.known or expected is None or expected.score >= POOR:
        return []
    rivalled = any(c.probability >= RIVAL * best.probability for c in answer.candidates[1:])
    if best.probability < RIVAL_LEAST or rivalled or decide.spoken(best.evidence) < 0:
        return []
    return [Reason("poor picture", {"item": item, "expected": _two(expected.score)})]


def _against(answer: Answer, split: Separation | None, words: Mapping[str, str]) -> list[Reason]:
    """A place that does not fit."""
    if split is None or (sector := against(answer, split)) is None:
        return []
    values = {"where": _where(answer, split, sector, words), **_shares(answer, split, sector)}
    values |= {"second": names.of(answer)[answer.candidates[1].item.id]}
    return [Reason("counter" if sector is split.against else "weak", values)]


def _shares(answer: Answer, split: Separation, sector: Sector) -> dict[str, str]:
    """How well the best two agree in a sector and, to compare with, over the whole face."""
    whole, other = (_match(c, split.photo).evidence.score for c in answer.candidates[:2])
    values = {"first": sector.first, "other": sector.second, "whole": whole, "whole_other": other}
    return {name: _two(value) for name, value in values.items()}


def _where(answer: Answer, split: Separation, sector: Sector, words: Mapping[str, str]) -> str:
    where = place(sector, words)
    if answer.sides:
        photo = words[side_names(answer)[split.photo]]
        return words["in photo"].format(where=where, photo=photo)
    if answer.year is not None:
        held = holds_date(sector, answer.year, answer.patch)
        return words["with the date"].format(where=where) if held else where
    middle = (sector.inner + sector.outer) / 2
    is_dated = any(names_years(c.item.attributes) for c in answer.candidates[:2])
    if (
        is_dated
        and sector.clock in DATES
        and middle >= HALFWAY
        and sector.inner <= DATES_AT <= sector.outer
    ):
        return words["dates"].format(where=where)
    return where


def holds_date(sector: Sector, read: YearReading, patch: Patch) -> bool:
    """Whether the middle of the date that was read lies in the sector."""
    corners = np.array([corner for box in read.boxes for corner in box])
    x, y = corners.mean(axis=0) @ patch.matrix[:, :2].T + patch.matrix[:, 2]
    middle = (patch.original.shape[0] - 1) / 2
    angle = np.degrees(np.arctan2(middle - y, x - middle))
    radius = np.hypot(x - middle, y - middle) / (middle + 0.5)
    within = (angle - sector.start) % 360 <= sector.end - sector.start
    return bool(within and sector.inner <= radius <= sector.outer)


def _decided(answer: Answer, one: Candidate, two: Candidate) -> str:
    """The sentence for two items that year or mint mark alone tells apart, if that was read."""
    from obverse.year.twins import by_mark, by_year, twins

    items = [one.item, two.item]
    if twins(items) != [0, 1] or any(read_otherwise(answer, one.item)):
        return ""
    dated = answer.year is not None and by_year(items)
    struck = answer.mint_mark is not None and by_mark(items)
    if dated and struck:
        return "next, a year and a mark"
    return "next, a year" if dated else "next, a mark" if struck else ""


def _copied(one: Candidate, two: Candidate) -> bool:
    """Are the views of two items, of each side that both have, nearly one picture?"""
    from obverse.separate import difference

    pairs = zip(one.sides, two.sides, strict=True) if one.sides else [(one, two)]
    found = [(a.evidence, b.evidence) for a, b in pairs if a is not None and b is not None]
    return bool(found) and all(a.matches is None and difference(a, b) < COPY for a, b in found)


def _match(candidate: Candidate, photo: int) -> Candidate | Match:
    """What one of the photos showed about an item."""
    return (candidate.sides[photo] if candidate.sides else None) or candidate


def _turned(turn: float, words: Mapping[str, str]) -> str:
    degrees = half_turn(turn)
    key = "left" if degrees > 0 else "right" if degrees < 0 else "upright"
    return words[key].format(degrees=abs(degrees))


def _two(value: float) -> str:
    """Two digits, with a minus where it is one."""
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def _begun(text: str) -> str:
    """As a sentence begins."""
    return text[:1].upper() + text[1:]
