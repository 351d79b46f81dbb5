"""Struck lettering: legends along the rim, straight lines, numerals.

Text is drawn as a straight strip with the font that comes with Pillow, made bold and wide as die
sinkers like it, then bent along its circle.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from obverse.errors import ObverseError
from obverse.types import F32, U8

_PROBE = 200  # font size at which metrics are taken


@dataclass(frozen=True, slots=True)
class Lettering:
    """How letters look. ``weight``: added stroke, ``wide``: horizontal stretch, ``spacing``:
    extra advance; weight and spacing relative to the height of a capital."""

    weight: float = 0.07
    wide: float = 1.0
    spacing: float = 0.12


@dataclass(frozen=True, slots=True)
class Text:
    """One piece of text on a face, in design coordinates.

    Attributes:
        text: what it says; ``{year}`` stands for the year of the specimen.
        cap: height of a capital.
        place: ``top`` (along the circle, feet to the centre), ``bottom`` (along the circle, feet
            to the rim) or ``line``.
        radius: radius of the circle through the middle of the letters.
        angle: where its middle lies on the circle, degrees counter-clockwise from x.
        x, y: middle of a straight line.
        span: the most room it may take: degrees of the circle, or the length of a line. Longer
            text is narrowed, then made smaller.
    """

    text: str
    cap: float
    place: str = "line"
    radius: float = 0.8
    angle: float = 90.0
    x: float = 0.0
    y: float = 0.0
    span: float = 200.0


def set_text(size: int, text: Text, style: Lettering, scale: float = 1.0) -> U8:
    """The mask of a text on a face of ``size`` pixels, uint8 (size, size); ``scale`` shrinks the
    face about its centre."""
    unit = size / 2 * scale
    strip, cap = _strip(text.text, style, max(24, 16 * math.ceil(1.3 * text.cap * unit / 16)))
    stretch, height = style.wide, text.cap
    length = strip.shape[1] / cap * height * stretch
    room = text.span if text.place == "line" else math.radians(text.span) * text.radius
    if length > room:
        squeeze = max(room / length, 0.72)
        stretch *= squeeze
        height *= min(1.0, room / (length * squeeze))
    across, along = cap / (height * unit), cap / (height * unit * stretch)
    axis = (np.arange(size, dtype=np.float32) + 0.5 - size / 2) / scale
    x, y = axis[None, :], -axis[:, None]
    half = size / 2
    if text.place == "line":
        u: F32 = (x - text.x * half) * along * scale + 0 * y
        v: F32 = -(y - text.y * half) * across * scale + 0 * x
    else:
        rho, theta = cv2.cartToPolar(x + 0 * y, y + 0 * x)
        clockwise = 1 if text.place == "top" else -1
        turn = clockwise * (math.radians(text.angle) - theta)
        turn = (turn + math.pi) % (2 * math.pi) - math.pi
        u = turn * (text.radius * half * along * scale)
        v = (text.radius * half - rho) * (clockwise * across * scale)
    u, v = u + strip.shape[1] / 2 - 0.5, v + strip.shape[0] / 2 - 0.5
    return np.asarray(cv2.remap(strip, u, v, cv2.INTER_LINEAR, borderValue=0), np.uint8)


@functools.lru_cache(maxsize=512)
def _strip(text: str, style: Lettering, cap: int) -> tuple[U8, int]:
    """White text on black, capitals ``cap`` pixels high and vertically centred."""
    probe = _font(_PROBE).getbbox("H")
    font = _font(cap * _PROBE / (probe[3] - probe[1]))
    stroke = max(0, round(style.weight * cap))
    top = font.getbbox("H")[1]
    margin = cap // 2
    widths = [font.getlength(c) + style.spacing * cap + stroke for c in text]
    strip = Image.new("L", (int(sum(widths)) + 2, cap + 2 * margin))
    draw = ImageDraw.Draw(strip)
    x = (style.spacing * cap + stroke) / 2
    for c, width in zip(text, widths, strict=True):
        draw.text((x, margin - top), c, fill=255, font=font, stroke_width=stroke)
        x += width
    return np.asarray(strip), cap


@functools.lru_cache(maxsize=64)
def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):  # Pillow without FreeType
        raise ObverseError("Pillow has no FreeType to set legends", hint="install its wheel")
    return font
