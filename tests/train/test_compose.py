"""Composed photos: the truth that comes with them against independent rasterisation."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from obverse.mint import coin_type
from obverse.mint.render import scan
from obverse.train import compose, scenery, sources
from obverse.train.compose import FULL, PLAIN, Recipe
from obverse.train.sources import Coin, Scene, Sources, to_map
from obverse.types import Array, Ellipse

SIZE = 192


@pytest.fixture(scope="module")
def parts() -> Sources:
    """Two minted coins, one with a hole punched; one ground; one thing; one scene."""
    coins = []
    y, x = np.mgrid[:200, :200]
    far = np.hypot(x - 99.5, y - 99.5)
    for i, hole in enumerate((0.0, 22.0)):
        pixels = scan(coin_type(5, i), "obverse", size=200)
        cover = np.where((far <= 94) & (far >= hole), 255, 0).astype(np.uint8)
        coins.append(Coin(pixels, cover, to_map(Ellipse(99.5, 99.5, 94, 94)), f"g{i}"))
    rng = np.random.default_rng(0)
    ground = cv2.resize(rng.integers(0, 255, (30, 40, 3), np.uint8), (400, 300))
    thing = np.dstack([np.full((40, 40, 3), 200, np.uint8), np.full((40, 40), 255, np.uint8)])
    maps = np.array([to_map(Ellipse(150, 120, 40, 35, 20)), to_map(Ellipse(300, 200, 30, 30))])
    scene = Scene(np.ascontiguousarray(ground), maps)
    return Sources(coins, [np.asarray(ground, np.uint8)], [thing], [scene])


def only(kind: str, *, augment: bool = True) -> Recipe:
    return Recipe(kinds=((kind, 1.0),), augment=augment)


def covered(matrix: Array, size: int, fine: int = 4) -> Array:
    """The share of each pixel inside an ellipse, by counting finer points: (size, size)."""
    at = (np.arange(size * fine) + 0.5) / fine - 0.5
    grid = np.stack(np.meshgrid(at, at), axis=-1) - matrix[:, 2]
    inside = np.linalg.norm(grid @ np.linalg.inv(matrix[:, :2]).T, axis=-1) <= 1
    return np.asarray(inside.reshape(size, fine, size, fine).mean(axis=(1, 3)))


def iou(p: Array, q: Array) -> float:
    return float((p & q).sum() / max(1, (p | q).sum()))


@pytest.mark.parametrize("kind", ["one", "few", "scatter", "tray", "heap", "empty", "scene"])
def test_the_same_seed_gives_the_same_photo(parts: Sources, kind: str) -> None:
    a, b = (compose.compose(parts, np.random.default_rng(7), SIZE, only(kind)) for _ in range(2))
    for name in ("image", "mask", "inset", "index", "maps"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    other = compose.compose(parts, np.random.default_rng(8), SIZE, only(kind))
    assert (other.image != a.image).any()


def test_a_photo_and_its_truth_have_the_stated_shapes(parts: Sources) -> None:
    for seed in range(12):
        p = compose.compose(parts, np.random.default_rng(seed), SIZE, FULL)
        assert p.image.shape == (SIZE, SIZE, 3)
        assert p.image.dtype == np.uint8
        assert p.mask.shape == p.inset.shape == p.index.shape == (SIZE, SIZE)
        assert p.mask.dtype == p.inset.dtype == np.float32
        assert p.mask.min() >= 0
        assert p.mask.max() <= 1 + 1e-6
        assert p.inset.min() >= 0
        assert p.inset.max() <= 1 + 1e-6
        assert p.index.max() < len(p.maps)


@pytest.mark.parametrize("seed", range(6))
def test_the_mask_of_one_coin_is_its_ellipse_without_its_hole(parts: Sources, seed: int) -> None:
    p = compose.compose(parts, np.random.default_rng(seed), SIZE, only("one", augment=False))
    disc = covered(p.maps[0], SIZE)
    candidates = [disc]
    inner = p.maps[0].copy()
    inner[:, :2] *= 22 / 94
    candidates.append(disc - covered(inner, SIZE))
    # Which of the two coins it is decides the hole; the mask must be one of the two exactly.
    errors = [np.abs(p.mask - c).sum() / disc.sum() for c in candidates]
    best = int(np.argmin(errors))
    assert errors[best] < 0.03
    assert p.mask.sum() == pytest.approx(candidates[best].sum(), rel=0.012)
    assert abs(errors[0] - errors[1]) > 0.02


@pytest.mark.parametrize("seed", range(4))
def test_the_inset_is_the_distance_from_the_rim(parts: Sources, seed: int) -> None:
    p = compose.compose(parts, np.random.default_rng(seed), SIZE, only("one", augment=False))
    (m,) = p.maps
    for r in (0.0, 0.3, 0.6, 0.9):
        for a in np.linspace(0, 6, 7):
            x, y = np.rint(m[:, :2] @ (r * np.cos(a), r * np.sin(a)) + m[:, 2]).astype(int)
            if 0 <= x < SIZE and 0 <= y < SIZE:
                exact = 1 - np.linalg.norm(np.linalg.inv(m[:, :2]) @ ((x, y) - m[:, 2]))
                assert p.inset[y, x] == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize("kind", ["few", "heap", "tray"])
def test_the_mask_equals_its_parts_and_parts_do_not_overlap(parts: Sources, kind: str) -> None:
    """Painted again, lowest first, by counting points: the topmost coin owns each pixel."""
    solid = Sources([parts.coins[0]], parts.grounds, [], [])
    p = compose.compose(solid, np.random.default_rng(3), SIZE, only(kind, augment=False))
    owner = np.full((SIZE, SIZE), -1)
    for i, m in enumerate(p.maps):
        owner[covered(m, SIZE) > 0.5] = i
    assert (owner == p.index).mean() > 0.995
    assert iou(p.mask > 0.5, owner >= 0) > 0.985
    assert len(p.maps) > 1
    visible = [(p.index == i).sum() for i in range(len(p.maps))]
    assert sum(visible) == (p.index >= 0).sum()


def test_overlapping_coins_hide_what_lies_below(parts: Sources) -> None:
    canvas = compose._Canvas(np.zeros((SIZE, SIZE, 3), np.float32), PLAIN)
    rng = np.random.default_rng(0)
    below, above = to_map(Ellipse(80, 96, 40, 40)), to_map(Ellipse(120, 96, 40, 40))
    canvas.add(parts.coins[0], below, rng)
    before = canvas.inset.copy()
    canvas.add(parts.coins[0], above, rng)
    assert canvas.index[96, 100] == 1
    assert canvas.inset[96, 100] == pytest.approx(0.5, abs=0.02)  # of the upper coin
    assert canvas.index[96, 60] == 0
    assert canvas.inset[96, 60] == before[96, 60]


def test_empty_photos_have_empty_masks(parts: Sources) -> None:
    for seed in range(5):
        p = compose.compose(parts, np.random.default_rng(seed), SIZE, only("empty"))
        assert not p.mask.any()
        assert not p.inset.any()
        assert (p.index == -1).all()
        assert len(p.maps) == 0


def test_the_truth_survives_augmentation(parts: Sources) -> None:
    """Light, blur, noise and JPEG change the picture, not where the coin is."""
    for seed in range(8):
        rng = np.random.default_rng(seed)
        p = compose.compose(parts, rng, SIZE, only("few"))
        owner = np.zeros((SIZE, SIZE), bool)
        for m in p.maps:
            owner |= covered(m, SIZE) > 0.5
        barred = (p.image == 128).all(axis=2)
        filled = (p.index >= 0) | barred
        assert iou(filled, owner | barred) > 0.97


def test_a_finger_hides_the_rim_it_lies_on(parts: Sources) -> None:
    canvas = compose._Canvas(np.full((SIZE, SIZE, 3), 90, np.float32), FULL)
    rng = np.random.default_rng(2)
    canvas.add(parts.coins[0], to_map(Ellipse(96, 96, 60, 60)), rng)
    whole = canvas.mask.sum()
    canvas.hold(rng, np.array([200.0, 150, 120]))
    assert 0.5 * whole < canvas.mask.sum() < 0.99 * whole
    assert (canvas.index == -1)[covered(canvas.maps[0], SIZE) > 0.9].any()


def test_a_scene_keeps_its_labels_through_turn_and_zoom(parts: Sources) -> None:
    """Discs painted in pure red: the mask of the view must lie where the red does."""
    pixels = np.zeros((300, 400, 3), np.uint8)
    maps = parts.scenes[0].maps
    for m in maps:
        disc = np.zeros((400, 400))
        disc[:] = covered(m, 400, 2)
        pixels[disc[:300, :400] > 0.5] = (255, 0, 0)
    scene = Scene(pixels, maps)
    seen = 0
    for seed in range(8):
        p = compose.crop_scene(scene, np.random.default_rng(seed), SIZE, PLAIN)
        red = p.image[..., 0].astype(int) - p.image[..., 1] > 60
        if red.sum() > 300:
            seen += 1
            assert iou(red, p.mask > 0.5) > 0.93
    assert seen >= 4


def test_pyramid_blending_keeps_both_sides_away_from_the_seam() -> None:
    rng = np.random.default_rng(0)
    under, over = rng.uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    cover = np.zeros((64, 64), np.float32)
    cover[:, 32:] = 1
    out = compose.laplacian_blend(under, over, cover, levels=2)
    np.testing.assert_allclose(out[:, :12], under[:, :12], atol=0.1)
    np.testing.assert_allclose(out[:, -12:], over[:, -12:], atol=0.1)


def test_disc_field_is_the_distance_in_radii() -> None:
    m = to_map(Ellipse(20, 30, 12, 8, 35))
    field = scenery.disc_field((64, 50), m)
    rim = Ellipse(20, 30, 12, 8, 35).points(40)
    values = cv2.remap(
        field, rim[:, :1].astype(np.float32), rim[:, 1:].astype(np.float32), cv2.INTER_LINEAR
    )
    np.testing.assert_allclose(values, 1, atol=0.02)


def test_coins_on_white_are_cut_by_what_is_not_white(tmp_path: Path) -> None:
    y, x = np.mgrid[:220, :240]
    far = np.hypot(x - 118, y - 107)
    ring = (far < 90) & (far > 25)
    picture = np.where(ring[..., None], (60, 110, 150), 255).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    coin = sources.cut_coin(tmp_path / "a.png", "g")
    assert coin is not None
    solid = coin.cover > 127
    assert solid.sum() == pytest.approx(ring.sum(), rel=0.05)
    assert not solid[round(coin.matrix[1, 2]), round(coin.matrix[0, 2])]  # the hole stays
    radius = np.sqrt(abs(np.linalg.det(coin.matrix[:, :2])))
    assert radius == pytest.approx(89.5, rel=0.02)


def test_a_picture_without_a_sure_coin_is_left_out(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (120, 120, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), noise)
    assert sources.cut_coin(tmp_path / "a.png", "g") is None


def test_gathered_sources_are_restored_as_they_were(parts: Sources, tmp_path: Path) -> None:
    sources.save(parts, tmp_path / "s.npz")
    back = sources.restore(tmp_path / "s.npz")
    assert [c.group for c in back.coins] == [c.group for c in parts.coins]
    for mine, theirs in zip(back.coins, parts.coins, strict=True):
        np.testing.assert_array_equal(mine.pixels, theirs.pixels)
        np.testing.assert_array_equal(mine.cover, theirs.cover)
        np.testing.assert_array_equal(mine.matrix, theirs.matrix)
    np.testing.assert_array_equal(back.scenes[0].maps, parts.scenes[0].maps)
    np.testing.assert_array_equal(back.grounds[0], parts.grounds[0])
    np.testing.assert_array_equal(back.things[0], parts.things[0])


def test_every_third_scene_is_held_back(tmp_path: Path) -> None:
    for i in range(7):
        cv2.imwrite(str(tmp_path / f"{i}.jpg"), np.full((64, 64, 3), 90, np.uint8))
        (tmp_path / f"{i}.txt").write_text("0 0.5 0.5 0.3 0.3\n")
    held = [p.stem for p in sources.scene_paths(tmp_path, held_back=True)]
    kept = [p.stem for p in sources.scene_paths(tmp_path, held_back=False)]
    assert held == ["2", "5"]
    assert kept == ["0", "1", "3", "4", "6"]
