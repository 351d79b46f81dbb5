"""The polar model: what a turn does to it, and its correlation against a slow loop."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from obverse.normalise import ANGLES, RADII  # noqa: E402
from obverse.train.model import Polar, correlate, fit_heads  # noqa: E402
from obverse.train.trunk import Trunk, scale_pixels  # noqa: E402
from obverse.types import U8  # noqa: E402

DEPTH = 6


@pytest.fixture(scope="module")
def model() -> Polar:
    torch.manual_seed(0)
    model = Polar(8, 24, DEPTH, pretrained=False).eval()
    with torch.no_grad():
        features = model.trunk(scale_pixels(torch.from_numpy(pictures(16))))
    fit_heads(model, features)
    return model


def pictures(count: int, seed: int = 0) -> U8:
    """Smooth random polar images."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (count, ANGLES // 14, RADII // 14, 1), np.uint8)
    return np.ascontiguousarray(np.repeat(small.repeat(14, 1).repeat(14, 2), 3, 3))


@pytest.mark.parametrize("cells", [1, 6])
def test_a_turn_rolls_the_map_and_leaves_the_vector(model: Polar, cells: int) -> None:
    images = pictures(3, 1)
    with torch.no_grad():
        vector, maps = model(torch.from_numpy(images))
        turned, rolled = model(torch.from_numpy(np.roll(images, 16 * cells, axis=1).copy()))
    assert maps.shape == (3, *model.shape)
    np.testing.assert_allclose(rolled, torch.roll(maps, cells, 2), atol=1e-3)
    np.testing.assert_allclose(turned, vector, atol=1e-3)
    np.testing.assert_allclose(vector.norm(dim=1), 1, atol=1e-5)
    assert not np.allclose(rolled, maps, atol=1e-2)


def test_fitted_heads_centre_and_spread(model: Polar) -> None:
    with torch.no_grad():
        features = model.trunk(scale_pixels(torch.from_numpy(pictures(16))))
        maps = model.to_map(features)
        raw = model.project(model.magnitudes(maps))
    cells = maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1]).numpy()
    covariance = np.cov(cells.T)
    off = covariance - np.diag(np.diag(covariance))
    assert np.abs(cells.mean(0)).max() < 1e-2
    assert np.abs(off).max() < 1e-2 * covariance.max(), "principal components do not co-vary"
    assert (np.diff(np.diag(covariance)) < 1e-3).all(), "the largest first"
    assert np.abs(raw.numpy().mean(0)).max() < 1e-2 * raw.abs().max()


def slow(query: np.ndarray, view: np.ndarray) -> float:
    best = -2.0
    for shift in range(query.shape[1]):
        moved = np.roll(query, -shift, axis=1)
        best = max(best, float((moved * view).sum() / np.linalg.norm(moved) / np.linalg.norm(view)))
    return best


def test_correlate_equals_a_slow_loop() -> None:
    rng = np.random.default_rng(2)
    queries, views = rng.normal(size=(3, 4, 7, 2)), rng.normal(size=(5, 4, 7, 2))
    views[1] = np.roll(queries[2], 3, axis=1)
    table = correlate(torch.from_numpy(queries), torch.from_numpy(views)).numpy()
    wanted = [[slow(q, v) for v in views] for q in queries]
    np.testing.assert_allclose(table, wanted, atol=1e-6)
    assert table[2, 1] == pytest.approx(1)
    own = rng.normal(size=(3, 5, 4, 7, 2))
    table = correlate(torch.from_numpy(queries), torch.from_numpy(own)).numpy()
    np.testing.assert_allclose(
        table, [[slow(q, v) for v in vs] for q, vs in zip(queries, own, strict=True)], atol=1e-6
    )


def test_the_gradient_is_that_of_the_cosine_at_the_best_shift() -> None:
    rng = np.random.default_rng(3)
    query = torch.from_numpy(rng.normal(size=(1, 3, 5, 2))).requires_grad_()
    view = torch.from_numpy(rng.normal(size=(1, 3, 5, 2)))
    correlate(query, view).sum().backward()
    numeric = np.zeros(query.shape)
    for at in np.ndindex(*query.shape):
        for sign in (1, -1):
            near = query.detach().clone()
            near[at] += sign * 1e-5
            numeric[at] += sign * float(correlate(near, view)) / 2e-5
    np.testing.assert_allclose(query.grad.numpy(), numeric, atol=1e-6)


def test_the_trunk_pads_cyclically_along_the_angle_only() -> None:
    torch.manual_seed(1)
    trunk = Trunk(DEPTH, cyclic=True).eval()
    images = scale_pixels(torch.from_numpy(pictures(1, 5)))
    with torch.no_grad():
        plain = trunk(images)
        down, right = trunk(images.roll(16, 2)), trunk(images.roll(16, 3))
    np.testing.assert_allclose(down, plain.roll(1, 2), atol=1e-3)
    assert not np.allclose(right, plain.roll(1, 3), atol=1e-3)


def test_a_deep_polar_trunk_stays_at_its_stride() -> None:
    deep = Polar(8, 24, 13, pretrained=False).eval()
    with torch.no_grad():
        _, maps = deep(torch.from_numpy(pictures(2, 3)))
        whole = Trunk(13).eval()(torch.zeros(1, 3, 64, 64))
    assert maps.shape == (2, 8, 14, 7)
    assert whole.shape == (1, 192, 2, 2)
