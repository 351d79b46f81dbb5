"""Counterfeits: two copies of one coin that differ in one part and nowhere else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from obverse.train.counterfeit import counterfeits
from obverse.train.pictures import CUT, RADIUS
from obverse.types import U8


def coin(seed: int) -> U8:
    """Blobs at random, their contrast that of a struck coin."""
    noise = np.random.default_rng(seed).normal(size=(CUT, CUT)).astype(np.float32)
    relief = cv2.GaussianBlur(noise, (0, 0), 4)
    return np.asarray(np.clip(128 + 40 * relief / relief.std(), 0, 255), np.uint8)


@pytest.mark.parametrize("seed", range(12))
def test_the_copies_differ_in_one_part(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = counterfeits(coin(1), (coin(2), coin(3)), rng)
    apart = np.abs(first.astype(int) - second) > 0
    outside = np.hypot(*(np.mgrid[0:CUT, 0:CUT] - (CUT - 1) / 2)) > RADIUS
    inside = apart & ~outside
    assert 0.002 < inside.mean() < 0.45
    # Where the copies agree they are the coin itself, up to the width of the seam.
    near = cv2.dilate(apart.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    for copy in (first, second):
        np.testing.assert_array_equal(copy[~near], coin(1)[~near])


def test_a_coin_that_gives_its_own_part_at_no_turn_stays_itself() -> None:
    """All three the same flat disc: there is nothing that could differ."""
    flat = np.full((CUT, CUT), 90, np.uint8)
    for seed in range(12):
        first, second = counterfeits(flat, (flat, flat), np.random.default_rng(seed))
        inner = np.hypot(*(np.mgrid[0:CUT, 0:CUT] - (CUT - 1) / 2)) < 0.9 * RADIUS
        np.testing.assert_array_equal(first[inner], second[inner])


def test_the_same_seed_makes_the_same_copies() -> None:
    made = [
        counterfeits(coin(1), (coin(2), coin(3)), np.random.default_rng(5))[0] for _ in range(2)
    ]
    np.testing.assert_array_equal(*made)
