"""Each measure against pictures of which the truth is known."""

from __future__ import annotations

import math
import time

import cv2
import numpy as np
import pytest

from obverse import normalise, quality
from obverse.types import F32, U8, Ellipse, Patch, Photo, Region
from tests.coins import face, photo_of

SIZE = 256


def relief(seed: int) -> F32:
    """Detail at every scale: a random picture whose amplitude falls as 1 / frequency."""
    rng = np.random.default_rng(seed)
    f = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.rfftfreq(SIZE))
    f[0, 0] = 1
    spectrum = rng.standard_normal(f.shape) + 1j * rng.standard_normal(f.shape)
    picture = np.fft.irfft2(spectrum / f, (SIZE, SIZE))
    return np.asarray(128 + 30 * picture / picture.std(), np.float32)


def as_bytes(picture: F32) -> U8:
    return np.clip(picture, 0, 255).astype(np.uint8)


def patch_of(pixels: U8, region: Region | None = None) -> tuple[Photo, Patch]:
    photo = photo_of(pixels)
    half = pixels.shape[0] / 2
    whole = Region((0.0, 0.0, 2 * half, 2 * half), 1.0, Ellipse(half - 0.5, half - 0.5, half, half))
    return photo, normalise.disc(photo, region or whole)


@pytest.mark.parametrize("sigma", [2.0, 3.0, 4.5, 6.0])
def test_the_width_of_a_blur_is_measured(sigma: float) -> None:
    found = [
        quality.blur(as_bytes(cv2.GaussianBlur(relief(seed), (0, 0), sigma))) for seed in range(4)
    ]
    assert np.mean(found) == pytest.approx(1.25 * sigma, rel=0.15)
    assert max(found) / min(found) < 1.25


@pytest.mark.parametrize("degrees", [0, 45, 90, 120])
def test_a_shaken_picture_is_as_blurred_as_its_motion_is_long(degrees: float) -> None:
    length = 21
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1
    middle = ((length - 1) / 2,) * 2
    line = cv2.warpAffine(line, cv2.getRotationMatrix2D(middle, degrees, 1.0), (length, length))
    sigma = length / math.sqrt(12)
    found = quality.blur(as_bytes(cv2.filter2D(relief(7), -1, line / line.sum())))
    assert found == pytest.approx(sigma, rel=0.4)


def test_blur_does_not_depend_on_contrast_or_light() -> None:
    soft = cv2.GaussianBlur(relief(3), (0, 0), 3)
    plain = quality.blur(as_bytes(soft))
    assert quality.blur(as_bytes(100 + 0.5 * (soft - 128))) == pytest.approx(plain, rel=0.1)


def test_what_lies_beyond_the_edge_is_counted_as_pixels_would() -> None:
    e = Ellipse(30.0, 70.0, 60.0, 35.0, 30.0)
    y, x = np.mgrid[-100:200, -100:200] + 0.5
    phi = math.radians(e.angle)
    u = (x - e.cx) * math.cos(phi) + (y - e.cy) * math.sin(phi)
    v = (y - e.cy) * math.cos(phi) - (x - e.cx) * math.sin(phi)
    disc = (u / e.a) ** 2 + (v / e.b) ** 2 < 1
    beyond = disc & ((x < -0.5) | (y < -0.5) | (x > 99.5) | (y > 79.5))
    assert quality.outside(e, 100, 80) == pytest.approx(beyond.sum() / disc.sum(), abs=0.01)
    assert quality.outside(Ellipse(50, 50, 20, 10), 100, 100) == 0


def test_the_measures_of_a_made_up_photo() -> None:
    pixels = np.full((400, 500, 3), 90, np.uint8)
    e = Ellipse(250.0, 200.0, 120.0, 120.0 * math.cos(math.radians(50)), 20.0)
    cv2.ellipse(pixels, ((250, 200), (240, 2 * e.b), 20), (60, 60, 60), -1)
    cv2.ellipse(pixels, ((250, 200), (120, e.b), 20), (255, 255, 255), -1)  # half as long and wide
    photo, patch = patch_of(pixels, Region((0, 0, 1, 1), 0.97, e, seen=0.9))
    measured = quality.measure(photo, patch)
    assert list(measured) == list(quality.MEASURES)
    assert measured["oblique"] == pytest.approx(50, abs=0.01)
    assert measured["too small"] == pytest.approx(2 * math.sqrt(e.a * e.b))
    assert measured["glare"] == pytest.approx(0.25, abs=0.01)
    assert measured["too dark"] == measured["too bright"] == 60
    assert measured["covered"] == pytest.approx(0.1)
    assert measured["cut off"] == 0
    assert measured["not found"] == 0.97


def test_a_reduced_photo_counts_the_pixels_there_are() -> None:
    photo = photo_of(face(1, 256), full=(1024, 1024))
    region = Region((0, 0, 1024, 1024), 1.0, Ellipse(511.5, 511.5, 512, 512))
    assert quality.measure(photo, normalise.disc(photo, region))["too small"] == pytest.approx(256)


def test_nothing_found_is_all_there_is_to_say() -> None:
    whole = Region((0.0, 0.0, 256.0, 256.0), 0.0, whole=True, finder="unet")
    (issue,) = quality.check(*patch_of(face(1, 256), whole))
    assert issue.name == "not found"


@pytest.mark.parametrize(("side", "said"), [(40, "too small"), (64, "not found")])
def test_a_picture_in_which_nothing_could_be_large_enough_is_too_small(
    side: int, said: str
) -> None:
    whole = Region((0.0, 0.0, side, side), 0.0, whole=True, finder="unet")
    (issue,) = quality.check(*patch_of(face(1, side), whole))
    assert issue.name == said


def test_what_is_measured_is_called_by_what_it_is() -> None:
    measured = {name: float(n) for n, name in enumerate(quality.MEASURES)}
    told = quality.by_what(measured | {"too bright": measured["too dark"]})
    assert list(told) == [
        *("found", "cut_off", "covered", "diameter"),
        *("slant", "light", "glare", "blur"),
    ]
    assert told["diameter"] == measured["too small"]
    assert told["light"] == measured["too dark"]


def test_things_that_are_not_round_are_not_judged() -> None:
    photo = photo_of(np.zeros((300, 300, 3), np.uint8))
    region = Region((0.0, 0.0, 300.0, 300.0), 1.0, whole=True, finder="whole")
    assert quality.check(photo, normalise.flat(photo, region)) == ()


def test_limits_say_where_they_come_from_and_are_past_in_one_direction() -> None:
    shipped = quality.limits()
    assert {"measured_on", "rule", "command"} <= set(shipped.card)
    fine = {
        name: limit - 1e-3 * quality.MEASURES[name].worse for name, limit in shipped.values.items()
    }
    assert quality.judge(fine, shipped.values) == ()
    for name, limit in shipped.values.items():
        past = {**fine, name: limit + 1e-3 * quality.MEASURES[name].worse}
        (issue,) = quality.judge(past, shipped.values)
        assert (issue.name, issue.limit, bool(issue.advice)) == (name, limit, True)
        assert issue.to_dict()["unit"] == quality.MEASURES[name].unit


def test_what_another_issue_explains_is_not_told() -> None:
    values = {"too small": 50.0, "blurred": 0.02, "oblique": 50.0}
    measured = {"too small": 30.0, "oblique": 60.0, "blurred": 0.1}
    assert [i.name for i in quality.judge(measured, values)] == ["too small", "oblique"]


def test_it_takes_less_than_five_milliseconds() -> None:
    photo, patch = patch_of(face(5, 512))
    times = []
    for _ in range(20):
        begun = time.perf_counter()
        quality.check(photo, patch)
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.005
