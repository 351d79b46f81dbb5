"""Two sides drawn: both photos, the views they were held against, and where they agree."""

from __future__ import annotations

import numpy as np

from obverse import canvas, heat, names
from obverse.canvas import GAP, GOLD, MARGIN, MUTED, PANEL, RED, Canvas
from obverse.draw_parts import (
    STRIP,
    headline,
    legend,
    round_patch,
    shape,
    strip,
    tile,
    words,
    words_height,
)
from obverse.types import U8, Answer, Evidence, View
from obverse.words import percent, side_names

TILE = 400
"""Side of a large picture."""
NEXT = 4
"""Runners-up shown."""


def sides(answer: Answer) -> U8:
    """Why: a row for each photo with the object, the catalogue's view of that side, both upright,
    and where the two agree; below, who came next. Where the two disagree, each row shows
    what that photo alone is like, and below is what comes closest to both.

    Args:
        answer: one with ``sides``.
    """
    width = 2 * MARGIN + 3 * TILE + 2 * GAP
    top, high, room = MARGIN + 108, TILE + 56, width - 2 * MARGIN
    apart = answer.pairing is not None and answer.pairing.disagree
    runners = answer.candidates[:NEXT] if apart else answer.candidates[1 : NEXT + 1]
    said = top + 2 * high + 48
    low = said + words_height(answer, room) + 20
    sheet = Canvas(width, low + (36 + STRIP if runners else -20) + MARGIN)
    if apart and answer.pairing is not None:
        sure = percent(answer.pairing.apart)
        sheet.text(MARGIN, MARGIN, "The two sides disagree", size=42, strong=True, fill=RED)
        sheet.text(width - MARGIN, MARGIN, sure, size=42, fill=RED, anchor="ra")
        sheet.text(MARGIN, MARGIN + 58, "mixed up, or a mule, or a fake?", size=22, fill=MUTED)
    else:
        headline(sheet, answer)
    for k, name in enumerate(side_names(answer)):
        _row(sheet, answer, k, name, top + k * high, apart)
    legend(sheet, MARGIN + 2 * (TILE + GAP), said - 38, TILE)
    words(sheet, answer, MARGIN, said, room)
    if runners:
        heading = "closest to both together" if apart else "next in line"
        sheet.text(MARGIN, low, heading, fill=MUTED)
        strip(sheet, answer, runners, MARGIN, low + 36, room, NEXT, round_patch(answer.patch))
    return sheet.pixels


def _row(sheet: Canvas, answer: Answer, k: int, name: str, y: int, apart: bool) -> None:
    """One photo: the object, the view, the agreement."""
    side = answer.sides[k]
    is_disc = round_patch(side.patch)
    query = tile(side.photo, side.patch, TILE)
    found = held_against(answer, k)
    empty = np.full((TILE, TILE, 3), PANEL, np.uint8)
    tiles: list[tuple[U8, str]] = [(query, name), (empty, "no picture of this side"), (empty, "")]
    if found is not None:
        view, proof = found
        under = f"the catalogue's {view.side or 'picture'}"
        if apart and side.best is not None:
            under = f"like {names.of(answer)[side.best.item.id]} ({percent(side.best.probability)})"
        lit = heat.overlay(query, proof.agreement, is_disc)
        if is_disc:
            query, lit = (canvas.turned(p, view.upright - proof.turn) for p in (query, lit))
        shown = canvas.resize(canvas.upright(view), TILE, TILE)
        tiles = [(query, name), (shown, under), (lit, "where they agree")]
    for i, (pixels, text) in enumerate(tiles):
        x = MARGIN + i * (TILE + GAP)
        shape(sheet, pixels, x, y, is_disc)
        fill = GOLD if i == 0 else MUTED
        at = (x + TILE / 2, y + TILE + 12)
        sheet.text(*at, text, least=16, fill=fill, anchor="ma", width=TILE, middle=True)


def held_against(answer: Answer, k: int) -> tuple[View, Evidence] | None:
    """The view that one of two photos is shown beside, and the proof: those of the item that both
    speak for, or, where the two disagree, of what that photo alone is like. None for no picture of
    that side."""
    apart = answer.pairing is not None and answer.pairing.disagree
    best = answer.sides[k].best if apart else answer.best
    if best is None:
        return None
    if apart:
        return best.view, best.evidence
    match = best.sides[k]
    return None if match is None else (match.view, match.evidence)
