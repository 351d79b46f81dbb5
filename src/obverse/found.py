"""What the catalogue brought for one object, and how that becomes an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from obverse.catalogue.store import Hits, Store
from obverse.decide import Decider, Standing
from obverse.types import F32, F64, Answer, Candidate, Embedding, Evidence, Issue, Patch, Photo


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One object and the items of its shortlist, best first, their rows not read yet.

    Attributes:
        photo, patch, query: the object.
        issues: what is wrong with the photo.
        items: item ids, n of them.
        views: ids of each item's best view.
        similarity: float32 (n,), cosine of the invariant vectors.
        standing: their scores, and what else the decision needs.
        chances: float64 (n,), calibrated probabilities.
        evidence: for the first few.
    """

    photo: Photo
    patch: Patch
    issues: tuple[Issue, ...]
    query: Embedding
    items: list[str]
    views: list[str]
    similarity: F32
    standing: Standing
    chances: F64
    evidence: list[Evidence]

    @classmethod
    def of(
        cls,
        photo: Photo,
        patch: Patch,
        issues: tuple[Issue, ...],
        query: Embedding,
        hits: Hits,
        first: list[int],
        standing: Standing,
        chances: F64,
        evidence: list[Evidence],
    ) -> Found:
        """From a shortlist of views; ``first`` holds the best one of each item, best first."""
        items, views = [hits.items[i] for i in first], [hits.views[i] for i in first]
        similarity = hits.similarity[first]
        return cls(
            photo, patch, issues, query, items, views, similarity, standing, chances, evidence
        )


def fetch(
    store: Store,
    found: Sequence[Found],
    decider: Decider,
    times_ms: Mapping[str, float],
    max_wrong: float | None = None,
) -> list[Answer]:
    """The answers, one per object: the rows of all first candidates are read together."""
    shown = [list(zip(f.items, f.views, f.evidence, strict=False)) for f in found]
    items = {i.id: i for i in store.items(sorted({i for rows in shown for i, _, _ in rows}))}
    views = {v.id: v for v in store.views(sorted({v for rows in shown for _, v, _ in rows}))}
    answers = []
    for f, rows in zip(found, shown, strict=True):
        candidates = tuple(
            Candidate(
                item=items[item],
                view=views[view],
                similarity=float(f.similarity[k]),
                score=float(f.standing.scores[k]),
                probability=float(f.chances[k]),
                evidence=evidence,
            )
            for k, (item, view, evidence) in enumerate(rows)
            # A row may have gone since it was found: another process removes while this one asks.
            if item in items and view in views
        )
        answers.append(
            Answer(
                f.photo,
                f.patch,
                bool(candidates) and decider.known(candidates[0].probability, max_wrong),
                candidates,
                times_ms,
                quality=f.issues,
                calibrated=decider.is_fitted,
                threshold=decider.least(max_wrong),
            )
        )
    return answers
