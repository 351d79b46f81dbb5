"""Year and mint mark, read where the nearest items differ by these alone, or where somebody asks.

What is read shares out the probability of the design among its years. Items of the year that was
read whose pictures are further from the photo join the nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from obverse.catalogue.store import Hits, Store
from obverse.decide import LOOKED_AT
from obverse.types import Answer, Candidate, Item
from obverse.year import mark, twins
from obverse.year.calendars import years_of
from obverse.year.mark import Marked
from obverse.year.reader import Reading

if TYPE_CHECKING:
    from obverse.found import Found
    from obverse.pipeline import Clock, Pipeline


def answer(
    pipeline: Pipeline,
    store: Store,
    found: Found,
    plain: Answer,
    top: int,
    clock: Clock,
    *,
    ask: bool | None,
    max_wrong: float | None = None,
) -> Answer:
    """The answer with what was read.

    Args:
        pipeline: the stages.
        store: the catalogue's rows.
        found: the object.
        plain: the answer by its design, with every candidate that has evidence.
        top: how many candidates to give.
        clock: is told how long it took.
        ask: read in any case; None only where items differ by year or mint mark alone.
        max_wrong: as for ``Pipeline.identify``.
    """
    candidates = plain.candidates
    group = twins.twins([c.item for c in candidates])
    # How many candidates are to be shown must not decide.
    near = twins.near(found.standing.plain)
    asked = [candidates[i].item for i in group if i < near]
    if len(asked) > 1 or (ask and asked):
        with clock("year"):
            lies = None
            if pipeline.recipe.geometry == "flat":
                lies = 0.0
            elif pipeline.recipe.turns:
                lies = -candidates[0].upright
            reading = Reading()
            if ask or twins.by_year(asked):
                reading = _year(pipeline, plain, asked, lies)
            further = _further(store, found, candidates[0].item) if reading.best else []
            joining = _candidates(pipeline, store, found, further, reading)
            group = [*group, *range(len(candidates), len(candidates) + len(joining))]
            candidates = (*candidates, *joining)
            several = [candidates[i] for i in group]
            marked = Marked()
            if lies is not None and pipeline.recipe.turns:
                dated = [*asked, *_of_year([c.item for c in several[len(asked) :]], reading)]
                marked = _mark(pipeline, plain, dated, lies)
            if reading.best or marked.best:
                chances = _as_one(pipeline, found, [*(c.item for c in several), *further])
                mass = chances.pop(several[0].item.id)
                candidates = tuple(
                    replace(c, probability=chances.get(c.item.id, c.probability))
                    for c in candidates
                )
                candidates = twins.settle(candidates, group, reading, marked, mass)
    known = bool(candidates) and pipeline.decider.known(candidates[0].probability, max_wrong)
    return replace(plain, candidates=candidates[:top], known=known)


def _as_one(pipeline: Pipeline, found: Found, alike: Sequence[Item]) -> dict[str, float]:
    """The probability of every other item, and that of the first one for all that are alike."""
    left_out = {item.id for item in alike[1:]}
    places = [i for i, item in enumerate(found.items) if item not in left_out]
    standing = found.standing.take(places)
    if len(places) > 1 and places[1] >= LOOKED_AT:  # only the first was looked at closer
        standing = replace(standing, scores=standing.plain)
    chances = pipeline.decider.probabilities(standing)
    return {found.items[i]: float(p) for i, p in zip(places, chances, strict=True)}


def _year(pipeline: Pipeline, plain: Answer, items: Sequence[Item], lies: float | None) -> Reading:
    dates, others = twins.dates(items), twins.other_dates(items)
    return pipeline.years.read(plain.photo, plain.patch.region, dates, lies, others)


def _mark(pipeline: Pipeline, plain: Answer, items: Sequence[Item], lies: float) -> Marked:
    """The mint mark, if one of the items says its place."""
    marks, place = twins.marks(items), twins.place(items)
    if place is None or not marks:
        return Marked()
    where = plain.photo, plain.patch.region, lies, place
    return mark.read(pipeline.years.ocr, *where, marks, mark.USUAL)


def _of_year(items: Sequence[Item], reading: Reading) -> list[Item]:
    """Those that have the year that was read."""
    year = reading.best.year if reading.best else None
    return [item for item in items if year in years_of(item.attributes)]


def _further(store: Store, found: Found, first: Item) -> list[Item]:
    """Twins of the first item in the rest of the shortlist."""
    items = [first, *store.items(found.items[len(found.evidence) :])]
    return [items[i] for i in twins.twins(items)[1:]]


def _candidates(
    pipeline: Pipeline, store: Store, found: Found, further: Sequence[Item], reading: Reading
) -> list[Candidate]:
    """Those of them that have the year that was read."""
    dated = {item.id: item for item in _of_year(further, reading)}
    places = {item: found.items.index(item) for item in list(dated)[: twins.MOST]}
    views = store.views([found.views[i] for i in places.values()], embeddings=True)
    if not views:
        return []
    hits = Hits.of(views)
    evidence = pipeline.prove(found.query, hits.maps, hits.described)
    return [
        Candidate(
            item=dated[view.item],
            view=view,
            similarity=float(found.similarity[places[view.item]]),
            score=float(found.standing.scores[places[view.item]]),
            probability=float(found.chances[places[view.item]]),
            evidence=proof,
        )
        for view, proof in zip(views, evidence, strict=True)
    ]
