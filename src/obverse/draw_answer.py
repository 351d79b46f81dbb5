"""One answer drawn: what the object is, on what ground, and what comes next."""

from __future__ import annotations

import cv2
import numpy as np

from obverse import canvas, draw_separation, heat, lines
from obverse.canvas import GAP, GOLD, MARGIN, MUTED, Canvas
from obverse.draw_parts import (
    STRIP,
    date_box,
    fitted,
    headline,
    legend,
    rim,
    round_patch,
    shape,
    strip,
    tile,
    tile_matrix,
    words,
    words_height,
)
from obverse.types import U8, Answer, Candidate
from obverse.words import half_turn, turned

TILE = 480
"""Side of the three large pictures."""
LOWER = 400
"""Height of the row below them."""
SQUARES = 8
"""Squares of the chequered overlay along a side."""
GAIN = 2.5
"""By how much the photo is lightened or darkened in it, at most."""
COLUMNS = tuple(MARGIN + i * (TILE + GAP) for i in range(3))
TOP = MARGIN + 108
WIDTH = COLUMNS[2] + TILE + MARGIN


def answer(answer: Answer) -> U8:
    """Why: query and match side by side, both upright, where they agree, and who came next.

    Top: the object as photographed, turned to stand as the catalogue's view does, with the date
    and the mint mark in a box; that view; the object again, lit where the designs agree. Below:
    the photo with the rim found; photo and view in alternating squares; the answer in plain words.
    Then, where the next item is close, what separates the two, and the runners-up.

    Where the two were compared as wholes nothing says where they agree: the photo stands third in
    the top row then, and the words below it.
    """
    best = answer.best
    placed = best is None or _has_places(best)
    middle = TOP + TILE + (92 if placed else 60)
    said = COLUMNS[2] if placed else MARGIN
    lower = max(LOWER + 64 if placed else 0, words_height(answer, WIDTH - MARGIN - said) + 30)
    low = middle + lower
    split = draw_separation.worth_drawing(answer)
    last = low + (draw_separation.HEIGHT + 30 if split else 0)
    runners = answer.candidates[1:5]
    sheet = Canvas(WIDTH, last + (36 + STRIP if runners else -24) + MARGIN)
    headline(sheet, answer)
    is_disc = round_patch(answer.patch)
    query = tile(answer.photo, answer.patch, TILE)
    if best is None:
        nothing = np.full_like(query, canvas.PANEL)
        for x, pixels in zip(COLUMNS, (query, nothing, nothing), strict=True):
            shape(sheet, pixels, x, TOP, is_disc)
        caption(sheet, 0, TOP + TILE, "your photo")
    else:
        _proof(sheet, answer, best, query)
        if _has_places(best):
            over = overlaid(query, best, is_disc)
            shape(sheet, canvas.resize(over, LOWER, LOWER), *_middle(1, middle), is_disc)
            caption(sheet, 1, middle + LOWER, "one laid over the other, in squares")
    if placed:
        _photo(sheet, answer, 0, middle, LOWER)
    else:
        _photo(sheet, answer, 2, TOP, TILE)
    words(sheet, answer, said, middle, WIDTH - MARGIN - said)
    if split:
        draw_separation.draw(sheet, answer, COLUMNS, low, TILE)
    if runners:
        sheet.text(MARGIN, last, "next in line", fill=MUTED)
        strip(sheet, answer, runners, MARGIN, last + 36, WIDTH - 2 * MARGIN, 4, is_disc)
    return sheet.pixels


def caption(sheet: Canvas, column: int, y: float, text: str) -> None:
    """A line in the middle below a picture that ends at ``y``."""
    x = COLUMNS[column] + TILE / 2
    sheet.text(x, y + 16, text, size=22, least=16, fill=MUTED, anchor="ma", width=TILE, middle=True)


def overlaid(query: U8, best: Candidate, is_disc: bool) -> U8:
    """The photo and the catalogue's picture, both upright, in alternating squares.

    Args:
        query: the object as it lies in the photo, uint8 (s, s, 3).
    """
    side = query.shape[0]
    if is_disc:
        view = canvas.resize(canvas.upright(best.view), side, side)
        query = _lit_as(canvas.turned(query, best.upright), view)
        drawn = np.ones((side, side), bool)
    else:
        matches = best.evidence.matches
        if matches is None or matches.model is None:
            return query
        view = canvas.decode(best.view.thumbnail)
        # The model maps pixels of one patch to those of the other; here both are larger or smaller.
        grow = side / view.shape[0]
        scale = np.array([[grow, 0, 0.5 * grow - 0.5], [0, grow, 0.5 * grow - 0.5], [0, 0, 1]])
        model = scale @ matches.model
        drawn = cv2.warpPerspective(np.ones(view.shape[:2], np.uint8), model, (side, side)) > 0
        view = np.asarray(cv2.warpPerspective(view, model, (side, side)), np.uint8)
    at = np.arange(side) * SQUARES // side
    chosen = ((at[:, None] + at[None, :]) % 2 == 1) & drawn
    return np.where(chosen[..., None], view, query).astype(np.uint8)


def _lit_as(query: U8, view: U8) -> U8:
    """A disc as bright as another: in a dark photo the squares would hide how the designs meet."""
    inside = np.asarray(canvas.round_mask(view.shape[0]), bool)
    gain = float(view[inside].mean()) / max(float(query[inside].mean()), 1.0)
    return np.asarray(np.clip(query * np.clip(gain, 1 / GAIN, GAIN), 0, 255), np.uint8)


def _proof(sheet: Canvas, answer: Answer, best: Candidate, query: U8) -> None:
    """The large pictures: the photo, the catalogue's view, and where they agree."""
    is_disc = round_patch(answer.patch)
    lit = heat.overlay(query, best.evidence.agreement, is_disc)
    shown = query.copy()
    numeral = best.evidence.numeral
    for read in (answer.year, answer.mint_mark, numeral if numeral and numeral.photo else None):
        if read is not None:
            date_box(shown, read, tile_matrix(answer.patch, TILE))
    if is_disc:
        shown, lit = (canvas.turned(p, best.upright) for p in (shown, lit))
    view = canvas.resize(canvas.upright(best.view), TILE, TILE)
    pictures = (shown, view, lit) if _has_places(best) else (shown, view)
    for i, pixels in enumerate(pictures):
        shape(sheet, pixels, COLUMNS[i], TOP, is_disc)
    caption(sheet, 0, TOP + TILE, _query_words(best, is_disc))
    caption(sheet, 1, TOP + TILE, f"the catalogue's {best.view.side or 'picture'}")
    if _has_places(best):
        caption(sheet, 2, TOP + TILE, "where they agree")
        legend(sheet, COLUMNS[2], TOP + TILE + 56, TILE)
    if best.evidence.matches is not None:
        ends = [(x, TOP) for x in COLUMNS[:2]]
        scale = TILE / answer.patch.original.shape[0]
        lines.between(sheet, best.evidence.matches, ends[0], ends[1], scale)


def _has_places(best: Candidate) -> bool:
    """Does the evidence say where the two agree? One cell compares them as a whole."""
    return best.evidence.agreement.size > 1


def _query_words(best: Candidate, is_disc: bool) -> str:
    if not is_disc or not half_turn(best.upright):
        return "your photo"
    return f"your photo, upright; it lies turned {turned(-best.upright)}"


def _middle(column: int, y: int) -> tuple[float, int]:
    """Where a picture of the lower row goes."""
    return COLUMNS[column] + (TILE - LOWER) / 2, y


def _photo(sheet: Canvas, answer: Answer, column: int, y: int, height: int) -> None:
    """The whole photo with the rim that was found."""
    photo, region = answer.photo, answer.patch.region
    image, factor = fitted(photo, TILE - 16, height - 16)
    whole = region.whole or region.box == (0, 0, photo.width, photo.height)
    if not whole:
        rim(image, region, factor, GOLD, 2)
    h, w = image.shape[:2]
    sheet.panel(COLUMNS[column], y, TILE, height)
    sheet.paste(image, COLUMNS[column] + (TILE - w) / 2, y + (height - h) / 2)
    caption(sheet, column, y + height, "the whole photo" if whole else "found in the photo")
