"""Ask the queries of a protocol, and keep of each answer what a report needs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from obverse.errors import PhotoError
from obverse.evaluate.engine import Library
from obverse.evaluate.protocol import Case
from obverse.evaluate.result import Pictures, Prediction
from obverse.types import U8, Answer, Progress

THUMBNAIL = 160
"""Longest side of a picture in the report, pixels."""


class Asker:
    """Asks queries one by one and keeps what the report needs of each answer."""

    def __init__(self, library: Library, top: int, max_wrong: float | None = None) -> None:
        self.library = library
        self.top = top
        self.max_wrong = max_wrong
        self.hashes: set[str] = set()
        self._drafts: dict[str, _Draft] = {}

    def ask_all(self, cases: Sequence[Case], workers: int, tell: Progress) -> Iterator[Prediction]:
        """Predictions in the order of the cases."""
        if workers == 1:
            yield from self._count(map(self.ask, cases), len(cases), tell)
            return
        pool = ThreadPoolExecutor(workers)
        try:
            yield from self._count(pool.map(self.ask, cases), len(cases), tell)
        finally:
            # Whoever stops the run waits for the photos in hand, not for all the others.
            pool.shutdown(cancel_futures=True)

    def _count(
        self, predictions: Iterable[Prediction], total: int, tell: Progress
    ) -> Iterator[Prediction]:
        for done, prediction in enumerate(predictions, 1):
            tell(done, total, "asking")
            yield prediction

    def ask(self, case: Case) -> Prediction:
        """One query; a photo that cannot be used becomes a failed prediction."""
        blank = Prediction(photo=case.photo, role=case.role, item=case.item)
        begun = time.perf_counter()
        try:
            answer = self.library.identify(case.path, top=self.top, max_wrong=self.max_wrong)
        except PhotoError as error:
            reason = str(error).removeprefix(f"{error.where}: ")
            return replace(blank, error=type(error).__name__, reason=reason)
        total = 1000 * (time.perf_counter() - begun)
        self.hashes.add(answer.photo.sha256)
        prediction = replace(
            blank,
            found=not answer.patch.region.whole,
            times_ms={**answer.times_ms, "total": total},
        )
        best = answer.best
        if best is None:
            return prediction
        places = [c.item.id for c in answer.candidates]
        known = case.role == "query" and case.item in places
        prediction = replace(
            prediction,
            answer=best.item.id,
            rank=places.index(case.item) + 1 if known else None,
            probability=float(best.probability),
            score=float(best.score),
            known=answer.known,
        )
        if prediction.confused:
            self._drafts[case.photo] = _Draft.of(answer, case)
        return prediction

    def pictures(self) -> dict[str, Pictures]:
        """Pictures of every confusion, by photo; the catalogue must still be open."""
        return {photo: draft.finish(self.library) for photo, draft in self._drafts.items()}


@dataclass(frozen=True, slots=True)
class _Draft:
    """What to keep of a confused answer until all queries were asked."""

    pictures: Pictures
    item: str

    @staticmethod
    def of(answer: Answer, case: Case) -> _Draft:
        best = answer.candidates[0]
        right = next((c for c in answer.candidates if c.item.id == case.item), None)
        return _Draft(
            Pictures(
                photo=_thumbnail(answer.photo.pixels),
                patch=_thumbnail(answer.patch.original),
                answer=best.view.thumbnail,
                right=b"" if right is None else right.view.thumbnail,
                turn=best.evidence.turn,
                right_turn=0.0 if right is None else right.evidence.turn,
            ),
            case.item if case.role == "query" else "",
        )

    def finish(self, library: Library) -> Pictures:
        """Look up a view of the right item where it was not among the candidates."""
        if self.pictures.right or not self.item:
            return self.pictures
        views = library.views(self.item)
        return replace(self.pictures, right=views[0].thumbnail if views else b"")


def _thumbnail(pixels: U8) -> bytes:
    """RGB pixels (h, w, 3) as a small JPEG."""
    import cv2

    shrink = THUMBNAIL / max(pixels.shape[:2])
    if shrink < 1:
        pixels = np.asarray(
            cv2.resize(pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA),
            dtype=np.uint8,
        )
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
    return bytes(data)
