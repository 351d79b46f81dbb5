"""The stages in order. No other module knows it.

photo -> find -> normalise -> embed -> search -> verify -> decide
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import numpy as np

from obverse import decide, embed, find, normalise, verify
from obverse.catalogue.store import Hits, Store
from obverse.decide import Decider
from obverse.layer import Layer
from obverse.recipes import Recipe
from obverse.types import (
    F32,
    I8,
    Answer,
    Candidate,
    Embedder,
    Embedding,
    Evidence,
    Finder,
    Patch,
    Photo,
    Region,
    Verifier,
)
from obverse.year import twins
from obverse.year.reader import YearReader

REDUCE_TO = 1600
"""A JPEG's long side is never decoded below this; a patch needs 256 pixels of a coin."""
PHASES = 4
"""Turns between two cells that a query is embedded at (docs/decisions.md)."""


class Pipeline:
    """The stages of a recipe, each loaded when first used. Safe to share between threads.

    Attributes:
        layer: what a catalogue's own views taught (``obverse adapt``), applied to queries.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.layer: Layer | None = None

    @cached_property
    def finder(self) -> Finder:
        return find.get(self.recipe.finder)

    @cached_property
    def embedder(self) -> Embedder:
        return embed.get(self.recipe.embedder)

    @cached_property
    def verifier(self) -> Verifier:
        return verify.get(self.recipe.verifier)

    @cached_property
    def decider(self) -> Decider:
        return decide.get(self.recipe.name)

    @cached_property
    def years(self) -> YearReader:
        return YearReader()

    def find(self, photo: Photo) -> list[Region]:
        """Every object in the photo, largest and best first; never empty."""
        return self.finder.find(photo)

    def normalise(self, photo: Photo, region: Region) -> Patch:
        """A region made canonical, by the recipe's geometry."""
        make = normalise.disc if self.recipe.geometry == "disc" else normalise.flat
        return make(photo, region)

    def look(self, photo: Photo) -> Patch:
        """Find and normalise: the first object of a photo."""
        return self.normalise(photo, self.find(photo)[0])

    def embed(self, patches: list[Patch]) -> list[Embedding]:
        """Embeddings as the catalogue keeps them."""
        return self.embedder.embed(patches)

    def embed_query(self, patch: Patch) -> Embedding:
        """The embedding of a query: its map also holds the turns between the cells."""
        phases = PHASES if self.recipe.geometry == "disc" else 1
        query = self.embedder.embed([patch], phases=phases)[0]
        return self.layer.apply(query) if self.layer else query

    def search(self, store: Store, query: Embedding) -> Hits:
        """The shortlist: the nearest views by vector."""
        return store.search(query.vector, self.recipe.shortlist)

    def verify(self, query: Embedding, hits: Hits) -> tuple[F32, F32]:
        """Scores and turns of the shortlist, float32 (n,) each."""
        scores, turns = self.verifier.scores(query, hits.maps)
        return (self.layer.raise_scores(scores) if self.layer else scores), turns

    def prove(self, query: Embedding, maps: I8) -> list[Evidence]:
        """The evidence for or against a few views, int8 (n, channels, angles, radii)."""
        found = self.verifier.evidence(query, maps)
        return [self.layer.raise_evidence(e) for e in found] if self.layer else found

    def identify(
        self, store: Store, photo: Photo, *, top: int = 5, year: bool | None = None
    ) -> Answer:
        """From a photo to an answer with evidence.

        Args:
            store: the catalogue's rows.
            photo: the query.
            top: how many candidates to give.
            year: read the year of the best item; None only where items differ by their year alone.
        """
        clock = Clock()
        with clock("find"):
            region = self.find(photo)[0]
        with clock("normalise"):
            patch = self.normalise(photo, region)
        with clock("embed"):
            query = self.embed_query(patch)
        with clock("search"):
            hits = self.search(store, query)
        with clock("verify"):
            scores, _ = self.verify(query, hits)
            first = best_views(hits.items, scores)
            wide = top if year is False else max(top, twins.near(scores[first]))
            evidence = self.prove(query, hits.maps[first[:wide]])
        with clock("decide"):
            chances = self.decider.probabilities(scores[first])
        with clock("fetch"):
            items = {i.id: i for i in store.items([hits.items[i] for i in first[:wide]])}
            views = {v.id: v for v in store.views([hits.views[i] for i in first[:wide]])}
        candidates = tuple(
            Candidate(
                item=items[hits.items[i]],
                view=views[hits.views[i]],
                similarity=float(hits.similarity[i]),
                score=float(scores[i]),
                probability=float(p),
                evidence=e,
            )
            for i, p, e in zip(first, chances, evidence, strict=False)
            if hits.items[i] in items and hits.views[i] in views
        )
        group = [] if year is False else twins.twins([c.item for c in candidates])
        if len(group) > 1 or (year and group):
            with clock("year"):
                dates = twins.dates([candidates[i].item for i in group])
                lies = candidates[0].evidence.turn if self.recipe.geometry == "disc" else 0.0
                reading = self.years.read(photo, region, dates, lies)
                others = [i for i in range(len(first)) if i == 0 or i not in group]
                mass = float(self.decider.probabilities(scores[first][others])[0])
                candidates = twins.settle(candidates, group, reading, mass)
        candidates = candidates[:top]
        known = bool(candidates) and self.decider.known(candidates[0].probability)
        return Answer(photo, patch, known, candidates, clock.times_ms)


class Clock:
    """Wall time per stage in milliseconds."""

    def __init__(self) -> None:
        self.times_ms: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.times_ms[stage] = 1e3 * (time.perf_counter() - start)


def best_views(items: list[str], scores: F32) -> list[int]:
    """Indices of each item's best view, best item first."""
    seen: dict[str, int] = {}
    for i in np.argsort(-scores, kind="stable"):
        seen.setdefault(items[i], int(i))
    return list(seen.values())
