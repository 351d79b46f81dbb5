"""Plots as inline SVG, drawn by hand: small, sharp, readable in light and dark.

Every function gives one ``<svg>`` element as text. Colours come from the page's style sheet by
class: ``a`` and ``b`` are the two series, ``soft`` is grid and reference lines, ``ink`` is text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import ArrayLike

from obverse.evaluate.metrics import Bin, Times

WIDTH, HEIGHT = 440, 310
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 52, 46
POINTS = 400
"""Most points of a drawn curve: about one per pixel."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear axis: its label, its ends and its ticks."""

    label: str
    low: float
    high: float
    ticks: Sequence[float]
    form: Callable[[float], str] = "{:g}".format

    def at(self, value: float, start: float, end: float) -> float:
        """Where a value lies between two pixels; values past the ends stay on them."""
        share = (value - self.low) / (self.high - self.low)
        return start + min(1.0, max(0.0, share)) * (end - start)


@dataclass(frozen=True, slots=True)
class Plane:
    """Two axes and the way from values to pixels."""

    x: Axis
    y: Axis

    def px(self, value: float) -> float:
        return self.x.at(value, LEFT, WIDTH - RIGHT)

    def py(self, value: float) -> float:
        return self.y.at(value, HEIGHT - BOTTOM, TOP)

    def line(self, xs: ArrayLike, ys: ArrayLike, kind: str) -> str:
        """A curve through the points, thinned to what the eye can tell apart."""
        x, y = np.asarray(xs, dtype=np.float64), np.asarray(ys, dtype=np.float64)
        if x.size > POINTS:
            keep = np.unique(np.linspace(0, x.size - 1, POINTS).round().astype(int))
            x, y = x[keep], y[keep]
        path = " ".join(f"{self.px(a):.1f},{self.py(b):.1f}" for a, b in zip(x, y, strict=True))
        return f'<polyline class="line {kind}" points="{path}"/>'

    def dot(self, x: float, y: float, kind: str, tip: str, radius: float = 4.0) -> str:
        return (
            f'<circle class="dot {kind}" cx="{self.px(x):.1f}" cy="{self.py(y):.1f}" '
            f'r="{radius:.1f}"><title>{escape(tip)}</title></circle>'
        )

    def bar(self, x0: float, x1: float, y: float, kind: str, tip: str) -> str:
        left, right, top = self.px(x0), self.px(x1), self.py(y)
        return (
            f'<rect class="bar {kind}" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{self.py(self.y.low) - top:.1f}"><title>{escape(tip)}</title></rect>'
        )

    def draw(self, title: str, body: Iterable[str], legend: Sequence[tuple[str, str]] = ()) -> str:
        """Frame, grid, labels, legend, and the body inside."""
        return _svg(title, [*self._grid(), *body, *_legend(legend)], HEIGHT)

    def _grid(self) -> Iterable[str]:
        bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        for tick in self.y.ticks:
            y = self.py(tick)
            yield f'<path class="soft" d="M{LEFT} {y:.1f}H{right}"/>'
            yield _text(LEFT - 8, y + 4, self.y.form(tick), "end")
        for tick in self.x.ticks:
            x = self.px(tick)
            yield f'<path class="soft" d="M{x:.1f} {bottom}v5"/>'
            yield _text(x, bottom + 18, self.x.form(tick), "middle")
        yield f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>'
        yield _text((LEFT + right) / 2, HEIGHT - 8, self.x.label, "middle")
        middle = (TOP + bottom) / 2
        yield (
            f'<text class="ink" text-anchor="middle" '
            f'transform="translate(14 {middle:.0f}) rotate(-90)">{escape(self.y.label)}</text>'
        )


UNIT = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def recall_curve(
    ranks: ArrayLike, marks: Sequence[int], interval: tuple[float, float] | None = None
) -> str:
    """Recall@k over k = 1 … the largest mark, a dot at each mark, a whisker at 1."""
    rank = np.asarray(ranks, dtype=np.float64)
    top = max(marks)
    ks = np.arange(1, top + 1)
    recall = np.array([np.mean(rank <= k) if rank.size else 0.0 for k in ks])
    lowest = min(float(recall[0]), interval[0] if interval else 1.0)
    floor = max(0.0, math.floor(lowest * 10 - 0.5) / 10)
    step = 0.1 if floor >= 0.45 else 0.2
    ticks = [t for t in np.round(np.arange(1.0, floor - 1e-9, -step), 2) if t >= floor]
    plane = Plane(Axis("k", 0, top, marks), Axis("recall@k", floor, 1, ticks))
    body = []
    if interval:
        body.append(plane.line([1, 1], interval, "a"))
    body.append(plane.line(ks, recall, "a"))
    body += [plane.dot(k, recall[k - 1], "a", f"recall@{k} {recall[k - 1]:.3f}") for k in marks]
    return plane.draw("Recall", body)


def roc_curve(fpr: ArrayLike, tpr: ArrayLike, auroc: float, fpr95: float) -> str:
    """Known queries accepted against unknown ones accepted, with the chance line."""
    plane = Plane(Axis("unknown accepted", 0, 1, UNIT), Axis("known accepted", 0, 1, UNIT))
    body = [
        plane.line([0, 1], [0, 1], "soft"),
        plane.line(fpr, tpr, "a"),
        plane.dot(fpr95, 0.95, "b", f"95 % of the known accepted: FPR {fpr95:.3f}"),
    ]
    legend = [("a", f"AUROC {auroc:.3f}"), ("b", f"FPR@95 {fpr95:.3f}")]
    return plane.draw("Known or unknown", body, legend)


def score_histogram(known: ArrayLike, unknown: ArrayLike, bins: int = 20) -> str:
    """The best candidate's probability, of known and of unknown queries, as shares of each."""
    edges = np.linspace(0, 1, bins + 1)
    series = []
    for values in (known, unknown):
        array = np.asarray(values, dtype=np.float64)
        # A photo that failed has no score and counts as 0: nothing was named.
        counts, _ = np.histogram(np.where(np.isfinite(array), array, 0.0), bins=edges)
        series.append(counts / max(1, array.size))
    high = _nice(max(float(s.max()) for s in series))
    ticks = _ticks(high)
    plane = Plane(
        Axis("probability of the best candidate", 0, 1, UNIT),
        Axis("share of photos", 0, high, ticks),
    )
    body = []
    for kind, name, shares in zip("ab", ("known", "unknown"), series, strict=True):
        for i, share in enumerate(shares):
            if share > 0:
                tip = f"{name}: {share:.1%} at {edges[i]:.2f}–{edges[i + 1]:.2f}"
                body.append(plane.bar(edges[i], edges[i + 1], float(share), kind, tip))
    legend = [("a", "known")] + [("b", "unknown")] * bool(np.size(unknown))
    return plane.draw("Scores", body, legend)


def reliability_diagram(bins: Sequence[Bin], ece: float) -> str:
    """Accuracy against confidence per bin; on the line is calibrated, a larger dot holds more."""
    plane = Plane(Axis("probability said", 0, 1, UNIT), Axis("share right", 0, 1, UNIT))
    most = max(b.count for b in bins)
    body = [plane.line([0, 1], [0, 1], "soft")]
    body.append(plane.line([b.confidence for b in bins], [b.accuracy for b in bins], "a"))
    for b in bins:
        tip = f"{b.count} answers said {b.confidence:.2f}, {b.accuracy:.2f} right"
        radius = 3 + 7 * math.sqrt(b.count / most)
        body.append(plane.dot(b.confidence, b.accuracy, "a", tip, radius))
    return plane.draw("Calibration", body, [("a", f"ECE {ece:.3f}")])


def risk_coverage_curve(
    coverage: ArrayLike, risk: ArrayLike, chosen: tuple[float, float], shipped: tuple[float, float]
) -> str:
    """Share of wrong answers against share of photos answered. ``chosen`` and ``shipped`` are
    (coverage, risk) of the two operating points."""
    high = _nice(max(0.02, float(np.max(risk, initial=0.0)), shipped[1]))
    ticks = _ticks(high)
    plane = Plane(
        Axis("share of photos answered", 0, 1, UNIT),
        Axis("wrong among the answers", 0, high, ticks),
    )
    body = [plane.line(coverage, risk, "a")]
    for kind, name, point in (("b", "chosen", chosen), ("c", "shipped", shipped)):
        tip = f"{name}: {point[0]:.1%} answered, {point[1]:.2%} of them wrong"
        body.append(plane.dot(*point, kind, tip, 5))
    return plane.draw("Risk and coverage", body, [("b", "chosen"), ("c", "shipped decision")])


def time_bars(times: Mapping[str, Times]) -> str:
    """Median per stage as a bar, its 95th percentile as a whisker; the height grows with them."""
    row, left, right, top = 26, 92, 84, 34
    end = WIDTH - right
    height = top + row * len(times) + 12
    axis = Axis("ms", 0, max(max((t.p95 for t in times.values()), default=1.0), 1e-6), ())
    body = []
    for i, (stage, t) in enumerate(times.items()):
        y = top + row * i + 3
        median, p95 = axis.at(t.median, left, end), axis.at(t.p95, left, end)
        kind = "b" if stage == "total" else "a"
        tip = f"{stage}: median {t.median:.1f} ms, 95th percentile {t.p95:.1f} ms"
        body += [
            _text(left - 8, y + 13, stage, "end"),
            f'<rect class="bar {kind}" x="{left}" y="{y}" width="{median - left:.1f}" height="17">'
            f"<title>{escape(tip)}</title></rect>",
            f'<path class="line {kind}" d="M{median:.1f} {y + 8.5}H{p95:.1f}m0 -4v8"/>',
            _text(end + 8, y + 13, f"{_short(t.median)} / {_short(t.p95)}", "start"),
        ]
    return _svg("Time per photo in ms: median / 95th percentile", body, height)


def recall_bars(recall: Mapping[str, Mapping[int, float | None]]) -> str:
    """Recall@1 of each name as a bar, recall at the largest k as a whisker."""
    row, right, top = 26, 96, 34
    left = min(200.0, 20 + 7.0 * max((len(name) for name in recall), default=0))
    end = WIDTH - right
    axis = Axis("recall", 0, 1, ())
    body = []
    most = max((k for found in recall.values() for k in found), default=1)
    for i, (name, found) in enumerate(recall.items()):
        y = top + row * i + 3
        first, last = found.get(1) or 0.0, found.get(most) or 0.0
        at, far = axis.at(first, left, end), axis.at(last, left, end)
        tip = f"{name}: recall@1 {first:.3f}, recall@{most} {last:.3f}"
        label = name if len(name) <= 26 else f"{name[:25]}…"
        body += [
            _text(left - 8, y + 13, label, "end"),
            f'<rect class="bar a" x="{left:.1f}" y="{y}" width="{at - left:.1f}" height="17">'
            f"<title>{escape(tip)}</title></rect>",
            f'<path class="line a" d="M{at:.1f} {y + 8.5}H{far:.1f}m0 -4v8"/>',
            _text(end + 8, y + 13, f"{first:.3f} / {last:.3f}", "start"),
        ]
    return _svg(f"Recall@1 / recall@{most}", body, top + row * len(recall) + 12)


def _svg(title: str, body: Iterable[str], height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f"aria-label={quoteattr(title)}>"
        f'<text class="ink title" x="{WIDTH / 2:.0f}" y="18" text-anchor="middle">{escape(title)}'
        f"</text>{''.join(body)}</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text class="ink" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _legend(entries: Sequence[tuple[str, str]]) -> Iterable[str]:
    """One row between title and frame, so that it never covers a curve."""
    x = LEFT + 4.0
    for kind, name in entries:
        yield f'<rect class="bar {kind}" x="{x:.0f}" y="30" width="11" height="11"/>'
        yield _text(x + 16, 40, name, "start")
        x += 16 + 7.0 * len(name) + 18


def _nice(value: float) -> float:
    """The next of 1, 2, 3, 5, 10 times a power of ten, and 1 at most past 0.5."""
    power = 10 ** math.floor(math.log10(max(value, 1e-6)))
    return float(next(step * power for step in (1, 2, 3, 5, 10) if step * power >= value * 0.999))


def _ticks(high: float) -> list[float]:
    return [round(float(t), 6) for t in np.linspace(0, high, 6 if round(high * 1e6) % 3 else 4)]


def _short(ms: float) -> str:
    return f"{ms:.0f}" if ms >= 10 else f"{ms:.1f}"
