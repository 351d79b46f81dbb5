"""Is the photo good enough? What is wrong with it, and one line of advice for each.

Every measure has a unit that a photographer knows. Its limit is where photos made worse in that
one respect begin to be answered wrongly: ``benchmarks/quality.py`` finds it and writes
``models/quality.json``. Advice never changes an answer. All of it is measured on round things; a
region without an ellipse is not judged.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from obverse import shipped
from obverse.types import F32, Array, Ellipse, Issue, Patch, Photo

INNER = 0.93
"""Radius within which blur is measured: the rim is an edge against the ground, no detail."""
NARROW, WIDE = 2.0, 4.0
"""Standard deviations of the two filters that blur is measured with, in patch pixels. Narrower
ones take the sensor's noise for sharpness."""
OWN = 4 * 2 / 12
"""Variance in patch pixels that halving the picture and taking differences add: a box of one
halved pixel each."""
BURNT = 250
"""Grey level from which a pixel is burnt out."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured, in which unit, which side of the limit is wrong, and what to do."""

    what: str
    unit: str
    worse: int
    advice: str


MEASURES = {
    "not found": Measure(
        "found",
        "how sure the finder is, 0 to 1",
        -1,
        "no round object was found: lay it on a plain ground, in focus, a third of the picture",
    ),
    "cut off": Measure(
        "cut_off",
        "share of the face beyond the picture's edge",
        1,
        "the rim is cut off: move back until the whole object is in the picture",
    ),
    "covered": Measure(
        "covered",
        "share of the face under something else",
        1,
        "something lies over the object, or another overlaps it: lay it free",
    ),
    "too small": Measure(
        "diameter",
        "diameter in pixels of the picture",
        -1,
        "the object is small in the picture: go closer, or zoom in",
    ),
    "oblique": Measure(
        "slant",
        "degrees between the face and the picture",
        1,
        "the object is seen at a slant: hold the camera straight above it",
    ),
    "too dark": Measure(
        "light",
        "median grey level of the face, 0 to 255",
        -1,
        "the object is too dark: take more light, or tap on it to expose for it",
    ),
    "too bright": Measure(
        "light",
        "median grey level of the face, 0 to 255",
        1,
        "the object is too bright: take less light, or tap on it to expose for it",
    ),
    "glare": Measure(
        "glare",
        "share of the face that is burnt out",
        1,
        "light is mirrored in the object: turn it a little, or move the lamp",
    ),
    "blurred": Measure(
        "blur",
        "width of the blur (standard deviation) as a share of the diameter",
        1,
        "the photo is blurred: hold still, or tap to focus",
    ),
}
"""In the order in which they are told: what to mend first comes first."""
EXPLAINED = {
    "not found": set(MEASURES),
    "too small": {"blurred", "not found"},
    "too bright": {"glare"},
}
"""What an issue explains and therefore is not told beside it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limit of every measure, and the card: which photos they were found on, and how."""

    values: Mapping[str, float]
    card: Mapping[str, Any]


@lru_cache(maxsize=1)
def limits() -> Limits:
    """The limits that the package ships. Raises ``ModelError`` if they cannot be read."""
    return shipped.read("quality.json", "the card of photo quality", _limits)


def _limits(text: bytes) -> Limits:
    data = json.loads(text)
    return Limits({name: float(data["limits"][name]) for name in MEASURES}, data["card"])


def check(photo: Photo, patch: Patch) -> tuple[Issue, ...]:
    """What is wrong with the photo of this patch; empty if nothing is, or if it shows no disc.

    Raises:
        ModelError: the shipped limits cannot be read.
    """
    return judge(measure(photo, patch), limits().values)


def judge(measured: Mapping[str, float], values: Mapping[str, float]) -> tuple[Issue, ...]:
    """The measures that lie past their limits, without those that another one explains."""
    told: list[Issue] = []
    for name, value in measured.items():
        m = MEASURES[name]
        past = m.worse * (value - values[name]) > 0
        if past and not any(name in EXPLAINED.get(i.name, ()) for i in told):
            told.append(Issue(name, value, values[name], m.unit, m.advice))
    return tuple(told)


def by_what(measured: Mapping[str, float]) -> dict[str, float]:
    """What ``measure`` gives, by what is measured instead of what may be wrong with it."""
    return {MEASURES[name].what: value for name, value in measured.items()}


def measure(photo: Photo, patch: Patch) -> dict[str, float]:
    """Every measure of ``MEASURES``, in its unit, in that order.

    Only ``not found`` where the whole picture stands in, after ``too small`` where nothing in it
    could be large enough; none for a region without an ellipse.
    """
    region = patch.region
    if region.whole:
        if region.finder == "whole":
            return {}
        across = min(photo.width, photo.height) * photo.scale
        small = {"too small": across} if across < limits().values["too small"] else {}
        return {**small, "not found": region.score}
    if region.ellipse is None:
        return {}
    e = region.ellipse
    grey = cv2.cvtColor(patch.original, cv2.COLOR_RGB2GRAY)
    beyond = outside(e, photo.width, photo.height)
    face = grey[_radius(grey.shape[0]) < 1]
    return {
        "not found": region.score,
        "cut off": beyond,
        "covered": max(0.0, 1 - region.seen - beyond),
        "too small": 2 * math.sqrt(e.a * e.b) * photo.scale,
        "oblique": math.degrees(math.acos(min(1.0, e.b / e.a))),
        "too dark": float(np.median(face)),
        "too bright": float(np.median(face)),
        "glare": float((face >= BURNT).mean()),
        "blurred": blur(grey) / grey.shape[0],
    }


def outside(ellipse: Ellipse, width: int, height: int) -> float:
    """Share of an ellipse's area beyond a picture's edges, 0 to 1, to a thousandth."""
    centre = np.array([ellipse.cx, ellipse.cy])
    rings = np.sqrt((np.arange(16) + 0.5) / 16)  # each stands for the same area
    x, y = (centre + rings[:, None, None] * (ellipse.points(64) - centre)).reshape(-1, 2).T
    within = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    return 1 - float(within.mean())


def blur(grey: Array) -> float:
    """Standard deviation of the blur of a disc's picture in pixels, in the worst of four
    directions, so that a shaken hand counts as much as a lens out of focus.

    Relief has detail at every scale, so its slope is roughly white noise, and a blur of standard
    deviation s leaves 1 / s^2 of its energy along that direction. Two more blurs give two
    equations, and their ratio gives s, whatever the contrast; 0 where the picture is sharper yet.
    That is exact for motion; blur that is the same in all directions reads a quarter too wide.

    Args:
        grey: uint8 (s, s), the disc touches the sides.
    """
    half = grey.shape[0] // 2
    small = cv2.resize(grey, (half, half), interpolation=cv2.INTER_AREA).astype(np.float32)
    middle = ((half - 1) / 2,) * 2
    slanted = cv2.warpAffine(small, cv2.getRotationMatrix2D(middle, 45, 1.0), (half, half))
    shown = (_radius(half) < INNER)[:, 1:]
    squares = [_square(p, shown) for q in (small, slanted) for p in (q, np.ascontiguousarray(q.T))]
    return 2 * math.sqrt(max(0.0, *squares))


def _square(picture: Array, shown: Array) -> float:
    """The blur's variance along x, in pixels, from the rows of a picture at half its size."""
    narrow, wide = (_slope(picture, shown, sigma / 2) for sigma in (NARROW, WIDE))
    ratio = narrow / max(wide, 1e-6)
    if ratio <= 1:
        return float(picture.shape[0] ** 2)
    return ((WIDE**2 - ratio * NARROW**2) / (ratio - 1) - OWN) / 4


def _slope(picture: Array, shown: Array, sigma: float) -> float:
    """Energy of the slope along x after a blur along x."""
    soft = cv2.GaussianBlur(picture, (4 * round(2 * sigma) + 1, 1), sigma)
    return float(np.square((soft[:, 1:] - soft[:, :-1])[shown]).sum())


@lru_cache(maxsize=4)
def _radius(size: int) -> F32:
    """Distance from the centre in radii, float32 (size, size)."""
    line = np.arange(size, dtype=np.float32) - np.float32((size - 1) / 2)
    return np.asarray(np.hypot(line[:, None], line) / (size / 2), np.float32)
