"""Named bundles of stages, as data. A catalogue's manifest names its recipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from obverse.errors import UsageError


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which finder, geometry, embedder and verifier work together.

    Attributes:
        finder: name of a finder in ``obverse.find``.
        geometry: ``disc`` (ellipse to unit disc, polar unwrap) or ``flat`` (upright rectangle).
        embedder: name of an embedder in ``obverse.embed``, or the path of a model's card.
        verifier: name of a verifier in ``obverse.verify``.
        shortlist: how many of the nearest views are verified.
    """

    name: str
    finder: str
    geometry: str
    embedder: str
    verifier: str
    shortlist: int = 600


RECIPES = {
    r.name: r
    for r in (
        Recipe("coin", finder="unet", geometry="disc", embedder="polar", verifier="polar"),
        Recipe(
            "disc",
            finder="unet",
            geometry="disc",
            embedder="polar",
            verifier="texture",
            shortlist=200,
        ),
        Recipe(
            "flat",
            finder="whole",
            geometry="flat",
            embedder="vlad",
            verifier="local",
            shortlist=100,
        ),
    )
}
DEFAULT = "coin"


def get(name: str, embedder: str | Path | None = None, finder: str = "") -> Recipe:
    """The recipe of that name, with its own embedder and finder or those named. Raises
    ``UsageError`` for an unknown recipe, or an embedder of round things for another one."""
    try:
        recipe = RECIPES[name]
    except KeyError:
        raise UsageError(
            f"unknown recipe {name!r}", hint=f"choose one of: {', '.join(RECIPES)}"
        ) from None
    recipe = replace(recipe, finder=finder) if finder else recipe
    if embedder and recipe.geometry != "disc":
        raise UsageError(
            f"recipe {name!r} takes no other embedder",
            where=embedder,
            hint="trained embedders are for round things: recipes coin and disc",
        )
    return replace(recipe, embedder=str(embedder)) if embedder else recipe
