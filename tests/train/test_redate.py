"""Another date on the same coin: a small piece differs, the rest is the coin itself."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from obverse.degrade import CUT, RADIUS
from obverse.train.redate import redate
from obverse.types import U8


def coin(seed: int) -> U8:
    """Blobs at random, their contrast that of a struck coin."""
    noise = np.random.default_rng(seed).normal(size=(CUT, CUT)).astype(np.float32)
    relief = cv2.GaussianBlur(noise, (0, 0), 4)
    return np.asarray(np.clip(128 + 40 * relief / relief.std(), 0, 255), np.uint8)


@pytest.mark.parametrize("seed", range(12))
def test_a_small_piece_near_the_rim_changes(seed: int) -> None:
    made = redate(coin(1), coin(2), np.random.default_rng(seed))
    apart = made != coin(1)
    r = np.hypot(*(np.mgrid[0:CUT, 0:CUT] - (CUT - 1) / 2)) / RADIUS
    assert 0.002 < apart[r <= 1].mean() < 0.25
    assert not apart[r < 0.15].any(), "the middle stays"


def test_the_piece_has_the_coins_own_level_and_contrast() -> None:
    """A dark, flat donor does not darken a bright coin."""
    donor = np.asarray(20 + coin(2) // 16, np.uint8)
    bright = np.asarray(120 + coin(1) // 2, np.uint8)
    made = redate(bright, donor, np.random.default_rng(3))
    apart = made != bright
    assert apart.any()
    assert abs(float(made[apart].mean()) - float(bright[apart].mean())) < 6
    assert 0.5 < made[apart].std() / bright[apart].std() < 1.6


def test_the_same_seed_makes_the_same_coin() -> None:
    made = [redate(coin(1), coin(2), np.random.default_rng(5)) for _ in range(2)]
    np.testing.assert_array_equal(*made)
