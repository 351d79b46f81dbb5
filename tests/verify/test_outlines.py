"""Whether a photo shows the outline of a view: waves with known corners, phases and noise."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest

from obverse.types import F64, U8, Ellipse, Region
from obverse.verify.outlines import gain, rim, rim_of, shows, wave
from tests.coins import face, photo_of, turned

SIDE = 512
RADIUS = 200.0
ANGLES = np.linspace(0, 2 * np.pi, 360, endpoint=False)


def outline(corners: int, depth: float, phase: float = 0.0) -> F64:
    """A rim of so many waves; the first one's top lies ``phase`` degrees counter-clockwise of the x
    axis. Pixels of a square of ``SIDE``, (360, 2)."""
    reach = RADIUS * (1 + depth * np.cos(corners * (ANGLES - math.radians(phase))))
    middle = (SIDE - 1) / 2
    return np.stack([middle + reach * np.cos(ANGLES), middle - reach * np.sin(ANGLES)], axis=1)


def region(points: F64 | None) -> dict[str, Any]:
    middle = (SIDE - 1) / 2
    there = None if points is None else points.astype(np.float32)
    ellipse = Ellipse(middle, middle, RADIUS, RADIUS)
    return Region((0.0, 0.0, float(SIDE), float(SIDE)), 1.0, ellipse, there).to_dict()


def picture(points: F64, seed: int = 3, turn: float = 0.0) -> U8:
    """A design cut out along a rim, on a dark ground, turned counter-clockwise."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(mask, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    share = mask[..., None] / 255.0
    shown = share * face(seed, SIDE) + (1 - share) * 40
    return turned(np.asarray(shown, np.uint8), turn) if turn else np.asarray(shown, np.uint8)


def edges(pixels: U8) -> Any:
    middle = (SIDE - 1) / 2
    return rim(photo_of(pixels), Ellipse(middle, middle, RADIUS, RADIUS))


CIRCLE = outline(12, 0.0)


@pytest.mark.parametrize(("corners", "depth"), [(5, 0.05), (7, 0.02), (10, 0.02), (12, 0.03)])
def test_a_regular_outline_is_known_by_its_corners(corners: int, depth: float) -> None:
    found = wave(region(outline(corners, depth, 17.0)))
    assert found is not None
    assert found.corners == corners
    # Rays go clockwise: the first top lies 17 degrees the other way.
    rays = np.arange(len(found.height)) * 2 * np.pi / len(found.height)
    wanted = depth * np.cos(corners * (rays + math.radians(17)))
    np.testing.assert_allclose(found.height, wanted, atol=0.002)


def test_what_is_round_or_uneven_has_none() -> None:
    """Without an outline, a circle, the frame of a picture that cuts four sides, a dent, waves too
    shallow to be a shape, noise."""
    assert wave(region(None)) is None
    assert wave(region(CIRCLE)) is None
    frame = np.clip(CIRCLE, SIDE / 2 - 190, SIDE / 2 + 190)
    assert wave(region(frame)) is None
    dent = CIRCLE.copy()
    dent[40:60] = SIDE / 2 + 0.93 * (dent[40:60] - SIDE / 2)
    assert wave(region(dent)) is None
    assert wave(region(outline(12, 0.004))) is None
    noise = np.random.default_rng(0).normal(0, 0.02, (360, 1))
    assert wave(region(SIDE / 2 + (1 + noise) * (CIRCLE - SIDE / 2))) is None


@pytest.mark.parametrize("turn", [0.0, 11.0, 48.5, 203.0])
@pytest.mark.parametrize(("corners", "depth"), [(7, 0.03), (12, 0.03)])
def test_an_outline_is_seen_at_its_turn_only(corners: int, depth: float, turn: float) -> None:
    known = wave(region(outline(corners, depth)))
    assert known is not None
    seen = edges(picture(outline(corners, depth), turn=turn))
    assert shows(seen, known, turn)
    assert shows(seen, known, turn + 360 / corners)
    assert not shows(seen, known, turn + 180 / corners)
    assert gain(seen, known, turn) == pytest.approx(gain(seen, known, turn - 360), abs=1e-9)


def test_it_is_not_seen_on_round_things() -> None:
    known = wave(region(outline(12, 0.03)))
    assert known is not None
    for seed in range(12):
        seen = edges(picture(CIRCLE, seed))
        assert not any(shows(seen, known, turn) for turn in range(0, 360, 20))


def test_another_number_of_corners_is_another_outline() -> None:
    known = wave(region(outline(12, 0.03)))
    assert known is not None
    seen = edges(picture(outline(7, 0.03)))
    assert not any(shows(seen, known, turn) for turn in range(0, 360, 10))


def test_it_is_seen_on_a_disc_that_shows_no_ground() -> None:
    """As in a catalogue's picture: the tops are cut off."""
    known = wave(region(outline(12, 0.03)))
    assert known is not None
    around = slice(round(SIDE / 2 - RADIUS), round(SIDE / 2 + RADIUS))
    scalloped, round_one = (picture(p)[around, around] for p in (outline(12, 0.03), CIRCLE))
    assert shows(rim_of(scalloped), known, 0.0)
    assert not shows(rim_of(round_one), known, 0.0)
