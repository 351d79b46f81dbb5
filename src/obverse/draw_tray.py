"""A tray drawn: every object outlined, numbered and named on the photo, and the list below."""

from __future__ import annotations

import math
from collections.abc import Mapping

from obverse import canvas, names
from obverse.canvas import INK, MARGIN, MUTED, Canvas
from obverse.draw_parts import colour_of, fitted, rim
from obverse.types import U8, Answer, Tray
from obverse.words import UNCALIBRATED, known_from, percent

PHOTO_SIDE = 2000
"""Longer side of the photo, in pixels: with 60 coins, each is some 170 wide and its name fits."""
COLUMN, LINE = 470, 30
"""Least width of an entry of the list, and its height."""
BESIDE = 46 + 110 + 30
"""Room of an entry for its number, its probability and the gap to the next column."""
NAMED = 110
"""Objects narrower than this bear their number only."""


def tray(tray: Tray) -> U8:
    """The photo with the rim, the number and the name of every object, green where it is known, red
    where it is not, grey where nothing is calibrated; below, the list by number, with probabilities
    or shares."""
    image, factor = fitted(tray.photo, PHOTO_SIDE, PHOTO_SIDE)
    height, width = image.shape[:2]
    for answer in tray.answers:
        rim(image, answer.patch.region, factor, colour_of(answer), max(2, width // 600))
    for region, _ in tray.failed:
        rim(image, region, factor, MUTED, 2)
    room = max(width, 800) - 2 * MARGIN
    called = names.of_tray(tray)
    told = [_told(answer, called) for answer in tray.answers]
    longest = max((canvas.font_for(t, 20).getlength(t) for t in told), default=0)
    columns = max(1, min(room // COLUMN, int(room // (longest + BESIDE))))
    lines = math.ceil(len(tray.answers) / columns)
    sheet = Canvas(max(width, 800), height + 2 * MARGIN + 56 + lines * LINE)
    sheet.paste(image, 0, 0)
    for number, answer in zip(tray.numbers, tray.answers, strict=False):
        _label(sheet, answer, called, number, factor)
    top = height + MARGIN
    sheet.text(MARGIN, top, _headline(tray), size=28, strong=True)
    for i, (number, answer) in enumerate(zip(tray.numbers, tray.answers, strict=False)):
        column, line = divmod(i, max(lines, 1))
        place = (MARGIN + column * room / columns, top + 56 + line * LINE)
        _entry(sheet, answer, told[i], number, *place, room / columns - 30)
    return sheet.pixels


def _headline(tray: Tray) -> str:
    known = sum(answer.known for answer in tray.answers)
    objects = "1 object" if len(tray.answers) == 1 else f"{len(tray.answers)} objects"
    if not all(answer.calibrated for answer in tray.answers):
        return f"{objects}, {UNCALIBRATED}"
    limit = known_from(next((answer.threshold for answer in tray.answers), None))
    return f"{objects}, {known} recognised" + (f" ({limit})" if limit else "")


def _label(
    sheet: Canvas, answer: Answer, called: Mapping[str, str], number: int, factor: float
) -> None:
    """The number at the object's upper left, its name along the lower rim."""
    x0, y0, x1, y1 = (v * factor for v in answer.patch.region.box)
    across = x1 - x0
    size = round(min(26, max(15, across / 8)))
    _pill(sheet, str(number), x0 + 0.12 * across, y0 + 0.12 * (y1 - y0), size, answer)
    if across >= NAMED and answer.known and answer.best is not None:
        small = max(14, round(size * 0.7))
        name = called[answer.best.item.id]
        name = canvas.shorten(name, canvas.font_for(name, small), across * 0.95, middle=True)
        _pill(sheet, name, (x0 + x1) / 2, y1 - small * 0.6, small, answer)


def _pill(sheet: Canvas, words: str, x: float, y: float, size: int, answer: Answer) -> None:
    """Words on a dark ground about a point, kept inside the picture."""
    half = canvas.font_for(words, size).getlength(words) / 2 + size * 0.45
    x = min(max(x, half + 2), sheet.image.width - half - 2)
    y = max(y, size * 0.8)
    box = (x - half, y - size * 0.72, x + half, y + size * 0.72)
    sheet.pen.rounded_rectangle(box, size * 0.4, fill=canvas.GROUND)
    sheet.text(x, y, words, size=size, fill=colour_of(answer), anchor="mm")


def _told(answer: Answer, called: Mapping[str, str]) -> str:
    if answer.best is None:
        return "not recognised"
    name = called[answer.best.item.id]
    return name if answer.known else f"closest: {name}"


def _entry(
    sheet: Canvas, answer: Answer, told: str, number: int, x: float, y: float, width: float
) -> None:
    colour = colour_of(answer)
    sheet.text(x + 34, y, str(number), size=20, fill=colour, anchor="ra", strong=True)
    fill = INK if answer.known else MUTED
    room = width + 30 - BESIDE
    sheet.text(x + 46, y, told, size=20, fill=fill, width=room, middle=answer.known)
    if answer.best is not None:
        sure = percent(answer.best.probability)
        sheet.text(x + width, y, sure, size=20, fill=colour, anchor="ra")
