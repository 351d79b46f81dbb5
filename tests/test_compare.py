"""Likeness of two pictures against scikit-image and plain formulas."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import color, metrics

from obverse import zoo
from obverse.compare import Likeness, compare, draw
from obverse.errors import MissingExtra, UsageError
from obverse.mint import coin_type, scan
from obverse.types import U8, Matches
from tests.coins import photo_of, turned
from tests.zoo.pictures import photos


def likeness(a: U8, b: U8, *embedders: str) -> Likeness:
    return compare(photo_of(a), photo_of(b), embedders)


def test_pixels_against_scikit_image() -> None:
    image = photos()[0]
    noise = np.random.default_rng(0).normal(0, 12, image.shape)
    other = np.clip(image + noise, 0, 255).astype(np.uint8)
    found = likeness(image, other)
    assert found.resized == ""
    assert found.mse == pytest.approx(metrics.mean_squared_error(image, other))
    assert found.psnr == pytest.approx(metrics.peak_signal_noise_ratio(image, other))
    greys = [np.rint(255 * color.rgb2gray(i)).astype(np.uint8) for i in (image, other)]
    expected = metrics.structural_similarity(*greys)
    # Grey of scikit-image weighs the colours by another standard.
    assert found.ssim == pytest.approx(expected, abs=0.02)


def test_histograms_and_hashes() -> None:
    image, other = photos()[:2]
    found = likeness(image, other)
    counts = [
        np.bincount(cv2.cvtColor(i, cv2.COLOR_RGB2GRAY).ravel(), minlength=256)
        for i in (image, other)
    ]
    assert found.histogram == pytest.approx(np.corrcoef(*counts)[0, 1], abs=1e-5)
    hashes = zoo.get("phash").describe([image, other])  # type: ignore[union-attr]
    assert found.hash_distance == int((hashes[0] != hashes[1]).sum()) > 15


def test_a_picture_and_itself() -> None:
    image = photos()[2]
    found = likeness(image, image, "hist-gray-256", "hog", "vlad")
    assert (found.mse, found.psnr, found.ssim, found.hash_distance) == (0, None, 1, 0)
    assert found.histogram == pytest.approx(1)
    assert found.turn is None
    assert list(found.embeddings) == ["hist-gray-256", "hog", "vlad"]
    assert min(found.embeddings.values()) > 0.9999
    assert found.matches.inliers.mean() > 0.99


def test_another_size_is_said() -> None:
    image = photos()[0]
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    found = likeness(image, np.asarray(small, np.uint8))
    assert found.resized == "the second from 128 x 128 to 256 x 256 pixels"
    assert found.ssim is not None
    assert found.ssim > 0.8
    assert found.hash_distance <= 4
    squeezed = np.asarray(cv2.resize(image, (256, 100)), np.uint8)
    assert likeness(image, squeezed).resized.endswith("its proportions changed")


def test_the_polar_embedder_finds_the_turn() -> None:
    coin = scan(coin_type(7, 1), "obverse", size=240)
    found = likeness(np.rot90(coin).copy(), coin, "polar")
    assert found.embeddings["polar"] > 0.9
    assert found.turn is not None
    assert abs(found.turn - 90) < 3


def test_keypoints_are_drawn_where_they_are() -> None:
    image = photos()[1]
    one, other = photo_of(image), photo_of(turned(np.asarray(cv2.resize(image, (300, 300))), 10))
    found = compare(one, other, [])
    picture = draw(one, other, found.matches)
    assert picture.shape[1] > picture.shape[0] > 500
    none = Matches(
        np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32), np.zeros(0, bool), None
    )
    assert (picture != draw(one, other, none)).any(axis=2).sum() > 1000


def test_tiny_pictures_have_no_structure() -> None:
    tiny = np.full((6, 6, 3), 80, np.uint8)
    assert likeness(tiny, tiny).ssim is None


@pytest.mark.parametrize("name", ["vlad-sift", "nope"])
def test_embedders_that_two_pictures_do_not_fit(name: str) -> None:
    with pytest.raises(UsageError, match=r"fitted on a catalogue|unknown embedder"):
        likeness(photos()[0], photos()[1], name)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"obverse\[zoo\]"):
        likeness(photos()[0], photos()[0])
    for name in ("vlad-sift", "hog", "hf:openai/clip-vit-base-patch32"):
        with pytest.raises(MissingExtra, match=rf"^{name} needs .*obverse\[zoo\]"):
            zoo.get(name)
    assert zoo.get("hist-gray-256").name == "hist-gray-256"
