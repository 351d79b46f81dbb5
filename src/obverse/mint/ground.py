"""What coins lie on in photos: wood, cloth, print, stone, leather, a desk, a hand.

Every ground is linear RGB reflectance, float32 (h, w, 3), about 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from obverse.mint.clay import Clay, soften
from obverse.mint.noise import clouds
from obverse.mint.shapes import curve, limb, ribbon
from obverse.types import F32, Array

Rng = np.random.Generator


def _tint(rng: Rng, *colours: tuple[float, float, float]) -> F32:
    """One of the colours, a little changed: in brightness more than in hue."""
    colour = np.array(colours[int(rng.integers(len(colours)))], np.float32)
    return (colour * rng.uniform(0.75, 1.2) * rng.uniform(0.95, 1.05, 3)).astype(np.float32)


def _turned(field: Array, turn: float, h: int, w: int) -> F32:
    """The middle of a larger square field turned by degrees, cut to (h, w)."""
    s = field.shape[0]
    m = cv2.getRotationMatrix2D((s / 2, s / 2), turn, 1.0)
    m[:, 2] += (w / 2 - s / 2, h / 2 - s / 2)
    cut = cv2.warpAffine(field, m, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(cut, np.float32)


def wood(h: int, w: int, rng: Rng) -> F32:
    """Planks or a table top, with grain, pores and joints."""
    s = int(math.hypot(h, w)) + 2
    y = np.linspace(0, 1, s, dtype=np.float32)[:, None] * np.ones((1, s), np.float32)
    planks = int(rng.integers(1, 5))
    board = np.floor(y * planks)
    shift = rng.uniform(0, 40, planks + 1).astype(np.float32)[board.astype(int)]
    bend = clouds(s, s, rng, 1.5, 3, 4.0)
    rings = np.sin((y + 0.05 * bend) * rng.uniform(40, 110) + shift)
    pores = clouds(s, s, rng, 60, 3, 18.0)
    tone = (
        1
        + 0.14 * rings
        + 0.09 * pores
        + 0.08 * clouds(s, s, rng, 3, 2, 3.0)
        + 0.02 * (shift - 20) / 4
    )
    if planks > 1:
        joint = np.abs(y * planks - np.round(y * planks)) * s / planks
        tone *= np.where((joint < 2) & (y * planks > 0.5), 0.45, 1.0)
    colour = _tint(
        rng,
        (0.42, 0.22, 0.10),
        (0.22, 0.11, 0.06),
        (0.55, 0.36, 0.20),
        (0.62, 0.50, 0.36),
        (0.12, 0.08, 0.06),
    )
    turn = float(rng.choice([0, 90])) + float(rng.uniform(-12, 12))
    return _turned(np.clip(tone, 0.1, 2), turn, h, w)[..., None] * colour


def cloth(h: int, w: int, rng: Rng) -> F32:
    """Woven cloth, plain, striped or checked, with soft folds."""
    s = int(math.hypot(h, w)) + 2
    line = np.arange(s, dtype=np.float32)
    thread = np.sin(math.pi / rng.uniform(4.0, 9.0) * line)
    noise = soften(rng.standard_normal((s, s // 2), dtype=np.float32), 0.4)
    weave = 1 + 0.16 * np.outer(thread, thread)
    weave += 0.09 * np.asarray(cv2.resize(noise, (s, s)), np.float32)
    weave *= 1 + 0.10 * clouds(s, s, rng, 2, 2, 2.5)
    colour = _tint(
        rng,
        (0.06, 0.08, 0.20),
        (0.35, 0.05, 0.06),
        (0.05, 0.20, 0.12),
        (0.50, 0.46, 0.38),
        (0.14, 0.14, 0.15),
        (0.02, 0.02, 0.025),
    )
    second = _tint(rng, (0.6, 0.55, 0.45), (0.4, 0.1, 0.1), (0.1, 0.15, 0.35), (0.1, 0.1, 0.1))
    stripe = 0.8 * (line % (step := rng.uniform(40, 130)) < step * 0.4).astype(np.float32)
    bands = {
        "plain": np.zeros((s, s), np.float32),
        "stripes": np.broadcast_to(stripe, (s, s)),
        "checks": 0.5 * (stripe[None, :] + stripe[:, None]),
    }[str(rng.choice(["plain", "stripes", "checks"]))]
    turn = float(rng.uniform(0, 90))
    light = _turned(weave, turn, h, w)[..., None]
    share = _turned(bands, turn, h, w)[..., None]
    return np.asarray((colour + (second - colour) * share) * light, np.float32)


def stone(h: int, w: int, rng: Rng) -> F32:
    """Granite or veined marble."""
    base = _tint(
        rng, (0.62, 0.60, 0.57), (0.30, 0.30, 0.31), (0.10, 0.10, 0.11), (0.45, 0.36, 0.30)
    )
    tone = 1 + 0.12 * clouds(h, w, rng, 3, 5)
    if rng.random() < 0.5:
        vein = np.exp(-8 * np.abs(clouds(h, w, rng, 2, 5)))
        tone = tone + float(rng.choice([-0.5, 0.35])) * vein
    else:
        speck = clouds(h, w, rng, 110, 2)
        tone = tone + 0.22 * np.clip(speck, -1.2, 2) + 0.5 * (speck > 2.0)
    return np.asarray(np.clip(tone, 0.05, 2.2)[..., None] * base, np.float32)


def leather(h: int, w: int, rng: Rng) -> F32:
    """Grained leather or felt."""
    grain = soften(np.abs(clouds(h, w, rng, 70, 2)), 0.8)
    tone = 0.75 + 0.25 * grain + 0.10 * clouds(h, w, rng, 2, 3)
    colour = _tint(
        rng, (0.20, 0.09, 0.05), (0.04, 0.04, 0.05), (0.08, 0.16, 0.10), (0.30, 0.05, 0.05)
    )
    return (np.clip(tone, 0.1, 2)[..., None] * colour).astype(np.float32)


def desk(h: int, w: int, rng: Rng) -> F32:
    """A plain surface with faint dust and smudges."""
    tone = (
        1 + 0.05 * clouds(h, w, rng, 2, 3) + 0.015 * rng.standard_normal((h, w), dtype=np.float32)
    )
    dust = (rng.random((h, w), dtype=np.float32) > 0.9996).astype(np.float32)
    tone = tone + 0.5 * soften(dust, 0.8)
    colour = _tint(
        rng,
        (0.75, 0.75, 0.73),
        (0.45, 0.47, 0.50),
        (0.07, 0.07, 0.08),
        (0.60, 0.52, 0.42),
        (0.28, 0.38, 0.45),
    )
    return np.asarray(tone[..., None] * colour, np.float32)


def print_(h: int, w: int, rng: Rng) -> F32:
    """A printed page lying at an angle, with headings, columns and a round seal or two."""
    s = int(math.hypot(h, w)) + 2
    page = Image.new("L", (s, s), 255)
    draw = ImageDraw.Draw(page)
    letters = "etaoinshrdlucmfwypvbgk"
    size = float(rng.uniform(14, 34))
    font = ImageFont.load_default(size)
    columns = int(rng.integers(1, 4))
    ink = int(rng.integers(20, 110))
    y = 0.0
    while y < s:
        heading = rng.random() < 0.06
        line = ImageFont.load_default(size * 1.7) if heading else font
        for c in range(columns):
            text = " ".join(
                "".join(
                    letters[i] for i in rng.geometric(0.14, int(rng.integers(2, 10))) % len(letters)
                )
                for _ in range(4 if heading else max(3, int(s / columns / size / 3.6)))
            )
            draw.text(
                (c * s / columns + 12, y),
                text.capitalize() if heading else text,
                fill=ink,
                font=line,
            )
        y += size * (2.4 if heading else 1.45)
    for _ in range(int(rng.integers(0, 3))):
        x, y = rng.uniform(0, s, 2)
        r = rng.uniform(0.05, 0.14) * s
        for k in (1.0, 0.86, 0.5):
            draw.ellipse((x - r * k, y - r * k, x + r * k, y + r * k), outline=ink, width=3)
    tone = np.asarray(page, np.float32) / 255
    paper = _tint(rng, (0.80, 0.78, 0.72), (0.78, 0.70, 0.55), (0.70, 0.72, 0.74))
    flat = _turned(0.06 + 0.94 * tone**1.6, float(rng.normal(0, 25)), h, w)
    return flat[..., None] * paper * (1 + 0.04 * clouds(h, w, rng, 2, 3))[..., None]


def hand(h: int, w: int, rng: Rng) -> F32:
    """A palm with fingers over a dark ground."""
    s = max(h, w)
    clay = Clay.blank(s).at(turn=float(rng.uniform(0, 360)), scale=1.15)
    clay.join([limb([(-0.7, -1.4, 0.9), (-0.1, -0.5, 0.98), (0.1, 0.2, 0.86)])], 1.0, 0.5)
    for k in range(4):
        x = -0.62 + 0.42 * k
        lean = 0.10 * (k - 1.5) + float(rng.uniform(-0.05, 0.05))
        finger = [(x, 0.25, 0.235), (x + lean, 0.95, 0.215), (x + 2 * lean, 1.7, 0.19)]
        clay.over([limb(finger)], 0.75, 0.2, keep=0.35)
        clay.cut(
            [ribbon([(x - 0.18, y), (x + 0.18, y + 0.02)], 0.02) for y in (0.66, 0.70, 1.15)],
            0.06,
            0.02,
        )
    clay.over(
        [limb([(0.6, -0.7, 0.42), (1.05, -0.15, 0.28), (1.25, 0.45, 0.22)])], 0.7, 0.3, keep=0.5
    )
    for path in (
        [(-0.8, 0.0), (-0.2, 0.12), (0.5, 0.02)],
        [(0.7, 0.1), (0.1, -0.15), (-0.6, -0.5)],
        [(0.6, 0.12), (0.2, -0.3), (0.25, -0.9)],
    ):
        clay.cut([ribbon(curve(path), [0.01, 0.03, 0.01])], 0.08, 0.02)
    height = soften(clay.height, 2.0)[:h, :w]
    skin = np.clip(height * 6, 0, 1)[..., None]
    dx, dy = cv2.Sobel(height, cv2.CV_32F, 1, 0), cv2.Sobel(height, cv2.CV_32F, 0, 1)
    lit = np.clip(0.85 - 0.035 * s * (dx * 0.6 + dy * 0.6) / 8, 0.35, 1.25)
    pores = 1 + 0.03 * clouds(h, w, rng, 90, 2) + 0.06 * clouds(h, w, rng, 5, 3)
    colour = _tint(
        rng, (0.62, 0.36, 0.26), (0.70, 0.45, 0.34), (0.36, 0.19, 0.12), (0.16, 0.08, 0.05)
    )
    red = np.array([1.0, 0.86, 0.84], np.float32)
    flesh = (lit * pores)[..., None] * colour * np.where(lit[..., None] < 0.75, red, 1.0)
    behind = leather(h, w, rng) * 0.6
    return (flesh * skin + behind * (1 - skin)).astype(np.float32)


GROUNDS: dict[str, Callable[[int, int, Rng], F32]] = {
    "wood": wood,
    "cloth": cloth,
    "stone": stone,
    "leather": leather,
    "desk": desk,
    "print": print_,
    "hand": hand,
}
