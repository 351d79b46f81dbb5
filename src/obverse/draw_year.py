"""A date drawn: where it stands on an object in a photo, and what it says."""

from __future__ import annotations

import numpy as np

from obverse import canvas
from obverse.canvas import GOLD, INK, LINE, Canvas
from obverse.draw_parts import PHOTO_SIDE, badge, date_box, fitted, rim
from obverse.types import U8, Photo, Region, YearReading
from obverse.words import percent


def year(photo: Photo, region: Region, reading: YearReading | None) -> U8:
    """The photo with the object's rim, the date in a box, and what it says."""
    image, factor = fitted(photo, PHOTO_SIDE, PHOTO_SIDE)
    width = max(2, round(max(image.shape[:2]) / 400))
    rim(image, region, factor, LINE, width)
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
    badge(sheet, region, factor, words, GOLD if reading else INK)
    return sheet.pixels
