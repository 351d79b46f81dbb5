"""adapt: fitted on a catalogue's own views, kept only if it helps, and never in the way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from obverse.catalogue.catalogue import Catalogue
from obverse.catalogue.importers import Row
from obverse.errors import CatalogueError, UsageError
from obverse.layer import Layer
from obverse.train import adapt as adapting
from obverse.train.adapt import adapt, take_off
from obverse.train.calibrate import calibrate
from obverse.train.own import have_twins
from obverse.types import Array
from tests.coins import face

pytestmark = pytest.mark.xdist_group("adapt")

ITEMS = 24


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("coins")
    rows = []
    for n in range(ITEMS):
        path = folder / f"{n}.png"
        cv2.imwrite(str(path), face(n, 256))
        rows.append(Row(path, f"i{n:02}", "obverse", "", {}))
    made = Catalogue(folder / "c.obv")
    assert made.add(rows).added == ITEMS
    return made


@pytest.fixture(autouse=True)
def _few_copies(monkeypatch: Any) -> None:
    monkeypatch.setattr(adapting, "COPIES", {"fit": 28, "choose": 8, "judge": 10})


def stored(catalogue: Catalogue) -> list[tuple[bytes, bytes]]:
    views = catalogue.store.views(embeddings=True)
    return [(v.embedding.vector.tobytes(), v.embedding.map.tobytes()) for v in views if v.embedding]


def verdict(monkeypatch: Any, better: bool) -> None:
    """The judgement has its own test; here it is given."""
    monkeypatch.setattr(adapting, "_is_better", lambda *_: better)
    monkeypatch.setattr(adapting._Bench, "choose", lambda *_: (0.3, 0.5))


def test_a_catalogue_that_cannot_be_written_is_told_before_any_work(
    catalogue: Catalogue, monkeypatch: Any
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != catalogue.uri)
    for work in (adapt, calibrate):
        with pytest.raises(CatalogueError, match="Permission denied") as raised:
            work(catalogue, progress=lambda *_: pytest.fail("work was begun"))
        assert raised.value.where == catalogue.uri


def test_a_layer_that_helps_is_kept_used_shown_and_taken_off(
    catalogue: Catalogue, monkeypatch: Any
) -> None:
    verdict(monkeypatch, True)
    before, plain = stored(catalogue), catalogue.identify(face(3, 256))
    assert catalogue.info()["layer"] == "none"
    steps: list[tuple[int, int, str]] = []
    done = adapt(catalogue, progress=lambda *step: steps.append(step))
    assert done.kept
    assert "layer on" in done.said
    assert steps
    assert all(0 < d <= total for d, total, _ in steps)
    assert done.card["strength"] == {"vector": 0.3, "map": 0.5}
    assert stored(catalogue) == before, "nothing stored changes"
    with Catalogue(catalogue.uri) as again:
        info = again.info()["layer"]
        assert info["queries"] == done.card["queries"]
        answer = again.identify(face(3, 256))
        assert answer.best is not None
        assert answer.best.item.id == "i03"
        assert plain.best is not None
        assert answer.best.score != plain.best.score
        assert answer.best.score == pytest.approx(plain.best.score, abs=0.2)
        shown = answer.best.evidence
        assert shown.agreement.sum() == pytest.approx(shown.score, abs=1e-3)
        assert answer.best.score == pytest.approx(shown.score, abs=1e-5)
        assert take_off(again).said == "the layer is off"
        assert take_off(again).said == "there was no layer"
    with Catalogue(catalogue.uri) as again:
        best = again.identify(face(3, 256)).best
        assert best is not None
        assert best.score == plain.best.score


def test_a_layer_that_does_not_help_is_not_kept(catalogue: Catalogue, monkeypatch: Any) -> None:
    verdict(monkeypatch, False)
    dim, channels = catalogue.store.manifest.dim, catalogue.store.manifest.map_shape[0]
    model = catalogue.store.manifest.models["embedder"]
    eye = Layer(np.eye(dim, dtype=np.float32), np.eye(channels, dtype=np.float32), 1.0, model, {})
    catalogue.store.put_blob("layer", eye.to_bytes())
    done = adapt(catalogue)
    assert not done.kept
    assert "would not help" in done.said
    assert catalogue.store.blob("layer") is None, "the layer from before goes too"


def test_the_fit_is_the_inverse_of_what_varies() -> None:
    """Noise in one direction only: the fitted matrix plays down that one, by the formula."""
    rng = np.random.default_rng(0)
    direction = np.array([0.6, 0.8, 0.0])
    apart = rng.normal(size=(500, 1)) * direction
    scatter = apart.T @ apart
    undone = adapting._undo(scatter, 0.5)
    mean = np.trace(scatter) / 3
    np.testing.assert_allclose(
        undone @ (0.5 * scatter / mean + 0.5 * np.eye(3)), np.eye(3), atol=1e-5
    )
    along, across = undone @ direction, undone @ np.array([0.0, 0.0, 1.0])
    assert np.linalg.norm(along) < 0.6 * np.linalg.norm(across)
    np.testing.assert_allclose(adapting._undo(scatter, 0.0), np.eye(3), atol=1e-6)


def test_judgement_asks_for_more_than_chance() -> None:
    rng = np.random.default_rng(0)
    before = rng.choice([1.0, 0.5, 0.2], 200)
    owner = np.array([f"i{n // 4}" for n in range(200)])
    better = np.where(before < 1, np.minimum(1, before * 2), before)
    assert adapting._is_better(before, better, owner, rng)
    assert not adapting._is_better(before, before, owner, rng)
    assert not adapting._is_better(better, before, owner, rng)
    # One item of fifty that gains much, with all its queries, is chance.
    one = before.copy()
    one[owner == "i7"] = 1.0
    assert not adapting._is_better(before, one, owner, rng)


def slow_rank(scores: Array, items: Array, right: str) -> float:
    best = {item: max(s for s, i in zip(scores, items, strict=True) if i == item) for item in items}
    order = sorted(best, key=lambda item: (-best[item], item == right))
    return 1 / (1 + order.index(right)) if right in best else 0.0


def test_ranks_equal_a_slow_count_and_ties_are_no_gain() -> None:
    rng = np.random.default_rng(1)
    items = np.array([f"i{n}" for n in rng.integers(0, 8, 30)])
    for _ in range(20):
        scores = rng.integers(0, 9, 30) / 10
        for right in ("i0", "i5", "absent"):
            assert adapting._rank(scores, items, right)[0] == slow_rank(scores, items, right)


def test_a_query_that_is_a_view_never_answers_itself(catalogue: Catalogue) -> None:
    views = catalogue.store.views(embeddings=True)
    bench = adapting._Bench(catalogue, views, np.array([v.item for v in views]))
    index = np.arange(4)
    alone, _ = bench.ask(bench.as_queries(index), None)
    assert not alone.any(), "each item has one view, so without it nothing is right"
    copies = adapting.Queries(index, bench.as_queries(index).embeddings)
    seen, scores = bench.ask(copies, None)
    assert (seen == 1).all()
    np.testing.assert_allclose(scores, 1.0, atol=1e-5)


def test_views_of_one_side_are_twins(catalogue: Catalogue) -> None:
    views = catalogue.store.views(embeddings=True)[:4]
    from dataclasses import replace

    mixed = [
        replace(views[0], item="a", side="obverse"),
        replace(views[1], item="a", side="obverse"),
        replace(views[2], item="a", side="reverse"),
        replace(views[3], item="a", side=""),
    ]
    assert have_twins(mixed).tolist() == [True, True, False, False]


def test_too_few_views_and_flat_things_are_said(tmp_path: Path) -> None:
    paths = []
    for n in range(3):
        paths.append(tmp_path / f"{n}.png")
        cv2.imwrite(str(paths[-1]), face(n, 128))
    with Catalogue(tmp_path / "c.obv") as few:
        few.add(paths)
        done = adapt(few)
        assert not done.kept
        assert done.said.startswith("too small to adapt to: 3 of at least 8 views, 3 of at least 5")
        assert done.card == {}
    with Catalogue(tmp_path / "f.obv", recipe="flat") as flat:
        flat.add([])
        with pytest.raises(UsageError, match="round things"):
            adapt(flat)
