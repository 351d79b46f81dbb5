"""What separates two items: exchanged sectors are found again, whatever the turn."""

from __future__ import annotations

import json

import numpy as np
import pytest

from obverse import embed, separate
from obverse.normalise import disc
from obverse.separate import clock, compare, mask, sectors
from obverse.types import F32, U8, Embedding, Evidence, Matches
from obverse.verify.polar import PolarVerifier
from tests.coins import face, photo_of, turned, whole_disc

ROWS, COLUMNS = 56, 7


def polar(size: int) -> tuple[F32, F32]:
    """Angle in degrees and radius, 0 to 1, of every pixel."""
    yy, xx = np.mgrid[:size, :size]
    middle = (size - 1) / 2
    angle = np.degrees(np.arctan2(middle - yy, xx - middle)) % 360
    radius = np.hypot(xx - middle, yy - middle) / (size / 2)
    return angle.astype(np.float32), radius.astype(np.float32)


def exchanged(image: U8, other: U8, angle: float, wide: float = 60.0) -> U8:
    """The first picture with a sector of the second, ``wide`` degrees about ``angle``."""
    at, radius = polar(image.shape[0])
    inside = (np.abs((at - angle + 180) % 360 - 180) < wide / 2) & (radius > 0.4) & (radius < 0.9)
    return np.where(inside[..., None], other, image).astype(np.uint8)


def embedded(image: U8, phases: int = 1) -> Embedding:
    photo = photo_of(image)
    return embed.get("polar").embed([disc(photo, whole_disc(photo))], phases=phases)[0]


@pytest.mark.parametrize(("angle", "turn"), [(90, 0), (10, 200), (200, 77), (310, 311)])
def test_an_exchanged_sector_is_what_separates(angle: float, turn: float) -> None:
    """Two views differ in one sector only; the photo shows the first one, turned."""
    image = face(3)
    views = [image, exchanged(image, face(4), angle)]
    query = embedded(turned(image, turn), phases=4)
    maps = np.stack([embedded(view).map for view in views])
    first, second = PolarVerifier().evidence(query, maps)
    assert first.score > second.score
    found = compare(first, second, -first.turn)
    assert found is not None
    sector = found.sectors[0]
    middle = (sector.start + sector.end) / 2
    assert abs((middle - angle - turn + 180) % 360 - 180) < 30
    assert 0.4 < (sector.inner + sector.outer) / 2 < 0.9
    assert sector.end - sector.start <= separate.WIDEST
    assert sector.first > sector.second
    assert 0 < sector.lead <= 1.5 * (first.score - second.score)
    # Upright, the sector lies where it lies in the view.
    assert abs((sector.clock - clock(angle) + 6) % 12 - 6) <= 1


def test_places_are_not_off_to_one_side() -> None:
    """Agreement lies where its cells look: offsets cancel, in angle and in radius."""
    off, out = [], []
    for seed, angle in enumerate(range(15, 360, 30)):
        image = face(seed)
        views = [image, exchanged(image, face(seed + 40), angle, wide=40.0)]
        maps = np.stack([embedded(view).map for view in views])
        first, second = PolarVerifier().evidence(embedded(image, phases=4), maps)
        lost = np.maximum(first.agreement - second.agreement, 0) ** 2  # leave noise out
        at = np.exp(2j * np.pi * np.arange(len(lost)) / len(lost))
        middle = np.degrees(np.angle((lost.sum(axis=1) * at).sum()))
        off.append((middle - angle + 180) % 360 - 180)
        radii = (np.arange(lost.shape[1]) + 0.5) / lost.shape[1]
        out.append((lost.sum(axis=0) * radii).sum() / lost.sum())
    assert abs(np.mean(off)) < 4
    assert np.mean(out) == pytest.approx(0.65, abs=0.08)


@pytest.mark.parametrize(
    ("angle", "hour"), [(90, 12), (0, 3), (270, 6), (180, 9), (60, 1), (-60, 5), (119, 11)]
)
def test_hours_go_round_like_a_clock(angle: float, hour: int) -> None:
    assert clock(angle) == hour
    assert clock(angle + 360) == hour


@pytest.mark.parametrize("start", [0, 20, 53])
def test_a_patch_of_cells_is_one_sector_even_across_the_first_row(start: int) -> None:
    cells = np.zeros((ROWS, COLUMNS), np.float32)
    inside = mask((start, 10, 4, 6), cells.shape)
    cells[inside] = 1.0
    ((row, count, inner, outer),) = sectors(cells)
    assert abs((row - start + 28) % ROWS - 28) <= 1
    assert abs(count - 10) <= 2
    assert (inner, outer) == (4, 6)


def test_two_patches_come_in_the_order_of_what_they_hold_and_noise_is_left_out() -> None:
    cells = np.zeros((ROWS, COLUMNS), np.float32)
    cells[4:12, 4:6], cells[30:44, 4:6], cells[50, 1] = 1.0, 1.0, 0.3
    found = sectors(cells)
    assert [bounds[0] // 10 for bounds in found] in ([2, 0], [3, 0])


def test_a_wide_sector_is_narrowed_to_its_peak() -> None:
    """Elevated everywhere at one radius, most at 90 degrees."""
    at = 2 * np.pi * np.arange(ROWS) / ROWS
    cells = np.zeros((ROWS, COLUMNS), np.float32)
    cells[:, 5] = 1 + 0.5 * np.sin(at)
    ((row, count, _, _),) = sectors(cells)
    assert count * 360 / ROWS <= separate.WIDEST
    assert (row + count / 2) * 360 / ROWS == pytest.approx(90, abs=12)


def test_nothing_separates_a_view_from_itself() -> None:
    rng = np.random.default_rng(0)
    cells = rng.uniform(0, 0.01, (ROWS, COLUMNS)).astype(np.float32)
    found = compare(Evidence(0.5, 0.0, cells), Evidence(0.5, 0.0, cells), 0.0)
    assert found is not None
    assert found.sectors == ()
    assert found.against is None


def test_shares_are_on_the_scale_of_the_score() -> None:
    """Means over the face are the scores, so the sectors' excess adds up to the lead."""
    even = np.full((ROWS, COLUMNS), 0.6 / (ROWS * COLUMNS), np.float32)
    other = even.copy()
    other[10:20, 3:5] = -0.1 / even.size
    found = compare(Evidence(0.6, 0.0, even), Evidence(float(other.sum()), 0.0, other), 0.0)
    assert found is not None
    (sector,) = found.sectors
    assert sector.first == pytest.approx(0.6, abs=1e-3)
    assert sector.second == pytest.approx(-0.1, abs=0.2)
    assert sector.lead == pytest.approx(0.6 - float(other.sum()), rel=0.05)


def test_flat_things_are_told_apart_by_their_inliers() -> None:
    def proof(inliers: int) -> Evidence:
        points = np.zeros((9, 2), np.float32)
        matches = Matches(points, points, np.arange(9) < inliers, None)
        return Evidence(0.5, 0.0, np.zeros((16, 16), np.float32), matches)

    found = compare(proof(7), proof(4), 0.0)
    assert found is not None
    assert found.inliers == (7, 4)
    assert found.sectors == ()
    assert json.loads(json.dumps(found.to_dict()))["inliers"] == [7, 4]
