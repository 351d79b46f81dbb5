"""Fit the decision to a catalogue of the user's own, and keep it only if that is better.

A catalogue's items may resemble each other more than those that the shipped calibration saw, or
less. Its own views are asked: where another view shows the same side of the item, the view itself
with that view left out of the catalogue; else a degraded copy of its picture. Some are asked again
with the whole item left out, which makes the unknown ones. The fit is drawn to the shipped
calibration, by as much as ``decision.PULL`` queries.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import numpy as np

from obverse.catalogue.catalogue import Catalogue
from obverse.catalogue.folder import check_writable
from obverse.catalogue.levelling import patch_of
from obverse.decide import LOOKED_AT
from obverse.degrade import Severity
from obverse.train.decision import FOLDS, MAX_WRONG, Case, Told, cross_validate, finish, fit, tell
from obverse.train.own import Fitted, beyond_chance, degraded, have_twins, sample
from obverse.types import F64, Embedding, Patch, Progress, View

MOST = 500
"""Views asked, drawn at random from a larger catalogue: under two minutes on two cores."""
LEAST_QUERIES, LEAST_ITEMS = 20, 10
ALSO_UNKNOWN = 3
"""One view in so many is asked without its item too: a quarter of the questions are of unknown
things then, as in `dev_wild`, which the shipped calibration of coins is fitted on."""
PHOTO = Severity(
    shift=0.010, scale=0.010, stretch=0.007, tail=0.09, tilt=40.0, wear=0.2, light=0.5, glare=0.27,
    shadow=0.3, tone=0.6, smallest=76, blur=0.0115, noise=8.5,
)  # fmt: skip
"""Three quarters of the way from ``degrade.MILD`` to ``HARD``: right views of 62 items then scored
most like those in the photos of `dev_wild` (docs/decisions.md)."""
SUREST = 1e-3
"""A probability counts as at least this far from 0 and 1 when calibrations are compared."""


def take_off(catalogue: Catalogue) -> Fitted:
    """Go back to the shipped calibration."""
    had = catalogue.store.blob("calibration") is not None
    catalogue.keep("calibration", None)
    said = "its own calibration is off" if had else "it had none of its own"
    return Fitted(False, said, {})


def calibrate(catalogue: Catalogue, *, seed: int = 0, progress: Progress | None = None) -> Fitted:
    """Fit, and judge by cross-validation over items against the shipped calibration; one from
    before goes if the new one is no better than that.

    Args:
        catalogue: whose views are asked. Those without another view of their side can be asked
            about round things told apart by their design only (recipe ``coin``).
        seed: of the views that are asked and of the degradations.
        progress: called as ``progress(done, total, text)``.
    """
    check_writable(catalogue.uri)
    begun = time.monotonic()
    usual = catalogue.pipeline.usual_decider
    shipped = usual if usual.is_fitted else None
    rng = np.random.default_rng(seed)
    views = sample(catalogue, MOST, rng)
    cases, copies = ask(catalogue, views, rng, progress)
    items, queries = len({c.item for c in cases}), sum(c.known for c in cases)
    if queries < LEAST_QUERIES or items < LEAST_ITEMS:
        return Fitted(
            catalogue.store.blob("calibration") is not None,
            f"too little to calibrate on: {queries} of at least {LEAST_QUERIES} views to ask, "
            f"{items} of at least {LEAST_ITEMS} items; nothing changed",
            {},
        )
    after = cross_validate(cases, shipped)
    # Where there is no calibration, one must beat saying the same to every question.
    before = tell(shipped, cases) if shipped else replace(after, probability=_share(after))
    better = beyond_chance(_loss(before) - _loss(after), before.item, rng)
    better &= shipped is not None or after.point(MAX_WRONG).correct > 0
    figures = {"before": _figures(before), "after": _figures(after)}
    card = {
        "what": "the shipped calibration, refitted on the catalogue's own views"
        if shipped
        else "fitted on the catalogue's own views; none is shipped for its stages",
        "recipe": catalogue.pipeline.recipe.name,
        "fitted_on": f"{queries} queries ({queries - copies} other views, {copies} degraded "
        f"copies) of {items} items",
        "items": items,
        "cross_validated": f"{FOLDS} folds over items",
        "built": date.today().isoformat(),
        "command": "obverse calibrate CATALOGUE",
    }
    moved = ", ".join(
        f"{label} {figures['before'][name]:.3f} -> {figures['after'][name]:.3f}"
        for name, label in (("ece", "ECE"), ("auroc", "AUROC"), ("log_loss", "log loss"))
    )
    words = f"{moved} on {len(before.item)} questions, cross-validated over {items} items"
    told = {**card, **figures, "seconds": round(time.monotonic() - begun, 1)}
    if not better:
        catalogue.keep("calibration", None)
        stays = "the shipped calibration stays" if shipped else "there is still no calibration"
        return Fitted(False, f"{stays}: no better beyond chance, {words}", told)
    measured = {"questions": len(after.item), **{k: figures["after"][k] for k in ("ece", "auroc")}}
    final = finish(fit(cases, shipped), after, {**card, **measured}, shipped)
    catalogue.keep("calibration", final.to_bytes())
    return Fitted(True, f"calibrated: {words}", told)


def ask(
    catalogue: Catalogue,
    views: Sequence[View],
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> tuple[list[Case], int]:
    """What the catalogue says to its own views, with their items in it and without; and how many of
    them were asked as degraded copies."""
    pipeline, angles = catalogue.pipeline, catalogue.store.manifest.map_shape[1]
    # Textures are read off the photo itself, and flat things suffer otherwise than round ones do.
    degrades = pipeline.recipe.geometry == "disc" and not pipeline.verifier.fingerprint
    cases: list[Case] = []
    copies = 0
    shelf = ((item, side) for _, item, side, *_ in catalogue.store.listing())
    for n, (view, has_twin) in enumerate(zip(views, have_twins(views, shelf), strict=True)):
        if progress:
            progress(n, len(views), "asking its own views")
        query: Embedding | None = None
        look: Patch | Callable[[], Patch] = partial(patch_of, view)
        if has_twin and view.embedding is not None:
            query = pipeline.layer.apply(view.embedding) if pipeline.layer else view.embedding
        elif degrades:
            look = degraded(view, angles, rng, PHOTO)
            query = pipeline.embed_query(look)
            copies += 1
        if query is None:
            continue
        hits = pipeline.search(catalogue.store, query)
        own = view.id if has_twin else ""
        with_item = [i for i, v in enumerate(hits.views) if v != own]
        without = [i for i in with_item if hits.items[i] != view.item]
        questions = [with_item, without] if n % ALSO_UNKNOWN == 0 else [with_item]
        closer = pipeline.closer(catalogue.store, look)
        for known, kept in zip((True, False), questions, strict=False):
            if not kept:
                continue
            rest = hits.take(kept)
            first, standing, _ = pipeline.rank(query, rest, LOOKED_AT, closer)
            names = [rest.items[i] for i in first]
            right = names.index(view.item) if view.item in names else -1
            cases.append(Case(view.item, standing, right, known))
    return cases, copies


def _share(told: Told) -> F64:
    """The share of right answers, once for every question."""
    return np.full(len(told.right), float(np.mean(told.right)))


def _loss(told: Told) -> F64:
    """Minus the logarithm of the probability of what was the case."""
    p = np.clip(told.probability, SUREST, 1 - SUREST)
    return np.asarray(-np.log(np.where(told.right, p, 1 - p)), np.float64)


def _figures(told: Told) -> dict[str, Any]:
    figures = told.figures()
    named = {name: figures[name] for name in ("ece", "auroc")}
    named["log_loss"] = float(_loss(told).mean())
    points = {wrong: round(p["correct"], 4) for wrong, p in figures["operating_points"].items()}
    return {
        **{k: None if v is None else round(v, 4) for k, v in named.items()},
        "correct_at": points,
    }
