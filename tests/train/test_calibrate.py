"""calibrate: asked of a catalogue's own views, kept only if better, and never in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from obverse import decide
from obverse.catalogue.catalogue import Catalogue
from obverse.catalogue.importers import Row
from obverse.layer import Layer
from obverse.train import adapt as adapting
from obverse.train import calibrate as calibrating
from obverse.train.calibrate import ask, calibrate, take_off
from obverse.train.own import beyond_chance
from tests.coins import face
from tests.test_pipeline import scene

ITEMS = 16


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Sixteen items, the first four with two pictures of one side."""
    folder = tmp_path_factory.mktemp("coins")
    rows = []
    for n in range(ITEMS + 4):
        picture = scene(n % ITEMS, 0.0 if n < ITEMS else 40.0)
        cv2.imwrite(str(folder / f"{n}.png"), picture)
        rows.append(Row(folder / f"{n}.png", f"i{n % ITEMS:02}", "obverse", "", {}))
    made = Catalogue(folder / "c.obv")
    assert made.add(rows).added == ITEMS + 4
    return made


def test_views_are_asked_without_themselves_and_without_their_item(catalogue: Catalogue) -> None:
    views = catalogue.store.views(embeddings=True)
    cases, copies = ask(catalogue, views, np.random.default_rng(0))
    assert copies == ITEMS - 4
    known = [c for c in cases if c.known]
    assert len(known) == ITEMS + 4
    assert len(cases) - len(known) == 7, "one in three is asked without its item too"
    for view, case in zip(views, known, strict=True):
        assert case.item == view.item
        assert case.right >= 0
        assert case.standing.scores[0] < 0.999, "a view never answers itself"
        assert len(case.standing.scores) == ITEMS
        assert np.isfinite(case.standing.weakest[:3]).all()
    assert np.mean([c.right == 0 for c in known]) > 0.8
    for case in cases:
        if not case.known:
            assert case.right == -1
            assert len(case.standing.scores) == ITEMS - 1


def test_a_better_calibration_is_kept_used_shown_and_taken_off(
    catalogue: Catalogue, monkeypatch: Any
) -> None:
    monkeypatch.setattr(calibrating, "beyond_chance", lambda *_: True)
    photo = scene(3, 100.0)
    plain = catalogue.identify(photo).best
    assert catalogue.info()["calibration"] == "shipped"
    steps: list[tuple[int, int, str]] = []
    done = calibrate(catalogue, progress=lambda *step: steps.append(step))
    assert done.kept
    assert "ECE" in done.said
    assert len(steps) == ITEMS + 4
    assert set(done.card) >= {"before", "after", "items", "seconds", "built", "fitted_on"}
    with Catalogue(catalogue.uri) as again:
        card = again.info()["calibration"]
        assert card["items"] == ITEMS
        assert {"ece", "auroc", "questions", "cross_validated", "built", "max_wrong"} <= set(card)
        best = again.identify(photo).best
        assert plain is not None
        assert best is not None
        assert best.score == pytest.approx(plain.score)
        assert best.probability != plain.probability
        assert again.identify(photo, max_wrong=0.0).best is not None
        assert take_off(again).said == "its own calibration is off"
        assert take_off(again).said == "it had none of its own"
        assert again.pipeline.decider is decide.get("coin")
        back = again.identify(photo).best
        assert back is not None
        assert back.probability == plain.probability


def test_one_that_is_no_better_is_not_kept(catalogue: Catalogue, monkeypatch: Any) -> None:
    monkeypatch.setattr(calibrating, "beyond_chance", lambda *_: False)
    catalogue.keep("calibration", decide.get("flat").to_bytes())
    done = calibrate(catalogue)
    assert not done.kept
    assert "no better beyond chance" in done.said
    assert done.card["before"].keys() == done.card["after"].keys()
    assert catalogue.store.blob("calibration") is None, "the one from before goes too"


def test_it_goes_when_the_scores_change(catalogue: Catalogue) -> None:
    dim, channels = catalogue.store.manifest.dim, catalogue.store.manifest.map_shape[0]
    eyes = np.eye(dim, dtype=np.float32), np.eye(channels, dtype=np.float32)
    layer = Layer(*eyes, 1.0, catalogue.store.manifest.models["embedder"], {})
    catalogue.keep("layer", layer.to_bytes())
    catalogue.keep("calibration", decide.get("coin").to_bytes())
    assert catalogue.pipeline.layer is not None
    adapting.take_off(catalogue)
    assert catalogue.store.blob("calibration") is None
    assert catalogue.pipeline.layer is None


def test_too_little_is_said(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "one.png"), face(0, 128))
    with Catalogue(tmp_path / "c.obv") as few:
        few.add(tmp_path / "one.png")
        done = calibrate(few)
    assert not done.kept
    assert "too little to calibrate on: 1 of at least 20 views" in done.said


def test_things_that_cannot_be_degraded_need_other_views(tmp_path: Path) -> None:
    for n in range(3):
        cv2.imwrite(str(tmp_path / f"{n}.png"), face(n, 128))
    with Catalogue(tmp_path / "c.obv", recipe="disc") as surfaces:
        surfaces.add(tmp_path)
        views = surfaces.store.views(embeddings=True)
        assert ask(surfaces, views, np.random.default_rng(0)) == ([], 0)
        assert "0 of at least 20 views" in calibrate(surfaces).said


def test_chance_is_counted_by_item() -> None:
    rng = np.random.default_rng(0)
    owner = np.array([f"i{n // 4}" for n in range(80)])
    assert beyond_chance(rng.normal(0.5, 1, 80), owner, rng)
    assert not beyond_chance(np.zeros(80), owner, rng)
    # One item that gains much, with all its queries, is chance.
    assert not beyond_chance(np.where(owner == "i7", 5.0, 0.0), owner, rng)
