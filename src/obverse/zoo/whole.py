"""Descriptors of the picture as a whole, in a few lines each: histograms, moments, patterns,
gradients, a hash.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np

from obverse import zoo
from obverse.errors import UsageError
from obverse.types import F32, U8, Array
from obverse.verify.texture import RINGS, patterns

HSV_BINS = (8, 12, 3)
"""Of hue, saturation and value: the first two carry the colour, the last mostly the light."""
LBP_SIDE = 128
"""Longer side in pixels at which patterns are counted: finer ones show noise."""
HOG_SIDE = 128
"""Pixels; cells of 16, blocks of 2 x 2 cells, 9 orientations: 1,764 numbers."""
HASH_SIDE, HASH_BITS = 32, 8
"""The cosine transform of 32 x 32 pixels, of which the lowest 8 x 8 frequencies count."""


class Whole:
    """A function of one picture under a name.

    Args:
        one: uint8 (h, w, 3) -> (dim,).
        dim: how many numbers it gives.
    """

    def __init__(self, name: str, dim: int, one: Callable[[U8], Array]) -> None:
        self.name, self.dim, self._one = name, dim, one
        self.fingerprint = zoo.fingerprint([name, dim, 1])

    def describe(self, images: Sequence[U8]) -> F32:
        """Rows of unit length, float32 (n, dim)."""
        rows = [self._one(image).astype(np.float64) for image in images]
        return zoo.unit(np.reshape(rows, (len(rows), self.dim)))


def get(name: str) -> Whole:
    """One of ``hist-gray-N``, ``hist-hsv``, ``moments``, ``lbp``, ``hog``, ``phash``. Raises
    ``UsageError`` for more bins than there are levels of grey."""
    if name.startswith("hist-gray-"):
        bins = int(name.removeprefix("hist-gray-"))
        if not 2 <= bins <= 256:
            raise UsageError(f"{bins} bins of grey", hint="name 2 to 256: hist-gray-256")
        return Whole(name, bins, partial(grey_histogram, bins=bins))
    dim, one = _OTHERS[name]
    return Whole(name, dim, one)


def grey_histogram(image: U8, bins: int = 256) -> F32:
    """How many pixels have each level of grey, float32 (bins,)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.calcHist([grey], [0], None, [bins], [0, 256]).ravel(), np.float32)


def colour_histogram(image: U8) -> F32:
    """How many pixels are in each cell of hue, saturation and value, float32 (288,)."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1, 2], None, list(HSV_BINS), [0, 180, 0, 256, 0, 256])
    return np.asarray(counts.ravel(), np.float32)


def moments(image: U8) -> Array:
    """Mean, standard deviation and cube root of the third moment of each channel of CIELAB
    (Stricker and Orengo, 1995), float64 (9,); a neutral mid-grey is the origin."""
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    values = (lab - (50.0, 0.0, 0.0)).astype(np.float64)
    mean = values.mean(axis=0)
    off = values - mean
    return np.concatenate([mean, off.std(axis=0), np.cbrt((off * off * off).mean(axis=0))])


def pattern_histogram(image: U8) -> Array:
    """Square roots of the shares of uniform, rotation-invariant local binary patterns (Ojala,
    Pietikäinen and Mäenpää, 2002) at three radii, float64 (54,)."""
    grey = _fit(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), LBP_SIDE)
    parts = []
    for samples, radius in RINGS:
        codes = patterns(grey, samples, radius).ravel()
        parts.append(np.bincount(codes, minlength=samples + 2) / codes.size)
    return np.sqrt(np.concatenate(parts))


def gradients(image: U8) -> Array:
    """Histograms of oriented gradients (Dalal and Triggs, 2005) of the picture squeezed into a
    square, float64 (1764,)."""
    from skimage.feature import hog

    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (HOG_SIDE, HOG_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(hog(small, 9, (16, 16), (2, 2)), np.float64)


def hash_bits(image: U8) -> Array:
    """The perceptual hash (Zauner, 2010) as signs, int8 (64,): which of the lowest frequencies of
    the cosine transform are above their median. Bits that differ are (1 - cosine) / 2 of all."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    small = cv2.resize(grey, (HASH_SIDE, HASH_SIDE), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small)[:HASH_BITS, :HASH_BITS].ravel()
    return np.where(low > np.median(low), 1, -1).astype(np.int8)


def _fit(grey: Array, side: int) -> Array:
    """Shrunk so that the longer side is no longer than this."""
    scale = side / max(grey.shape)
    if scale >= 1:
        return grey
    h, w = (max(1, round(n * scale)) for n in grey.shape)
    return cv2.resize(grey, (w, h), interpolation=cv2.INTER_AREA)


_OTHERS: dict[str, tuple[int, Callable[[U8], Array]]] = {
    "hist-hsv": (int(np.prod(HSV_BINS)), colour_histogram),
    "moments": (9, moments),
    "lbp": (sum(samples + 2 for samples, _ in RINGS), pattern_histogram),
    "hog": (1764, gradients),
    "phash": (HASH_BITS**2, hash_bits),
}
