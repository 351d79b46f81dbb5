"""What a catalogue was made with: a pipeline's manifest, and whether named stages are its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from obverse import recipes, zoo
from obverse._version import __version__
from obverse.catalogue.store import Manifest
from obverse.errors import OtherStage
from obverse.pipeline import Pipeline

KINDS: dict[str, Callable[[str], str]] = {
    "embedder": zoo.kind,
    "post": str,
    "verifier": lambda name: "deep" if name.startswith("deep") else name,
    "finder": lambda name: name.partition("@")[0],
}
"""What must stay the same of a stage's name: models and files may move."""


def expected_manifest(pipeline: Pipeline) -> Manifest:
    """The manifest of a catalogue made with this pipeline, now."""
    embedder, verifier = pipeline.embedder, pipeline.verifier
    models = {"embedder": f"{embedder.name}-{embedder.fingerprint}"}
    if verifier.fingerprint:
        models["verifier"] = f"{verifier.name}-{verifier.fingerprint}"
    return Manifest(
        recipe=pipeline.recipe.name,
        models=models,
        dim=embedder.dim,
        map_shape=embedder.map_shape,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
    )


def check(manifest: Manifest, named: Mapping[str, str | None], where: object) -> None:
    """Refuse stages that are not those a catalogue was made with.

    Args:
        manifest: the catalogue's.
        named: what the user named, by the keys of ``KINDS``; None where nothing.
        where: the catalogue, for messages.

    Raises:
        OtherStage: it names what differs and the way out.
    """
    own = recipes.RECIPES[manifest.recipe]
    usual = {"finder": own.finder, "verifier": own.verifier}
    for stage, kind in KINDS.items():
        had, name = getattr(manifest, stage) or usual.get(stage, ""), named[stage]
        if name is None or (stage == "embedder" and not name):
            continue
        if kind(name or usual.get(stage, "")) != kind(had):
            raise OtherStage(
                f"its {stage} is {had or 'the usual one'}, not {name}",
                where=where,
                hint="leave it out, or add the photos to a new catalogue",
            )
