"""Two sides drawn: both photos, the views they were held against, and where they agree."""

from __future__ import annotations

import numpy as np

from obverse import canvas, heat
from obverse.canvas import GAP, GOLD, MARGIN, MUTED, PANEL, RED, Canvas
from obverse.draw import _card, _headline, _legend, _shape, card, masked, round_patch
from obverse.types import U8, Answer, Evidence, View
from obverse.words import pairing, percent

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
    is_disc = round_patch(answer.patch)
    width = 2 * MARGIN + 3 * TILE + 2 * GAP
    top, high = MARGIN + 140, TILE + 56
    small = (width - 2 * MARGIN - (NEXT - 1) * GAP) // NEXT
    low = top + 2 * high + 48
    sheet = Canvas(width, low + 36 + small + 68 + MARGIN)
    apart = answer.pairing is not None and answer.pairing.disagree
    if apart and answer.pairing is not None:
        sure = percent(answer.pairing.apart)
        sheet.text(MARGIN, MARGIN, "The two sides disagree", size=42, strong=True, fill=RED)
        sheet.text(width - MARGIN, MARGIN, sure, size=42, fill=RED, anchor="ra")
        sheet.text(MARGIN, MARGIN + 58, "mixed up, or a mule, or a fake?", size=22, fill=MUTED)
    else:
        _headline(sheet, answer, width)
        sheet.text(MARGIN, MARGIN + 92, pairing(answer), size=22, fill=MUTED, width=width - 80)
    for k, name in enumerate(("first photo", "second photo")):
        _row(sheet, answer, k, name, top + k * high, apart)
    _legend(sheet, MARGIN + 2 * (TILE + GAP) + TILE // 2 - 120, low - 38, 240)
    runners = answer.candidates[:NEXT] if apart else answer.candidates[1 : NEXT + 1]
    if runners:
        words = "closest to both together" if apart else "next in line"
        sheet.text(MARGIN, low, words, fill=MUTED)
    for i, other in enumerate(runners):
        shown = card(other, note=percent(other.probability), share=other.probability)
        _card(sheet, shown, MARGIN + i * (small + GAP), low + 36, small, is_disc)
    return sheet.pixels


def _row(sheet: Canvas, answer: Answer, k: int, name: str, y: int, apart: bool) -> None:
    """One photo: the object, the view, the agreement."""
    side = answer.sides[k]
    is_disc = round_patch(side.patch)
    query = canvas.resize(masked(side.patch), TILE, TILE)
    found = _held_against(answer, k, apart)
    empty = np.full((TILE, TILE, 3), PANEL, np.uint8)
    tiles: list[tuple[U8, str]] = [(query, name), (empty, "no picture of this side"), (empty, "")]
    if found is not None:
        view, proof = found
        words = f"the catalogue's {view.side or 'picture'}"
        if apart and side.best is not None:
            words = f"like {side.best.item.name} ({percent(side.best.probability)})"
        lit = heat.overlay(query, proof.agreement, is_disc)
        if is_disc:
            query, lit = (canvas.turned(p, view.upright - proof.turn) for p in (query, lit))
        shown = canvas.resize(canvas.upright(view), TILE, TILE)
        tiles = [(query, name), (shown, words), (lit, "where they agree")]
    for i, (pixels, words) in enumerate(tiles):
        x = MARGIN + i * (TILE + GAP)
        _shape(sheet, pixels, x, y, is_disc)
        line = canvas.shorten(words, canvas.font_for(words, 20), TILE)
        fill = GOLD if i == 0 else MUTED
        sheet.text(x + TILE / 2, y + TILE + 12, line, fill=fill, anchor="ma")


def _held_against(answer: Answer, k: int, apart: bool) -> tuple[View, Evidence] | None:
    """The view and the proof that a row shows."""
    best = answer.sides[k].best if apart else answer.best
    if best is None:
        return None
    if apart:
        return best.view, best.evidence
    match = best.sides[k]
    return None if match is None else (match.view, match.evidence)
