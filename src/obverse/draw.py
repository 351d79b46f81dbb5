"""Every drawn picture: what each stage did, here, and why an answer is the answer.

All functions take pipeline types and return uint8 (h, w, 3) RGB; ``save`` writes it. A positive
turn is counter-clockwise as seen. Discs are shown as discs, flat objects as squares.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from obverse import canvas, heat
from obverse.canvas import COLD, GAP, GOLD, INK, LINE, MARGIN, MUTED, PANEL, Canvas, save
from obverse.draw_answer import TILE, answer
from obverse.draw_parts import (
    PHOTO_SIDE,
    Card,
    badge,
    card,
    card_height,
    fitted,
    masked,
    place_card,
    rim,
    round_patch,
    shape,
)
from obverse.tray import numbers
from obverse.types import F32, I8, U8, Embedding, Patch, Photo, Region

__all__ = [
    "TILE",
    "Card",
    "answer",
    "card",
    "contact",
    "embedding",
    "masked",
    "patch",
    "regions",
    "round_patch",
    "save",
    "shortlist",
]

CARD = 216
"""Side of a picture in a contact sheet."""
HEADING, LINES = 28, 4
"""Letters of its heading, and the lines it may take."""


def regions(photo: Photo, found: Sequence[Region], names: Sequence[str] = ()) -> U8:
    """The photo with the rim, the number, the name if it has one, and the score of every object;
    the first one, which is asked about where nobody names another, in gold."""
    image, factor = fitted(photo, PHOTO_SIDE, PHOTO_SIDE)
    width = max(2, round(max(image.shape[:2]) / 400))
    colours = [INK if k else GOLD for k in range(len(found))]
    for region, colour in reversed(list(zip(found, colours, strict=True))):
        rim(image, region, factor, colour, width)
    sheet = Canvas(image.shape[1], image.shape[0])
    sheet.paste(image, 0, 0)
    labels = list(zip(found, numbers(found), names or [""] * len(found), colours, strict=True))
    for region, number, name, colour in reversed(labels):
        words = "nothing found: the whole picture" if region.whole else f"{region.score:.2f}"
        badge(sheet, region, factor, f"{number}   {f'{name} {words}'.strip()}", colour)
    return sheet.pixels


def patch(patch: Patch) -> U8:
    """The patch: as photographed, with the light evened, and as the embedder eats it."""
    side, is_disc = 512, round_patch(patch)
    eaten = canvas.resize(
        patch.polar, side * patch.polar.shape[1] // patch.polar.shape[0] if is_disc else side, side
    )
    words = ("as photographed, tilt undone", "light evened, background gone", "unwrapped")
    if not is_disc:
        words = ("as photographed", "light evened", "as the embedder takes it")
    pictures = zip((patch.original, patch.image, eaten), words, strict=True)
    width = 2 * MARGIN + 2 * side + eaten.shape[1] + 2 * GAP
    sheet = Canvas(width, side + 2 * MARGIN + canvas.LINE_WIDTH)
    x = MARGIN
    for number, (picture, caption) in enumerate(pictures):
        shown = canvas.resize(picture, side, side) if number < 2 else picture
        if number == 1 and is_disc:
            sheet.disc(shown, x, MARGIN)
        else:
            sheet.paste(shown, x, MARGIN)
        sheet.text(x, MARGIN + side + 12, caption, fill=MUTED, width=shown.shape[1])
        x += shown.shape[1] + GAP
    return sheet.pixels


def embedding(patch: Patch, embedding: Embedding) -> U8:
    """The map, channel by channel as small discs beside the patch, and the vector as bars."""
    is_disc, channels = round_patch(patch), embedding.map.shape[0]
    columns = max(1, math.ceil(math.sqrt(2 * channels)))
    rows = math.ceil(channels / columns)
    side = min(112, 1100 // columns)
    left = max(2 * side, rows * side)
    width = 2 * MARGIN + left + 2 * GAP + columns * side
    top = MARGIN + 44
    bars = top + max(left, rows * side) + canvas.LINE_WIDTH + 44
    sheet = Canvas(width, bars + 140 + MARGIN)
    sheet.text(MARGIN, MARGIN, "patch", fill=MUTED)
    shape(sheet, canvas.resize(patch.image, left, left), MARGIN, top, is_disc)
    x0 = MARGIN + left + 2 * GAP
    sheet.text(x0, MARGIN, f"map: {channels} channels, turning with the object", fill=MUTED)
    for i, cells in enumerate(_signed(embedding.map)):
        row, column = divmod(i, columns)
        tile = heat.spread(cells, side - 10, is_disc)
        shape(sheet, _two_colours(tile), x0 + column * side, top + row * side, is_disc)
    words = f"vector: {len(embedding.vector)} numbers, the same at every turn"
    sheet.text(MARGIN, bars - canvas.LINE_WIDTH, words, fill=MUTED)
    _bars(sheet, embedding.vector, MARGIN, bars + 6, width - 2 * MARGIN, 134)
    return sheet.pixels


def contact(cards: Iterable[Card], words: str, is_disc: bool = True, columns: int = 6) -> U8:
    """A contact sheet: one card after the other.

    Args:
        cards: turned as they shall be seen.
        words: the heading.
        is_disc: the pictures show discs.
        columns: cards in a row, at most.
    """
    shown = list(cards)
    columns = max(1, min(columns, len(shown)))
    rows = max(1, math.ceil(len(shown) / columns))
    height = card_height(shown, CARD)
    width = columns * CARD + (columns - 1) * GAP
    top = MARGIN + 18 + canvas.paragraph_height(words, HEADING, width, LINES, strong=True)
    sheet = Canvas(2 * MARGIN + width, top + rows * height + (rows - 1) * GAP + MARGIN)
    sheet.paragraph(MARGIN, MARGIN - 6, words, width=width, size=HEADING, strong=True, most=LINES)
    for i, one in enumerate(shown):
        row, column = divmod(i, columns)
        x, y = MARGIN + column * (CARD + GAP), top + row * (height + GAP)
        place_card(sheet, one, x, y, CARD, is_disc)
    return sheet.pixels


def shortlist(patch: Patch, cards: Iterable[Card], words: str) -> U8:
    """The query, then what came back, best first."""
    query = Card(masked(patch), "the query", colour=GOLD)
    return contact([query, *cards], words, round_patch(patch))


def _bars(sheet: Canvas, vector: F32, x: float, y: float, width: float, height: float) -> None:
    """Signed bars around a middle line, scaled to the largest."""
    middle, step = y + height / 2, width / len(vector)
    values = vector / max(float(np.abs(vector).max()), 1e-9) * (height / 2)
    sheet.pen.line((x, middle, x + width, middle), fill=LINE)
    for i, value in enumerate(values):
        left, end = x + i * step, middle - float(value)
        box = (left, min(middle, end), left + max(step - 1, 1), max(middle, end))
        sheet.pen.rectangle(box, fill=GOLD if value > 0 else COLD)


def _signed(maps: I8) -> F32:
    """Each channel scaled to -1 … 1 by its own largest magnitude."""
    values = maps.astype(np.float32)
    peak = np.abs(values).max(axis=(1, 2), keepdims=True)
    return np.asarray(values / np.maximum(peak, 1.0), np.float32)


def _two_colours(values: F32) -> U8:
    """-1 … 1 as cold … dark … gold."""
    weight = np.abs(values)[..., None]
    end = np.where(values[..., None] > 0, np.array(GOLD), np.array(COLD))
    return np.asarray(np.array(PANEL) * (1 - weight) + end * weight, np.uint8)
