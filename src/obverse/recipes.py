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
        embedder: name of an embedder in ``obverse.embed``, the path of a model's card, or the name
            of a descriptor in ``obverse.zoo``.
        verifier: name of a verifier in ``obverse.verify``.
        shortlist: how many of the nearest views are verified.
        post: what is done to vectors, a chain of ``obverse.zoo.post``.
    """

    name: str
    finder: str
    geometry: str
    embedder: str
    verifier: str
    shortlist: int = 600
    post: str = ""

    @property
    def is_named(self) -> bool:
        """Is the embedder a descriptor of ``obverse.zoo``?"""
        from obverse import zoo

        return zoo.entry(self.embedder) is not None

    @property
    def is_own(self) -> bool:
        """Are these the stages that the shipped calibration was fitted for? A trained model of the
        user's own counts as the recipe's."""
        return not self.is_named and self.verifier == RECIPES[self.name].verifier

    @property
    def looks_closer(self) -> bool:
        """Is an object asked about at two sizes and for its value, and laid over the first views?
        The calibration must know."""
        return self.verifier == "polar" and self.is_own

    @property
    def turns(self) -> bool:
        """Do the maps of its embedder turn with the object?"""
        return self.geometry == "disc" and not self.is_named


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
DEEP_SHORTLIST = 20
"""Views that a network matches: each takes a CPU some seconds (benchmarks/RESULTS.md)."""
OWN = {r.embedder for r in RECIPES.values()}
"""Embedders that recipes bring."""


def get(
    name: str,
    embedder: str | Path | None = None,
    *,
    post: str = "",
    verifier: str = "",
    finder: str = "",
) -> Recipe:
    """The recipe of that name, with its own stages or those named.

    Args:
        embedder: a model's card, or a descriptor's name (``obverse.zoo``).
        post: a chain of ``obverse.zoo.post``.
        verifier: name of a verifier; descriptors have ``vector`` by default.
        finder: name of a finder.

    Raises:
        UsageError: an unknown recipe, or stages that do not go together.
    """
    try:
        recipe = RECIPES[name]
    except KeyError:
        raise UsageError(
            f"unknown recipe {name!r}", hint=f"choose one of: {', '.join(RECIPES)}"
        ) from None
    if embedder in OWN - {recipe.embedder}:
        raise UsageError(
            f"recipe {name!r} has no embedder {embedder!r}",
            hint=f"leave it out, or choose the recipe of {embedder}",
        )
    own = recipe.verifier
    recipe = replace(recipe, finder=finder or recipe.finder)
    recipe = replace(recipe, embedder=str(embedder or recipe.embedder), post=post)
    if recipe.geometry != "disc" and not (recipe.is_named or recipe.embedder in OWN):
        if not recipe.embedder.endswith(".json"):
            from obverse import zoo

            raise zoo.unknown(recipe.embedder)
        raise UsageError(
            f"recipe {name!r} takes no other embedder",
            where=embedder,
            hint="trained embedders are for round things: recipes coin and disc; "
            "see obverse zoo for others",
        )
    verifier = verifier or ("vector" if recipe.is_named else own)
    if verifier.startswith("deep"):
        recipe = replace(recipe, shortlist=DEEP_SHORTLIST)
    return replace(recipe, verifier=_checked(recipe, verifier))


def settle(embedder: str | Path) -> str:
    """An embedder's name as a manifest keeps it: paths are absolute."""
    from obverse import zoo

    name = str(embedder)
    if zoo.entry(name):
        return zoo.settled(name)
    is_path = name.endswith(".json") and name not in OWN
    return str(Path(name).absolute()) if is_path else name


def settle_verifier(verifier: str | None) -> str | None:
    """A verifier's name as a manifest keeps it: a folder is absolute."""
    if verifier is None or not verifier.startswith("deep:"):
        return verifier
    from obverse.zoo import hub

    return f"deep:{hub.place(verifier.removeprefix('deep:'))}"


def _checked(recipe: Recipe, verifier: str) -> str:
    """A verifier that goes with the recipe's embedder, with what ranks a shortlist again."""
    from obverse.zoo.post import reranks

    fits = {
        "vector": recipe.is_named,
        "polar": recipe.turns,
        "texture": recipe.geometry == "disc",
        "local": recipe.geometry == "flat",
        "deep": recipe.geometry == "flat",
    }
    if not fits.get(verifier.partition(":")[0], True):
        good = ", ".join(v for v, is_fit in fits.items() if is_fit)
        raise UsageError(
            f"verifier {verifier!r} does not go with embedder {recipe.embedder!r} of recipe "
            f"{recipe.name!r}",
            hint=f"choose one of: {good}",
        )
    steps = reranks(recipe.post)
    if steps and verifier != "vector":
        raise UsageError(
            f"{steps[0]!r} ranks vectors again, verifier {verifier!r} ranks by more",
            hint="leave it out, or name a descriptor as embedder; see obverse zoo",
        )
    return ":".join(filter(None, (verifier, ",".join(steps))))
