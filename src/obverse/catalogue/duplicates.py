"""Items that are in a catalogue twice: each view asked against all others.

A view's stored embedding is the query; pictures are decoded only to compare the values and shapes
of two that are alike. Its neighbours among other items are verified as a photo's would be, but
decided each by itself: a third copy of a design must not make the second less likely. Coins share a
portrait or a coat of arms with others all the time, so one side alike makes no duplicate: every
side that one of the two items has must be alike. A group's items are all alike, each to every
other. Items that say different years or mint marks are no duplicates, however alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from obverse.catalogue.levelling import patch_of
from obverse.catalogue.store import Hits, Store
from obverse.decide import spoken
from obverse.pipeline import Pipeline
from obverse.types import F64, Embedding, Evidence, Progress, View
from obverse.verify.closer import Closer
from obverse.year.twins import apart

BATCH = 32
"""Views asked together."""
Link = tuple[float, float]
"""Chance that two views show one design, by the one that sees less of it, and their score."""
NEAREST = 64
"""Neighbours verified of each: a quick pass, as the design itself is near at hand."""
COPY, NEAR_COPY = 0.96, 8
"""Score from which two views are nearly one picture, and neighbours looked at. Two specimens of one
design reach 0.95, 82 pairs of `dev`; all of 117 copies, smaller, lighter or cropped, have 0.964 or
more; turned ones are missed (``benchmarks/copies.py``)."""


SAME = (5.8, 15.0, 0.9)
"""Weights of ``traits`` for the chance that two pictures show one design, and the bias
(``scripts/fit_duplicates.py``; docs/decisions.md)."""
BIAS = -13.1
LIKELY, LEAST = 0.5, 0.6
"""Chance from which two views are told as one design, and a score below which none reaches it: by
``SAME`` the weakest part would have to agree better than the whole."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A view of a group."""

    id: str
    item: str
    title: str
    side: str

    def to_dict(self) -> dict[str, str]:
        return {"id": self.id, "item": self.item, "title": self.title, "side": self.side}


@dataclass(frozen=True, slots=True)
class Group:
    """Items that are one and the same, by their views.

    Attributes:
        views: those that show one design with another item's; of at least two items.
        score, probability: of the weakest link between two of them.
    """

    views: tuple[Shown, ...]
    score: float
    probability: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "views": [view.to_dict() for view in self.views],
            "score": round(self.score, 5),
            "probability": round(self.probability, 5),
        }


def find(store: Store, pipeline: Pipeline, progress: Progress | None = None) -> list[Group]:
    """See ``Catalogue.duplicates``."""
    rows = store.listing()
    links: dict[tuple[str, str], Link] = {}
    for start in range(0, len(rows), BATCH):
        views = store.views([row[0] for row in rows[start : start + BATCH]], embeddings=True)
        queries = [_query(view, pipeline) for view in views]
        shortlists = store.search_many(np.array([q.vector for q in queries]), NEAREST)
        for view, query, hits in zip(views, queries, shortlists, strict=True):
            for other, score, chance in _alike(view, query, hits, store, pipeline):
                first, second = sorted((view.id, other))
                links[first, second] = min(links.get((first, second), (1.0, 1.0)), (chance, score))
        if progress:
            progress(min(start + BATCH, len(rows)), len(rows), "comparing")
    return _groups(store, {pair: link for pair, link in links.items() if link[0] > 0})


def copies(store: Store, pipeline: Pipeline, views: Sequence[View]) -> list[tuple[str, str]]:
    """Which views show nearly the same picture as one of another item that may be the same thing:
    the two items, for each.

    Only where embeddings turn with the object (``Recipe.turns``); a vector and some keypoints may
    be alike without that.

    Args:
        views: stored ones, with their embeddings.
    """
    if not pipeline.recipe.turns:
        return []
    asked = [view.embedding for view in views if view.embedding is not None]
    shortlists = store.search_many(np.array([query.vector for query in asked]), NEAR_COPY)
    alike: list[tuple[str, list[str]]] = []
    for view, query, hits in zip(views, asked, shortlists, strict=True):
        scores, _ = pipeline.verifier.scores(query, hits.maps, hits.described, hits.items)
        pairs = zip(hits.items, scores, strict=True)
        alike.append((view.item, [i for i, s in pairs if i != view.item and s >= COPY]))
    ids = sorted({id for item, others in alike for id in (item, *others) if others})
    items = {item.id: item for item in store.items(ids)}
    found = []
    for item, others in alike:
        same = [i for i in others if {item, i} <= items.keys() and not apart(items[item], items[i])]
        found += [(item, other) for other in same[:1]]
    return found


def _query(view: View, pipeline: Pipeline) -> Embedding:
    assert view.embedding is not None
    return pipeline.layer.apply(view.embedding) if pipeline.layer else view.embedding


def _alike(
    view: View, query: Embedding, hits: Hits, store: Store, pipeline: Pipeline
) -> Iterator[tuple[str, float, float]]:
    """The views of other items that this one may be the same as, their scores, and the chance that
    they are; 0 for those that a closer look tells apart."""
    others = [i for i, item in enumerate(hits.items) if item != view.item]
    if not others:
        return
    rest = hits.take(others)
    first, standing, _ = pipeline.rank(query, rest, 1)
    closer = pipeline.closer(store, partial(patch_of, view))
    for place, i in enumerate(first):
        id, score = rest.views[i], float(standing.scores[place])
        if closer is not None:
            if score < LEAST:
                return
            hit = rest.take([i])
            yield id, score, _same(closer, id, pipeline.prove(query, hit.maps, hit.described)[0])
            continue
        chance = float(pipeline.decider.probabilities(standing.take([place]))[0])
        if pipeline.decider.known(chance):
            yield id, score, chance


def _same(closer: Closer, id: str, shown: Evidence) -> float:
    """The chance that a view shows the design of the picture that is asked about; 0 where that is
    less than ``LIKELY``."""
    chance = same(shown)
    if chance >= LIKELY:  # only then is it worth a closer look
        chance = same(closer.outline(id, closer.numeral(id, shown)))
    return chance if chance >= LIKELY else 0.0


def traits(evidence: Evidence) -> F64:
    """What tells whether two pictures show one design, float64 (3,): how well they agree, how well
    where they agree least, and what speaks against it."""
    assert evidence.weakest is not None
    return np.array([evidence.score, evidence.weakest, min(spoken(evidence), 0.0)])


def same(evidence: Evidence) -> float:
    """The chance that a view shows the same design as the one that was asked about."""
    return float(1 / (1 + np.exp(-(traits(evidence) @ np.array(SAME) + BIAS))))


def _groups(store: Store, links: Mapping[tuple[str, str], Link]) -> list[Group]:
    """Items that are linked by all that one of them shows, together; the surest groups first."""
    views = {v.id: v for v in store.views(sorted({id for pair in links for id in pair}))}
    links = {pair: link for pair, link in links.items() if views.keys() >= set(pair)}  # else gone
    items = {i.id: i for i in store.items(sorted({view.item for view in views.values()}))}
    sides = _sides(store)
    shown: dict[tuple[str, str], set[str]] = {}
    for first, second in links:
        one, other = views[first], views[second]
        shown.setdefault((one.item, other.item), set()).add(one.side)
        shown.setdefault((other.item, one.item), set()).add(other.side)
    held: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for first, second in links:
        a, b = sorted((views[first].item, views[second].item))
        if not {a, b} <= items.keys() & sides.keys():  # gone since the views were read
            continue
        if apart(items[a], items[b]):
            continue
        if shown[a, b] >= sides[a] or shown[b, a] >= sides[b]:
            held.setdefault((a, b), []).append((first, second))
    surest = sorted(held, key=lambda pair: (min(links[p] for p in held[pair]), pair), reverse=True)
    groups = []
    for members in cliques(surest):
        pairs = [p for two in combinations(sorted(members), 2) for p in held[two]]
        ids = sorted({id for pair in pairs for id in pair}, key=lambda id: (views[id].item, id))
        told = [Shown(i, (v := views[i]).item, items[v.item].name, v.side) for i in ids]
        chance, score = min(links[pair] for pair in pairs)
        groups.append(Group(tuple(told), score, chance))
    return sorted(groups, key=lambda group: -group.probability)


def cliques(pairs: Sequence[tuple[str, str]]) -> list[set[str]]:
    """Groups within which each is paired with every other, so that every pair is in one.

    A coin known by its obverse alone may be either of two that share it: that makes two groups, not
    one. Each is grown from the first pair that no earlier group holds, so there are at most as many
    as pairs, and one for each set of copies that are all alike.
    """
    near: dict[str, set[str]] = {}
    for a, b in pairs:
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    found: list[set[str]] = []
    covered: set[frozenset[str]] = set()
    for a, b in pairs:
        if frozenset((a, b)) in covered:
            continue
        group = {a, b}
        beside = near[a] & near[b]
        while beside:
            new = min(beside)
            group.add(new)
            beside &= near[new]
        covered |= {frozenset(two) for two in combinations(group, 2)}
        found.append(group)
    return found


def _sides(store: Store) -> dict[str, set[str]]:
    """The sides that each item has pictures of; those that nobody named count as one."""
    found: dict[str, set[str]] = {}
    for _, item, side, _, _ in store.listing():
        found.setdefault(item, set()).add(side)
    return found
