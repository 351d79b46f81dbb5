"""What separates the best item from the next one, drawn: the places where the photo fits one and
not the other, outlined on all three and shown larger beside each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from obverse import canvas, lines, names
from obverse.canvas import COLD, GOLD, MUTED, Canvas
from obverse.draw_parts import closed_line, shape, tile
from obverse.explain import against
from obverse.separate import Sector, Separation, is_likely
from obverse.types import F64, U8, Answer

CLOSE = 0.75
"""The next item is drawn from this share of the best one's score on: half of 36 queries of
`dev_wild`; below, the two differ everywhere."""
SIDE = 300
"""Side of the three pictures."""
DETAIL = 145
"""Side of a place shown larger."""
FINE = 1024
"""Side of the pictures that places are cut from."""
MOST = 2
"""Places shown."""
HEIGHT = 44 + SIDE + 44 + 34


def worth_drawing(answer: Answer) -> bool:
    """Whether there is a next item close enough to ask why it is not that one, and a best one that
    is likely enough to ask about."""
    split = answer.separation
    if split is None or answer.sides or not is_likely(answer):
        return False
    one, two = answer.candidates[:2]
    told = bool(split.sectors) if split.inliers is None else split.inliers[1] > 0
    return told and two.score >= CLOSE * one.score > 0


def draw(sheet: Canvas, answer: Answer, columns: Sequence[int], y: float, width: int) -> None:
    """Draw it into three columns of this width, ``HEIGHT`` pixels high.

    Args:
        answer: one that is ``worth_drawing``.
        columns: their left edges.
    """
    split = answer.separation
    if split is None:
        return
    called = names.of(answer)
    best, name = (called[c.item.id] for c in answer.candidates[:2])
    room = columns[-1] + width - columns[0]
    sheet.text(columns[0], y, f"what separates it from {name}", fill=MUTED, width=room, middle=True)
    if split.inliers is not None:
        _planes(sheet, answer, columns, y + 44, width)
        return
    pictures = _pictures(answer)
    titles = ("your photo", best, name)
    upright = answer.candidates[0].upright
    shown = places(answer, split)
    for k, (x, pixels, title) in enumerate(zip(columns, pictures, titles, strict=True)):
        small = canvas.resize(pixels, SIDE, SIDE)
        for sector, colour in shown:
            closed_line(small, outline(sector, upright, SIDE), colour, 2)
        shape(sheet, small, x, y + 44, True)
        sheet.text(x, y + SIDE + 54, title, least=16, fill=MUTED, width=width, middle=True)
        for i, (sector, colour) in enumerate(shown):
            left, top = x + SIDE + 20, y + 44 + i * (SIDE - DETAIL)
            sheet.paste(detail(pixels, sector, upright), left, top)
            box = (left, top, left + DETAIL - 1, top + DETAIL - 1)
            sheet.pen.rectangle(box, outline=colour, width=2)
            at = f"{sector.clock} o'clock" if sector.clock else "centre"
            told = (at, f"{sector.first:.2f}", f"{sector.second:.2f}")[k]
            end = left + sheet.pen.textlength(told, canvas.font_for(told, 18)) + 14
            sheet.pen.rectangle((left, box[3] - 26, end, box[3]), fill=canvas.GROUND)
            sheet.text(left + 7, box[3] - 4, told, size=18, fill=colour, anchor="ls")
    _legend(sheet, answer, shown, columns[0], y + SIDE + 92, room)


def places(answer: Answer, split: Separation) -> list[tuple[Sector, canvas.Colour]]:
    """The places shown: those that speak most for the best item, and the one that is told to speak
    against it."""
    counter = against(answer, split)
    against_it = [] if counter is None else [(counter, COLD)]
    for_it = [sector for sector in split.sectors if sector != counter]
    return [(sector, GOLD) for sector in for_it[: MOST - len(against_it)]] + against_it


def _legend(
    sheet: Canvas,
    answer: Answer,
    shown: Sequence[tuple[Sector, canvas.Colour]],
    x: float,
    y: float,
    width: float,
) -> None:
    """What the colours and the numbers mean, in one line."""
    wholes = " and ".join(f"{c.evidence.score:.2f}" for c in answer.candidates[:2])
    meant = {GOLD: "gold: speaks for the first", COLD: "blue: speaks against it"}
    said = [(meant[colour], colour) for colour in dict.fromkeys(c for _, c in shown)]
    said.append((f"numbers: agreement there; over the whole face {wholes}", MUTED))
    for text, colour in said:
        x += sheet.text(x, y, text, size=18, fill=colour, width=width) + 24


def outline(sector: Sector, turn: float, side: int) -> F64:
    """The sector's outline on a disc that fills a square of ``side`` pixels and was turned by
    ``turn`` degrees, float64 (n, 2)."""
    angle = np.radians(np.linspace(sector.start, sector.end, 90) + turn)
    # Just inside the rim, where the line would be cut off.
    radii = sector.inner, min(sector.outer, 0.985)
    ring = [r * side / 2 * np.stack([np.cos(angle), -np.sin(angle)], axis=1) for r in radii]
    return np.concatenate([ring[0], ring[1][::-1]]) + (side - 1) / 2


def detail(pixels: U8, sector: Sector, turn: float) -> U8:
    """The place cut out of a large picture, uint8 (``DETAIL``, ``DETAIL``, 3)."""
    size = pixels.shape[0]
    points = outline(sector, turn, size)
    low, high = points.min(axis=0), points.max(axis=0)
    reach = float((high - low).max()) / 2 * 1.08
    x, y = np.clip((low + high) / 2, reach, size - reach)
    cut = pixels[
        max(0, round(y - reach)) : round(y + reach), max(0, round(x - reach)) : round(x + reach)
    ]
    return canvas.resize(cut, DETAIL, DETAIL)


def _pictures(answer: Answer) -> list[U8]:
    """The photo and both views, all standing as the best one's view does."""
    one, two = answer.candidates[:2]
    upright = one.upright
    photo = canvas.turned(tile(answer.photo, answer.patch, FINE), upright)
    views = [
        canvas.turned(canvas.decode(c.view.thumbnail), (c.evidence.turn + upright) % 360)
        for c in (one, two)
    ]
    return [photo, *(canvas.resize(view, FINE, FINE) for view in views)]


def _planes(sheet: Canvas, answer: Answer, columns: Sequence[int], y: float, width: int) -> None:
    """The photo between both views, a line for each keypoint found again on one plane."""
    side = min(SIDE, width)
    size = answer.patch.original.shape[0]
    photo = tile(answer.photo, answer.patch, side)
    middles, called = [x + (width - side) / 2 for x in columns], names.of(answer)
    sheet.paste(photo, middles[1], y)
    for candidate, x in zip(answer.candidates[:2], (middles[0], middles[2]), strict=True):
        sheet.paste(canvas.resize(canvas.upright(candidate.view), side, side), x, y)
    for candidate, x in zip(answer.candidates[:2], (middles[0], middles[2]), strict=True):
        matches = candidate.evidence.matches
        if matches is None:
            continue
        lines.between(sheet, matches, (middles[1], y), (x, y), side / size)
        count = int(matches.inliers.sum())
        text = f"{called[candidate.item.id]}: {count} points on one plane"
        _caption(sheet, text, x + side / 2, y + side + 10, width)
    _caption(sheet, "your photo", middles[1] + side / 2, y + side + 10, width)


def _caption(sheet: Canvas, text: str, x: float, y: float, width: int) -> None:
    sheet.text(x, y, text, least=16, fill=MUTED, anchor="ma", width=width, middle=True)
