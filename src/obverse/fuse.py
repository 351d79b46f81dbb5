"""Two photos of one thing, a side each, joined item by item.

Nobody says which photo shows which side: each is held against every view of the items that either
brought, and an item takes the best pair of views of different sides. The joined score is the mean
of the two, so it is on the scale of one photo's, and ``decide`` turns it into a probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from obverse import tray
from obverse.catalogue.store import Hits, Store, described_of
from obverse.decide import LOOKED_AT, Standing, spoken
from obverse.errors import PhotoError
from obverse.types import (
    F32,
    F64,
    I8,
    Answer,
    Array,
    Candidate,
    Embedding,
    Match,
    Pairing,
    Photo,
    Region,
    View,
)
from obverse.verify.closer import Closer, near

if TYPE_CHECKING:
    from obverse.found import Found
    from obverse.pipeline import Pipeline

POOL = 50
"""Items of each photo that are held against both. With 20, 50 and 200 the right one came first for
equally many of 245 pairs of `wild_dev` photos."""
CLEAR = 2.0
"""How many times as likely as the next item the best one must be to count as known: by reason, not
by measurement. The sum of all is at most one, so two that are the same share it."""
NONE = -1
"""Instead of a view, where the catalogue has no picture of a side."""


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """The items, best first, by what both photos say.

    Attributes:
        items: item ids, n of them.
        scores: float64 (n,).
        places: int (n, 2), the view that each photo is held against, or ``NONE``.
        gap: by how much better two different items explain the photos than any one does.
    """

    items: list[str]
    scores: F64
    places: Array
    gap: float

    def led_by(self, n: int) -> Joined:
        """With what stands at a place first."""
        order = [n, *(i for i in range(len(self.items)) if i != n)]
        items = [self.items[i] for i in order]
        return replace(self, items=items, scores=self.scores[order], places=self.places[order])


def both_sides(photo: Photo, regions: list[Region]) -> list[tuple[Photo, Region]]:
    """The first two objects of a photo, in reading order.

    Raises:
        PhotoError: it shows one, or none.
    """
    if len(regions) < 2:
        raise PhotoError(
            f"shows {'no' if regions[0].whole else 'one'} object where two sides were asked about",
            where=photo.source,
            hint="show both sides in it, or give a photo of each",
        )
    return [(photo, region) for region in tray.reading_order(regions[:2])]


def join(
    table: F32, items: Sequence[str], sides: Sequence[str], neutral: float, same_side: bool
) -> Joined:
    """Join the scores of two photos.

    Args:
        table: float32 (2, n), the scores of both photos against n views, n > 0.
        items: the item that each view shows.
        sides: the side it shows, empty where nobody said.
        neutral: the score that stands for a side of which an item has no picture.
        same_side: both photos show one side, so an item takes one view for both.
    """
    owned: dict[str, list[int]] = {}
    for i, item in enumerate(items):
        owned.setdefault(item, []).append(i)
    apart = {item: _two_views(table, own, sides, neutral) for item, own in owned.items()}
    alike = {item: _one_view(table, own) for item, own in owned.items()}
    together = max(score for how in (apart, alike) for score, _ in how.values())
    joined = alike if same_side else apart
    order = sorted(joined, key=lambda item: -joined[item][0])
    return Joined(
        order,
        np.array([joined[item][0] for item in order]),
        np.array([joined[item][1] for item in order]),
        float(table.max(axis=1).mean()) - together,
    )


def _two_views(
    table: F32, own: list[int], sides: Sequence[str], neutral: float
) -> tuple[float, tuple[int, int]]:
    """The best pair of views of different sides. A photo may also stand alone, the other's side
    having no picture, unless the item's pictures are said to show two sides."""
    first, second = np.asarray(table[:, own], np.float64)
    names = np.array([sides[i] for i in own])
    differ = (names[:, None] != names[None, :]) | (names == "")[:, None]
    np.fill_diagonal(differ, False)
    sums = np.where(differ, first[:, None] + second[None, :], -np.inf)
    i, j = (int(k) for k in np.unravel_index(sums.argmax(), sums.shape))
    choices = [(float(sums[i, j]) / 2, (own[i], own[j]))]
    if len(set(names.tolist()) - {""}) < 2:
        i, j = int(first.argmax()), int(second.argmax())
        choices.append(((float(first[i]) + neutral) / 2, (own[i], NONE)))
        choices.append(((float(second[j]) + neutral) / 2, (NONE, own[j])))
    return max(choices, key=lambda choice: choice[0])


def _one_view(table: F32, own: list[int]) -> tuple[float, tuple[int, int]]:
    """The view that both photos agree with best."""
    means = np.asarray(table[:, own], np.float64).mean(axis=0)
    best = int(means.argmax())
    return float(means[best]), (own[best], own[best])


def answer(
    pipeline: Pipeline,
    store: Store,
    found: Sequence[Found],
    sides: Sequence[Answer],
    top: int,
    max_wrong: float | None = None,
) -> Answer:
    """One answer from those to each photo.

    Args:
        pipeline: whose verifier and calibrations count.
        store: the catalogue's rows.
        found: what each photo brought.
        sides: the answer to each photo alone.
        top: how many candidates to give.
        max_wrong: share of wrong answers that may be, as ``Decider.known`` takes it.
    """
    rule = pipeline.pair_decider
    same_side = rule.same_side(_direct(pipeline, found))
    views = store.views(item=sorted({i for f in found for i in f.items[:POOL]}), embeddings=True)
    if not views:
        return replace(sides[0], sides=tuple(sides), pairing=Pairing(same_side, 0.0, False))
    hits = Hits.of(views)
    table = np.stack([pipeline.verify(f.query, hits)[0] for f in found])
    joined = join(table, hits.items, [v.side for v in views], rule.neutral, same_side)
    decider = pipeline.decider if same_side else rule.decider
    shown = max(top, LOOKED_AT)
    matches = [
        _matches(pipeline, f.query, views, hits.maps, places)
        for f, places in zip(found, joined.places[:shown].T, strict=True)
    ]
    closers = [pipeline.closer(store, f.patch, f.photo) for f in found]
    few = near(joined.scores[:LOOKED_AT].tolist())
    for closer, of_photo in zip(closers, matches, strict=True):
        of_photo[:few] = _shaped(closer, of_photo[:few])
    leader = next((n for n in range(few) if not _differ(matches, n)), 0)
    joined = joined.led_by(leader)
    for closer, of_photo in zip(closers, matches, strict=True):
        of_photo.insert(0, of_photo.pop(leader))
        of_photo[:1] = [_compared(closer, match) for match in of_photo[:1]]
    standing = Standing.of(joined.scores)
    for n, pair in enumerate(zip(*(of_photo[:few] for of_photo in matches), strict=True)):
        standing.said[n] = min((spoken(match.evidence) for match in pair if match), default=0.0)
    chances = decider.probabilities(standing)
    items = {i.id: i for i in store.items(joined.items[:top])}
    candidates = []
    for n, item in enumerate(joined.items[:top]):
        if item not in items:  # another process removed it meanwhile
            continue
        pair = tuple(of_photo[n] for of_photo in matches)
        better = max((m for m in pair if m), key=lambda m: m.evidence.score)
        candidates.append(
            Candidate(
                item=items[item],
                view=better.view,
                similarity=_similarity(found[pair.index(better)].query, better.view),
                score=float(joined.scores[n]),
                probability=float(chances[n]),
                evidence=better.evidence,
                sides=pair,
            )
        )
    apart = rule.apart(joined.gap)
    pairing = Pairing(same_side, apart, rule.disagree(apart))
    known = bool(candidates) and decider.known(candidates[0].probability, max_wrong)
    # Two items that share one chance between them, such as twins but for the year, are no answer.
    clear = len(candidates) < 2 or candidates[0].probability > CLEAR * candidates[1].probability
    return replace(
        sides[0],
        known=known and clear and not pairing.disagree and not _differ(matches, 0),
        candidates=tuple(candidates),
        sides=tuple(sides),
        pairing=pairing,
        threshold=decider.least(max_wrong),
    )


def _direct(pipeline: Pipeline, found: Sequence[Found]) -> float:
    """How well the two photos agree with each other."""
    first, second = (f.query for f in found)
    phases = second.map.shape[1] // pipeline.embedder.map_shape[1]
    maps = second.map[None, :, ::phases]
    hits = Hits([""], [""], np.zeros(1, np.float32), maps, described_of([second]))
    return float(pipeline.verify(first, hits)[0][0])


def _matches(
    pipeline: Pipeline, query: Embedding, views: Sequence[View], maps: I8, places: Array
) -> list[Match | None]:
    """One photo's proof for each of some views, None for ``NONE``."""
    used = [int(i) for i in places if i != NONE]
    described = described_of([e for i in used if (e := views[i].embedding) is not None])
    proofs = iter(pipeline.prove(query, maps[used], described))
    return [None if i == NONE else Match(views[i], next(proofs)) for i in places]


def _shaped(closer: Closer | None, matches: Sequence[Match | None]) -> list[Match | None]:
    """With the shape that the photo shows, where the recipe looks for it."""
    there = [match for match in matches if match]
    if closer is None or not there:
        return list(matches)
    seen = closer.outlines([m.view.id for m in there], [m.evidence for m in there])
    proofs = iter(seen)
    return [match and replace(match, evidence=next(proofs)) for match in matches]


def _compared(closer: Closer | None, match: Match | None) -> Match | None:
    """With what the numbers on photo and view say, where the recipe reads them."""
    if match is None or closer is None:
        return match
    return replace(match, evidence=closer.numeral(match.view.id, match.evidence))


def _differ(matches: Sequence[Sequence[Match | None]], n: int) -> bool:
    """Does one of the photos show another value or another shape than item ``n`` has?"""
    there = [match.evidence for of_photo in matches if (match := of_photo[n])]
    return any(read.differs for e in there for read in (e.numeral, e.outline) if read)


def _similarity(query: Embedding, view: View) -> float:
    return 0.0 if view.embedding is None else float(query.vector @ view.embedding.vector)
