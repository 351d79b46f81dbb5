"""Normalise against exact geometry."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from obverse import normalise
from obverse.types import Ellipse, Region
from tests.coins import face, photo_of, turned, whole_disc


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel().astype(float), b.ravel().astype(float))[0, 1])


@pytest.mark.parametrize(
    ("a", "b", "angle"), [(150, 150, 0), (160, 120, 0), (170, 110, 35), (150, 90, 120)]
)
def test_the_tilt_is_undone(a: float, b: float, angle: float) -> None:
    coin = face(3, 400)
    # An independent forward map: the disc's own three points to the ellipse's.
    e = Ellipse(260.25, 231.5, a, b, angle)
    phi = np.deg2rad(angle)
    turn = np.array([[np.cos(phi), -np.sin(phi)], [np.sin(phi), np.cos(phi)]])
    linear = turn @ np.diag([a / 200, b / 200]) @ turn.T
    forward = np.hstack([linear, (np.array([e.cx, e.cy]) - linear @ [199.5, 199.5])[:, None]])
    picture = cv2.warpAffine(
        coin, forward, (520, 460), flags=cv2.INTER_AREA, borderValue=(20, 60, 20)
    )
    patch = normalise.disc(photo_of(picture), Region((0, 0, 1, 1), 1.0, e))
    wanted = cv2.resize(coin, (normalise.SIZE, normalise.SIZE), interpolation=cv2.INTER_AREA)
    inside = np.hypot(*(np.mgrid[:256, :256] - 127.5)) < 122
    assert correlation(patch.original[inside], wanted[inside]) > 0.97
    corner = patch.matrix @ [e.cx, e.cy, 1]
    assert corner == pytest.approx([127.5, 127.5], abs=1e-6)


def test_the_background_is_gone_and_the_original_kept() -> None:
    picture = np.full((300, 300, 3), (200, 40, 40), np.uint8)
    cv2.circle(picture, (150, 150), 100, (90, 90, 90), -1)
    patch = normalise.disc(
        photo_of(picture), Region((50, 50, 250, 250), 1.0, Ellipse(150, 150, 100, 100))
    )
    assert (patch.image[:8, :8] == normalise.GREY).all()
    assert (patch.original[:8, :8] == (200, 40, 40)).all()
    assert patch.image.shape == patch.original.shape == (256, 256, 3)
    assert patch.polar.shape == (normalise.ANGLES, normalise.RADII, 3)


def test_a_reduced_decode_gives_the_same_patch() -> None:
    coin = face(5, 800)
    small = cv2.resize(coin, (400, 400), interpolation=cv2.INTER_AREA)
    region = whole_disc(photo_of(coin))
    full = normalise.disc(photo_of(coin), region)
    reduced = normalise.disc(photo_of(small, full=(800, 800)), region)
    assert correlation(full.original, reduced.original) > 0.995
    assert np.abs(full.original.astype(int) - reduced.original).mean() < 2.0


def test_unwrap_follows_its_formula() -> None:
    """Against a slow reading of the definition: row = direction, column = share of the radius."""
    image = cv2.GaussianBlur(face(7, 256), (0, 0), 3)
    polar = normalise.unwrap(image)
    for i in range(0, normalise.ANGLES, 37):
        for j in range(0, normalise.RADII, 23):
            theta = 2 * np.pi * i / normalise.ANGLES
            r = (j + 0.5) / normalise.RADII * 128
            x, y = 127.5 + r * np.cos(theta), 127.5 - r * np.sin(theta)
            patch = cv2.getRectSubPix(image, (1, 1), (x, y))[0, 0]
            assert polar[i, j] == pytest.approx(patch, abs=2)


def test_a_turn_is_a_cyclic_shift_of_rows() -> None:
    coin = cv2.GaussianBlur(face(9, 512), (0, 0), 2)
    base = normalise.disc(photo_of(coin), whole_disc(photo_of(coin))).polar
    for rows in (16, 56, 112):
        other = turned(coin, 360 * rows / normalise.ANGLES)
        polar = normalise.disc(photo_of(other), whole_disc(photo_of(other))).polar
        shifted = np.roll(base, rows, axis=0)
        assert correlation(polar[:, 4:-3], shifted[:, 4:-3]) > 0.97
        assert correlation(polar[:, 4:-3], base[:, 4:-3]) < 0.6


def test_wrap_is_the_inverse_of_unwrap() -> None:
    coin = cv2.GaussianBlur(face(11, 256), (0, 0), 4)
    back = normalise.wrap(normalise.unwrap(coin))
    inside = np.hypot(*(np.mgrid[:256, :256] - 127.5)) < 120
    assert np.abs(back[inside] - coin[inside]).mean() < 3
    assert not back[0, 0].any()


def test_even_light_removes_a_lamp() -> None:
    coin = face(13, 256)
    lamp = np.linspace(0.45, 1.15, 256)[None, :, None]
    lit = np.clip(coin * lamp, 0, 255).astype(np.uint8)
    inside = np.hypot(*(np.mgrid[:256, :256] - 127.5)) < 127
    before = correlation(coin[inside], lit[inside])
    a, b = normalise.even_light(coin, inside), normalise.even_light(lit, inside)
    assert correlation(a[inside], b[inside]) > max(0.95, before)


@pytest.mark.parametrize("shape", [(20, 900), (900, 20), (16, 16)])
def test_flat_and_disc_take_any_shape(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    photo = photo_of(rng.integers(0, 255, (*shape, 3), dtype=np.uint8))
    region = Region((0, 0, shape[1], shape[0]), 0.0, whole=True)
    patch = normalise.disc(photo, region)
    assert patch.polar.shape == (normalise.ANGLES, normalise.RADII, 3)
    assert patch.polar.dtype == np.uint8
    patch = normalise.flat(photo, region)
    longer = normalise.FLAT_SIDE / max(shape)
    assert patch.polar.shape == (round(shape[0] * longer), round(shape[1] * longer), 3)
    assert patch.polar.dtype == np.uint8


def test_flat_keeps_the_rectangle_upright() -> None:
    picture = np.full((400, 300, 3), 120, np.uint8)
    picture[100:300, 60:160] = 20
    picture[110:150, 70:90] = 250
    patch = normalise.flat(photo_of(picture), Region((60, 100, 160, 300), 1.0))
    # 100 x 200 pixels become 128 x 256 in the middle, grey beside them, and 320 x 640.
    assert patch.original[30, 64 + 25].min() > 200
    assert patch.original[200, 150].max() < 40
    assert np.all(patch.original[:, :63] == normalise.GREY)
    assert patch.polar.shape == (640, 320, 3)
    assert patch.polar[70, 64].min() > 200
    corner = patch.matrix @ np.array([59.5, 99.5, 1])
    assert corner == pytest.approx([63.5, -0.5])


def test_a_region_at_the_edge_of_the_photo() -> None:
    coin = face(15, 300)
    region = Region((-60, -60, 200, 200), 1.0, Ellipse(70, 70, 130, 130))
    patch = normalise.disc(photo_of(coin), region)
    assert patch.image.shape == (256, 256, 3)
