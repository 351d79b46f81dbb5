"""Degraded copies: turns, seeds, and the geometry against an independent projection."""

from __future__ import annotations

from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from obverse.degrade import CUT, HARD, MILD, RADIUS, Severity, clean, degrade
from obverse.normalise import ANGLES, GREY, RADII
from obverse.types import U8, Array
from tests.coins import face

NONE = Severity(**{f.name: 0.0 for f in fields(Severity)} | {"smallest": 2 * RADIUS})  # type: ignore[arg-type]
"""Nothing happens: no error, no slant, no chance of anything; only the ground around the coin."""
CELL = 16


@pytest.fixture(scope="module")
def coin() -> U8:
    disc = cv2.cvtColor(cv2.resize(face(3), (2 * RADIUS,) * 2), cv2.COLOR_RGB2GRAY)
    edge = (CUT - 2 * RADIUS) // 2
    return np.asarray(
        cv2.copyMakeBorder(disc, edge, edge, edge, edge, cv2.BORDER_REPLICATE), np.uint8
    )


def alike(a: Array, b: Array) -> float:
    return float(np.corrcoef(a.ravel().astype(float), b.ravel().astype(float))[0, 1])


@pytest.mark.parametrize("cells", [1, 5, 13])
def test_a_turn_by_cells_rolls_the_clean_image(coin: U8, cells: int) -> None:
    turned = clean(coin, 360 * CELL * cells / ANGLES)
    rolled = np.roll(clean(coin), CELL * cells, axis=0)
    assert turned.shape == (ANGLES, RADII)
    assert alike(turned, rolled) > 0.98
    assert alike(turned, np.roll(clean(coin), -CELL * cells, axis=0)) < 0.5


@pytest.mark.parametrize("turn", [0.0, 77.0])
def test_without_severity_a_copy_is_the_clean_one(coin: U8, turn: float) -> None:
    for seed in range(3):
        copy = degrade(coin, np.random.default_rng(seed), NONE, turn)
        # JPEG is the one thing left.
        assert alike(copy[:, : RADII - 6], clean(coin, turn)[:, : RADII - 6]) > 0.93


def test_the_same_seed_gives_the_same_copy(coin: U8) -> None:
    a, b = (degrade(coin, np.random.default_rng(4), HARD, 30.0) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, degrade(coin, np.random.default_rng(5), HARD, 30.0))


def test_harder_is_less_alike(coin: U8) -> None:
    means = [
        np.mean([alike(degrade(coin, np.random.default_rng(s), v), clean(coin)) for s in range(16)])
        for v in (NONE, MILD, HARD)
    ]
    assert means[0] > means[1] > means[2] > 0


@pytest.mark.parametrize("tilt", [0.0, 40.0])
def test_without_finder_error_the_rim_stays_at_the_border(tilt: float) -> None:
    """A bright disc with a dark line at 0.9 of the radius: the line stays in its column at any
    slant (the ellipse undoes it but for perspective), and moves when the finder's scale is off."""
    y, x = np.mgrid[:CUT, :CUT]
    far = np.hypot(x - (CUT - 1) / 2, y - (CUT - 1) / 2) / RADIUS
    ring = np.where(np.abs(far - 0.9) < 0.02, 40, 200).astype(np.uint8)

    def column(severity: Severity) -> list[float]:
        at = []
        for seed in range(6):
            copy = degrade(ring, np.random.default_rng(seed), severity)[:, 70:108].astype(float)
            at.append(70 + float(np.mean(copy.argmin(axis=1))))
        return at

    exact = column(replace(NONE, tilt=tilt))
    np.testing.assert_allclose(exact, 0.9 * RADII - 0.5, atol=1.6)
    if not tilt:
        off = column(replace(NONE, scale=0.05))
        assert np.std(off) > 2 * np.std(exact)


def test_outside_the_coin_a_clean_image_holds_no_ground() -> None:
    """What lies around the coin never reaches the unwrapped image, but for the last column."""
    coin = np.full((CUT, CUT), 120, np.uint8)
    cv2.circle(coin, (CUT // 2, CUT // 2), 40, 200, -1)
    other = coin.copy()
    y, x = np.mgrid[:CUT, :CUT]
    other[np.hypot(x - (CUT - 1) / 2, y - (CUT - 1) / 2) > RADIUS + 2] = 0
    np.testing.assert_array_equal(clean(coin)[:, :-2], clean(other)[:, :-2])
    assert abs(float(clean(coin)[:, 60:-2].mean()) - GREY) < 25
