"""One way up per design: each view knows the turn that sets it upright, its first view by default
none, for scans are upright; later ones are levelled to it by the polar turn.

The turn is kept with the view's region, as ``upright``: degrees counter-clockwise as seen by which
the thumbnail must be turned. Nothing else depends on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from obverse import canvas, normalise
from obverse.catalogue.sides import check_side
from obverse.catalogue.store import Store
from obverse.errors import NotInCatalogue, UsageError
from obverse.pipeline import PHASES, Pipeline
from obverse.types import Embedding, Patch, View

AGREES = 0.65
"""Agreement from which the turn between two views is believed. Photos of `wild_dev` reach it
against their own scan in 0.99, against another specimen of the design in 0.95 of all cases, against
another design of the same denomination in 0.05. Photo and own scan: the turn is 0.4 degrees off in
the median, 1.5 at most in 0.95 of 305; two scans, both taken for upright: 1.6 in the median."""
REFERENCES = 4
"""Views of a side that a new one is compared with."""
STILL = 3.0
"""Degrees below which a view counts as upright: turning it would cost more than it mends."""


@dataclass(frozen=True, slots=True)
class LevelReport:
    """What levelling did: views turned, and ids of those that agree too little with the first to
    tell, which stay as they were."""

    turned: int
    unsure: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"turned": self.turned, "unsure": list(self.unsure)}


def with_upright(view: View, degrees: float) -> View:
    """The view with another turn that sets it upright."""
    region = {k: v for k, v in view.region.items() if k != "upright"}
    degrees = round(degrees % 360, 1) % 360
    return replace(view, region=region | ({"upright": degrees} if degrees else {}))


def upright_like(pipeline: Pipeline, query: Embedding, references: Sequence[View]) -> float | None:
    """Degrees by which the query must be turned to stand as the reference does that it agrees with
    best; None where it agrees with none well enough."""
    maps = np.stack([v.embedding.map for v in references if v.embedding is not None])
    scores, turns = pipeline.verifier.scores(query, maps)
    best = int(scores.argmax())
    if scores[best] < AGREES:
        return None
    degrees = (references[best].upright - float(turns[best])) % 360
    return 0.0 if min(degrees, 360 - degrees) < STILL else degrees


class Leveller:
    """Levels new views to those that show the same side of the same item already.

    Args:
        stored: (view id, item id, side) of what the store holds.
    """

    def __init__(
        self, store: Store, pipeline: Pipeline, stored: Iterable[tuple[str, str, str]]
    ) -> None:
        self._store, self._pipeline = store, pipeline
        self._shelves: dict[tuple[str, str], list[str]] = {}
        for id, item, side in stored:
            self._note(id, (item, side))

    def level(self, views: Sequence[View], patches: Sequence[Patch]) -> list[View]:
        """The views, new ones, with the turns that set them upright."""
        if not self._pipeline.recipe.turns:
            return list(views)
        ids = {id for v in views for id in self._shelves.get((v.item, v.side), ())}
        held = {v.id: v for v in self._store.views(sorted(ids), embeddings=True)} if ids else {}
        levelled = []
        for view, patch in zip(views, patches, strict=True):
            shelf = self._shelves.get((view.item, view.side), ())
            references = [held[id] for id in shelf if id in held]
            if references:
                query = self._pipeline.embedder.embed([patch], phases=PHASES)[0]
                view = with_upright(view, upright_like(self._pipeline, query, references) or 0.0)
            held[view.id] = view
            self._note(view.id, (view.item, view.side))
            levelled.append(view)
        return levelled

    def _note(self, id: str, key: tuple[str, str]) -> None:
        shelf = self._shelves.setdefault(key, [])
        if len(shelf) < REFERENCES:
            shelf.append(id)


def level(
    store: Store,
    pipeline: Pipeline,
    items: Iterable[str],
    side: str | None = None,
    turn: float | None = None,
) -> LevelReport:
    """Level the views of items, each side for itself, to the first one added.

    Args:
        side: only this one.
        turn: degrees that set the first one upright; if not given, it stands as it does.

    Raises:
        UsageError: things that are not round; a side or a turn that is none.
    """
    side = None if side is None else check_side(side)
    if not pipeline.recipe.turns:
        raise UsageError(
            "only round things, by maps that turn with them, are levelled by their design",
            where=store.uri,
            hint="turn a view by hand: --view ID --turn DEGREES",
        )
    changed, unsure = 0, []
    for item in items:
        views = store.views(item=item, embeddings=True)
        views.sort(key=lambda v: (v.added, v.source, v.id))
        for shown in sorted({v.side for v in views if side is None or v.side == side}):
            mine = [v for v in views if v.side == shown]
            first = mine[0] if turn is None else with_upright(mine[0], _degrees(turn))
            new, left = _follow(pipeline, [first, *mine[1:]])
            changed += _write(store, mine, new)
            unsure += left
    return LevelReport(changed, tuple(unsure))


def turn_view(store: Store, id: str, turn: float) -> LevelReport:
    """Set the turn of one view alone. Raises ``NotInCatalogue``, ``UsageError``."""
    found = store.views([id], embeddings=True)
    if not found:
        raise NotInCatalogue(f"no view {id!r}", where=store.uri, hint="nothing was turned")
    new = [with_upright(found[0], _degrees(turn))]
    return LevelReport(_write(store, found, new), ())


def _follow(pipeline: Pipeline, views: Sequence[View]) -> tuple[list[View], list[str]]:
    """Views levelled to the first of them, and the ids of those that agree with none before."""
    done, unsure = [views[0]], []
    for view in views[1:]:
        query = pipeline.embedder.embed([patch_of(view)], phases=PHASES)[0]
        degrees = upright_like(pipeline, query, done[:REFERENCES])
        if degrees is None:
            unsure.append(view.id)
        else:
            done.append(with_upright(view, degrees))
    return done, unsure


def _write(store: Store, old: Sequence[View], new: Sequence[View]) -> int:
    """Write the views that stand otherwise now; how many."""
    was = {v.id: v.upright for v in old}
    changed = [v for v in new if v.upright != was[v.id]]
    if changed:
        store.put(changed)
    return len(changed)


def _degrees(turn: float) -> float:
    if not math.isfinite(turn):
        raise UsageError(f"{turn} is no turn", hint="give degrees")
    return turn


def patch_of(view: View) -> Patch:
    """The disc patch that a view's thumbnail is."""
    return normalise.filled(canvas.decode(view.thumbnail))
