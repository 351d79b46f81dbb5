"""What several drawn pictures share: shapes, cards, headlines, rims, and the object as a tile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from obverse import canvas, heat, names, normalise
from obverse.canvas import GOLD, GREEN, INK, LINE, MARGIN, MUTED, RED, Canvas
from obverse.explain import advice
from obverse.types import (
    U8,
    Answer,
    Array,
    Candidate,
    MarkReading,
    NumeralReading,
    Patch,
    Photo,
    Region,
    YearReading,
)
from obverse.words import decided, facts, percent

PHOTO_SIDE = 1600
"""Longer side of a photo drawn upon, in pixels."""
HEADLINE = (42, 30)
"""Letters of a headline: as large as fits between these sizes."""
WORDS = 22
"""Letters of a sentence."""
STRIP = 108
"""Side of a small picture in a line of candidates."""
TITLE_LINES = 2
"""Lines that the title of a card may take."""


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


def card(candidate: Candidate, *, note: str = "", share: float | None = None) -> Card:
    """A candidate's view, upright."""
    return Card(canvas.upright(candidate.view), candidate.item.name, note, share)


def place_card(sheet: Canvas, card: Card, x: float, y: float, side: int, is_disc: bool) -> None:
    """A picture with its title in a line or two, its note and its bar below."""
    shape(sheet, canvas.resize(card.pixels, side, side), x, y, is_disc)
    y += side + 10
    y += sheet.paragraph(x, y, card.title, fill=card.colour, width=side, most=TITLE_LINES)
    left = x
    if card.note:
        note = sheet.text(x, y, card.note, size=18, fill=MUTED, width=side, middle=True)
        left += note + 12
    if card.share is not None:
        sheet.bar(left, y + 8, max(20, x + side - left), card.share, GOLD)


def card_height(cards: Sequence[Card], side: int) -> int:
    """How many pixels high ``place_card`` makes the tallest of them."""
    titles = (canvas.paragraph_height(c.title, 20, side, TITLE_LINES) for c in cards)
    return side + 10 + max(titles, default=0) + 31


def strip(
    sheet: Canvas,
    answer: Answer,
    candidates: tuple[Candidate, ...],
    x: float,
    y: float,
    width: float,
    places: int,
    is_disc: bool,
) -> None:
    """Candidates of an answer in one line, each a small picture with its name, probability and bar
    beside."""
    room = (width - (places - 1) * canvas.GAP) / places
    called = names.of(answer)
    for i, other in enumerate(candidates[:places]):
        left = x + i * (room + canvas.GAP)
        picture = canvas.resize(canvas.upright(other.view), STRIP, STRIP)
        shape(sheet, picture, left, y, is_disc)
        text, beside = left + STRIP + 14, room - STRIP - 14
        name = called[other.item.id]
        high = canvas.paragraph_height(name, 20, beside, 3)
        low = y + (STRIP - high - 28) / 2
        low += sheet.paragraph(text, low, name, width=beside, most=3) + 6
        note = sheet.text(text, low, percent(other.probability), size=18, fill=MUTED)
        sheet.bar(text + note + 12, low + 8, beside - note - 12, other.probability, GOLD)


def shape(sheet: Canvas, pixels: U8, x: float, y: float, is_disc: bool) -> None:
    """A disc as a disc, anything else as a square."""
    if is_disc:
        sheet.disc(pixels, x, y)
    else:
        sheet.paste(pixels, x, y)


def colour_of(answer: Answer) -> canvas.Colour:
    """Green for known, red for unknown; a share that no calibration judged is neither."""
    return GREEN if answer.known else RED if answer.calibrated else MUTED


def headline(sheet: Canvas, answer: Answer) -> None:
    """What it is and how sure, in the first 100 pixels of a sheet."""
    width = sheet.image.width
    best, right = answer.best, width - MARGIN
    if best is None:
        sheet.text(MARGIN, MARGIN, "Not recognised", size=42, strong=True)
        sheet.text(MARGIN, MARGIN + 58, "the catalogue is empty", size=22, fill=MUTED)
        return
    colour = colour_of(answer)
    sure = sheet.text(right, MARGIN, percent(best.probability), size=42, fill=colour, anchor="ra")
    doubt = "not sure enough" if answer.calibrated else "a share, not calibrated"
    verdict = "in this catalogue" if answer.known else doubt
    verdict = ", ".join(filter(None, (verdict, decided(answer))))
    under = sheet.text(right, MARGIN + 58, verdict, size=22, fill=colour, anchor="ra")
    room = width - 2 * MARGIN - max(sure, under) - 40
    name = names.of(answer)[best.item.id]
    told = facts(best.item.attributes, dated=answer.year is not None)
    title, line = "Not recognised", f"closest: {name}"
    if not answer.calibrated:
        title, line = f"Closest: {name}", told
    if answer.known:
        title, line = name, told
    size, least = HEADLINE
    y = MARGIN + size * 0.58
    sheet.text(
        MARGIN, y, title, size=size, least=least, strong=True, width=room, middle=True, anchor="lm"
    )
    middle = not answer.known
    sheet.text(MARGIN, MARGIN + 58, line, size=22, least=18, fill=MUTED, width=room, middle=middle)


def words(sheet: Canvas, answer: Answer, x: float, y: float, width: float) -> None:
    """The answer in plain sentences; what is wrong with the photo is in gold."""
    for sentence, colour in _sentences(answer):
        y += sheet.paragraph(x, y, sentence, size=WORDS, fill=colour, width=width) + WORDS // 2


def words_height(answer: Answer, width: float) -> int:
    """How many pixels ``words`` takes."""
    high = 0
    for sentence, _ in _sentences(answer):
        high += canvas.paragraph_height(sentence, WORDS, width) + WORDS // 2
    return high


def _sentences(answer: Answer) -> list[tuple[str, canvas.Colour]]:
    faults = {f"{text}.".lower() for text in advice(answer)}
    return [(s, GOLD if s.lower() in faults else INK) for s in answer.explanation()]


def legend(sheet: Canvas, x: float, y: float, width: int) -> None:
    """What the colours of the heat mean, in the middle of ``width`` from ``x``."""
    long = width // 2
    ends = heat.ramp()[np.linspace(0, 255, long).astype(int)][None]
    fade = np.linspace(0, 1, long, dtype=np.float32)[None, :, None]
    bar = (np.repeat(ends, 8, axis=0) * fade + np.array(LINE) * (1 - fade)).astype(np.uint8)
    left = x + (width - long) / 2
    sheet.paste(bar, left, y)
    sheet.text(left - 12, y + 4, "little", size=18, fill=MUTED, anchor="rm")
    sheet.text(left + long + 12, y + 4, "much", size=18, fill=MUTED, anchor="lm")


def round_patch(patch: Patch) -> bool:
    """Whether the patch shows a disc: nothing but one masked colour lies outside its circle."""
    outside = np.asarray(canvas.round_mask(patch.image.shape[0])) == 0
    return int(np.ptp(patch.image[outside], axis=0).max()) == 0


def masked(patch: Patch) -> U8:
    """The patch as photographed, its background dark if it is a disc."""
    return _on_ground(patch.original) if round_patch(patch) else patch.original


def tile(photo: Photo, patch: Patch, side: int) -> U8:
    """The patch as photographed, uint8 (side, side, 3), with all the detail that the photo has; its
    background is dark."""
    if round_patch(patch):
        return _on_ground(normalise.warp(photo, tile_matrix(patch, side), (side, side)))
    h, w = patch.polar.shape[:2]
    w, h = canvas.fit(w, h, side, side)
    out = np.full((side, side, 3), canvas.PANEL, np.uint8)
    y, x = (side - h) // 2, (side - w) // 2
    out[y : y + h, x : x + w] = canvas.resize(patch.polar, w, h)
    return out


def tile_matrix(patch: Patch, side: int) -> Array:
    """From full-size photo pixels to those of the patch shown as a tile, (2, 3)."""
    scale = side / patch.original.shape[0]
    matrix = patch.matrix * scale
    matrix[:, 2] += 0.5 * scale - 0.5  # pixel centres
    return np.asarray(matrix)


def _on_ground(pixels: U8) -> U8:
    mask = np.asarray(canvas.round_mask(pixels.shape[0]), np.float32)[..., None] / 255
    ground = np.full_like(pixels, canvas.GROUND)
    return np.asarray(pixels * mask + ground * (1 - mask), np.uint8)


def fitted(photo: Photo, width: int, height: int) -> tuple[U8, float]:
    """The photo at the largest size that fits, and its pixels per full-size pixel."""
    w, h = canvas.fit(photo.width, photo.height, width, height)
    return canvas.resize(photo.pixels, w, h), w / photo.width


def rim(image: U8, region: Region, factor: float, colour: canvas.Colour, width: int) -> None:
    """Draw the outline, or the ellipse, or the box: the closest to the object that is known.

    Args:
        image: uint8 (h, w, 3), RGB, drawn upon.
        factor: its pixels per full-size pixel of the photo.
    """
    if region.outline is not None:
        points: Array = region.outline
    elif region.ellipse is not None:
        points = region.ellipse.points(360)
    else:
        x0, y0, x1, y1 = region.box
        points = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    closed_line(image, (points + 0.5) * factor - 0.5, colour, width)


def date_box(image: U8, reading: YearReading | MarkReading | NumeralReading, matrix: Array) -> None:
    """Draw a box around each piece of the date, around the mint mark or the value, in place.

    Args:
        image: uint8 (h, w, 3), RGB: any picture of the object.
        matrix: (2, 3), from full-size photo pixels to those of ``image``; of a patch shown larger,
            its ``matrix`` scaled likewise.
    """
    width = max(2, round(max(image.shape[:2]) / 320))
    for box in reading.boxes if isinstance(reading, YearReading) else (reading.box,):
        closed_line(image, np.asarray(box) @ matrix[:, :2].T + matrix[:, 2], GOLD, width)


def closed_line(image: U8, points: Array, colour: canvas.Colour, width: int) -> None:
    """A polygon, (n, 2) in pixels of the image; a dark edge keeps it visible on any ground."""
    # Eighths of a pixel (shift=3) keep the line smooth.
    at = [np.round(points * 8).astype(np.int32)]
    cv2.polylines(image, at, True, (0, 0, 0), width + 2, cv2.LINE_AA, 3)
    cv2.polylines(image, at, True, colour, width, cv2.LINE_AA, 3)


def badge(sheet: Canvas, region: Region, factor: float, words: str, colour: canvas.Colour) -> None:
    """A label at the top of the region, kept inside the picture."""
    size = max(15, round(max(sheet.image.size) / 70))
    width = canvas.font_for(words, size).getlength(words) + size
    x0, y0, x1, _ = (v * factor for v in region.box)
    x = min(max((x0 + x1 - width) / 2, 4), max(4, sheet.image.width - width - 4))
    y = min(max(y0 - size * 0.8, 4), sheet.image.height - 2 * size)
    sheet.pen.rounded_rectangle((x, y, x + width, y + size * 1.6), size * 0.4, fill=canvas.GROUND)
    sheet.text(x + width / 2, y + size * 0.8, words, size=size, fill=colour, anchor="mm")
