"""What a closer look adds to the evidence, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from obverse.normalise import SIZE
from obverse.normalise import filled as patch
from obverse.pipeline import Pipeline
from obverse.recipes import RECIPES
from obverse.types import I8, U8, Ellipse, Embedding, Evidence, Patch, Photo, Region, View
from obverse.verify.closer import Closer
from tests.coins import photo_of, square, turned


class Shelf:
    """As much of a store as is asked for, and how often it was."""

    def __init__(self, views: Sequence[View]) -> None:
        self.rows = {view.id: view for view in views}
        self.asked: list[list[str]] = []

    def views(self, ids: Sequence[str]) -> list[View]:
        self.asked.append(list(ids))
        return [self.rows[id] for id in ids if id in self.rows]


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(RECIPES["coin"])


def smaller(picture: U8, turn: float) -> U8:
    """The object as a finder sees it that took a wider step for the rim, turned."""
    m = cv2.getRotationMatrix2D(((SIZE - 1) / 2,) * 2, turn, 0.94)
    return np.asarray(cv2.warpAffine(picture, m, (SIZE, SIZE), borderValue=(90,) * 3), np.uint8)


def view(id: str, n: int) -> View:
    _, jpeg = cv2.imencode(".jpg", square(n)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    return View(id, id, "", "", "", {}, jpeg.tobytes(), None, "")


def maps(pipeline: Pipeline, *faces: int) -> I8:
    return np.stack([e.map for e in pipeline.embed([patch(square(n)) for n in faces])])


def closer(pipeline: Pipeline, shelf: Shelf, look: Any, photo: Photo | None = None) -> Closer:
    found = pipeline.closer(shelf, look, photo)  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.mark.parametrize("turn", [0.0, 40.0, 193.0])
def test_a_photo_that_is_laid_over_its_view_agrees_better(pipeline: Pipeline, turn: float) -> None:
    asked = patch(smaller(square(3), turn))
    before = pipeline.prove(pipeline.embed_query(asked), maps(pipeline, 3))
    (after,) = closer(pipeline, Shelf([view("a", 3)]), asked).lay(["a"], maps(pipeline, 3), before)
    assert after.score > before[0].score + 0.02
    assert after.turn == before[0].turn
    assert after.agreement.shape == before[0].agreement.shape
    assert after.agreement.sum() == pytest.approx(after.score, abs=1e-4)
    # It agrees where a photo does that lies exactly, in the photo's own frame.
    exact = patch(turned(square(3), turn))
    (wanted,) = pipeline.prove(pipeline.embed_query(exact), maps(pipeline, 3))
    off = [np.abs(np.roll(after.agreement, k, axis=0) - wanted.agreement).sum() for k in range(56)]
    assert off[0] < 0.25 * wanted.agreement.sum()
    assert min(np.argmin(off), 56 - np.argmin(off)) <= 2


def test_what_agrees_no_better_stays_as_it_was(pipeline: Pipeline) -> None:
    """The same picture, and another coin's, on which the photo finds no place or a worse one."""
    asked = patch(square(3))
    both = maps(pipeline, 3, 4)
    before = pipeline.prove(pipeline.embed_query(asked), both)
    shelf = Shelf([view("a", 3), view("b", 4)])
    after = closer(pipeline, shelf, asked).lay(["a", "b"], both, before)
    assert after[0].score == pytest.approx(before[0].score, abs=0.02)
    for was, now in zip(before, after, strict=True):
        assert now.score >= was.score
    assert after[1].score < before[1].score + 0.1
    assert after[1].score < after[0].score - 0.3


def test_what_has_gone_or_is_damaged_stays_as_it_was(pipeline: Pipeline) -> None:
    asked = patch(smaller(square(3), 0.0))
    proof = pipeline.prove(pipeline.embed_query(asked), maps(pipeline, 4, 4, 3))
    bad = replace(view("bad", 4), thumbnail=b"no picture")
    look = closer(pipeline, Shelf([bad, view("a", 3)]), asked)
    gone, damaged, seen = look.lay(["gone", "bad", "a"], maps(pipeline, 4, 4, 3), proof)
    assert gone is proof[0]
    assert damaged is proof[1]
    assert seen.score > proof[2].score
    nowhere = Evidence(0.5, 0.0, np.zeros((1, 1), np.float32))
    own = maps(pipeline, 3)[0]
    assert look.expected("gone", own, nowhere).expected is None
    assert look.expected("bad", own, nowhere) is nowhere
    assert look.expected("a", own, nowhere).expected is not None
    assert look.numeral("gone", nowhere) is nowhere
    assert look.numeral("bad", nowhere) is nowhere


def test_rows_are_read_once_and_the_patch_only_where_it_is_needed(pipeline: Pipeline) -> None:
    shelf, asked = Shelf([view("a", 3), view("b", 4)]), []

    def look() -> Patch:
        asked.append(1)
        return patch(square(3))

    eye = closer(pipeline, shelf, look)
    assert not asked
    both = maps(pipeline, 3, 4)
    query: Embedding = pipeline.embed_query(patch(square(3)))
    evidence = eye.lay(["a", "b"], both, pipeline.prove(query, both))
    eye.numeral("a", evidence[0])
    eye.lay(["b"], both[1:], evidence[1:])
    assert shelf.asked == [["a", "b"]]
    assert len(asked) == 1


def test_a_turned_photo_is_laid_as_an_upright_one_is(pipeline: Pipeline) -> None:
    """Turn the query, get the turn back and the same score."""
    both = maps(pipeline, 3)
    found = []
    for turn in (0.0, 90.0):
        asked = patch(turned(smaller(square(3), 0.0), turn))
        before = pipeline.prove(pipeline.embed_query(asked), both)
        found += closer(pipeline, Shelf([view("a", 3)]), asked).lay(["a"], both, before)
    assert found[0].score == pytest.approx(found[1].score, abs=0.02)
    assert (found[1].turn - found[0].turn) % 360 == pytest.approx(90, abs=3)


def scalloped(waves: int) -> tuple[U8, Region]:
    """A disc with so many scallops, 0 for none, on a dark ground, and where it is."""
    angle = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    reach = 100 * (1 + 0.03 * np.cos(waves * angle) * (waves > 0))
    rim = np.stack([127.5 + reach * np.cos(angle), 127.5 - reach * np.sin(angle)], axis=1)
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(mask, [np.rint(rim * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    share = mask[..., None] / 255.0
    box, ellipse = (0.0, 0.0, float(SIZE), float(SIZE)), Ellipse(127.5, 127.5, 100.0, 100.0)
    outline = rim.astype(np.float32) if waves else None
    pixels = np.asarray(share * square(3) + (1 - share) * 40, np.uint8)
    return pixels, Region(box, 1.0, ellipse, outline)


def shaped(id: str, waves: int) -> View:
    pixels, region = scalloped(waves)
    disc = cv2.resize(pixels[27:228, 27:228], (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", disc[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    return replace(view(id, 3), thumbnail=jpeg.tobytes(), region=region.to_dict())


def test_the_shape_of_the_photo_speaks_against_views_of_another(pipeline: Pipeline) -> None:
    """``hidden`` has the scallops on its picture, but nobody traced them; ``bad`` is damaged and
    ``gone`` is not there: nothing is said of them."""
    untraced = replace(shaped("hidden", 12), region=scalloped(0)[1].to_dict())
    damaged = replace(shaped("bad", 0), thumbnail=b"no picture")
    shelf = Shelf([shaped("round", 0), shaped("seven", 7), shaped("twelve", 12), untraced, damaged])
    ids = ["round", "seven", "twelve", "hidden", "bad", "gone"]
    proof = [Evidence(0.5, 0.0, np.zeros((1, 1), np.float32))] * len(ids)

    def told(waves: int) -> list[tuple[int, int, bool] | None]:
        pixels, region = scalloped(waves)
        asked = replace(patch(pixels), region=replace(region, outline=None))
        found = closer(pipeline, shelf, asked, photo_of(pixels)).outlines(ids, proof)
        said = [shown.outline for shown in found]
        return [(o.view, o.photo, o.ratio > 0) if o else None for o in said]

    assert told(12) == [(0, 12, False), (7, 12, False), (12, 12, True), None, None, None]
    assert told(7)[:3] == [(0, 7, False), (7, 7, True), (12, 7, False)]
    assert told(0) == [None] * 6


def test_without_the_photo_nothing_is_said_of_its_shape(pipeline: Pipeline) -> None:
    pixels, region = scalloped(12)
    asked = replace(patch(pixels), region=region)
    proof = [Evidence(0.5, 0.0, np.zeros((1, 1), np.float32))]
    look = closer(pipeline, Shelf([shaped("twelve", 12)]), asked)
    assert look.outlines(["twelve"], proof) == proof
