"""A run's log as a picture: what was minimised, and how well held-out pictures do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from obverse.evaluate.plots import HEIGHT, WIDTH, Axis, Plane, _nice, _ticks
from obverse.train.run import Run

GAP = 12
KINDS = "abcd"
"""Styles of the curves of one plane, in order."""
ASIDE = frozenset({"step", "seconds", "rate", "right"})
"""Columns of the log that are no curve."""
STYLE = """
svg { --card: #fff; --ink: #1d1c1a; --dim: #6d6a65; --line: #e3dfd8;
  --a: #2f6db5; --b: #d0702c; --c: #3d8f63; --d: #8a5aa8; }
@media (prefers-color-scheme: dark) { svg { --card: #211f1d; --ink: #ece9e4; --dim: #a29d95;
  --line: #3a3733; --a: #6fa8ea; --b: #f0a062; --c: #71c498; --d: #c09ae0; } }
text { font: 12px system-ui, sans-serif; fill: var(--dim); }
.title { font-size: 14px; font-weight: 600; fill: var(--ink); }
path, polyline { fill: none; } .paper { fill: var(--card); }
.soft { stroke: var(--line); } .axis { stroke: var(--dim); }
.line { stroke-width: 2; stroke-linejoin: round; }
.line.a { stroke: var(--a); } .line.b { stroke: var(--b); }
.line.c { stroke: var(--c); } .line.d { stroke: var(--d); }
.bar.a, .dot.a { fill: var(--a); } .bar.b, .dot.b { fill: var(--b); }
.bar.c, .dot.c { fill: var(--c); } .bar.d, .dot.d { fill: var(--d); }
"""


def draw(rows: Sequence[Mapping[str, float]]) -> str:
    """Two planes side by side as one ``<svg>``: the losses, and the held-out figures.

    Args:
        rows: of ``Run.rows``: a step and any named values; of two values for one step the later
            counts. A name with ``held`` but without ``loss`` is a held-out figure.
    """
    names = dict.fromkeys(k for row in rows for k in row if k not in ASIDE)
    figures = [n for n in names if "held" in n and "loss" not in n][: len(KINDS)]
    losses = [n for n in names if n not in figures][: len(KINDS)]
    curves = {name: {r["step"]: r[name] for r in rows if name in r} for name in names}
    end = _nice(max((row["step"] for row in rows), default=1.0))
    planes = [
        _plane("Losses", losses, curves, end),
        _plane("Held-out pictures", figures, curves, end),
    ]
    placed = (
        p.replace("<svg ", f'<svg x="{i * (WIDTH + GAP)}" width="{WIDTH}" height="{HEIGHT}" ', 1)
        for i, p in enumerate(planes)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * (WIDTH + GAP)} {HEIGHT}">'
        f'<style>{STYLE}</style><rect class="paper" width="100%" height="100%"/>'
        f"{''.join(placed)}</svg>"
    )


def write(run: Run) -> Path:
    """The run's log as ``curves.svg`` in its folder; returns its path."""
    path = run.folder / "curves.svg"
    path.write_text(draw(run.rows()) + "\n", "utf-8")
    return path


def _plane(
    title: str, names: Sequence[str], curves: Mapping[str, Mapping[float, float]], end: float
) -> str:
    # A wild first value must not flatten all that follows: the axis ends where one in 20 is above.
    values = sorted(v for n in names for v in curves[n].values())
    high = _nice(values[math.ceil(0.95 * (len(values) - 1))]) if values else 1.0
    plane = Plane(
        Axis("step", 0, end, _ticks(end), "{:,.0f}".format), Axis("", 0, high, _ticks(high))
    )
    body = []
    for kind, name in zip(KINDS, names, strict=False):
        steps = sorted(curves[name])
        points = [curves[name][step] for step in steps]
        body.append(plane.line(steps, points, kind))
        body.append(plane.dot(steps[-1], points[-1], kind, f"{_words(name)} {points[-1]:.4g}", 3))
    return plane.draw(title, body, [(k, _words(n)) for k, n in zip(KINDS, names, strict=False)])


def _words(name: str) -> str:
    return name.replace("_", " ").removeprefix("held out ").replace("held ", "held-out ")
