"""The log as a picture."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from obverse.train import curves
from obverse.train.run import Run

SVG = "{http://www.w3.org/2000/svg}"


def lines_of(text: str, plane: int) -> list[list[tuple[float, float]]]:
    root = ElementTree.fromstring(text)
    part = root.findall(f"{SVG}svg")[plane]
    found = []
    for line in part.findall(f"{SVG}polyline"):
        points = line.attrib["points"].split()
        found.append([(float(x), float(y)) for x, y in (p.split(",") for p in points)])
    return found


def test_losses_fall_on_the_left_and_figures_rise_on_the_right() -> None:
    rows = [
        {"step": float(20 * k), "seconds": 1.0, "rate": 9.0, "loss": 8 / k, "vector": 4 / k}
        for k in range(1, 11)
    ]
    rows += [{"step": float(100 * k), "held_out_mrr": 0.4 * k} for k in (1, 2)]
    text = curves.draw(rows)
    losses, figures = lines_of(text, 0), lines_of(text, 1)
    assert (len(losses), len(figures)) == (2, 1)
    for line in losses:
        assert [y for _, y in line] == sorted(y for _, y in line), "y runs down: a fall"
    # Step 200 of 200 is the right end; 0.8 of an axis to 1 is four fifths of the way up.
    (x0, y0), (x1, y1) = figures[0]
    left, right = 56.0, 424.0
    assert (x0, x1) == ((left + right) / 2, right)
    bottom, top = 264.0, 52.0
    assert abs(y1 - (bottom + 0.8 * (top - bottom))) < 0.1
    assert abs(y0 - (bottom + 0.4 * (top - bottom))) < 0.1


def test_a_log_without_held_out_figures_is_still_a_picture(tmp_path: Path) -> None:
    run = Run(tmp_path, {})
    run.log(5, loss=1.5)
    path = curves.write(run)
    assert path == tmp_path / "curves.svg"
    text = path.read_text("utf-8")
    ElementTree.fromstring(text)
    assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.S).lower()
    ElementTree.fromstring(curves.draw([]))
