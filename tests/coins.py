"""Round test pictures with exact geometry, made on the spot."""

from __future__ import annotations

import math

import cv2
import numpy as np

from obverse.normalise import SIZE
from obverse.types import U8, Ellipse, Photo, Region


def face(seed: int, size: int = 512) -> U8:
    """A random design without any symmetry on a disc that touches the sides; RGB."""
    rng = np.random.default_rng(seed)
    image = np.full((size, size, 3), 150, np.uint8)
    for _ in range(26):
        r, t = size * 0.42 * math.sqrt(rng.random()), rng.random() * 2 * math.pi
        centre = (int(size / 2 + r * math.cos(t)), int(size / 2 - r * math.sin(t)))
        grey = int(rng.choice([60, 90, 200, 235]))
        reach = int(size * rng.uniform(0.03, 0.09))
        kind = rng.integers(4)
        if kind == 0:
            cv2.circle(image, centre, reach, (grey,) * 3, -1, cv2.LINE_AA)
        elif kind == 1:
            axes = (reach, max(2, reach // 3))
            cv2.ellipse(image, centre, axes, rng.uniform(0, 180), 0, 360, (grey,) * 3, -1, 16)
        elif kind == 2:
            text = str(rng.integers(10, 99))
            cv2.putText(image, text, centre, 0, reach / 18, (grey,) * 3, 3, cv2.LINE_AA)
        else:
            end = (centre[0] + int(rng.integers(-reach, reach)), centre[1] + reach)
            cv2.line(image, centre, end, (grey,) * 3, max(2, reach // 6), cv2.LINE_AA)
    return image


def square(seed: int) -> U8:
    """A coin that fills a square of the size of a patch."""
    coin = cv2.resize(face(seed), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return np.asarray(coin, np.uint8)


def turned(image: U8, degrees: float) -> U8:
    """The picture turned counter-clockwise about its centre."""
    size = image.shape[0]
    matrix = cv2.getRotationMatrix2D(((size - 1) / 2, (size - 1) / 2), degrees, 1.0)
    out = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_CUBIC, borderValue=(150,) * 3)
    return np.asarray(out, np.uint8)


def photo_of(pixels: U8, *, full: tuple[int, int] | None = None) -> Photo:
    """A ``Photo`` of pixels; ``full`` is its (width, height) before a reduced decode."""
    width, height = full or (pixels.shape[1], pixels.shape[0])
    return Photo(pixels, width, height, "", "<test>")


def whole_disc(photo: Photo) -> Region:
    """The disc inscribed in a square photo."""
    half = photo.width / 2
    return Region(
        box=(0.0, 0.0, float(photo.width), float(photo.height)),
        score=1.0,
        ellipse=Ellipse(half - 0.5, half - 0.5, half, half),
    )
