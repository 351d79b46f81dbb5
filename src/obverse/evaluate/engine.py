"""What an evaluation runs on: the package's own catalogue, or anything that behaves like one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from obverse import recipes
from obverse.catalogue.importers import Row
from obverse.types import Answer, Progress, View


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
    embedder or the one whose card is named.

    Raises ``UsageError`` for an unknown recipe.
    """

    def __init__(self, recipe: str | None = None, embedder: str | Path | None = None) -> None:
        self.recipe = recipes.get(recipe or recipes.DEFAULT).name
        self._embedder = embedder

    @cached_property
    def _models(self) -> dict[str, str]:
        from obverse.catalogue.catalogue import expected_manifest
        from obverse.pipeline import Pipeline

        return expected_manifest(Pipeline(recipes.get(self.recipe, self._embedder))).models

    def models(self) -> Mapping[str, str]:
        return self._models

    def open(self, folder: Path) -> Library:
        from obverse.catalogue.catalogue import Catalogue

        return Catalogue(folder, recipe=self.recipe, embedder=self._embedder)
