"""A photo laid over a view: by exact moves, at any turn, and by what it refuses."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from obverse.normalise import SIZE, disc_mask, even_light
from obverse.types import U8, Array
from obverse.verify.overlay import MOST_SHIFT, MOST_STRETCH, laid_over, place, slopes
from tests.coins import face, turned

MIDDLE = (SIZE - 1) / 2
INNER = np.hypot(*(np.mgrid[0:SIZE, 0:SIZE] - MIDDLE)) < 0.4 * SIZE


def square(seed: int = 3) -> U8:
    return np.asarray(cv2.resize(face(seed), (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)


def move(stretch: Array, shift: Array) -> Array:
    """The map of pixels (3, 3) that stretches about the middle, and shifts by radii."""
    m = np.eye(3)
    m[:2, :2] = stretch
    middle = np.array([MIDDLE, MIDDLE])
    m[:2, 2] = middle - m[:2, :2] @ middle + np.array(shift) * SIZE / 2
    return m


def moved(picture: U8, by: Array) -> U8:
    how = cv2.INTER_CUBIC
    out = cv2.warpAffine(picture, by[:2], (SIZE, SIZE), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)


def apart(one: U8, other: U8) -> float:
    return float(np.abs(one.astype(float) - other)[INNER].mean())


SMALL = st.floats(-0.04, 0.04)


@settings(max_examples=15)
@given(st.tuples(*[SMALL] * 6), st.sampled_from([0.0, 47.0, 160.0, 301.0]))
def test_any_small_move_at_any_turn_is_found(by: tuple[float, ...], turn: float) -> None:
    """The photo: the view turned, then moved; it is brought back."""
    view = square()
    lies = move(np.eye(2) + np.reshape(by[:4], (2, 2)), np.array(by[4:]))
    photo = moved(turned(view, turn), lies)
    back = laid_over(photo, view, turn)
    assert back is not None
    plain = turned(photo, -turn)
    assert apart(back, view) < max(0.5 * apart(plain, view), 6.0)


def test_the_place_is_the_inverse_of_the_move() -> None:
    stretch, shift = np.array([[1.04, 0.02], [-0.03, 0.98]]), np.array([0.03, -0.02])
    lies = move(stretch, shift)
    found = place(slopes(moved(square(), lies)), slopes(square()))
    assert found is not None
    corners = np.array([[60, 60, 1], [190, 70, 1], [128, 200, 1]]).T
    there = found @ lies @ corners
    assert np.abs(there - corners)[:2].max() < 1.5


def test_light_does_not_matter() -> None:
    """The photo is darker, and lit from one side."""
    lies = move(np.eye(2) * 1.04, np.array([0.02, 0.0]))
    slope = np.linspace(0.4, 0.9, SIZE)[None, :, None]
    photo = np.asarray(moved(square(), lies) * slope, np.uint8)
    found = place(slopes(photo), slopes(square()))
    assert found is not None
    assert np.abs((found @ lies - np.eye(3))[:2, :2]).max() < 0.02


def test_more_than_a_small_move_is_refused() -> None:
    view = square()
    flat = np.full_like(view, 128)
    assert laid_over(flat, view, 0.0) is None
    assert laid_over(view, flat, 0.0) is None
    for lies in (
        move(np.eye(2), np.array([3 * MOST_SHIFT, 0])),
        move(np.eye(2) * (1 + 2 * MOST_STRETCH), np.zeros(2)),
    ):
        found = place(slopes(moved(view, lies)), slopes(view))
        assert found is None or np.abs(found[:2, :2] - np.eye(2)).max() <= MOST_STRETCH


def test_slopes_are_blind_to_the_ground_and_to_the_level() -> None:
    view, other = square(), square()
    other[~disc_mask(SIZE)] = 0
    assert np.corrcoef(slopes(view).ravel(), slopes(other).ravel())[0, 1] > 0.99
    evened = even_light(view, disc_mask(SIZE))
    assert np.corrcoef(slopes(view).ravel(), slopes(evened).ravel())[0, 1] > 0.97
