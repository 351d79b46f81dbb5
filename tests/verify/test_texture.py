"""Surfaces: against scikit-image and scikit-learn, and what must not matter."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data
from skimage.feature import local_binary_pattern
from sklearn.svm import LinearSVC

from obverse.normalise import disc
from obverse.types import U8, Embedding
from obverse.verify import texture
from obverse.verify.polar import PolarVerifier
from obverse.verify.texture import TextureVerifier
from tests.coins import photo_of, whole_disc


@pytest.mark.parametrize(("samples", "radius"), [*texture.RINGS, (8, 1.7)])
def test_patterns_equal_those_of_scikit_image(samples: int, radius: float) -> None:
    image = data.gravel()[:120, :90].astype(np.int32) * 1000
    image += np.random.default_rng(0).integers(0, 500, image.shape, np.int32)  # hardly a tie
    ours = texture.patterns(image, samples, radius)
    theirs = local_binary_pattern(image, samples, radius, "uniform")
    edge = int(np.ceil(radius))
    assert np.array_equal(ours[edge:-edge, edge:-edge], theirs[edge:-edge, edge:-edge])
    assert len(np.unique(ours)) == samples + 2


def test_light_changes_no_pattern() -> None:
    image = data.grass()[:64, :64].astype(np.float64)
    image += np.random.default_rng(0).uniform(0, 0.5, image.shape)
    for samples, radius in texture.RINGS:
        one, two = (texture.patterns(i, samples, radius) for i in (image, 0.4 * image + 50))
        assert np.array_equal(one[4:-4, 4:-4], two[4:-4, 4:-4])


def test_a_quarter_turn_changes_no_count() -> None:
    image = data.brick()[:64, :64].astype(np.float64)
    image += np.random.default_rng(0).uniform(0, 0.5, image.shape)
    for samples, radius in texture.RINGS:
        one, two = (
            np.bincount(texture.patterns(i, samples, radius)[4:-4, 4:-4].ravel())
            for i in (image, np.rot90(image))
        )
        assert np.array_equal(one, two)


def test_windows_stay_inside_the_disc() -> None:
    grey = np.zeros((64, 64), np.uint8)
    before = texture.histograms(grey)
    yy, xx = np.mgrid[:64, :64] - 31.5
    spoiled = np.where(
        np.hypot(xx, yy) > 32 + 4, np.random.default_rng(0).integers(0, 255, (64, 64)), 0
    )
    assert np.array_equal(before, texture.histograms(spoiled.astype(np.uint8)))
    assert before.shape == (21, texture.BINS)


@pytest.mark.parametrize("cost", [texture.COST, 0.5])
def test_machines_equal_those_of_scikit_learn(cost: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texture, "COST", cost)
    monkeypatch.setattr(texture, "EPOCHS", 5 if cost == texture.COST and cost < 0.1 else 300)
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(4), 20)
    windows = (rng.normal(size=(80, 6)) + 1.2 * rng.normal(size=(4, 6))[labels]).astype(np.float32)
    windows /= np.linalg.norm(windows, axis=1, keepdims=True)
    ours = texture.margins(texture.train(windows, labels, 4), windows)
    for k in range(4):
        machine = LinearSVC(
            C=cost, loss="hinge", class_weight={True: 3.0}, max_iter=1_000_000, tol=1e-8
        ).fit(windows, labels == k)
        assert ours[:, k] == pytest.approx(machine.decision_function(windows), abs=0.02)


def surface(picture: U8, x: int, y: int, turn: float, dim: float) -> bytes:
    """A disc of 200 pixels around (x, y), turned, darker on one side."""
    matrix = cv2.getRotationMatrix2D((x, y), turn, 1.28)
    matrix[:, 2] += 128 - np.array([x, y])
    face = cv2.warpAffine(picture, matrix, (256, 256), borderMode=cv2.BORDER_REFLECT)
    face = (face * np.linspace(dim, 1, 256)).astype(np.uint8)
    photo = photo_of(np.repeat(face[..., None], 3, axis=2))
    return TextureVerifier().describe(disc(photo, whole_disc(photo)))


def test_turned_and_relit_elsewhere_it_is_the_same_surface() -> None:
    pictures = {name: getattr(data, name)() for name in ("brick", "grass", "gravel")}
    items = list(pictures)
    views = [surface(p, 130, 130, 0.0, 1.0) for p in pictures.values()]
    maps = np.random.default_rng(0).integers(-90, 91, (3, 4, 14, 7)).astype(np.int8)
    verifier = TextureVerifier()
    for i, name in enumerate(items):
        for turn, dim in ((70.0, 0.6), (200.0, 0.8)):
            described = surface(pictures[name], 380, 380, turn, dim)
            query = Embedding(np.ones(1, np.float32), maps[0], described)
            alike = PolarVerifier().scores(query, maps)[0]
            assert np.argmax(verifier.surfaces(query, alike, views, items)) == i


def test_a_face_seen_again_settles_it_else_the_surface_does() -> None:
    """A query with the surface of gravel: its map is that of the grass, or of neither."""
    views = [surface(p, 130, 130, 0.0, 1.0) for p in (data.gravel(), data.grass())]
    described = surface(data.gravel(), 380, 380, 9.0, 0.8)
    one, two = np.random.default_rng(0).integers(-90, 91, (2, 4, 14, 7), np.int8)
    for maps, best in (((one, two), 1), ((one, one), 0)):
        query = Embedding(np.ones(1, np.float32), two, described)
        scores, _ = TextureVerifier().scores(query, np.stack(maps), views)
        assert int(np.argmax(scores)) == best
        assert (scores.max() > texture.FACE[1]) == (best == 1), "a surface proves no face"


def test_views_of_one_item_are_one_class() -> None:
    """A second view of the item takes nothing from the first."""
    views = [surface(data.gravel(), 130, 130, t, 1.0) for t in (0.0, 40.0)]
    views.append(surface(data.grass(), 130, 130, 0.0, 1.0))
    maps = np.ones((3, 4, 14, 7), np.int8)
    asked = Embedding(-np.ones(1, np.float32), -maps[0], surface(data.gravel(), 380, 380, 9.0, 0.8))
    scores, _ = TextureVerifier().scores(asked, maps, views, ["a", "a", "b"])
    assert scores[0] == pytest.approx(scores[1])
    assert scores[0] > scores[2]


def test_without_descriptions_it_is_the_polar_verifier() -> None:
    maps = np.random.default_rng(0).integers(-90, 91, (5, 4, 14, 7)).astype(np.int8)
    query = Embedding(np.ones(1, np.float32), maps[2])
    scores, turns = TextureVerifier().scores(query, maps)
    expected = PolarVerifier().scores(query, maps)
    assert np.array_equal(scores, expected[0])
    assert np.array_equal(turns, expected[1])
