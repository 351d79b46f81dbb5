"""The finders, against drawn rims that are known exactly."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

import obverse.find
from obverse.errors import UsageError
from obverse.find.classical import ClassicalFinder
from obverse.photo import load
from obverse.types import Ellipse, Photo, Region
from tests.find.drawn import background, coin, overlap, photo, shaped

FINDER = ClassicalFinder()


def random_ellipse(seed: int, width: int = 640, height: int = 480) -> Ellipse:
    """Of any turn, tilted by up to 50 degrees, inside the picture."""
    rng = np.random.default_rng(seed)
    a = rng.uniform(0.14, 0.46) * min(width, height)
    x, y = rng.uniform(a + 4, width - a - 4), rng.uniform(a + 4, height - a - 4)
    return Ellipse(x, y, a, a * rng.uniform(0.65, 1.0), rng.uniform(0, 180))


def scaled(ellipse: Ellipse, factor: float) -> Ellipse:
    """The ellipse in a picture ``factor`` times the size; pixel centres are at integers."""
    x, y = (factor * (c + 0.5) - 0.5 for c in (ellipse.cx, ellipse.cy))
    return Ellipse(x, y, factor * ellipse.a, factor * ellipse.b, ellipse.angle)


def find_one(pixels: np.ndarray, **size: int) -> Region:
    region = FINDER.find(photo(pixels, **size))[0]
    assert not region.whole
    assert region.ellipse is not None
    return region


def distance(found: Ellipse, true: Ellipse) -> float:
    """The largest distance between the two rims, as a share of the true semi-axis."""
    p, q = found.points(360), true.points(360)
    gaps = np.linalg.norm(p[:, None] - q[None], axis=2)
    return float(max(gaps.min(axis=0).max(), gaps.min(axis=1).max()) / true.a)


def test_ellipses_are_recovered() -> None:
    """Measured: a median of 1.0 % of the semi-axis at the worst point of the rim, 2.1 % at most."""
    gaps = []
    for seed in range(24):
        true = random_ellipse(seed)
        gaps.append(
            distance(find_one(coin(background(seed), true.points(720), seed)).ellipse, true)
        )
    assert np.median(gaps) < 0.0125
    assert max(gaps) < 0.025


@pytest.mark.parametrize("seed", range(6))
def test_turning_the_photo_turns_the_ellipse(seed: int) -> None:
    picture = coin(background(seed), random_ellipse(seed).points(720), seed)
    upright = find_one(picture).ellipse
    # A quarter turn counter-clockwise takes (x, y) to (y, w - 1 - x).
    w = picture.shape[1]
    turned = Ellipse(
        upright.cy, w - 1 - upright.cx, upright.a, upright.b, (upright.angle - 90) % 180
    )
    assert distance(find_one(np.rot90(picture)).ellipse, turned) < 0.01


@pytest.mark.parametrize("factor", [0.75, 2, 3])
def test_larger_photo_larger_ellipse(factor: float) -> None:
    true = random_ellipse(3)
    picture = coin(background(3), true.points(720), 3)
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=way)
    expected = scaled(true, factor)
    assert distance(find_one(resized).ellipse, expected) < 0.03


@pytest.mark.parametrize("factor", [2, 4])
def test_reduced_decode_gives_full_size_pixels(factor: int) -> None:
    """A photo decoded at half or a quarter of its size is measured in full-size pixels."""
    true = random_ellipse(5)
    picture = coin(background(5), true.points(720), 5)
    expected = scaled(true, factor)
    found = find_one(picture, width=640 * factor, height=480 * factor)
    assert distance(found.ellipse, expected) < 0.015
    x0, y0, x1, y1 = found.box
    assert x0 == pytest.approx(expected.points(2000)[:, 0].min(), abs=0.02 * expected.a)
    assert y1 == pytest.approx(expected.points(2000)[:, 1].max(), abs=0.02 * expected.a)
    assert 0 <= x0 < x1 <= 640 * factor
    assert 0 <= y0 < y1 <= 480 * factor


@pytest.mark.parametrize("seed", range(4))
def test_two_coins_are_two_regions_the_larger_first(seed: int) -> None:
    large = Ellipse(190, 230, 120, 115, 20)
    small = Ellipse(470, 250, 80, 78, 100)
    picture = coin(background(seed), large.points(720), seed)
    picture = coin(picture, small.points(720), seed + 50)
    regions = FINDER.find(photo(picture))
    assert len(regions) == 2
    assert distance(regions[0].ellipse, large) < 0.02
    assert distance(regions[1].ellipse, small) < 0.03


def test_many_small_coins() -> None:
    """A grid of 20 coins, each found once."""
    picture = background(1, 960, 720)
    rims = [
        Ellipse(120 + 180 * i, 110 + 165 * j, 50, 48, 30 * i) for i in range(5) for j in range(4)
    ]
    for i, rim in enumerate(rims):
        picture = coin(picture, rim.points(720), i)
    regions = FINDER.find(photo(picture))
    met = {
        min(range(20), key=lambda i: np.hypot(rims[i].cx - r.ellipse.cx, rims[i].cy - r.ellipse.cy))
        for r in regions
        if overlap(
            r.ellipse.points(),
            min(rims, key=lambda q: np.hypot(q.cx - r.ellipse.cx, q.cy - r.ellipse.cy)).points(),
            960,
            720,
        )
        > 0.9
    }
    assert len(met) >= 18
    assert len(regions) <= 22


def blank(seed: int) -> np.ndarray:
    return np.full((300, 400, 3), 90 + 40 * seed, np.uint8)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (300, 400, 3), np.uint8)


def gradient(seed: int) -> np.ndarray:
    return background(seed, 400, 300)


@pytest.mark.parametrize("make", [blank, noise, gradient])
@pytest.mark.parametrize("seed", range(3))
def test_nothing_there_gives_the_whole_picture(make, seed: int) -> None:
    regions = FINDER.find(photo(make(seed)))
    assert len(regions) == 1
    assert regions[0].whole
    assert regions[0].score == 0
    assert regions[0].ellipse is None
    assert regions[0].box == (0, 0, 400, 300)


@pytest.mark.parametrize(
    ("kind", "least"), [("heptagon", 0.96), ("curved", 0.98), ("scallop", 0.98)]
)
@pytest.mark.parametrize("seed", range(3))
def test_corners_and_scallops_keep_their_rim(kind: str, least: float, seed: int) -> None:
    rim = shaped(Ellipse(320, 240, 190, 180, 30 * seed), kind)
    region = find_one(coin(background(seed), rim, seed))
    assert region.outline is not None
    assert region.outline.dtype == np.float32
    assert len(region.outline) <= 256
    followed = overlap(region.outline, rim, 640, 480)
    assert followed > least
    assert followed > overlap(region.ellipse.points(), rim, 640, 480) + 0.005


@pytest.mark.parametrize("seed", range(5))
def test_a_round_coin_has_no_outline(seed: int) -> None:
    region = find_one(coin(background(seed), random_ellipse(seed).points(720), seed))
    assert region.outline is None


@pytest.mark.parametrize("seed", range(6))
def test_the_outer_rim_of_a_holed_coin_counts(seed: int) -> None:
    true = Ellipse(300, 230, 150, 140, 40)
    hole = Ellipse(300, 230, 30, 28, 40)
    picture = coin(background(seed), true.points(720), seed, hole=hole.points(360))
    regions = FINDER.find(photo(picture))
    assert len(regions) == 1
    assert distance(regions[0].ellipse, true) < 0.02


@pytest.mark.parametrize("reach", [0.97, 1.0, 1.03])
def test_a_coin_that_fills_the_picture(reach: float) -> None:
    """A scan whose frame the coin nearly touches, touches, or is cut by."""
    true = Ellipse(199.5, 199.5, 200 * reach, 200 * reach, 0)
    picture = coin(np.full((400, 400, 3), 250, np.uint8), true.points(720), 4)
    found = find_one(picture).ellipse
    assert overlap(found.points(), true.points(), 400, 400) > 0.97


def test_grey_pictures() -> None:
    true = random_ellipse(8)
    grey = coin(background(8), true.points(720), 8).mean(axis=2).astype(np.uint8)
    assert distance(find_one(np.dstack([grey] * 3)).ellipse, true) < 0.015


@pytest.mark.parametrize(
    ("height", "width"), [(16, 16), (16, 900), (900, 16), (17, 40), (64, 64), (1, 1), (3, 50)]
)
@pytest.mark.parametrize("make", [blank, noise])
def test_odd_shapes_never_raise(height: int, width: int, make) -> None:
    picture = np.resize(make(1), (height, width, 3)).astype(np.uint8)
    regions = FINDER.find(photo(picture))
    assert regions
    for region in regions:
        x0, y0, x1, y1 = region.box
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height


def test_the_same_photo_gives_the_same_regions() -> None:
    picture = photo(coin(background(2), random_ellipse(2).points(720), 2))
    assert [r.to_dict() for r in FINDER.find(picture)] == [
        r.to_dict() for r in FINDER.find(picture)
    ]


def test_whole_takes_the_picture_as_asked() -> None:
    small = Photo(np.zeros((30, 40, 3), np.uint8), 80, 60, "", "")
    (region,) = obverse.find.get("whole").find(small)
    assert region.box == (0, 0, 80, 60)
    assert not region.whole
    assert region.finder == "whole"


def test_finders_by_name() -> None:
    for name in obverse.find.NAMES:
        assert obverse.find.get(name).name == name
    with pytest.raises(UsageError, match="classical, whole"):
        obverse.find.get("clasical")


@pytest.mark.data
def test_wild_photos(data: Path) -> None:
    """Sixty photos that no weight was fitted on. Measured: mean IoU 0.917, share over 0.9 0.93;
    over all 255 such photos they are 0.956 and 0.969."""
    with (data / "wild_dev" / "wild.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[1::2][::4][:60]
    scores = []
    for row in rows:
        picture = load(data / "wild_dev" / row["photo"])
        first = FINDER.find(picture)[0]
        true = Ellipse(*(float(row[k]) for k in ("cx", "cy", "a", "b", "ellipse_angle")))
        size = (picture.width, picture.height)
        scores.append(0.0 if first.whole else overlap(first.ellipse.points(), true.points(), *size))
    assert len(scores) == 60
    assert np.mean(scores) > 0.9
    assert np.mean(np.array(scores) >= 0.9) > 0.91
