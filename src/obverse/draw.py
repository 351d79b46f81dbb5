"""Every drawn picture: what each stage did, and why an answer is the answer.

All functions take pipeline types and return uint8 (h, w, 3) RGB; ``save`` writes it. A positive
turn is counter-clockwise as seen. Discs are shown as discs, flat objects as squares.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from obverse import canvas, heat, lines
from obverse.canvas import GAP, GOLD, GREEN, INK, LINE, MARGIN, MUTED, PANEL, RED, Canvas, save
from obverse.types import (
    F32,
    I8,
    U8,
    Answer,
    Array,
    Candidate,
    Embedding,
    Patch,
    Photo,
    Region,
    YearReading,
)
from obverse.words import facts, percent

__all__ = [
    "Card",
    "answer",
    "card",
    "contact",
    "date_box",
    "embedding",
    "patch",
    "regions",
    "save",
    "shortlist",
    "year",
]

PHOTO_SIDE = 1600
"""Longer side of a photo drawn upon, in pixels."""
TILE = 480
"""Side of the three large pictures of an answer."""
CARD = 216
"""Side of a picture in a contact sheet."""


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """One picture of a contact sheet.

    Attributes:
        pixels: uint8 (s, s, 3), RGB, turned as it shall be seen.
        title, note: the lines below it.
        share: 0 to 1, drawn as a bar; None for no bar.
        colour: of the title.
    """

    pixels: U8
    title: str
    note: str = ""
    share: float | None = None
    colour: canvas.Colour = INK


def regions(photo: Photo, found: Sequence[Region], names: Sequence[str] = ()) -> U8:
    """The photo with the rim, the number, the name if it has one, and the score of every object;
    the first one in gold."""
    image, factor = _fitted(photo, PHOTO_SIDE, PHOTO_SIDE)
    width = max(2, round(max(image.shape[:2]) / 400))
    for number, region in reversed(list(enumerate(found, 1))):
        _rim(image, region, factor, GOLD if number == 1 else INK, width)
    sheet = Canvas(image.shape[1], image.shape[0])
    sheet.paste(image, 0, 0)
    for number, region in reversed(list(enumerate(found, 1))):
        words = "nothing found: the whole picture" if region.whole else f"{region.score:.2f}"
        words = f"{names[number - 1]} {words}" if names else words
        _badge(sheet, region, factor, f"{number}   {words}", GOLD if number == 1 else INK)
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
    _shape(sheet, canvas.resize(patch.image, left, left), MARGIN, top, is_disc)
    x0 = MARGIN + left + 2 * GAP
    sheet.text(x0, MARGIN, f"map: {channels} channels, turning with the object", fill=MUTED)
    for i, cells in enumerate(_signed(embedding.map)):
        row, column = divmod(i, columns)
        tile = heat.spread(cells, side - 10, is_disc)
        _shape(sheet, _two_colours(tile), x0 + column * side, top + row * side, is_disc)
    words = f"vector: {len(embedding.vector)} numbers, the same at every turn"
    sheet.text(MARGIN, bars - canvas.LINE_WIDTH, words, fill=MUTED)
    _bars(sheet, embedding.vector, MARGIN, bars + 6, width - 2 * MARGIN, 134)
    return sheet.pixels


def year(photo: Photo, region: Region, reading: YearReading | None) -> U8:
    """The photo with the object's rim, the date in a box, and what it says."""
    image, factor = _fitted(photo, PHOTO_SIDE, PHOTO_SIDE)
    width = max(2, round(max(image.shape[:2]) / 400))
    _rim(image, region, factor, LINE, width)
    if reading is None:
        words = "no year could be read"
    else:
        # Pixel centres: (x + 0.5) * factor - 0.5.
        shift = 0.5 * factor - 0.5
        date_box(image, reading, np.array([[factor, 0, shift], [0, factor, shift]]))
        words = f"{reading.year}   {percent(reading.probability)}"
        if reading.written != str(reading.year) and canvas.can_show(reading.written):
            words = f"{reading.written} = {words}"
    sheet = Canvas(image.shape[1], image.shape[0])
    sheet.paste(image, 0, 0)
    _badge(sheet, region, factor, words, GOLD if reading else INK)
    return sheet.pixels


def date_box(image: U8, reading: YearReading, matrix: Array) -> None:
    """Draw a box around each piece of the date, in place.

    Args:
        image: uint8 (h, w, 3), RGB: any picture of the object.
        matrix: (2, 3), from full-size photo pixels to those of ``image``; of a patch shown larger,
            its ``matrix`` scaled likewise.
    """
    width = max(2, round(max(image.shape[:2]) / 320))
    for box in reading.boxes:
        points = np.asarray(box) @ matrix[:, :2].T + matrix[:, 2]
        at = [np.round(points * 8).astype(np.int32)]
        cv2.polylines(image, at, True, (0, 0, 0), width + 2, cv2.LINE_AA, 3)
        cv2.polylines(image, at, True, GOLD, width, cv2.LINE_AA, 3)


def contact(cards: Iterable[Card], words: str, is_disc: bool = True, columns: int = 6) -> U8:
    """A contact sheet: one card after the other.

    Args:
        cards: turned as they shall be seen.
        words: the heading.
        is_disc: the pictures show discs.
        columns: cards in a row, at most.
    """
    shown = list(cards)
    columns = max(4, min(columns, len(shown)))
    rows = max(1, math.ceil(len(shown) / columns))
    height = CARD + 68
    sheet = Canvas(
        2 * MARGIN + columns * CARD + (columns - 1) * GAP,
        2 * MARGIN + 56 + rows * height + (rows - 1) * GAP,
    )
    width = sheet.image.width - 2 * MARGIN
    sheet.text(MARGIN, MARGIN - 6, words, size=28, strong=True, width=width)
    for i, card in enumerate(shown):
        row, column = divmod(i, columns)
        x, y = MARGIN + column * (CARD + GAP), MARGIN + 56 + row * (height + GAP)
        _card(sheet, card, x, y, CARD, is_disc)
    return sheet.pixels


def shortlist(patch: Patch, cards: Iterable[Card], words: str) -> U8:
    """The query, then what came back, best first."""
    query = Card(masked(patch), "the query", colour=GOLD)
    return contact([query, *cards], words, round_patch(patch))


def card(candidate: Candidate, *, note: str = "", share: float | None = None) -> Card:
    """A candidate's view, upright."""
    return Card(canvas.upright(candidate.view), candidate.item.name, note, share)


def answer(answer: Answer) -> U8:
    """Why: query and match side by side, both upright, where they agree, and who came next.

    Top: the object as photographed, turned to stand as the catalogue's view does; that view; the
    object again, lit where the designs agree. Below: the photo with the rim found and what is wrong
    with it, and the runners-up.
    """
    is_disc = round_patch(answer.patch)
    width = 2 * MARGIN + 3 * TILE + 2 * GAP
    top, low = MARGIN + 108, MARGIN + 108 + TILE + 92
    small = (2 * TILE + GAP - 3 * GAP) // 4
    low_height = small + 96
    sheet = Canvas(width, low + low_height + MARGIN)
    _headline(sheet, answer, width)
    query = canvas.resize(masked(answer.patch), TILE, TILE)
    tiles: list[tuple[U8, str]] = [(query, "your photo")]
    if answer.best is not None:
        best = answer.best
        lit = heat.overlay(query, best.evidence.agreement, is_disc)
        if answer.year is not None:
            date_box(query, answer.year, _tile_matrix(answer.patch))
        if is_disc:
            query, lit = (canvas.turned(p, best.upright) for p in (query, lit))
        view = canvas.resize(canvas.upright(best.view), TILE, TILE)
        tiles = [
            (query, _query_words(best, is_disc)),
            (view, f"the catalogue's {best.view.side or 'picture'}"),
        ]
        # One cell says nothing of places: the two were compared as a whole.
        has_places = best.evidence.agreement.size > 1
        tiles += [(lit, "where they agree")] if has_places else []
    for i in range(3):
        x = MARGIN + i * (TILE + GAP)
        if i < len(tiles):
            _shape(sheet, tiles[i][0], x, top, is_disc)
            sheet.text(x + TILE / 2, top + TILE + 16, tiles[i][1], fill=MUTED, anchor="ma")
        else:
            _shape(sheet, np.full((TILE, TILE, 3), PANEL, np.uint8), x, top, is_disc)
    if answer.best is not None and answer.best.evidence.matches is not None:
        found = answer.best.evidence.matches
        ends = (MARGIN, top), (MARGIN + TILE + GAP, top)
        lines.between(sheet, found, *ends, TILE / answer.patch.original.shape[0])
    if len(tiles) == 3:
        _legend(sheet, MARGIN + 2 * (TILE + GAP) + TILE // 2 - 120, top + TILE + 50, 240)
    _photo_panel(sheet, answer, MARGIN, low, TILE, low_height)
    runners = answer.candidates[1:5]
    x0 = MARGIN + TILE + GAP
    if runners:
        sheet.text(x0, low, "next in line", fill=MUTED)
    for i, other in enumerate(runners):
        note, share = percent(other.probability), other.probability
        shown = card(other, note=note, share=share)
        _card(sheet, shown, x0 + i * (small + GAP), low + 36, small, is_disc)
    return sheet.pixels


def round_patch(patch: Patch) -> bool:
    """Whether the patch shows a disc: nothing but one masked colour lies outside its circle."""
    outside = np.asarray(canvas.round_mask(patch.image.shape[0])) == 0
    return int(np.ptp(patch.image[outside], axis=0).max()) == 0


def masked(patch: Patch) -> U8:
    """The patch as photographed, its background dark if it is a disc."""
    if not round_patch(patch):
        return patch.original
    mask = np.asarray(canvas.round_mask(patch.original.shape[0]), np.float32)[..., None] / 255
    ground = np.full_like(patch.original, canvas.GROUND)
    return np.asarray(patch.original * mask + ground * (1 - mask), np.uint8)


def _headline(sheet: Canvas, answer: Answer, width: int) -> None:
    best, right = answer.best, width - MARGIN
    if best is None:
        sheet.text(MARGIN, MARGIN, "Not recognised", size=42, strong=True)
        sheet.text(MARGIN, MARGIN + 58, "the catalogue is empty", size=22, fill=MUTED)
        return
    colour = GREEN if answer.known else RED
    sheet.text(right, MARGIN, percent(best.probability), size=42, fill=colour, anchor="ra")
    verdict = "in this catalogue" if answer.known else "not sure enough"
    sheet.text(right, MARGIN + 58, verdict, size=22, fill=colour, anchor="ra")
    room = width - 2 * MARGIN - 280
    title = best.item.name if answer.known else "Not recognised"
    about = facts(best.item.attributes)
    line = about if answer.known else f"closest: {best.item.name}"
    sheet.text(MARGIN, MARGIN, title, size=42, strong=True, width=room)
    sheet.text(MARGIN, MARGIN + 58, line, size=22, fill=MUTED, width=room)


def _tile_matrix(patch: Patch) -> Array:
    """From full-size photo pixels to those of the patch shown as a tile, (2, 3)."""
    scale = TILE / patch.original.shape[0]
    matrix = patch.matrix * scale
    matrix[:, 2] += 0.5 * scale - 0.5  # pixel centres
    return np.asarray(matrix)


def _query_words(best: Candidate, is_disc: bool) -> str:
    turn = round(best.upright) % 360
    if not is_disc or not turn:
        return "your photo"
    return (
        f"your photo, turned {turn}° left"
        if turn <= 180
        else (f"your photo, turned {360 - turn}° right")
    )


def _photo_panel(sheet: Canvas, answer: Answer, x: int, y: int, width: int, height: int) -> None:
    sheet.panel(x, y, width, height)
    if answer.quality:
        advice = answer.quality[0].advice
        sheet.text(x + 8, y + height - 26, advice, size=16, fill=GOLD, width=width - 16)
        height -= 30
    image, factor = _fitted(answer.photo, width - 16, height - 16)
    _rim(image, answer.patch.region, factor, GOLD, 2)
    h, w = image.shape[:2]
    sheet.paste(image, x + (width - w) / 2, y + (height - h) / 2)


def _legend(sheet: Canvas, x: int, y: int, width: int) -> None:
    strip = np.repeat(heat.ramp()[np.linspace(0, 255, width).astype(int)][None], 8, axis=0)
    fade = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    sheet.paste((strip * fade + np.array(LINE) * (1 - fade)).astype(np.uint8), x, y)
    sheet.text(x - 12, y + 4, "little", size=16, fill=MUTED, anchor="rm")
    sheet.text(x + width + 12, y + 4, "much", size=16, fill=MUTED, anchor="lm")


def _card(sheet: Canvas, card: Card, x: float, y: float, side: int, is_disc: bool) -> None:
    _shape(sheet, canvas.resize(card.pixels, side, side), x, y, is_disc)
    sheet.text(x, y + side + 10, card.title, size=18, fill=card.colour, width=side)
    left = x
    if card.note:
        left += sheet.text(x, y + side + 36, card.note, size=16, fill=MUTED) + 12
    if card.share is not None:
        sheet.bar(left, y + side + 43, max(20, x + side - left), card.share, GOLD)


def _shape(sheet: Canvas, pixels: U8, x: float, y: float, is_disc: bool) -> None:
    if is_disc:
        sheet.disc(pixels, x, y)
    else:
        sheet.paste(pixels, x, y)


def _fitted(photo: Photo, width: int, height: int) -> tuple[U8, float]:
    """The photo at the largest size that fits, and its pixels per full-size pixel."""
    w, h = canvas.fit(photo.width, photo.height, width, height)
    return canvas.resize(photo.pixels, w, h), w / photo.width


def _rim(image: U8, region: Region, factor: float, colour: canvas.Colour, width: int) -> None:
    """Draw the outline, or the ellipse, or the box: the closest to the object that is known."""
    if region.outline is not None:
        points: Array = region.outline
    elif region.ellipse is not None:
        points = region.ellipse.points(360)
    else:
        x0, y0, x1, y1 = region.box
        points = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    # Eighths of a pixel (shift=3) keep the line smooth; a dark edge keeps it visible on any ground.
    at = [np.round(((points + 0.5) * factor - 0.5) * 8).astype(np.int32)]
    cv2.polylines(image, at, True, (0, 0, 0), width + 2, cv2.LINE_AA, 3)
    cv2.polylines(image, at, True, colour, width, cv2.LINE_AA, 3)


def _badge(sheet: Canvas, region: Region, factor: float, words: str, colour: canvas.Colour) -> None:
    """A label at the top of the region, kept inside the picture."""
    size = max(15, round(max(sheet.image.size) / 70))
    width = canvas.font_for(words, size).getlength(words) + size
    x0, y0, x1, _ = (v * factor for v in region.box)
    x = min(max((x0 + x1 - width) / 2, 4), max(4, sheet.image.width - width - 4))
    y = min(max(y0 - size * 0.8, 4), sheet.image.height - 2 * size)
    sheet.pen.rounded_rectangle((x, y, x + width, y + size * 1.6), size * 0.4, fill=canvas.GROUND)
    sheet.text(x + width / 2, y + size * 0.8, words, size=size, fill=colour, anchor="mm")


def _bars(sheet: Canvas, vector: F32, x: float, y: float, width: float, height: float) -> None:
    """Signed bars around a middle line, scaled to the largest."""
    middle, step = y + height / 2, width / len(vector)
    values = vector / max(float(np.abs(vector).max()), 1e-9) * (height / 2)
    sheet.pen.line((x, middle, x + width, middle), fill=LINE)
    for i, value in enumerate(values):
        left, end = x + i * step, middle - float(value)
        box = (left, min(middle, end), left + max(step - 1, 1), max(middle, end))
        sheet.pen.rectangle(box, fill=GOLD if value > 0 else _COLD)


_COLD: canvas.Colour = (96, 160, 214)


def _signed(maps: I8) -> F32:
    """Each channel scaled to -1 … 1 by its own largest magnitude."""
    values = maps.astype(np.float32)
    peak = np.abs(values).max(axis=(1, 2), keepdims=True)
    return np.asarray(values / np.maximum(peak, 1.0), np.float32)


def _two_colours(values: F32) -> U8:
    """-1 … 1 as cold … dark … gold."""
    weight = np.abs(values)[..., None]
    end = np.where(values[..., None] > 0, np.array(GOLD), np.array(_COLD))
    return np.asarray(np.array(PANEL) * (1 - weight) + end * weight, np.uint8)
