"""What is drawn lies where the numbers say."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import numpy as np
import pytest

from obverse.evaluate import metrics, plots
from obverse.evaluate.metrics import Times

SVG = "{http://www.w3.org/2000/svg}"
LEFT, RIGHT = plots.LEFT, plots.WIDTH - plots.RIGHT
TOP, BOTTOM = plots.TOP, plots.HEIGHT - plots.BOTTOM


def curve(svg: str, number: int = 0) -> np.ndarray:
    """Points of the n-th polyline of class ``a``, as shares of the frame, y upwards."""
    lines = [
        e
        for e in ElementTree.fromstring(svg).iter(f"{SVG}polyline")
        if "a" in e.get("class", "").split()
    ]
    xy = np.array([p.split(",") for p in lines[number].get("points", "").split()], dtype=float)
    return np.stack(
        [(xy[:, 0] - LEFT) / (RIGHT - LEFT), (BOTTOM - xy[:, 1]) / (BOTTOM - TOP)], axis=1
    )


def test_axis_keeps_values_inside() -> None:
    axis = plots.Axis("x", 2, 4, ())
    assert [axis.at(v, 100, 200) for v in (2, 3, 4, 9, -9)] == [100, 150, 200, 200, 100]


def test_roc_goes_through_its_points() -> None:
    fpr, tpr = metrics.roc([0.9, 0.8, 0.4], [0.5, 0.1])
    points = curve(plots.roc_curve(fpr, tpr, 0.83, 0.5))
    np.testing.assert_allclose(points, np.stack([fpr, tpr], axis=1), atol=0.002)


def test_recall_curve_starts_below_its_lowest_value() -> None:
    ranks = [1.0] * 7 + [3.0, math.inf, math.inf]
    svg = plots.recall_curve(ranks, (1, 2, 5), (0.55, 0.8))
    points = curve(svg, 1)
    # The axis runs from 0.5 to 1: recall 0.7, 0.7, 0.8, 0.8, 0.8.
    np.testing.assert_allclose(points[:, 1], [0.4, 0.4, 0.6, 0.6, 0.6], atol=0.01)
    np.testing.assert_allclose(curve(svg, 0)[:, 1], [0.1, 0.6], atol=0.01)


@pytest.mark.parametrize(
    ("ranks", "floor", "last"),
    [([1.0], 0.9, 1.0), ([math.inf], 0.0, 0.0), ([1.0, 2.0, math.inf], 0.2, 2 / 3)],
)
def test_recall_curve_at_the_ends(ranks: list[float], floor: float, last: float) -> None:
    points = curve(plots.recall_curve(ranks, (1, 2, 5)))
    assert points[-1, 1] == pytest.approx((last - floor) / (1 - floor), abs=0.005)


def test_histogram_bars_are_shares_and_count_failures_at_zero() -> None:
    svg = plots.score_histogram([0.99, 0.99, 0.99, -math.inf], [0.5])
    tips = [e.text for e in ElementTree.fromstring(svg).iter(f"{SVG}title")]
    assert tips == [
        "known: 25.0% at 0.00–0.05",
        "known: 75.0% at 0.95–1.00",
        "unknown: 100.0% at 0.50–0.55",
    ]


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    x = np.linspace(0, 1, 5000)
    points = curve(plots.risk_coverage_curve(x, x, (0.5, 0.5), (0.6, 0.6)))
    assert len(points) <= plots.POINTS
    np.testing.assert_allclose(points[[0, -1]], [[0, 0], [1, 1]], atol=0.002)


def test_time_bars_are_to_scale() -> None:
    svg = plots.time_bars({"find": Times(10, 20), "a<b": Times(5, 6), "total": Times(15, 40)})
    root = ElementTree.fromstring(svg)
    widths = [float(e.get("width", "")) for e in root.iter(f"{SVG}rect")]
    assert widths[0] / widths[1] == pytest.approx(2, abs=0.02)
    assert widths[2] / widths[0] == pytest.approx(1.5, abs=0.02)
    assert "a<b" in [e.text for e in root.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("value", "top"), [(0.02, 0.02), (0.021, 0.03), (0.3, 0.3), (0.31, 0.5), (0.7, 1.0), (1.0, 1.0)]
)
def test_axis_ends_are_round(value: float, top: float) -> None:
    svg = plots.risk_coverage_curve([1.0], [value], (0, 0), (0, 0))
    labels = [
        e.text
        for e in ElementTree.fromstring(svg).iter(f"{SVG}text")
        if e.get("text-anchor") == "end"
    ]
    assert float(labels[-1] or 0) == pytest.approx(top)
    assert float(labels[0] or 0) == 0
