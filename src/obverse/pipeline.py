"""The stages in order. No other module knows it.

photo -> find -> normalise -> embed -> search -> verify -> decide
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from obverse import dating, decide, find, fuse, normalise, quality, tray, verify
from obverse.catalogue.store import Hits, Store
from obverse.decide import Decider, PairDecider, Standing
from obverse.embed import named
from obverse.errors import UsageError
from obverse.found import Found, fetch
from obverse.layer import Layer
from obverse.recipes import RECIPES, Recipe
from obverse.types import (
    F32,
    I8,
    Answer,
    Embedder,
    Embedding,
    Evidence,
    Finder,
    Patch,
    Photo,
    Region,
    Tray,
    Verifier,
)
from obverse.verify.closer import Closer, near
from obverse.verify.expected import Expectations
from obverse.verify.numerals import NumeralReader
from obverse.year import twins
from obverse.year.reader import YearReader

REDUCE_TO = 1600
"""A JPEG's long side is never decoded below this; a patch needs 256 pixels of a coin. For a tray of
60 coins it is as good as full size (docs/decisions.md)."""
PHASES = 4
"""Turns between two cells that a query is embedded at (docs/decisions.md)."""
LARGER, ENOUGH = 1.06, 0.85
"""A coin is looked at again, so much larger: rims have steps, and the finder and a catalogue's
picture may have settled on different ones. Where a view scores enough that gains nothing; both
were chosen on `dev_wild` (docs/decisions.md)."""
CLOSE = 0.1
"""Views of a score so much lower than that of a first one that has the photo's number are asked for
theirs, too: 39 of 448 photos of `dev_wild`; with 0.2 there are 141, and nothing else changes."""


class Pipeline:
    """The stages of a recipe, each loaded when first used. Safe to share between threads.

    Attributes:
        layer: what a catalogue's own views taught (``obverse adapt``), applied to queries. It and
            ``calibration`` are set by ``learn``.
        calibration: one of the catalogue's own (``obverse calibrate``), instead of the shipped one.
        fitted: what was fitted for the embedder on the catalogue (``obverse.embed.named``), if it
            needs that.
    """

    def __init__(self, recipe: Recipe, fitted: bytes | None = None) -> None:
        self.recipe, self.fitted = recipe, fitted
        self.layer: Layer | None = None
        self.calibration: Decider | None = None
        self._expectations = Expectations()

    def learn(self, layer: Layer | None, calibration: Decider | None) -> None:
        """Use what was fitted to a catalogue from now on; None for what the recipe brings."""
        self.layer, self.calibration = layer, calibration
        self._expectations = Expectations()  # the layer changes what they score

    @cached_property
    def finder(self) -> Finder:
        return find.get(self.recipe.finder)

    @cached_property
    def embedder(self) -> Embedder:
        return named.load(self.recipe, self.fitted)

    @cached_property
    def verifier(self) -> Verifier:
        return verify.get(self.recipe.verifier)

    @property
    def decider(self) -> Decider:
        return self.calibration or self.usual_decider

    @cached_property
    def usual_decider(self) -> Decider:
        """The shipped calibration, or none for stages that none was fitted for."""
        return decide.get(self.recipe.name) if self.recipe.is_own else decide.Undecided()

    @cached_property
    def pair_decider(self) -> PairDecider:
        if not self.recipe.is_own:
            raise UsageError(
                f"there is no calibration of {self.recipe.embedder!r} and "
                f"{self.recipe.verifier!r} for two sides",
                hint="ask about each photo by itself",
            )
        return decide.get_pair(self.recipe.name)

    @cached_property
    def years(self) -> YearReader:
        return YearReader()

    @cached_property
    def numerals(self) -> NumeralReader:
        return NumeralReader(self.years.ocr)

    def find(self, photo: Photo) -> list[Region]:
        """Every object in the photo, largest and best first; never empty."""
        return self.finder.find(photo)

    def normalise(self, photo: Photo, region: Region) -> Patch:
        """A region made canonical, by the recipe's geometry."""
        make = normalise.disc if self.recipe.geometry == "disc" else normalise.flat
        return make(photo, region)

    def look(self, photo: Photo) -> Patch:
        """Find and normalise: the first object of a photo."""
        return self.normalise(photo, self.finder.first(photo))

    def embed(self, patches: list[Patch]) -> list[Embedding]:
        """Embeddings as the catalogue keeps them."""
        embeddings = self.embedder.embed(patches)
        if isinstance(self.embedder, named.Processed):
            embeddings = self.embedder.keep(embeddings)
        return self._described(patches, embeddings)

    def embed_query(self, patch: Patch) -> Embedding:
        """The embedding of a query: its map also holds the turns between the cells."""
        return self.embed_queries([patch])[0]

    def embed_queries(self, patches: list[Patch], *, phases: int = PHASES) -> list[Embedding]:
        """Those of several, in batches; with one phase, of queries that lie as their views do."""
        embeddings = self.embedder.embed(patches, phases=phases if self.recipe.turns else 1)
        queries = self._described(patches, embeddings)
        return [self.layer.apply(q) for q in queries] if self.layer else queries

    def embed_text(self, text: str) -> F32:
        """The vector of words, float32 (dim,), to search pictures by. Raises ``UsageError`` where
        the embedder knows no words."""
        return named.describe_text(self.embedder, text)

    def _described(self, patches: list[Patch], embeddings: list[Embedding]) -> list[Embedding]:
        """With what the verifier needs besides, if anything; an embedder may have found it for the
        verifier that it usually goes with."""
        if not self.verifier.fingerprint:
            return embeddings
        usual = RECIPES[self.recipe.name].verifier
        found = self.recipe.is_named or self.recipe.verifier == usual
        return [
            e if e.description and found else replace(e, description=self.verifier.describe(patch))
            for patch, e in zip(patches, embeddings, strict=True)
        ]

    def search(self, store: Store, query: Embedding) -> Hits:
        """The shortlist: the nearest views by vector."""
        return store.search(query.vector, self.recipe.shortlist)

    def search_many(self, store: Store, queries: list[Embedding]) -> Iterator[Hits]:
        """The shortlist of each query, in their order."""
        vectors = np.array([query.vector for query in queries])
        return store.search_many(vectors, self.recipe.shortlist)

    def verify(self, query: Embedding, hits: Hits) -> tuple[F32, F32]:
        """Scores and turns of the shortlist, float32 (n,) each."""
        scores, turns = self.verifier.scores(query, hits.maps, hits.described, hits.items)
        return (self.layer.raise_scores(scores) if self.layer else scores), turns

    def prove(self, query: Embedding, maps: I8, described: Sequence[bytes] = ()) -> list[Evidence]:
        """The evidence for or against a few views, or none: their maps, int8 (n, channels, angles,
        radii), and what the verifier described of them."""
        if not len(maps):
            return []
        found = self.verifier.evidence(query, maps, described)
        return [self.layer.raise_evidence(e) for e in found] if self.layer else found

    def closer(
        self, store: Store, look: Patch | Callable[[], Patch], photo: Photo | None = None
    ) -> Closer | None:
        """What looks closer at the first few views; None for recipes that do not.

        Args:
            store: the catalogue's rows.
            look: the patch that is asked about, or what gives it once there is something to ask.
            photo: what the patch was cut from, if it is there.
        """
        if not self.recipe.looks_closer:
            return None
        embed = partial(self.embed_queries, phases=1)
        return Closer(store, look, photo, self.numerals, self._expectations, embed, self.prove)

    def identify(
        self,
        store: Store,
        photo: Photo,
        *,
        top: int = 5,
        year: bool | None = None,
        max_wrong: float | None = None,
    ) -> Answer:
        """From a photo to an answer with evidence.

        Args:
            store: the catalogue's rows.
            photo: the query.
            top: how many candidates to give.
            year: read the year of the best item; None only where items differ by year or mint mark
                alone.
            max_wrong: share of wrong answers that may be, as ``Decider.known`` takes it.
        """
        clock = Clock()
        with clock("find"):
            region = self.finder.first(photo)
        with clock("normalise"):
            patch = self.normalise(photo, region)
        found = self.ask(store, [(photo, patch)], top, clock, dated=year is not False)
        with clock("fetch"):
            answer = fetch(store, found, self.decider, clock.times_ms, max_wrong)[0]
        if year is False:
            return answer
        args = (self, store, found[0], answer, top, clock)
        return dating.answer(*args, ask=year, max_wrong=max_wrong)

    def identify_sides(
        self,
        store: Store,
        photos: Sequence[Photo],
        *,
        top: int = 5,
        max_wrong: float | None = None,
    ) -> Answer:
        """From photos of the two sides of one thing to one answer; nobody says which is which.

        Args:
            store: the catalogue's rows.
            photos: two photos, or one that shows both sides.
            top: how many candidates to give.
            max_wrong: as for ``identify``.

        Raises:
            PhotoError: the only photo shows one object.
        """
        clock = Clock()
        with clock("find"):
            if len(photos) > 1:
                shown = [(photo, self.finder.first(photo)) for photo in photos]
            else:
                shown = fuse.both_sides(photos[0], self.find(photos[0]))
        with clock("normalise"):
            looks = [(photo, self.normalise(photo, region)) for photo, region in shown]
        found = self.ask(store, looks, top, clock)
        with clock("fetch"):
            sides = fetch(store, found, self.decider, clock.times_ms, max_wrong)
        with clock("fuse"):
            return fuse.answer(self, store, found, sides, top, max_wrong)

    def identify_all(
        self,
        store: Store,
        photo: Photo,
        *,
        top: int = 5,
        year: bool | None = None,
        max_wrong: float | None = None,
    ) -> Tray:
        """Every object of a photo, in reading order; a bad one never stops the others.

        Args:
            store: the catalogue's rows.
            photo: the query.
            top: how many candidates to give for each object.
            year: as for ``identify``, of each object.
            max_wrong: as for ``identify``.
        """
        clock = Clock()
        with clock("find"):
            # The whole picture stands in where nothing was found: nothing to answer.
            there = [region for region in self.find(photo) if not region.whole]
            regions = tray.reading_order(there)
        with clock("normalise"):
            patches, failed = tray.each(regions, lambda region: self.normalise(photo, region))
        found = self.ask(
            store, [(photo, patch) for patch in patches], top, clock, dated=year is not False
        )
        with clock("fetch"):
            answers = fetch(store, found, self.decider, clock.times_ms, max_wrong)
        if year is not False:
            answers = [
                dating.answer(self, store, f, a, top, clock, ask=year, max_wrong=max_wrong)
                for a, f in zip(answers, found, strict=True)
            ]
        return Tray(photo, tuple(answers), failed, clock.times_ms)

    def ask(
        self,
        store: Store,
        looks: list[tuple[Photo, Patch]],
        top: int,
        clock: Clock,
        *,
        dated: bool = False,
    ) -> list[Found]:
        """The stages from embed to decide, for one object or for many; ``dated``: with evidence for
        all items close to the best one, that their dates may settle."""
        with clock("quality"):
            issues = [quality.check(photo, patch) for photo, patch in looks]
        with clock("embed"):
            queries = self.embed_queries([patch for _, patch in looks])
        shortlists, found = self.search_many(store, queries), []
        for (photo, patch), issue, query in zip(looks, issues, queries, strict=True):
            with clock("search"):
                hits = next(shortlists)
            with clock("verify"):
                scores, _ = self.verify(query, hits)
            if scores.max(initial=-1) < ENOUGH and self.recipe.looks_closer:
                patch, query, scores = self._again(photo, patch, query, hits, scores, clock)
            with clock("verify"):
                closer = self.closer(store, patch, photo)
                first, standing, evidence = self.rank(
                    query, hits, top, closer, scores=scores, dated=dated
                )
            with clock("decide"):
                chances = self.decider.probabilities(standing)
            asked = (photo, patch, issue, query)
            found.append(Found.of(*asked, hits, first, standing, chances, evidence))
        return found

    def _again(
        self, photo: Photo, patch: Patch, query: Embedding, hits: Hits, scores: F32, clock: Clock
    ) -> tuple[Patch, Embedding, F32]:
        """The look at an object that some view agrees with better: the one that there was, or one
        with a little more around it. Its patch's ``region`` stays the one that was found."""
        ellipse = patch.region.ellipse
        if ellipse is None:
            return patch, query, scores
        grown = replace(ellipse, a=LARGER * ellipse.a, b=LARGER * ellipse.b)
        with clock("normalise"):
            larger = self.normalise(photo, replace(patch.region, ellipse=grown))
        with clock("embed"):
            asked = self.embed_query(larger)
        with clock("verify"):
            again, _ = self.verify(asked, hits)
        if again.max(initial=-1) <= scores.max(initial=-1):
            return patch, query, scores
        return replace(larger, region=patch.region), asked, again

    def rank(
        self,
        query: Embedding,
        hits: Hits,
        top: int,
        closer: Closer | None = None,
        *,
        scores: F32 | None = None,
        dated: bool = False,
    ) -> tuple[list[int], Standing, list[Evidence]]:
        """Each item's best view among the hits, best item first by their scores, how they stand,
        and the evidence for the first ``top`` of them (and for all that a date may settle). The
        first few are looked at closer, which may raise their scores but does not change the order:
        near twins gain alike. Only where a number or the outline speaks against the first, the
        next with the photo's own leads.

        Args:
            query, hits: what is asked, of which views.
            top: how many must have evidence.
            closer: looks closer at the first few.
            scores: of the hits, if they are known already.
            dated: as for ``ask``.
        """
        if scores is None:
            scores, _ = self.verify(query, hits)
        first = best_views(hits.items, scores)
        if not first:
            return [], Standing.of(scores), []
        shown = max(top, twins.near(scores[first])) if dated else top
        looked = hits.take(first[: max(shown, decide.LOOKED_AT)])
        evidence = self.prove(query, looked.maps, looked.described)
        raised = scores[first].tolist()
        if closer:
            few = near([e.score for e in evidence[: decide.LOOKED_AT]])
            self._lay(closer, looked, few, raised, evidence)
            views = list(looked.views)
            _lead(self._outlined(closer, views, few, evidence), first, raised, views, evidence)
            _lead(self._agreed(closer, views, evidence), first, raised, views, evidence)
            kept = looked.maps[looked.views.index(views[0])]
            evidence[0] = closer.expected(views[0], kept, evidence[0])
        before = np.asarray(scores[first], np.float64)
        return first, Standing.of(np.array(raised), evidence, before), evidence[:shown]

    @staticmethod
    def _lay(
        closer: Closer, looked: Hits, few: int, scores: list[float], evidence: list[Evidence]
    ) -> None:
        """Lays the photo over the first few views, which raises their scores."""
        laid = closer.lay(looked.views[:few], looked.maps[:few], evidence[:few])
        for i, (now, before) in enumerate(zip(laid, evidence[:few], strict=True)):
            if now is not before:
                scores[i], evidence[i] = now.score, now

    @staticmethod
    def _outlined(closer: Closer, views: list[str], few: int, evidence: list[Evidence]) -> int:
        """Completes the evidence for the first few views by their shape, where the photo shows that
        of one of them. The place of the one that leads: the first that the photo's shape does not
        speak against."""
        evidence[:few] = closer.outlines(views[:few], evidence[:few])
        return next((i for i, e in enumerate(evidence) if not _misshapen(e)), 0)

    @staticmethod
    def _agreed(closer: Closer, views: list[str], evidence: list[Evidence]) -> int:
        """Completes the evidence for the first view. Where its number is not the photo's, for the
        next ones until one has that number, and no other shape: its place, or 0. Where it is,
        for those that come close: another number takes them out of the running."""
        leads = False
        for place in range(min(decide.LOOKED_AT, len(evidence))):
            if leads and evidence[0].score - evidence[place].score >= CLOSE:
                continue
            evidence[place] = closer.numeral(views[place], evidence[place])
            numeral = evidence[place].numeral
            agrees = numeral is not None and numeral.agrees
            if place == 0:
                leads = agrees
                if numeral is None or not (agrees or numeral.differs):
                    break
            elif agrees and not leads and not _misshapen(evidence[place]):
                return place
        return 0


def _lead(place: int, *ranked: list[Any]) -> None:
    """Puts what stands at a place first, in each list."""
    for one in ranked:
        one.insert(0, one.pop(place))


def _misshapen(evidence: Evidence) -> bool:
    """Does the photo show another shape?"""
    return evidence.outline is not None and evidence.outline.differs


class Clock:
    """Wall time per stage in milliseconds, summed up where a stage is done for several objects."""

    def __init__(self) -> None:
        self.times_ms: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = 1e3 * (time.perf_counter() - start)
            self.times_ms[stage] = self.times_ms.get(stage, 0.0) + spent


def best_views(items: list[str], scores: F32) -> list[int]:
    """Indices of each item's best view, best item first."""
    seen: dict[str, int] = {}
    for i in np.argsort(-scores, kind="stable"):
        seen.setdefault(items[i], int(i))
    return list(seen.values())
