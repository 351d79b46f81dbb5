"""The learned finder: its geometry against exact fields, and the shipped model against photos with
exact truth."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest

import obverse.find
from obverse.find import rims, unet
from obverse.mint import coin_type, snap
from obverse.photo import load
from obverse.types import Array, Ellipse, Photo
from tests.coins import face, turned

CELLS = (96, 112)
IDENTITY = np.column_stack([np.eye(2), np.zeros(2)])


def to_map(e: Ellipse) -> Array:
    c, s = np.cos(np.radians(e.angle)), np.sin(np.radians(e.angle))
    return np.array([[e.a * c, -e.b * s, e.cx], [e.a * s, e.b * c, e.cy]])


def paint(*ellipses: Ellipse, shape: tuple[int, int] = CELLS) -> rims.Seen:
    """What a perfect network would say of ellipses, the last on top."""
    mask, inset = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    y, x = np.mgrid[: shape[0], : shape[1]]
    for e in ellipses:
        phi = np.radians(e.angle)
        u = (x - e.cx) * np.cos(phi) + (y - e.cy) * np.sin(phi)
        v = -(x - e.cx) * np.sin(phi) + (y - e.cy) * np.cos(phi)
        r = np.hypot(u / e.a, v / e.b)
        cover = np.clip((1 - r) * np.sqrt(e.a * e.b) + 0.5, 0, 1)
        mask = np.maximum(mask, cover).astype(np.float32)
        inset = (inset * (1 - cover) + np.clip(1 - r, 0, 1) * cover).astype(np.float32)
    return rims.Seen(mask, inset, IDENTITY)


def overlap(matrix: Array, e: Ellipse) -> float:
    t = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    found = (np.stack([np.cos(t), np.sin(t)], axis=1) @ matrix[:, :2].T + matrix[:, 2]).astype(
        np.float32
    )
    truth = e.points(180).astype(np.float32)
    both = cv2.intersectConvexConvex(found, truth)[0]
    return float(both / (cv2.contourArea(found) + cv2.contourArea(truth) - both))


@pytest.fixture(scope="module")
def finder() -> unet.UNetFinder:
    found = obverse.find.get("unet")
    assert isinstance(found, unet.UNetFinder)
    return found


def photo_of(pixels: Array, scale: int = 1) -> Photo:
    h, w = pixels.shape[:2]
    return Photo(np.asarray(pixels, np.uint8), w * scale, h * scale, "", "<array>")


@pytest.mark.parametrize(
    "e", [Ellipse(50, 44, 30, 30, 0), Ellipse(52.3, 47.1, 33, 20, 25), Ellipse(60, 40, 9, 6, 130)]
)
def test_a_quadratic_fitted_to_the_inset_is_the_ellipse(e: Ellipse) -> None:
    seen = paint(e)
    matrix = rims.ellipse_of(seen.inset, seen.inset > 0.1)
    assert matrix is not None
    assert overlap(matrix, e) > 0.985


def test_a_piece_of_a_coin_gives_the_whole_ellipse() -> None:
    e = Ellipse(50, 48, 34, 26, 20)
    seen = paint(e)
    cells = seen.inset > 0.1
    cells[:, :60] = False
    matrix = rims.ellipse_of(seen.inset, cells)
    assert matrix is not None
    assert overlap(matrix, e) > 0.95


def test_too_little_to_fit_gives_none() -> None:
    assert rims.ellipse_of(np.zeros(CELLS, np.float32), np.zeros(CELLS, bool)) is None
    flat = np.full(CELLS, 0.5, np.float32)
    assert rims.ellipse_of(flat, np.ones(CELLS, bool)) is None


def test_touching_and_overlapping_coins_come_apart() -> None:
    coins = (Ellipse(25, 40, 18, 18), Ellipse(61, 40, 18, 18), Ellipse(80, 55, 16, 14, 30))
    found = unet.split(paint(*coins))
    assert len(found) == len(coins)
    for e in coins:
        assert max(overlap(o.matrix, e) for o in found) > 0.95


@pytest.mark.parametrize("seed", range(3))
def test_growing_is_dilation_into_what_is_free(seed: int) -> None:
    rng = np.random.default_rng(seed)
    room = cv2.GaussianBlur(rng.random((60, 80)), (0, 0), 3) > 0.48
    owner = np.zeros((60, 80), np.int16)
    owner[rng.integers(0, 60, 5), rng.integers(0, 80, 5)] = np.arange(1, 6)
    slow = owner.copy()
    for _ in range(rims.GROWTH):
        before = np.pad(slow, 1)
        around = [before[1:-1, 1:-1], before[:-2, 1:-1], before[2:, 1:-1]]
        around += [before[1:-1, :-2], before[1:-1, 2:]]
        slow = np.where(room & (slow == 0), np.max(around, axis=0), slow)
    rims.grow(owner, room)
    np.testing.assert_array_equal(owner, slow)


def test_rays_over_a_finger_do_not_bend_the_rim() -> None:
    e = Ellipse(55, 48, 32, 30, 10)
    seen = paint(e)
    mask, inset = seen.mask.copy(), seen.inset.copy()
    mask[:, 75:], inset[:, 75:] = 0, 0
    (only,) = unet.split(rims.Seen(mask, inset, IDENTITY))
    assert overlap(only.matrix, e) > 0.97


def test_an_outline_is_given_for_corners_and_not_for_circles() -> None:
    seen = paint(Ellipse(55, 48, 36, 36))
    start = to_map(Ellipse(54, 48, 35, 35))
    matrix, outline = rims.fit_rim(seen, start, seen.mask > 0.3)
    assert outline is None
    assert overlap(matrix, Ellipse(55, 48, 36, 36)) > 0.985
    angles = np.arange(7) * 2 * np.pi / 7
    corners = np.stack([55 + 38 * np.cos(angles), 48 + 38 * np.sin(angles)], axis=1)
    heptagon = np.zeros(CELLS, np.uint8)
    cv2.fillPoly(heptagon, [np.round(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    seen = rims.Seen(heptagon.astype(np.float32) / 255, seen.inset, IDENTITY)
    matrix, outline = rims.fit_rim(seen, start, seen.mask > 0.3)
    assert outline is not None
    drawn = np.zeros(CELLS, np.uint8)
    cv2.fillPoly(drawn, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    wrong = ((drawn > 127) ^ (heptagon > 127)).sum() / (heptagon > 127).sum()
    assert wrong < 0.045


@pytest.mark.parametrize("side", [256, 128])
@pytest.mark.parametrize("radius", [11.0, 60.0, 300.0])
def test_a_crop_and_its_map_agree(side: int, radius: float) -> None:
    """A painted disc, found again in the crop, lies where it was painted."""
    h, w, cx, cy = 1000, 980, 471.7, 492.2
    y, x = np.mgrid[:h, :w]
    disc = np.clip((radius - np.hypot(x - cx, y - cy)) + 0.5, 0, 1)
    pixels = np.repeat((255 * disc).astype(np.uint8)[..., None], 3, axis=2)
    rough = to_map(Ellipse(cx + 0.1 * radius, cy, radius, radius))
    image, back = unet.crop(pixels, rough, side)
    assert image.shape == (side, side, 3)
    cells = cv2.resize(image[..., 0], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    m = cv2.moments(cells)
    centre = back[:, :2] @ (m["m10"] / m["m00"], m["m01"] / m["m00"]) + back[:, 2]
    assert np.hypot(*(centre - (cx, cy))) < max(0.1, 0.004 * radius)
    area = m["m00"] / 255 * np.linalg.det(back[:, :2])
    assert np.sqrt(area / np.pi) == pytest.approx(radius, rel=0.02)


def test_a_crop_past_the_frame_is_padded() -> None:
    pixels = np.full((100, 120, 3), 50, np.uint8)
    image, _ = unet.crop(pixels, to_map(Ellipse(2, 3, 40, 40)), 128)
    assert (image[:20, :20] == unet.GREY).all()
    assert (image[90:, 90:] == 50).all()
    image, _ = unet.crop(pixels, to_map(Ellipse(-400, 3, 40, 40)), 128)
    assert (image == unet.GREY).mean() > 0.9


def test_copies_give_way_to_the_surer_one() -> None:
    objects = [
        unet.Object(to_map(Ellipse(50, 50, 20, 20)), 0.7),
        unet.Object(to_map(Ellipse(52, 50, 21, 20)), 0.9),
        unet.Object(to_map(Ellipse(90, 50, 20, 20)), 0.6),
    ]
    assert [o.score for o in unet.distinct(objects)] == [0.9, 0.6]


def test_the_model_and_its_card_agree(finder: unet.UNetFinder) -> None:
    folder = resources.files("obverse") / "models"
    card = json.loads((folder / "finder.json").read_text())
    with resources.as_file(folder / card["file"]) as path:
        assert path.stat().st_size <= 6_000_000
    assert card["onnx_vs_torch"] <= 1e-3
    for key in ("what", "learned_from", "licence", "seed", "command", "metrics", "known_failures"):
        assert card[key], key
    out = finder._run(np.zeros((2, 64, 96, 3), np.uint8))
    assert out.shape == (2, 2, 32, 48)
    assert out.min() >= 0
    assert out.max() <= 1


def test_minted_photos_are_found(finder: unet.UNetFinder) -> None:
    """Photos that training never saw: another seed of the mint. The truth is the mask of the face;
    what shows of a thick coin's side is found with it, so the overlap is not complete."""
    scores = []
    for index in range(10):
        shot = snap(coin_type(901, index), "obverse", np.random.default_rng([901, index]))
        first = finder.find(photo_of(shot.image))[0]
        if first.ellipse is None:
            scores.append(0.0)
            continue
        rim = first.ellipse.points(360) if first.outline is None else first.outline
        drawn = np.zeros(shot.mask.shape, np.uint8)
        cv2.fillPoly(drawn, [np.round(rim).astype(np.int32)], 1)
        found = drawn > 0
        scores.append((found & shot.mask).sum() / (found | shot.mask).sum())
    assert np.median(scores) > 0.95
    assert np.mean(np.array(scores) > 0.9) >= 0.9


def test_regions_are_in_full_size_pixels(finder: unet.UNetFinder) -> None:
    shot = snap(coin_type(901, 0), "obverse", np.random.default_rng([901, 0]))
    half = cv2.resize(shot.image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    one, two = finder.find(photo_of(shot.image))[0], finder.find(photo_of(half, scale=2))[0]
    assert one.ellipse is not None
    assert two.ellipse is not None
    assert overlap(to_map(two.ellipse), one.ellipse) > 0.95
    x0, y0, x1, y1 = one.box
    points = one.ellipse.points(360)
    low, high = points.min(axis=0), points.max(axis=0)
    np.testing.assert_allclose((x0, y0), np.maximum(low, 0), atol=1)
    np.testing.assert_allclose((x1, y1), np.minimum(high, shot.image.shape[1::-1]), atol=1)


def coins_at(index: int, *places: tuple[int, int, int]) -> Photo:
    """A minted photo shrunk into a wide frame, once for each (x, y, side)."""
    shot = snap(coin_type(901, index), "obverse", np.random.default_rng([901, index]))
    frame = np.full((768, 1024, 3), 150, np.uint8)
    for x, y, side in places:
        frame[y : y + side, x : x + side] = cv2.resize(
            shot.image, (side, side), interpolation=cv2.INTER_AREA
        )
    return photo_of(frame)


@pytest.mark.parametrize(
    ("places", "looks"),
    [
        ([(40, 20, 700)], 1),  # one coin
        ([(20, 20, 700), (800, 100, 140), (820, 500, 140)], 1),  # some too small to matter
        ([(20, 20, 480), (520, 260, 490)], 1),  # two of a size
        ([(160 * k, 300 + 150 * (k % 2), 140) for k in range(6)], 2),  # only small ones
    ],
)
@pytest.mark.parametrize("index", [0, 4])
def test_the_first_is_what_find_gives_first(
    finder: unet.UNetFinder,
    monkeypatch: pytest.MonkeyPatch,
    places: list[tuple[int, int, int]],
    looks: int,
    index: int,
) -> None:
    photo, sizes = coins_at(index, *places), []
    everything = finder.find(photo)
    assert len(everything) >= len(places)
    look = finder._look
    monkeypatch.setattr(finder, "_look", lambda p, size, f: sizes.append(size) or look(p, size, f))
    alone = finder.first(photo)
    assert len(sizes) == looks
    assert alone.ellipse is not None
    assert everything[0].ellipse is not None
    assert overlap(to_map(alone.ellipse), everything[0].ellipse) > 0.97


def test_a_small_first_object_does_not_stand_for_what_is_missed(finder: unet.UNetFinder) -> None:
    """A face of noise: at a glance only a spot of it shows, and a closer look sees that."""
    disc = turned(face(12, 256), 454)
    y, x = np.mgrid[:256, :256]
    disc[np.hypot(x - 127.5, y - 127.5) > 127] = 255
    photo = photo_of(np.pad(disc, ((30, 30), (30, 30), (0, 0)), constant_values=255))
    alone, (full, *_) = finder.first(photo), finder.find(photo)
    assert alone.finder == full.finder
    assert alone.box == full.box == pytest.approx((30, 30, 286, 286), abs=2)


@pytest.mark.parametrize("shape", [(768, 768), (40, 900), (8, 8), (1, 1), (33, 65)])
def test_nothing_to_find_gives_the_whole_picture(
    finder: unet.UNetFinder, shape: tuple[int, int]
) -> None:
    photo = photo_of(np.full((*shape, 3), 120, np.uint8))
    (only,) = finder.find(photo)
    alone = finder.first(photo)
    assert (alone.whole, alone.box, alone.score) == (only.whole, only.box, only.score)
    assert only.whole
    assert only.score == 0
    assert only.box == (0, 0, shape[1], shape[0])


@pytest.mark.data
def test_a_sample_of_real_grounds_is_met(finder: unet.UNetFinder, data: Path) -> None:
    import csv

    with (data / "wild_dev" / "wild.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[::40]
    scores = []
    for row in rows:
        truth = Ellipse(*(float(row[k]) for k in ("cx", "cy", "a", "b", "ellipse_angle")))
        first = finder.find(load(data / "wild_dev" / row["photo"]))[0]
        scores.append(
            0.0 if first.ellipse is None or first.whole else overlap(to_map(first.ellipse), truth)
        )
    assert np.mean(scores) > 0.95
