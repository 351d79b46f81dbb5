"""What an evaluation runs on: the package's own catalogue, or anything that behaves like one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from obverse import recipes
from obverse.catalogue.importers import Row
from obverse.types import Answer, Progress, View

if TYPE_CHECKING:
    from obverse.catalogue.catalogue import Catalogue

SOME = 64
"""Views that a mean size is taken of; descriptions differ in length."""


class Added(Protocol):
    """What adding tells, as far as it matters here."""

    @property
    def failed(self) -> Sequence[Any]:
        """Failures with ``source``, ``error`` and ``what``."""
        ...


class Library(Protocol):
    """What an evaluation needs of a catalogue."""

    def add(self, source: Iterable[Row], *, progress: Progress | None = None) -> Added: ...

    def identify(self, photo: Path, *, top: int = 5, max_wrong: float | None = None) -> Answer: ...

    def views(self, item: str | None = None) -> list[View]: ...

    def close(self) -> None: ...


class Engine(Protocol):
    """Opens catalogues of one recipe, and knows its models before there is one."""

    @property
    def recipe(self) -> str:
        """Name of the recipe."""
        ...

    def models(self) -> Mapping[str, str]:
        """Stage name to model fingerprint."""
        ...

    def open(self, folder: Path) -> Library:
        """Open the catalogue there, making it where there is none."""
        ...


class Own:
    """The catalogue of this package, with one of its recipes (None is the default one) and its
    stages or those named (as for ``Catalogue``).

    Raises ``UsageError`` for an unknown recipe, or stages that do not go together.
    """

    def __init__(
        self,
        recipe: str | None = None,
        embedder: str | Path | None = None,
        *,
        post: str = "",
        verifier: str = "",
    ) -> None:
        self.recipe = recipes.get(recipe or recipes.DEFAULT).name
        self._stages: dict[str, Any] = {"embedder": embedder, "post": post, "verifier": verifier}
        self._chosen = recipes.get(self.recipe, embedder, post=post, verifier=verifier)
        self._opened: Catalogue | None = None

    @cached_property
    def _models(self) -> dict[str, str]:
        from obverse.catalogue.stages import expected_manifest
        from obverse.embed import named
        from obverse.pipeline import Pipeline

        pipeline = Pipeline(self._chosen)
        # These shape answers and are kept by name, beside models that may be the same.
        by_name = {"post": self._chosen.post, "verified by": self._chosen.verifier}
        if not named.needs_fitting(self._chosen):
            return expected_manifest(pipeline).models | by_name
        # What is fitted is not known before there is a catalogue; what it is fitted on is.
        verifier = f"{self._chosen.verifier}-{pipeline.verifier.fingerprint}"
        return named.models(self._chosen) | {"verifier": verifier} | by_name

    def models(self) -> Mapping[str, str]:
        return self._models

    def open(self, folder: Path) -> Library:
        from obverse.catalogue.catalogue import Catalogue

        catalogue = Catalogue(folder, recipe=self.recipe, **self._stages)
        self._opened = catalogue
        return catalogue

    def bytes_per_view(self) -> float:
        """Bytes that the embedding of a view takes in the catalogue opened last: vector, map and
        description; 0 if it is empty."""
        if self._opened is None:
            return 0.0
        store = self._opened.store
        some = [entry[0] for entries in store.hashes().values() for entry in entries][:SOME]
        found = [v.embedding for v in store.views(some, embeddings=True) if v.embedding]
        sizes = [2 * e.vector.size + e.map.size + len(e.description) for e in found]
        return sum(sizes) / max(len(sizes), 1)
