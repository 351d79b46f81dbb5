"""Shrinking by area: against exact means, and against one step of OpenCV's own."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from obverse import shrink
from obverse.types import U8


def picture(h: int, w: int) -> U8:
    noise = np.random.default_rng(5).integers(0, 256, (h, w, 3)).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)


@pytest.mark.parametrize("factor", [1, 2, 4, 8])
def test_powers_of_two_are_means(factor: int) -> None:
    large = picture(96, 192)
    small = shrink.by_area(large, 192 // factor, 96 // factor)
    blocks = large.reshape(96 // factor, factor, 192 // factor, factor, 3).astype(float)
    # Every step rounds once.
    np.testing.assert_allclose(
        small, blocks.mean(axis=(1, 3)), atol=0.5 * (1 + factor.bit_length())
    )


@pytest.mark.parametrize(
    ("size", "to"), [((1224, 1632), (256, 192)), ((333, 501), (100, 70)), ((640, 480), (301, 400))]
)
def test_any_factor_is_close_to_one_step(size: tuple[int, int], to: tuple[int, int]) -> None:
    large = picture(*size)
    once = cv2.resize(large, to, interpolation=cv2.INTER_AREA)
    twice = shrink.by_area(large, *to)
    assert twice.shape == once.shape
    assert np.abs(twice.astype(float) - once).mean() < 1.5


def test_nothing_moves() -> None:
    """A slope stays the same slope: its mean over what a pixel covers."""
    slope = np.tile(np.linspace(0, 255, 1632), (64, 1))[..., None].repeat(3, axis=2)
    small = shrink.by_area(np.rint(slope).astype(np.uint8), 301, 11)
    middles = (np.arange(301) + 0.5) * 1632 / 301 - 0.5
    np.testing.assert_allclose(small[5, :, 0], middles * 255 / 1631, atol=1.0)


@pytest.mark.parametrize(
    ("low", "high", "limit", "ends"),
    [(0, 8, 100, 8), (3, 8, 100, 11), (3, 8, 10, 10), (5, 6, 6, 6)],
)
def test_pieces_can_be_halved_twice(low: int, high: int, limit: int, ends: int) -> None:
    assert shrink.whole(low, high, limit) == ends
    assert (ends - low) % 4 == 0 or ends == limit
