"""Whole-picture descriptors against the course's formulas and scikit-image."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import color, feature

from obverse import zoo
from obverse.errors import UsageError
from obverse.types import F32, U8
from obverse.zoo import Descriptor, whole
from tests.zoo.pictures import drawn, photos


def describe(name: str, images: list[U8]) -> F32:
    found = zoo.get(name)
    assert isinstance(found, Descriptor)
    vectors = found.describe(images)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(images), found.dim)
    return vectors


def baseline(image: U8) -> F32:
    """As the course computes it, from what ``cv2.imread`` gives."""
    grey = cv2.cvtColor(image[..., ::-1], cv2.COLOR_BGR2GRAY)
    counts = np.array([(grey == level).sum() for level in range(256)], np.float64)
    return (counts / np.sqrt((counts**2).sum())).astype(np.float32)


def test_the_grey_histogram_is_the_course_baseline() -> None:
    images = photos()
    expected = np.stack([baseline(image) for image in images])
    assert np.array_equal(describe("hist-gray-256", images), expected)


def test_fewer_bins_are_sums_of_neighbours() -> None:
    image = photos()[0]
    fine = whole.grey_histogram(image, 256)
    assert np.array_equal(whole.grey_histogram(image, 32), fine.reshape(32, 8).sum(axis=1))


@pytest.mark.parametrize("bins", [1, 257, 999])
def test_impossible_numbers_of_bins(bins: int) -> None:
    with pytest.raises(UsageError, match=f"{bins} bins"):
        zoo.get(f"hist-gray-{bins}")


@pytest.mark.parametrize("name", ["hist-gray-256", "hist-hsv", "moments"])
def test_a_bag_of_pixels_has_no_order(name: str) -> None:
    image = photos()[1]
    entry = zoo.entry(name)
    assert entry is not None
    assert entry.bag
    mixed = np.random.default_rng(0).permutation(image.reshape(-1, 3))[:, None]
    one, other = describe(name, [image, mixed])
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_colour_histogram_counts_every_pixel_once() -> None:
    image = photos()[1]
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV).reshape(-1, 3)
    cells = np.floor(hsv / (180, 256, 256) * whole.HSV_BINS).astype(int)
    expected = np.zeros(whole.HSV_BINS)
    np.add.at(expected, tuple(cells.T), 1)
    assert np.array_equal(whole.colour_histogram(image), expected.ravel())


def test_moments_against_scikit_image() -> None:
    from math import cbrt

    image = photos()[2]
    lab = color.rgb2lab(image).reshape(-1, 3) - (50, 0, 0)
    found = whole.moments(image)
    np.testing.assert_allclose(found[:3], lab.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(found[3:6], lab.std(axis=0), atol=0.1)
    third = ((lab - lab.mean(axis=0)) ** 3).mean(axis=0)
    np.testing.assert_allclose(found[6:], [cbrt(v) for v in third], atol=0.2)


def test_patterns_against_scikit_image() -> None:
    image = photos()[0][:100, :120]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    codes = feature.local_binary_pattern(grey, 8, 1, "uniform")[2:-2, 2:-2]
    # scikit-image treats the border otherwise, so the insides are compared.
    mine = whole.patterns(grey, 8, 1.0)[2:-2, 2:-2]
    assert np.mean(codes == mine) > 0.999
    shares = describe("lbp", [image])[0] ** 2
    np.testing.assert_allclose(shares[:10].sum(), 1 / 3, atol=1e-5)


def test_patterns_do_not_see_quarter_turns() -> None:
    one, turned = describe("lbp", [photos()[0], np.rot90(photos()[0]).copy()])
    np.testing.assert_allclose(one, turned, atol=0.01)


def test_gradients_find_the_direction_of_stripes() -> None:
    rows = np.indices((128, 128))[0]
    stripes = np.repeat((127 + 100 * np.sin(rows / 3))[..., None], 3, axis=2).astype(np.uint8)
    lying, standing = (
        whole.gradients(s).reshape(-1, 9).sum(axis=0) for s in (stripes, np.rot90(stripes).copy())
    )
    assert abs(int(lying.argmax()) - int(standing.argmax())) in (4, 5)


def test_the_hash_survives_saving_and_not_another_picture() -> None:
    image, other = photos()[:2]
    data = cv2.imencode(".jpg", cv2.resize(image, None, fx=0.5, fy=0.5), [1, 30])[1]
    saved = np.asarray(cv2.imdecode(data, 1), np.uint8)
    one, two, three = describe("phash", [image, saved, other])
    assert np.allclose(np.abs(one), 1 / 8)
    assert 32 * (1 - one @ two) <= 6 < 15 < 32 * (1 - one @ three)


def test_plain_pictures_have_a_direction_too() -> None:
    plain = [np.full((40, 40, 3), v, np.uint8) for v in (0, 119, 255)]
    for name in ("hist-hsv", "moments", "lbp", "hog", "phash"):
        vectors = describe(name, plain)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_fingerprints_tell_them_apart() -> None:
    names = ("hist-gray-256", "hist-gray-64", "hist-hsv", "moments", "lbp", "hog", "phash")
    assert len({getattr(zoo.get(name), "fingerprint") for name in names}) == len(names)  # noqa: B009


def test_names_that_are_none_are_refused() -> None:
    for name in ("hist", "vlad", "vlad-surf", "vlad-sift:0", "hist-gray-", "onnx:x.onnx"):
        with pytest.raises(UsageError, match=r"unknown embedder '.*see: obverse zoo"):
            zoo.get(name)


def test_drawings_of_different_designs_differ() -> None:
    for name in ("hist-gray-256", "lbp", "hog", "phash"):
        vectors = describe(name, drawn(3))
        assert (vectors @ vectors.T)[np.triu_indices(3, 1)].max() < 0.9999
