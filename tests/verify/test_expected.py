"""What can be expected of photos of a view: measured on real embeddings of drawn coins."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from obverse.degrade import hasty
from obverse.normalise import filled
from obverse.pipeline import Pipeline
from obverse.recipes import RECIPES
from obverse.types import I8, U8, Evidence, Expected, Patch, View
from obverse.verify.expected import SEEDS, Expectations, mean
from tests.coins import square


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(RECIPES["coin"])


def view(picture: U8, id: str = "a") -> View:
    _, jpeg = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    return View(id, id, "", "", "", {}, jpeg.tobytes(), None, "")


def kept(pipeline: Pipeline, picture: U8) -> I8:
    return pipeline.embed([filled(picture)])[0].map


def asking(pipeline: Pipeline) -> Callable[[list[Patch], I8], list[Evidence]]:
    def ask(patches: list[Patch], own: I8) -> list[Evidence]:
        queries = pipeline.embed_queries(patches, phases=1)
        return [pipeline.prove(query, own[None])[0] for query in queries]

    return ask


def expected(pipeline: Pipeline, picture: U8) -> Expected:
    found = Expectations().of_view(
        "a", lambda: view(picture), kept(pipeline, picture), asking(pipeline)
    )
    assert found is not None
    return found


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_picture_that_shows_little_expects_little(pipeline: Pipeline, n: int) -> None:
    """Next to black, a handful of grey levels: less than of the clear picture."""
    clear = square(n)
    dark = np.asarray(0.02 * clear, np.uint8)
    assert expected(pipeline, dark).score < expected(pipeline, clear).score - 0.05


def test_it_is_the_mean_of_the_same_copies_each_time(pipeline: Pipeline) -> None:
    picture = square(2)
    own, ask = kept(pipeline, picture), asking(pipeline)
    found = expected(pipeline, picture)
    decoded = cv2.imdecode(np.frombuffer(view(picture).thumbnail, np.uint8), cv2.IMREAD_COLOR)
    disc = np.asarray(decoded[..., ::-1], np.uint8)
    each = [ask([hasty(disc, np.random.default_rng(seed))], own)[0] for seed in SEEDS]
    assert found.score == pytest.approx(np.mean([e.score for e in each]), abs=1e-3)
    assert found.weakest == pytest.approx(np.mean([e.weakest for e in each]), abs=1e-3)
    assert expected(pipeline, picture) == found


def test_a_view_is_asked_once(pipeline: Pipeline) -> None:
    picture, read = square(1), []
    own, ask = kept(pipeline, picture), asking(pipeline)
    expectations = Expectations()

    def fetch() -> View:
        read.append("a")
        return view(picture)

    first = expectations.of_view("a", fetch, own, ask)
    assert expectations.of_view("a", fetch, own, ask) is first
    assert read == ["a"]
    expectations.of_view("b", fetch, own, ask)
    assert len(read) == 2


def test_a_view_that_has_gone_expects_nothing_and_is_asked_again() -> None:
    def never(patches: list[Patch], own: I8) -> list[Evidence]:
        raise AssertionError("asked")

    expectations, own = Expectations(), np.zeros((1, 1, 1), np.int8)
    assert expectations.of_view("a", lambda: None, own, never) is None
    damaged = View("a", "a", "", "", "", {}, b"no picture", None, "")
    with pytest.raises(OSError, match="cannot identify"):
        expectations.of_view("a", lambda: damaged, own, never)


def test_without_weakest_parts_there_is_nothing_to_expect() -> None:
    nothing = np.zeros((1, 1), np.float32)
    known, unknown = Evidence(0.5, 0.0, nothing, weakest=0.3), Evidence(0.7, 0.0, nothing)
    assert mean([known, known]) == Expected(0.5, 0.3)
    assert mean([known, unknown]) is None
