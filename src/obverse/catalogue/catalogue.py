"""A catalogue: what the user owns. Opens a store, fills it, asks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from numbers import Integral, Real
from pathlib import Path
from types import TracebackType
from typing import Any

from obverse import find, recipes, zoo
from obverse import photo as photos
from obverse.catalogue import (
    duplicates,
    editing,
    exporter,
    fitting,
    gathering,
    levelling,
    stages,
)
from obverse.catalogue.adding import Addition, AddReport
from obverse.catalogue.duplicates import Group
from obverse.catalogue.folder import check, check_place, exists
from obverse.catalogue.importers import Row
from obverse.catalogue.lance import LanceStore
from obverse.catalogue.levelling import LevelReport
from obverse.catalogue.stages import expected_manifest
from obverse.catalogue.store import Store
from obverse.decide import Decider
from obverse.embed import named
from obverse.errors import (
    CatalogueDamaged,
    CatalogueMismatch,
    NotInCatalogue,
    UsageError,
)
from obverse.layer import Layer
from obverse.photo import Limits
from obverse.pipeline import REDUCE_TO, Clock, Pipeline
from obverse.types import Answer, Array, Item, Photo, Progress, Tray, View


class Catalogue:
    """The user's own catalogue, kept open.

    Args:
        uri: a folder, by custom ending in ``.obv``.
        recipe: which recipe a new catalogue gets (default ``coin``); an existing one must match.
        embedder: card of the model, or name of the descriptor (``obverse.zoo``), that a new
            catalogue gets instead of the recipe's own; an existing one must have been made with it,
            and notes where it is now. What has to be fitted is fitted on the first photos added.
        post: what is done to a new catalogue's vectors (``obverse.zoo.post``).
        verifier: the verifier that a new catalogue gets instead of the usual one.
        finder: the finder that a new catalogue gets instead of the usual one (``owlvit:coin`` …).
        create: a missing catalogue is made by the first ``add``, and until then all else raises
            ``CatalogueMissing``; if False, this does at once.
        limits: what is accepted as a photo.
        any_model: open a catalogue of another recipe or model too, to list, export or remove; then
            only what needs the models raises ``CatalogueMismatch``, and nothing loads them before.

    Raises:
        CatalogueMissing, CatalogueMismatch, CatalogueNewer, CatalogueDamaged, UsageError.
    """

    def __init__(
        self,
        uri: str | Path,
        *,
        recipe: str | None = None,
        embedder: str | Path | None = None,
        post: str | None = None,
        verifier: str | None = None,
        finder: str | None = None,
        create: bool = True,
        limits: Limits | None = None,
        any_model: bool = False,
    ) -> None:
        self.uri = str(uri)
        if "://" in self.uri:
            raise UsageError("is no folder", where=self.uri, hint="a catalogue is kept in a folder")
        if not self.uri.strip():
            raise UsageError(
                "a catalogue without a name", hint="name its folder, such as coins.obv"
            )
        self.limits = limits or Limits()
        self._recipe = recipe
        self._embedder = recipes.settle(embedder) if embedder else ""
        self._post, self._verifier = post, recipes.settle_verifier(verifier)
        self._finder = find.get(finder).name if finder else None
        self._opened: LanceStore | None = None
        if exists(self.uri) or not create:
            self._opened = LanceStore.open(self.uri)
            if not any_model:
                _ = self.pipeline
                self._note_places()
        else:
            check_place(self.uri)
            name = recipe or recipes.DEFAULT
            self.pipeline = Pipeline(
                recipes.get(
                    name,
                    self._embedder,
                    post=post or "",
                    verifier=self._verifier or "",
                    finder=self._finder or "",
                )
            )
            _ = self.pipeline.verifier
            if not named.needs_fitting(self.pipeline.recipe):
                expected_manifest(self.pipeline)  # a model that cannot be used is told at once

    def __repr__(self) -> str:
        return f"Catalogue({self.uri!r})"

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the store."""
        if self._opened is not None:
            self._opened.close()

    def _create(self) -> None:
        manifest = replace(
            expected_manifest(self.pipeline),
            embedder="" if self._embedder in recipes.OWN else self._embedder,
            post=self._post or "",
            verifier=self._verifier or "",
            finder=self._finder or "",
        )
        self._opened = LanceStore.create(self.uri, manifest, self.pipeline.fitted)

    @property
    def _store(self) -> LanceStore:
        if self._opened is None:
            self._opened = LanceStore.open(self.uri)
            # Somebody else made it meanwhile, and it says with what.
            vars(self).pop("pipeline", None)
        return self._opened

    @cached_property
    def pipeline(self) -> Pipeline:
        """The stages, of the recipe and the models that the catalogue was made with.

        Raises:
            CatalogueMismatch: this version has others.
        """
        manifest = self._store.manifest
        if manifest.recipe not in recipes.RECIPES:
            raise CatalogueMismatch(
                f"made with recipe {manifest.recipe!r}, which this version does not know",
                where=self.uri,
                hint="upgrade: pip install -U obverse",
            )
        name = self._embedder or manifest.embedder
        stages.check(manifest, {s: getattr(self, f"_{s}") for s in stages.KINDS}, self.uri)
        recipe = recipes.get(
            self._recipe or manifest.recipe,
            name,
            post=manifest.post,
            verifier=self._verifier or manifest.verifier,
            finder=self._finder or manifest.finder,
        )
        pipeline = Pipeline(recipe, self._store.blob("embedder"))
        check(manifest, expected_manifest(pipeline), self.uri)
        pipeline.learn(self._layer(), self._calibration())
        if pipeline.layer and pipeline.layer.model != manifest.models.get("embedder"):
            raise CatalogueMismatch(
                "its layer was fitted for another model",
                where=self.uri,
                hint=f"take it off: obverse adapt {self.uri} --off",
            )
        return pipeline

    def _note_places(self) -> None:
        """What the catalogue was made with may lie elsewhere now."""
        for stage in ("embedder", "verifier", "finder"):
            name, had = getattr(self, f"_{stage}"), getattr(self._store.manifest, stage)
            if name and had and name != had:
                self._store.name_stage(stage, name)

    def _layer(self) -> Layer | None:
        data = self._store.blob("layer")
        return None if data is None else Layer.from_bytes(data, self.uri)

    def _calibration(self) -> Decider | None:
        data = self._store.blob("calibration")
        return None if data is None else Decider.from_bytes(data, self.uri)

    def keep(self, name: str, data: bytes | None) -> None:
        """Keep what was fitted to this catalogue, by a name of ``store.BLOBS``, and use it from now
        on; None takes it off."""
        self._store.put_blob(name, data)
        if "pipeline" in vars(self):
            self.pipeline.learn(self._layer(), self._calibration())

    @property
    def is_new(self) -> bool:
        """Did this very object make it?"""
        return self._opened is not None and self._opened.is_new

    @property
    def store(self) -> Store:
        """The rows, for stages and tools."""
        return self._store

    # -- asking ------------------------------------------------------------------------------

    def load(self, source: str | Path | bytes | Array | Photo) -> Photo:
        """Decode a photo under this catalogue's limits, as ``identify`` does."""
        return photos.load(source, limits=self.limits, reduce_to=REDUCE_TO)

    def identify(
        self,
        photo: str | Path | bytes | Array | Photo,
        *,
        top: int = 5,
        year: bool | None = None,
        max_wrong: float | None = None,
    ) -> Answer:
        """Which item is in the photo?

        Args:
            photo: a path, encoded bytes, uint8 (h, w, 3) RGB pixels, or a loaded ``Photo``.
            top: how many candidates to give.
            year: read the year on the object, always (True), never (False), or only where the
                nearest items differ by their year alone (None).
            max_wrong: share of wrong answers, of all, that you put up with, by the calibration's
                curve: the fewer, the more photos come back as unknown. None is its usual one.

        Raises:
            PhotoError: the photo cannot be used.
            UsageError: ``top`` or ``max_wrong`` out of range.
        """
        store, clock = self._store, Clock()
        with clock("decode"):
            loaded = self.load(photo)
        answer = self.pipeline.identify(
            store, loaded, top=_checked(top), year=year, max_wrong=_share(max_wrong)
        )
        return replace(answer, times_ms={**clock.times_ms, **answer.times_ms})

    def identify_sides(
        self,
        photo: str | Path | bytes | Array | Photo,
        other: str | Path | bytes | Array | Photo | None = None,
        *,
        top: int = 5,
        max_wrong: float | None = None,
    ) -> Answer:
        """Which item shows these two sides?

        Args:
            photo, other: photos of the two sides, in any order, as for ``identify``; or one photo
                with both sides in it.
            top: how many candidates to give.
            max_wrong: as for ``identify``.

        Returns:
            One answer. Its ``sides`` are the answers to each photo alone, its ``pairing`` tells
            whether the two disagree, each candidate's ``sides`` what each photo showed.

        Raises:
            PhotoError: a photo cannot be used, or the only one shows one object.
        """
        store, clock = self._store, Clock()
        with clock("decode"):
            loaded = [self.load(p) for p in (photo, other) if p is not None]
        answer = self.pipeline.identify_sides(
            store, loaded, top=_checked(top), max_wrong=_share(max_wrong)
        )
        return replace(answer, times_ms={**clock.times_ms, **answer.times_ms})

    def identify_all(
        self,
        photo: str | Path | bytes | Array | Photo,
        *,
        top: int = 5,
        year: bool | None = None,
        max_wrong: float | None = None,
    ) -> Tray:
        """Which items are in the photo? Every object that is found gets its own answer.

        Args:
            photo: as for ``identify``.
            top: how many candidates to give for each object.
            year: as for ``identify``, of each object.
            max_wrong: as for ``identify``.

        Raises:
            PhotoError: the photo cannot be used.
        """
        store, clock = self._store, Clock()
        with clock("decode"):
            loaded = self.load(photo)
        tray = self.pipeline.identify_all(
            store, loaded, top=_checked(top), year=year, max_wrong=_share(max_wrong)
        )
        return replace(tray, times_ms={**clock.times_ms, **tray.times_ms})

    def items(self) -> list[Item]:
        """Every item, sorted by id."""
        return self._store.items()

    def item(self, id: str) -> Item:
        """One item. Raises ``NotInCatalogue``."""
        found = self._store.items([id])
        if not found:
            raise NotInCatalogue(
                f"no item {id!r}", where=self.uri, hint=f"see: obverse list {self.uri}"
            )
        return found[0]

    def views(self, item: str | None = None) -> list[View]:
        """The views of an item, or all of them."""
        return self._store.views(item=item)

    def duplicates(self, *, progress: Progress | None = None) -> list[Group]:
        """Items that are decided to be one and the same, by every side that one of them has, in
        groups, the surest first; an item may be in two, if these are not alike. Every view is
        compared: some minutes for ten thousand.

        Args:
            progress: called as ``progress(done, total, text)``.
        """
        return duplicates.find(self._store, self.pipeline, progress)

    def info(self) -> dict[str, Any]:
        """The manifest, counts and sizes."""
        stats = self._store.stats()
        return {
            "uri": self.uri,
            **self._store.manifest.to_dict(),
            "items": stats.items,
            "views": stats.views,
            "bytes": stats.bytes,
            "index": stats.index,
            "layer": layer.card if (layer := self._layer()) else "none",
            "calibration": self._calibrated(),
        }

    def _calibrated(self) -> Any:
        """The card of its own calibration, or where its decisions come from instead."""
        try:
            own = self._calibration()
        except CatalogueDamaged as error:
            return str(error)
        if own is not None:
            return own.card
        manifest = self._store.manifest
        own_verifier = manifest.verifier in ("", recipes.RECIPES[manifest.recipe].verifier)
        return "shipped" if own_verifier and zoo.entry(manifest.embedder) is None else "none"

    # -- changing ----------------------------------------------------------------------------

    def add(
        self,
        source: gathering.Source | Iterable[gathering.Source | Row],
        *,
        item: str | None = None,
        side: str = "",
        title: str = "",
        attributes: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> AddReport:
        """Add a folder, a CSV file, one photo, or rows. On disk when it returns.

        A picture that is in already is skipped. One that was renamed is recognised by its content,
        and so is one that was moved to another item within a folder that is added. A bad file is
        reported and never stops the rest.

        Args:
            source: a folder with one sub-folder per item or files named ``item_obverse.jpg``; a CSV
                with at least a column ``photo``; a photo, as ``identify`` takes it; or several of
                these, or of ``obverse.catalogue.importers.Row``.
            item, side, title, attributes: what holds where a path does not say otherwise.
            progress: called as ``progress(done, total, text)``.

        Returns:
            What was added, skipped, moved and refused.

        Raises:
            UsageError: an id, a side or an attribute that makes no sense, a table that cannot be
                read.
            PhotoMissing: there is nothing at ``source``.
        """
        found = gathering.gather(
            source, self.load, item=item, side=side, title=title, attributes=attributes
        )
        if self._opened is None and not exists(self.uri):
            if named.needs_fitting(self.pipeline.recipe):
                fitted = fitting.fit(self.pipeline, found.rows, self.limits, progress)
                self.pipeline = Pipeline(self.pipeline.recipe, fitted)
            self._create()
        addition = Addition(self._store, self.pipeline, self.limits, found.rows, found.folders)
        addition.report.failed += found.failed
        addition.report.notes += found.notes
        addition.report.ignored = found.ignored
        return addition.run(progress)

    def remove(self, ids: str | Sequence[str]) -> int:
        """Remove items (with their views) or single views by id; returns views removed. An item
        goes with its last view.

        Raises:
            NotInCatalogue: nothing has that id; then nothing is removed.
        """
        ids = [ids] if isinstance(ids, str) else ids
        items, views = editing.find(self._store, ids)
        removed = self._store.delete(views=sorted(views), items=sorted(items))
        self._store.optimise()
        return removed

    def edit(
        self,
        id: str,
        *,
        title: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        new_id: str | None = None,
    ) -> Item:
        """Change what is said of an item; returns it as it is now.

        Args:
            id: the item.
            title: the new one; None leaves it.
            attributes: laid over the old ones; a value of None takes one off.
            new_id: as for ``rename``; all is done, or nothing.

        Raises:
            NotInCatalogue: no such item.
            AlreadyInCatalogue: another item has the new id.
            UsageError: an attribute that cannot be stored, an id that is none.
        """
        return editing.edit(self._store, self.item(id), title, attributes, new_id)

    def edit_view(self, id: str, *, side: str) -> View:
        """Say which side a view shows; returns it as it is now. It stands as it did: ``level``
        sets it upright by the views of its new side.

        Args:
            id: the view.
            side: ``obverse``, ``reverse``, ``edge`` or ``other``; empty if nobody knows.

        Raises:
            NotInCatalogue: no such view.
            UsageError: no such side.
        """
        return editing.edit_view(self._store, id, side)

    def rename(self, id: str, new: str) -> Item:
        """Give an item another id; the ids of its views change with it.

        Raises:
            NotInCatalogue: no such item.
            AlreadyInCatalogue: another item has that id.
            UsageError: the new id is empty, no text, or more than a line.
        """
        return editing.rename(self._store, self.item(id), new)

    def merge(self, id: str, others: str | Sequence[str]) -> str:
        """Put the views of other items under one item; attributes that only they have come along.

        Returns:
            A token for ``undo``.

        Raises:
            NotInCatalogue: no such item; then nothing is changed.
            UsageError: an item is to be merged with itself.
        """
        others = [others] if isinstance(others, str) else others
        items = [self.item(other) for other in dict.fromkeys(others)]
        return editing.merge(self._store, self.item(id), items)

    def withdraw(self, ids: str | Sequence[str]) -> str:
        """As ``remove``, but it can be taken back for a while; returns a token for ``undo``."""
        return editing.withdraw(self._store, [ids] if isinstance(ids, str) else ids)

    def undo(self, token: str) -> list[str]:
        """Take back a ``merge`` or a ``withdraw``; returns the items that are back, by id.

        Raises:
            NotInCatalogue: nothing is kept under that token, or no longer.
            ChangedSince: what it left was changed again; then nothing is taken back.
        """
        return editing.undo(self._store, token)

    def level(
        self,
        item: str | None = None,
        *,
        side: str | None = None,
        view: str | None = None,
        turn: float | None = None,
    ) -> LevelReport:
        """Say which way is up: the views of a side follow the first one added.

        Args:
            item: whose views; all items if none is named.
            side: of that item; all of them, each for itself, if none is named.
            view: one view by its id, which alone is turned; instead of an item.
            turn: degrees counter-clockwise by which the first picture, as it was added, must be
                turned to stand upright. If not given, it stays, and the others follow.

        Raises:
            UsageError: arguments that do not go together, a side or a turn that is none, things
                that are not round.
            NotInCatalogue: no such item or view.
        """
        if view is not None:
            if turn is None or item is not None or side is not None:
                raise UsageError("a view is turned alone", hint="name a view and its turn, no more")
            return levelling.turn_view(self._store, view, turn)
        if item is None and turn is not None:
            raise UsageError("a turn is of one item or view", hint="name which")
        items = [i.id for i in (self.items() if item is None else [self.item(item)])]
        return levelling.level(self._store, self.pipeline, items, side, turn)

    def export(self, folder: str | Path) -> Path:
        """Write ``catalogue.csv`` with every view and its item's attributes, and the thumbnails as
        pictures, into a folder; ``add`` reads it back. Returns the CSV's path."""
        return exporter.write(Path(folder), self._store)


def _checked(top: int) -> int:
    if not isinstance(top, Integral) or top < 1:
        raise UsageError(f"top is {top!r}", hint="ask for at least one candidate")
    return top


def _share(max_wrong: float | None) -> float | None:
    if max_wrong is not None and not (isinstance(max_wrong, Real) and 0 <= max_wrong <= 1):
        raise UsageError(f"max_wrong is {max_wrong!r}", hint="give a share between 0 and 1")
    return max_wrong


def identify(
    catalogue: str | Path | Catalogue,
    photo: str | Path | bytes | Array | Photo,
    *,
    top: int = 5,
    year: bool | None = None,
    max_wrong: float | None = None,
) -> Answer:
    """Which item is in the photo? The one-liner; keep a ``Catalogue`` open for more than one.

    Raises:
        CatalogueMissing: no catalogue at that place.
        PhotoError: the photo cannot be used.
    """
    if isinstance(catalogue, Catalogue):
        return catalogue.identify(photo, top=top, year=year, max_wrong=max_wrong)
    with Catalogue(catalogue, create=False) as opened:
        return opened.identify(photo, top=top, year=year, max_wrong=max_wrong)
