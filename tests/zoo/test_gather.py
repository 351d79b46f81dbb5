"""Bags of words, VLAD and Fisher vectors against slow formulas and scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.feature import fisher_vector
from sklearn.mixture import GaussianMixture

from obverse import zoo
from obverse.errors import UsageError
from obverse.types import F32, Array
from obverse.zoo import Fittable, Fitted, gather
from tests.zoo.pictures import drawn


@pytest.fixture(scope="module")
def points() -> F32:
    return np.random.default_rng(3).normal(size=(200, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def words() -> F32:
    return np.random.default_rng(4).normal(size=(5, 6)).astype(np.float32)


def nearest(point: F32, words: F32) -> int:
    return min(range(len(words)), key=lambda k: float(np.linalg.norm(point - words[k])))


def test_bow_against_counting(points: F32, words: F32) -> None:
    idf = np.array([0.1, 0.5, 1.0, 2.0, 0.0], np.float32)
    counts = [0.0] * 5
    for point in points:
        counts[nearest(point, words)] += 1
    found = gather.bow(points, {"words": words, "idf": idf})
    np.testing.assert_allclose(found, [c / 200 * w for c, w in zip(counts, idf, strict=True)])


def test_vlad_against_the_slow_formula(points: F32, words: F32) -> None:
    blocks = np.zeros((5, 6))
    for point in points:
        k = nearest(point, words)
        blocks[k] += point - words[k]
    blocks /= np.linalg.norm(blocks, axis=1, keepdims=True)
    np.testing.assert_allclose(gather.vlad(points, {"words": words}), blocks.ravel(), atol=1e-5)


def test_a_word_that_nothing_is_near_to_adds_nothing(points: F32, words: F32) -> None:
    far = np.vstack([words, np.full((1, 6), 100, np.float32)])
    assert not gather.vlad(points, {"words": far})[-6:].any()


def test_fisher_against_scikit_image(points: F32) -> None:
    mixture = GaussianMixture(3, covariance_type="diag", random_state=0).fit(points)
    state: dict[str, Array] = {
        "mean": np.zeros(6, np.float32),
        "basis": np.eye(6, dtype=np.float32),
        "weights": mixture.weights_,
        "means": mixture.means_,
        "spread": np.sqrt(mixture.covariances_),
    }
    theirs = fisher_vector(points[:50], mixture, improved=True)
    mine = gather.fisher(points[:50], state)
    # Theirs begins with a gradient by the weights, which adds next to nothing and is left out.
    theirs = theirs[-len(mine) :]
    # Their gradient by the spreads has the other sign than the papers', which no cosine sees.
    theirs[len(mine) // 2 :] *= -1
    np.testing.assert_allclose(
        mine / np.linalg.norm(mine), theirs / np.linalg.norm(theirs), atol=1e-4
    )


@pytest.mark.parametrize(
    ("name", "dim"),
    [
        ("bow-sift:20", 20),
        ("vlad-rootsift:8", 1024),
        ("fisher-sift:4", 512),
        ("vlad-orb:4", 1024),
    ],
)
def test_fitted_stored_and_restored(name: str, dim: int) -> None:
    images = drawn(6)
    loose = zoo.get(name)
    assert isinstance(loose, Fittable)
    fitted = loose.fit(images)
    assert isinstance(fitted, Fitted)
    vectors = fitted.describe(images)
    assert vectors.shape == (6, dim) == (6, fitted.dim)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    again = loose.restore(fitted.state())
    assert again.fingerprint == fitted.fingerprint
    assert np.array_equal(again.describe(images[:2]), vectors[:2])
    turned = fitted.describe([np.rot90(images[2]).copy()])
    assert int((vectors @ turned.T).argmax()) == 2
    other = loose.fit(images[:5])
    assert other.fingerprint != fitted.fingerprint


def test_a_picture_without_keypoints_still_has_a_vector() -> None:
    plain = np.full((64, 64, 3), 120, np.uint8)
    for name in ("bow-sift:8", "vlad-sift:8", "fisher-sift:4"):
        loose = zoo.get(name)
        assert isinstance(loose, Fittable)
        vector = loose.fit(drawn(3)).describe([plain])
        np.testing.assert_allclose(np.linalg.norm(vector), 1, atol=1e-5)


def test_sift_and_rootsift_are_told_apart_and_of_unit_length() -> None:
    image = drawn(1)[0]
    for kind, width in (("sift", 128), ("rootsift", 128), ("orb", 256)):
        found = gather.local(image, kind)
        assert found.shape[1] == width
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
    roots = gather.local(image, "rootsift")
    raised = roots**2
    np.testing.assert_allclose(
        gather.local(image, "sift"),
        raised / np.linalg.norm(raised, axis=1, keepdims=True),
        atol=1e-5,
    )


def test_too_few_keypoints_name_a_number_that_works() -> None:
    loose = zoo.get("vlad-sift:500")
    assert isinstance(loose, Fittable)
    with pytest.raises(UsageError, match="too few for 500 words") as caught:
        loose.fit(drawn(2))
    smaller = zoo.get(str(caught.value.hint).rpartition(" ")[2])
    assert isinstance(smaller, Fittable)
    assert smaller.fit(drawn(2)).dim > 0
