"""The ground truth of a photo is exact, and types are told apart by their design."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from obverse.mint import Snap, coin_type, scan, snap
from obverse.types import F32, Ellipse


def _inside(ellipse: Ellipse, shape: tuple[int, ...]) -> np.ndarray:
    """Pixels whose centre the ellipse holds, by its implicit equation."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float64)
    phi = np.radians(ellipse.angle)
    u = (x - ellipse.cx) * np.cos(phi) + (y - ellipse.cy) * np.sin(phi)
    v = (y - ellipse.cy) * np.cos(phi) - (x - ellipse.cx) * np.sin(phi)
    return (u / ellipse.a) ** 2 + (v / ellipse.b) ** 2 <= 1


def _upright(shot: Snap, turn: float, size: int = 192) -> F32:
    """The photo's coin with the tilt undone and turned back by ``turn`` degrees."""
    e = shot.ellipse
    axis = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(axis, axis)  # y down
    t, phi = np.radians(turn), np.radians(e.angle)
    # Counter-clockwise as seen, with y down; then shrunk along the ellipse's minor axis.
    x, y = x * np.cos(t) + y * np.sin(t), -x * np.sin(t) + y * np.cos(t)
    u, v = x * np.cos(phi) + y * np.sin(phi), y * np.cos(phi) - x * np.sin(phi)
    u, v = u * e.a, v * e.b
    px, py = e.cx + u * np.cos(phi) - v * np.sin(phi), e.cy + u * np.sin(phi) + v * np.cos(phi)
    grey = cv2.cvtColor(shot.image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(
        cv2.remap(grey, px.astype(np.float32), py.astype(np.float32), cv2.INTER_LINEAR)
    )


def _detail(grey: np.ndarray) -> F32:
    """Strength of local contrast inside the rim: it depends little on where the light stands."""
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.5)
    edges = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    edges = cv2.GaussianBlur(np.minimum(edges, np.percentile(edges, 95)), (0, 0), 1.5)
    size = grey.shape[0]
    y, x = np.mgrid[0:size, 0:size] / (size / 2) - 1
    inner = edges[np.hypot(x, y) < 0.85]
    return np.asarray((inner - inner.mean()) / inner.std(), np.float32)


def _scan_detail(index: int, side: str, year: int) -> F32:
    picture = scan(coin_type(0, index), side, year=year, size=204)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return _detail(grey[6:198, 6:198])  # the coin fills 94 % of a scan


def _clear(count: int) -> list[int]:
    """Types with a plain field on the obverse: a texture's ridges look alike at many turns."""
    return [k for k in range(99) if coin_type(0, k).obverse.field == "plain"][:count]


@pytest.mark.parametrize("index", _clear(8))
def test_mask_ellipse_and_turn_are_exact(index: int) -> None:
    coin, side, tilt = coin_type(0, index), "obverse", 2.0 * index
    shot = snap(coin, side, np.random.default_rng([1, index]), wear=0.1, tilt=tilt)
    e = shot.ellipse
    assert e.b == pytest.approx(e.a * np.cos(np.radians(tilt)))
    assert 0 <= e.angle < 180
    assert 0 <= shot.turn < 360
    assert shot.year in coin.years
    disc = _inside(e, shot.mask.shape)
    if coin.outline.kind == "round" and not coin.outline.hole:
        assert (shot.mask & disc).sum() / (shot.mask | disc).sum() >= 0.998
    assert not (shot.mask & ~disc).any()
    assert shot.mask.sum() > 0.8 * disc.sum()

    reference = _scan_detail(index, side, shot.year)
    scores = [
        float(np.mean(reference * _detail(_upright(shot, shot.turn + 15 * k)))) for k in range(24)
    ]
    assert int(np.argmax(scores)) == 0
    assert scores[0] > 0.3


def test_what_is_given_is_kept() -> None:
    coin = coin_type(5, 0)
    shot = snap(
        coin, "obverse", np.random.default_rng(0), year=coin.years[-1], turn=400.0, tilt=0.0
    )
    assert (shot.turn, shot.year) == (40.0, coin.years[-1])
    assert shot.ellipse.a == shot.ellipse.b
    assert shot.image.shape[:2] == shot.mask.shape


def test_the_coin_is_where_the_mask_says() -> None:
    """Two photos that differ in the coin alone differ on the mask, its shadow and its edge."""
    coin, other = coin_type(0, 2), coin_type(0, 5)
    one = snap(coin, "obverse", np.random.default_rng(7), year=1900, ground="desk", tilt=0.0)
    assert coin.outline == other.outline
    rng = np.random.default_rng(7)
    two = snap(other, "obverse", rng, year=1900, ground="desk", tilt=0.0)
    assert one.ellipse == two.ellipse
    change = np.abs(one.image.astype(int) - two.image.astype(int)).max(-1) > 40
    assert (change & one.mask).sum() > 20 * (change & ~one.mask).sum()


def test_types_differ_more_than_specimens() -> None:
    """Each type's other specimen is nearer to it than any other type, on both sides."""
    count = 12
    for side in ("obverse", "reverse"):
        first, second = [], []
        for index in range(count):
            coin = coin_type(2, index)
            for into, picture in (
                (first, scan(coin, side, size=128)),
                (second, scan(coin, side, size=128, wear=0.35, seed=9, year=coin.years[-1])),
            ):
                into.append(_detail(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)))
        likeness = np.stack(first) @ np.stack(second).T / first[0].size
        same = np.diag(likeness)
        others = (likeness - 2 * np.eye(count)).max(1)
        assert (same > others).all()
        assert same.mean() - others.mean() > 0.15
