"""A closer look at the few views that agree best: the photo laid over each, the shape of both, what
both say their value is, and what photos of the first one's own picture score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from obverse import canvas
from obverse.catalogue.store import Store
from obverse.normalise import even_disc
from obverse.types import I8, Embedding, Evidence, OutlineReading, Patch, Photo, View
from obverse.verify import outlines
from obverse.verify.expected import Expectations
from obverse.verify.numerals import NumeralReader
from obverse.verify.overlay import laid_over, slopes

NEAR = 0.15
"""Views of a score no lower than the best one's by this are looked at closer: 1.8 of the first
three on `dev_wild`. With 0.1 or all three no figure is better by more than a split over designs
makes (docs/decisions.md)."""
Embed = Callable[[list[Patch]], list[Embedding]]
Prove = Callable[[Embedding, I8], list[Evidence]]


def near(scores: Sequence[float]) -> int:
    """How many of some views, best first, come so near to the first that they are looked at."""
    return sum(scores[0] - score < NEAR for score in scores)


class Closer:
    """Completes the evidence for views of one object.

    Args:
        store: the catalogue's rows.
        look: the patch that is asked about, or what gives it once there is something to ask.
        photo: what the patch was cut from; None where that is not there, and no outline is looked
            for.
        numerals: reads values.
        expectations: of what photos of a view score.
        embed: of queries that lie as their view does: one phase.
        prove: the verifier's evidence for the maps of some views.
    """

    def __init__(
        self,
        store: Store,
        look: Patch | Callable[[], Patch],
        photo: Photo | None,
        numerals: NumeralReader,
        expectations: Expectations,
        embed: Embed,
        prove: Prove,
    ) -> None:
        self._store, self._look, self._photo = store, look, photo
        self._numerals, self._expectations = numerals, expectations
        self._embed, self._prove = embed, prove
        self._views: dict[str, View] = {}

    @property
    def patch(self) -> Patch:
        if not isinstance(self._look, Patch):
            self._look = self._look()
        return self._look

    def lay(self, ids: Sequence[str], maps: I8, evidence: Sequence[Evidence]) -> list[Evidence]:
        """The evidence with the photo laid over each view, where that agrees better; as it was for
        views that have gone meanwhile, are damaged, or on which the photo finds no place.

        Args:
            ids, maps, evidence: of the views; int8 (n, channels, angles, radii).
        """
        views, moved = self._fetch(ids), {}
        try:
            photo = slopes(self.patch.original)
        except OSError:  # a view's own thumbnail, asked about, that cannot be decoded
            return list(evidence)
        for place, (id, shown) in enumerate(zip(ids, evidence, strict=True)):
            try:
                thumbnail = canvas.decode(views[id].thumbnail)
            except (KeyError, OSError):
                continue
            # Rounded, for its last digits depend on how many views it was found among.
            over = laid_over(self.patch.original, thumbnail, round(shown.turn, 2), photo)
            if over is not None:
                image, polar = even_disc(over)
                moved[place] = replace(self.patch, image=image, original=over, polar=polar)
        found = list(evidence)
        for place, query in zip(moved, self._embed(list(moved.values())), strict=True):
            found[place] = self._better(query, maps[place : place + 1], evidence[place])
        return found

    def _better(self, query: Embedding, maps: I8, before: Evidence) -> Evidence:
        """The evidence of a query that lies as its view does, in the photo's frame; as before where
        it agrees no better, or only at another turn."""
        rows, angles = len(before.agreement), maps.shape[2]
        fine = np.repeat(query.map, rows // angles, axis=1)
        laid = self._prove(replace(query, map=fine), maps)[0]
        off = abs((laid.turn + 180) % 360 - 180)
        if laid.score <= before.score or off > 360 / angles:
            return before
        agreement = np.roll(laid.agreement, round(before.turn * rows / 360), axis=0)
        return replace(before, score=laid.score, weakest=laid.weakest, agreement=agreement)

    def outlines(self, ids: Sequence[str], evidence: Sequence[Evidence]) -> list[Evidence]:
        """The evidence with the shape that the photo shows, where that is the outline of one of the
        views; otherwise as it was. It speaks against a view only where that has another one, for
        not every outline was traced.

        Args:
            ids, evidence: of the views.
        """
        found = list(evidence)
        if self._photo is None:
            return found
        views, ellipse = self._fetch(ids), self.patch.region.ellipse
        waves = [outlines.wave(views[id].region) if id in views else None for id in ids]
        if ellipse is None or not any(waves):
            return found
        rim = outlines.rim(self._photo, ellipse)
        seen = [
            (outlines.gain(rim, wave, shown.turn), wave, shown.turn)
            for wave, shown in zip(waves, evidence, strict=True)
            if wave
        ]
        strongest, wave, turn = max(seen, key=lambda one: one[0])
        if strongest < outlines.SHOWN:
            return found
        for place, (id, own, shown) in enumerate(zip(ids, waves, evidence, strict=True)):
            corners, ratio = own.corners if own else 0, outlines.RATIO
            if corners != wave.corners:
                try:
                    other = outlines.rim_of(canvas.decode(views[id].thumbnail))
                except (KeyError, OSError):
                    continue
                if outlines.shows(other, wave, turn - shown.turn):
                    continue
                ratio = -ratio
            found[place] = replace(shown, outline=OutlineReading(corners, wave.corners, ratio))
        return found

    def outline(self, id: str, evidence: Evidence) -> Evidence:
        """With what it says that the patch, by itself, does not show the outline of a view that
        has one: a catalogue's pictures are clear enough for that."""
        try:
            wave = outlines.wave(self._fetch([id])[id].region)
            if wave is None or outlines.shows(
                outlines.rim_of(self.patch.original), wave, evidence.turn
            ):
                return evidence
        except (KeyError, OSError):
            return evidence
        return replace(evidence, outline=OutlineReading(wave.corners, 0, -outlines.RATIO))

    def numeral(self, id: str, evidence: Evidence) -> Evidence:
        """With what both say their value is, where the view has a number that can be read."""
        try:
            value = self._numerals.of_view(id, lambda: self._fetch([id]).get(id))
            if value is None:
                return evidence
            asked = self._numerals.ask(value, self.patch, evidence.turn)
            return replace(evidence, numeral=asked)
        except OSError:  # a thumbnail that cannot be decoded: the maps answer without it
            return evidence

    def expected(self, id: str, kept: I8, evidence: Evidence) -> Evidence:
        """With what photos of the view's own picture score; ``kept`` is its map, int8 (channels,
        angles, radii)."""
        try:
            found = self._expectations.of_view(
                id, lambda: self._fetch([id]).get(id), kept, self._ask
            )
        except OSError:  # a thumbnail that cannot be decoded
            return evidence
        return replace(evidence, expected=found)

    def _ask(self, patches: list[Patch], kept: I8) -> list[Evidence]:
        return [self._prove(query, kept[None])[0] for query in self._embed(patches)]

    def _fetch(self, ids: Sequence[str]) -> dict[str, View]:
        """The rows of views, by id, those read before included; without what has gone meanwhile."""
        missing = [id for id in ids if id not in self._views]
        if missing:
            self._views.update((view.id, view) for view in self._store.views(missing))
        return self._views
