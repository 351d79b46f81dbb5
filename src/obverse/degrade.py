"""What a real query suffers, imitated on a cut coin: from a clean scan to a hasty photo.

Training learns from such copies, and a catalogue's picture is asked with some of its own to see
what a photo of the thing can be expected to score (``verify/expected.py``).

In the order of the world: the coin wears, lies in another light, is held at a slant before some
ground, a small sensor with a cheap lens sees it, a file format forgets half of it, and the finder
is a little off. The result goes through the same light evening and unwrapping as any photo.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from obverse.normalise import SIZE, even_disc, filled
from obverse.types import F32, U8, Array, Patch

Rng = np.random.Generator
CUT = 272
"""Side of a cut coin in pixels: there is some ground around it."""
RADIUS = 112
"""Radius of the coin in a cut: one pixel for each column of the polar image."""


@dataclass(frozen=True, slots=True)
class Severity:
    """How hard it gets. All are standard deviations or chances unless said otherwise.

    Attributes:
        shift, scale, stretch: the finder's error: centre in radii, size and aspect as shares.
        tail: chance of a finder error three times as large.
        tilt: largest slant in degrees.
        wear, light, glare, shadow, tone: chances.
        smallest: smallest diameter of the coin in pixels; the largest is that of the cut.
        blur: largest Gaussian sigma, as a share of the diameter.
        noise: largest sigma of the sensor's noise, in grey levels.
    """

    shift: float = 0.012
    scale: float = 0.012
    stretch: float = 0.008
    tail: float = 0.12
    tilt: float = 50.0
    wear: float = 0.3
    light: float = 0.6
    glare: float = 0.35
    shadow: float = 0.4
    tone: float = 0.7
    smallest: int = 64
    blur: float = 0.014
    noise: float = 10.0


HARD = Severity()
MILD = Severity(
    shift=0.005, scale=0.006, stretch=0.003, tail=0.0, tilt=10.0, wear=0.0, light=0.2, glare=0.05,
    shadow=0.1, tone=0.3, smallest=128, blur=0.004, noise=4.0,
)  # fmt: skip


def degrade(coin: U8, rng: Rng, severity: Severity = HARD, turn: float = 0.0) -> U8:
    """One photo-like rendering of a cut coin, unwrapped: the polar image of ``snapped``, uint8
    (``ANGLES``, ``RADII``)."""
    return polar(snapped(coin, rng, severity, turn))


def snapped(coin: U8, rng: Rng, severity: Severity = HARD, turn: float = 0.0) -> U8:
    """One photo-like rendering of a cut coin.

    Args:
        coin: uint8 (``CUT``, ``CUT``), grey, the coin's rim at ``RADIUS`` pixels.
        rng: every random choice comes from it.
        severity: how hard it gets.
        turn: degrees counter-clockwise to turn the coin.

    Returns:
        Its patch, grey, uint8 (``SIZE``, ``SIZE``).
    """
    image: F32 = np.asarray(coin, np.float32)
    if rng.random() < severity.wear:
        image = _wear(image, rng)
    if rng.random() < severity.light:
        image = _relight(image, rng)
    if rng.random() < severity.tone:
        image = _tone(image, rng)
    image = _ground(image, rng)
    seen, back = _look(image, rng, severity, turn)
    pixels = _sense(_shine(seen, rng, severity), rng, severity)
    patch = cv2.warpPerspective(
        pixels, back, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(patch, np.uint8)


def hasty(disc: U8, rng: Rng, severity: Severity = HARD, turn: float = 0.0) -> Patch:
    """The patch of one photo-like rendering of a disc.

    Args:
        disc: uint8 (n, n, 3), RGB, the object's circle touching its sides.
        rng, severity, turn: as for ``snapped``.
    """
    grey = snapped(frame(cv2.cvtColor(disc, cv2.COLOR_RGB2GRAY)), rng, severity, turn)
    return filled(np.repeat(grey[..., None], 3, axis=2))


def clean(coin: U8, turn: float = 0.0) -> U8:
    """The cut coin as it is, turned and unwrapped: what a catalogue's view looks like."""
    m: Array = cv2.getRotationMatrix2D(((CUT - 1) / 2,) * 2, turn, SIZE / 2 / RADIUS)
    m[:, 2] += (SIZE - CUT) / 2
    patch = cv2.warpAffine(coin, m, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
    return polar(np.asarray(patch, np.uint8))


def polar(patch: U8) -> U8:
    """Even the light of a grey patch and unwrap it, as ``normalise.disc`` does."""
    _, unwrapped = even_disc(np.repeat(patch[..., None], 3, axis=2))
    return np.ascontiguousarray(unwrapped[..., 0])


def frame(disc: Array) -> U8:
    """A grey square that the coin touches, any size, as a cut: what lies around it is its edge."""
    shrunk = cv2.resize(disc, (2 * RADIUS, 2 * RADIUS), interpolation=cv2.INTER_AREA)
    edge = (CUT - 2 * RADIUS) // 2
    return np.asarray(
        cv2.copyMakeBorder(shrunk, edge, edge, edge, edge, cv2.BORDER_REPLICATE), np.uint8
    )


def _wear(image: F32, rng: Rng) -> F32:
    """Detail fades where a soft random mask says so, most at the rim or in the middle."""
    faded = cv2.GaussianBlur(image, (0, 0), rng.uniform(2.0, 7.0))
    where = _clouds(image.shape[0], rng, rng.uniform(0.1, 0.5))
    if rng.random() < 0.3:
        r = _radius(image.shape[0])
        where = np.maximum(where, np.clip((r - rng.uniform(0.75, 0.95)) * 8, 0, 1))
    return np.asarray(image + rng.uniform(0.4, 1.0) * where * (faded - image), np.float32)


def _relight(image: F32, rng: Rng) -> F32:
    """Another direction of light: slopes facing it brighten, those away from it darken."""
    sigma = rng.uniform(0.7, 3.0)
    soft = cv2.GaussianBlur(image, (0, 0), sigma)
    dx = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=0.25)
    dy = cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=0.25)
    towards = rng.uniform(0, 2 * math.pi)
    slope = math.cos(towards) * dx + math.sin(towards) * dy
    spread = float(image.std()) / max(float(slope.std()), 1e-3)
    keep = rng.uniform(0.0, 0.3) if rng.random() < 0.25 else rng.uniform(0.3, 1.0)
    mean = float(image.mean())
    mixed = mean + keep * (image - mean) + rng.uniform(0.2, 0.9) * spread * slope
    return np.asarray(mixed, np.float32)


def _tone(image: F32, rng: Rng) -> F32:
    """Another metal or another exposure: a smooth curve, seldom one that turns back (darkened
    ground, bright relief and the other way round)."""
    x = np.clip(image / 255.0, 0.0, 1.0)
    if rng.random() < 0.12:
        x = 1.0 - x
    if rng.random() < 0.2:
        fold = rng.uniform(0.25, 0.75)
        x = np.where(x < fold, x, fold - rng.uniform(0.2, 0.8) * (x - fold))
        x = (x - x.min()) / max(float(np.ptp(x)), 1e-3)
    x = np.clip(x, 1e-3, 1.0) ** math.exp(rng.normal(0.0, 0.45))
    contrast = rng.uniform(0.3, 1.3)
    level = rng.uniform(0.25, 0.75)
    return np.asarray(255.0 * (level + contrast * (x - x.mean())), np.float32)


def _ground(image: F32, rng: Rng) -> F32:
    """Something else lies around the coin: a level, a slope, a texture."""
    r = _radius(image.shape[0])
    level = rng.uniform(0, 255)
    yy, xx = _grid(image.shape[0])
    ground = level + rng.normal(0, 25) * xx + rng.normal(0, 25) * yy
    ground = ground + rng.uniform(0, 40) * (_clouds(image.shape[0], rng, 0.5) - 0.5)
    edge = np.clip((1.0 - r) * RADIUS + 0.5, 0.0, 1.0)
    if rng.random() < 0.5:  # the coin's shadow on one side, just outside the rim
        away = rng.uniform(0, 2 * math.pi)
        facing = (math.cos(away) * xx + math.sin(away) * yy) / np.maximum(np.hypot(xx, yy), 1e-3)
        near = np.exp(-np.maximum(r - 1.0, 0) * rng.uniform(8, 30))
        ground = ground * (1 - rng.uniform(0.2, 0.8) * np.clip(facing, 0, 1) * near)
    return np.asarray(ground + edge * (image - ground), np.float32)


def _look(image: F32, rng: Rng, severity: Severity, turn: float) -> tuple[F32, Array]:
    """The coin as a camera sees it at a slant, and the map (3, 3) from there back to the patch,
    with the finder's error in it."""
    low, high = math.log(severity.smallest), math.log(2 * RADIUS)
    across = math.exp(rng.uniform(low, high))
    size = round(across * CUT / (2 * RADIUS))
    tilt = math.radians(severity.tilt * rng.random() ** 1.5)
    axis = rng.uniform(0, math.pi)
    depth = rng.uniform(0.05, 0.3) * math.sin(tilt)  # coin's radius over the camera's distance
    centre = np.array([[1, 0, -(CUT - 1) / 2], [0, 1, -(CUT - 1) / 2], [0, 0, 1]]) / 1.0
    unit = np.diag([1 / RADIUS, 1 / RADIUS, 1.0]) @ centre
    turned = _turn(math.radians(turn))
    flat = np.diag([1.0, math.cos(tilt), 1.0])
    flat[2, 1] = depth
    pose = _turn(axis) @ flat @ _turn(-axis)
    frame = np.array(
        [[across / 2, 0, (size - 1) / 2], [0, across / 2, (size - 1) / 2], [0, 0, 1]], float
    )
    there = frame @ pose @ turned @ unit
    small: Array = image
    shrink = across / (2 * RADIUS)
    if shrink < 0.7:  # no aliasing: the lens averages what falls on one pixel
        small = cv2.GaussianBlur(image, (0, 0), 0.45 / shrink)
    seen = cv2.warpPerspective(
        small, there, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    # The finder fits the ellipse of the rim's image, then stretches it back to a circle.
    t = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    rim = pose @ np.stack([np.cos(t), np.sin(t), np.ones_like(t)])
    (cx, cy), (w, h), angle = cv2.fitEllipse((rim[:2] / rim[2]).T.astype(np.float32))
    off = 3.0 if rng.random() < severity.tail else 1.0
    cx += off * rng.normal(0, severity.shift)
    cy += off * rng.normal(0, severity.shift)
    grow = math.exp(off * rng.normal(0, severity.scale))
    wide = math.exp(off * rng.normal(0, severity.stretch))
    phi = math.radians(angle)
    undo = _turn(-phi) @ np.diag([2 * wide * grow / w, 2 * grow / (wide * h), 1.0]) @ _turn(phi)
    undo = undo @ np.array([[1, 0, -cx], [0, 1, -cy], [0, 0, 1]])
    patch = np.array(
        [[SIZE / 2, 0, (SIZE - 1) / 2], [0, SIZE / 2, (SIZE - 1) / 2], [0, 0, 1]], float
    )
    return np.asarray(seen, np.float32), patch @ undo @ np.linalg.inv(frame)


def _shine(image: F32, rng: Rng, severity: Severity) -> F32:
    """Glare adds, shadows multiply."""
    size = image.shape[0]
    yy, xx = np.mgrid[0 : 1 : size * 1j, 0 : 1 : size * 1j].astype(np.float32)
    if rng.random() < severity.shadow:
        towards = rng.uniform(0, 2 * math.pi)
        along = math.cos(towards) * (xx - rng.uniform(0.2, 0.8)) + math.sin(towards) * (
            yy - rng.uniform(0.2, 0.8)
        )
        image = image * (1 - rng.uniform(0.2, 0.75) / (1 + np.exp(-along * rng.uniform(4, 60))))
    for _ in range(int(rng.integers(1, 4)) if rng.random() < severity.glare else 0):
        x, y = rng.uniform(0.1, 0.9, 2)
        a, b = rng.uniform(0.03, 0.3, 2)
        spot = np.exp(-(((xx - x) / a) ** 2) - ((yy - y) / b) ** 2)
        image = image + rng.uniform(40, 200) * spot
    return np.asarray(image, np.float32)


def _sense(image: Array, rng: Rng, severity: Severity) -> U8:
    """Lens, sensor, file."""
    across = image.shape[0] * 2 * RADIUS / CUT
    sigma = severity.blur * across * rng.random() ** 2
    kind = rng.random()
    if sigma > 0.3 and kind < 0.7:
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    elif sigma > 0.3:  # the hand moved
        length = max(3, 2 * round(2 * sigma) + 1)
        kernel: Array = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1
        spin = cv2.getRotationMatrix2D(((length - 1) / 2,) * 2, rng.uniform(0, 180), 1.0)
        kernel = np.asarray(cv2.warpAffine(kernel, spin, (length, length)), np.float32)
        image = cv2.filter2D(image, -1, np.asarray(kernel / max(float(kernel.sum()), 1e-3)))
    elif rng.random() < 0.3:  # a phone's sharpening
        soft = cv2.GaussianBlur(image, (0, 0), 1.2)
        image = image + rng.uniform(0.3, 1.2) * (image - soft)
    noise = severity.noise * rng.random() ** 2
    grain = rng.standard_normal(image.shape, np.float32) * noise
    if rng.random() < 0.5:
        grain = cv2.GaussianBlur(grain, (0, 0), 0.7) * 1.8
    pixels = np.clip(image + grain, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        _, code = cv2.imencode(
            ".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))]
        )
        pixels = cv2.imdecode(code, cv2.IMREAD_GRAYSCALE)
    return np.asarray(pixels, np.uint8)


def _turn(radians: float) -> Array:
    """Counter-clockwise as seen, y down."""
    c, s = math.cos(radians), math.sin(radians)
    return np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]])


def _clouds(size: int, rng: Rng, coverage: float) -> F32:
    """Soft random patches, 0 to 1."""
    cells = int(rng.integers(3, 9))
    small = rng.random((cells, cells), np.float32)
    big = cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip((big - 1 + coverage) * 3 + 0.5, 0, 1), np.float32)


@lru_cache(maxsize=2)
def _grid(size: int) -> tuple[F32, F32]:
    """Rows and columns of a square as numbers from -1 to 1, float32 (size, size) each."""
    yy, xx = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
    return yy, xx


@lru_cache(maxsize=2)
def _radius(size: int) -> F32:
    """Distance from the centre in coin radii, float32 (size, size)."""
    c = (size - 1) / 2
    yy, xx = np.mgrid[0:size, 0:size]
    return np.asarray(np.hypot(xx - c, yy - c) / RADIUS, np.float32)
