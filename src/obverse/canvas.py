"""Paper and pen for the drawn pictures: colours, fonts, text that fits, round cut-outs, saving."""

from __future__ import annotations

import io
import math
import re
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from obverse.errors import UsageError, writing
from obverse.types import U8, Array, View

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont

GROUND: Colour = (19, 21, 25)
PANEL: Colour = (29, 32, 38)
LINE: Colour = (58, 63, 72)
INK: Colour = (238, 239, 242)
MUTED: Colour = (152, 159, 170)
GOLD: Colour = (240, 190, 88)
GREEN: Colour = (112, 201, 140)
RED: Colour = (233, 118, 104)
COLD: Colour = (96, 160, 214)

MARGIN, GAP = 40, 24
FINE = 4
"""How many times larger letters are drawn than they stand on the sheet."""
LINE_WIDTH = 30
"""Height of a line of caption."""

JPEG = {"quality": 92, "subsampling": 0}
"""How pictures are written as JPEG."""
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
"""Pictures that can be written, by extension."""

FONTS = files("obverse") / "fonts"
FALLBACKS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSans-Regular.ttf",
    "DejaVuSans.ttf",
    "Arial Unicode.ttf",
    "Hiragino Sans GB.ttc",
    "msyh.ttc",
    "malgun.ttf",
    "segoeui.ttf",
)
"""Fonts of common systems to try for scripts that the bundled font lacks."""


class Canvas:
    """A picture to put things on; positions are pixels from the top left."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width, height), GROUND)
        self.pen = ImageDraw.Draw(self.image)

    @property
    def pixels(self) -> U8:
        """uint8 (h, w, 3), RGB."""
        return np.array(self.image, np.uint8)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int = 20,
        fill: Colour = INK,
        width: float | None = None,
        anchor: str = "la",
        strong: bool = False,
        middle: bool = False,
        least: int = 0,
    ) -> float:
        """Write one line; returns the width used. What is wider than ``width`` is written smaller,
        down to ``least``, then shortened with an ellipsis at its end or in its middle."""
        font = font_for(text, size, strong)
        while width is not None and 0 < least < size and font.getlength(text) > width:
            size -= 1
            font = font_for(text, size, strong)
        line = shorten(text, font, width, middle=middle)
        self._write(x, y, line, font, fill, anchor)
        return float(font.getlength(line))

    def paragraph(
        self,
        x: float,
        y: float,
        text: str,
        *,
        width: float,
        size: int = 20,
        fill: Colour = INK,
        most: int | None = None,
        strong: bool = False,
    ) -> float:
        """Write words in lines of ``width``, at most so many; returns the height used."""
        font = font_for(text, size, strong)
        high = _line_height(size)
        broken = wrap(text, font, width, most)
        for i, line in enumerate(broken):
            shown = shorten(line, font, width, middle=True)
            self._write(x, y + i * high, shown, font, fill, "la")
        return float(high * len(broken))

    def _write(self, x: float, y: float, line: str, font: Font, fill: Colour, anchor: str) -> None:
        """Put a line there, from letters drawn larger: drawn at their size they stand on whole
        pixels, and a narrow gap, as after a t, is lost."""
        large = _enlarged(font)
        left, top, right, bottom = (v / FINE for v in large.getbbox(line, anchor=anchor))
        x0, y0 = math.floor(x + left) - 1, math.floor(y + top) - 1
        size = (math.ceil(x + right) + 1 - x0) * FINE, (math.ceil(y + bottom) + 1 - y0) * FINE
        mask = Image.new("L", size, 0)
        at = ((x - x0) * FINE, (y - y0) * FINE)
        ImageDraw.Draw(mask).text(at, line, fill=255, font=large, anchor=anchor)
        self.image.paste(fill, (x0, y0), mask.reduce(FINE))

    def paste(self, pixels: Array, x: float, y: float, mask: Image.Image | None = None) -> None:
        self.image.paste(Image.fromarray(pixels), (round(x), round(y)), mask)

    def disc(self, pixels: Array, x: float, y: float) -> None:
        """Paste the circle inscribed in a square picture."""
        self.paste(pixels, x, y, round_mask(pixels.shape[0]))

    def panel(self, x: float, y: float, width: float, height: float, radius: int = 10) -> None:
        self.pen.rounded_rectangle((x, y, x + width, y + height), radius, fill=PANEL)

    def bar(self, x: float, y: float, width: float, share: float, fill: Colour) -> None:
        """A thin horizontal bar, filled to ``share`` of its width."""
        self.pen.rounded_rectangle((x, y, x + width, y + 6), 3, fill=LINE)
        if share >= 0.005:
            self.pen.rounded_rectangle((x, y, x + max(6, width * min(share, 1)), y + 6), 3, fill)


def font_for(text: str, size: int, strong: bool = False) -> Font:
    """The bundled font, or the one of the system that lacks the fewest letters of ``text``."""
    bundled = _bundled(size, strong)
    letters = "".join(sorted(set(text)))
    if _missing(bundled, letters) == 0:
        return bundled
    found = [font for name in FALLBACKS if (font := _system(name, size)) is not None]
    return min([bundled, *found], key=lambda font: _missing(font, letters))


def can_show(text: str) -> bool:
    """Does a font of this system have every letter of it?"""
    return _missing(font_for(text, 20), "".join(sorted(set(text)))) == 0


def shorten(text: str, font: Font, width: float | None, *, middle: bool = False) -> str:
    """``text``, cut if it is wider than ``width`` pixels: an ellipsis stands for its end, or for
    its middle, so that both ends of an id show."""
    if width is None or font.getlength(text) <= width:
        return text
    for kept in range(len(text) - 1, 0, -1):
        head = (kept + 1) // 2 if middle else kept
        tail = text[len(text) - (kept - head) :].lstrip() if middle and kept > head else ""
        short = f"{text[:head].rstrip()}…{tail}"
        if font.getlength(short) <= width:
            return short
    return "…"


def paragraph_height(
    text: str, size: int, width: float, most: int | None = None, *, strong: bool = False
) -> int:
    """How many pixels high ``Canvas.paragraph`` makes it."""
    return _line_height(size) * len(wrap(text, font_for(text, size, strong), width, most))


def wrap(text: str, font: Font, width: float, most: int | None = None) -> list[str]:
    """``text`` broken between words, or after a hyphen, into lines of at most ``width`` pixels; a
    longer piece has a line of its own. Of at most so many lines the last one holds the rest."""
    lines: list[str] = []
    whole = re.sub(r"(?<=[<>]) | (?=%)", "\N{NO-BREAK SPACE}", text)  # > 99.9 %
    for word in whole.split(" "):
        for n, piece in enumerate(re.split(r"(?<=[-_/])(?=.)", word)):
            longer = f"{lines[-1]}{'' if n else ' '}{piece}" if lines else piece
            if lines and (len(lines) == most or font.getlength(longer) <= width):
                lines[-1] = longer
            else:
                lines.append(piece)
    return lines


@lru_cache(maxsize=16)
def round_mask(size: int) -> Image.Image:
    """The inscribed circle as a smooth-edged mask."""
    large = Image.new("L", (size * 4, size * 4), 0)
    ImageDraw.Draw(large).ellipse((2, 2, size * 4 - 3, size * 4 - 3), fill=255)
    return large.resize((size, size), Image.Resampling.LANCZOS)


def resize(pixels: Array, width: int, height: int) -> U8:
    """The picture at exactly this size."""
    picture = Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS)
    return np.array(picture, np.uint8)


def fit(width: float, height: float, into_width: float, into_height: float) -> tuple[int, int]:
    """The largest size of the same shape that fits."""
    factor = min(into_width / width, into_height / height)
    return max(1, round(width * factor)), max(1, round(height * factor))


def decode(thumbnail: bytes) -> U8:
    """A catalogue thumbnail as uint8 (h, w, 3), RGB."""
    with Image.open(io.BytesIO(thumbnail)) as picture:
        return np.asarray(picture.convert("RGB"), np.uint8)


def turned(pixels: U8, degrees: float) -> U8:
    """The picture turned about its centre, counter-clockwise as seen."""
    picture = Image.fromarray(pixels)
    return np.asarray(picture.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=PANEL), np.uint8)


def upright(view: View) -> U8:
    """A view's thumbnail, standing upright."""
    pixels = decode(view.thumbnail)
    return turned(pixels, view.upright) if view.upright else pixels


def check_format(path: str | Path) -> str:
    """The format that the extension asks for. Raises ``UsageError`` for one we cannot write, or a
    folder that is not there."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise UsageError(
            f"cannot write a {suffix} picture" if suffix else "the picture's name has no extension",
            where=path,
            hint=f"use one of: {', '.join(FORMATS)}",
        )
    if not Path(path).parent.is_dir():
        raise UsageError("no such folder", where=Path(path).parent, hint="make it first")
    return FORMATS[suffix]


def save(image: U8, path: str | Path) -> None:
    """Write a drawn picture; the extension says how.

    Args:
        image: uint8 (h, w, 3), RGB.
        path: ends in one of ``FORMATS``.

    Raises:
        UsageError: another extension.
        ObverseError: the file cannot be written.
    """
    kind = check_format(path)
    options = {"JPEG": JPEG, "WEBP": {"quality": 90}}.get(kind, {})
    with writing(path):
        Image.fromarray(image).save(path, kind, **options)


def jpeg(image: U8) -> bytes:
    """A picture, uint8 (h, w, 3) RGB, as ``save`` writes it as JPEG."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", **JPEG)
    return stream.getvalue()


def _line_height(size: int) -> int:
    return round(size * 1.36)


@lru_cache(maxsize=64)
def _bundled(size: int, strong: bool) -> Font:
    name = "Roboto-Medium.ttf" if strong else "Roboto-Regular.ttf"
    return ImageFont.truetype(io.BytesIO((FONTS / name).read_bytes()), size)


@lru_cache(maxsize=64)
def _enlarged(font: Font) -> Font:
    return font.font_variant(size=font.size * FINE)


@lru_cache(maxsize=64)
def _system(name: str, size: int) -> Font | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


@lru_cache(maxsize=512)
def _missing(font: Font, letters: str) -> int:
    """How many of the letters the font shows as its box for unknown ones."""
    box = bytes(font.getmask("\U0010ffff"))
    return sum(bytes(font.getmask(c)) == box for c in letters if not c.isspace())
