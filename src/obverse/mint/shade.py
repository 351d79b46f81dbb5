"""Light on metal: a height map becomes a picture.

The surface normals look up a "matcap", the picture of a small ball of the same metal in the same
light. It holds what makes metal look like metal: a wide reflection of the room, the bright spread
of a lamp and its dark opposite. The lamp moves, the coin tilts and turns; only the ball changes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from obverse.mint.clay import soften
from obverse.types import F32, F64

DEPTH = 0.085
"""Height of a relief of 1 in coin radii. Real coins have 0.01 to 0.03; the light in a matcap is
softer than a lamp, and this depth gives it the contrast of a photographed coin."""

_BALL = 128  # pixels a side of the matcap; its features are some 20 pixels wide


@dataclass(frozen=True, slots=True)
class Metal:
    """Linear RGB reflectance, and the colour of what settles in the recesses."""

    colour: tuple[float, float, float]
    toning: tuple[float, float, float]


METALS = {
    "gold": Metal((0.96, 0.62, 0.17), (0.34, 0.15, 0.03)),
    "silver": Metal((0.86, 0.85, 0.81), (0.13, 0.12, 0.13)),
    "copper": Metal((0.72, 0.30, 0.14), (0.15, 0.06, 0.03)),
    "bronze": Metal((0.46, 0.27, 0.13), (0.09, 0.07, 0.04)),
    "brass": Metal((0.80, 0.58, 0.22), (0.22, 0.14, 0.04)),
    "nickel": Metal((0.66, 0.65, 0.63), (0.13, 0.12, 0.11)),
    "zinc": Metal((0.42, 0.44, 0.46), (0.10, 0.11, 0.12)),
}
"""A bimetal coin is named ``ring/core``, as in ``brass/nickel``."""


@dataclass(frozen=True, slots=True)
class Light:
    """A lamp and the room around it.

    Attributes:
        azimuth: where the lamp stands, degrees counter-clockwise from x as seen in the picture.
        elevation: degrees above the picture plane.
        spread: angular width of the reflection, degrees; small is a bare bulb, large a window.
        room: how much light comes from everywhere, relative to the lamp, 0 to 1.
        near: how much the light's direction changes across the coin; 0 is a far lamp.
        warmth: colour of the lamp, -1 (blue) to 1 (yellow).
    """

    azimuth: float = 125.0
    elevation: float = 50.0
    spread: float = 28.0
    room: float = 0.45
    near: float = 0.10
    warmth: float = 0.0


@dataclass(frozen=True, slots=True)
class Finish:
    """The state of one specimen, all 0 to 1: worn heights, scratches, toning, dirt, gloss."""

    wear: float = 0.1
    scratches: float = 0.1
    toning: float = 0.2
    gloss: float = 0.5


def shade(relief: F32, metal: F32, toning: F32, light: Light, pose: F64, finish: Finish) -> F32:
    """A height map in its light.

    Args:
        relief: float32 (s, s), relative heights, already worn.
        metal, toning: float32 (s, s, 3) or (3,), linear RGB of the metal and of its recesses.
        pose: float64 (3, 3), rotation from the upright coin's frame (x right, y up, z to the
            viewer) to the camera's.
    Returns:
        float32 (s, s, 3), linear RGB, about 0 to 1, the coin upright and not yet tilted.
    """
    size = relief.shape[0]
    scale = DEPTH * size / 2
    dx = cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=3, scale=-scale / 8)
    dy = cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=3, scale=scale / 8)
    length = np.sqrt(dx * dx + dy * dy + 1)
    across = np.linspace(-1, 1, size, dtype=np.float32) * light.near
    nx, ny = dx / length + across[None, :], dy / length - across[:, None]
    half = _BALL / 2 / 1.3
    ball = _matcap(light, pose, finish.gloss)
    lit = cv2.remap(
        ball,
        nx * half + (_BALL / 2 - 0.5),
        -ny * half + (_BALL / 2 - 0.5),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    # Recesses see less of the room (occlusion) and keep toning; heights are rubbed bright.
    hollow = soften(relief, 0.012 * size) - relief + 0.5 * (soften(relief, 0.04 * size) - relief)
    occlusion = np.clip(1 - 1.1 * hollow, 0.45, 1.12)[..., None]
    tone = np.clip(finish.toning * (0.35 + 3.2 * hollow), 0, 0.85)[..., None]
    colour = metal * (1 - tone) + toning * tone
    # In the dark metal mirrors metal, and its colour deepens; highlights take the lamp's.
    dark = 0.6 * np.clip(1 - lit, 0, 1)[..., None]
    strongest = np.maximum(np.maximum(metal[..., :1], metal[..., 1:2]), metal[..., 2:])
    colour = colour * (1 - dark + dark * colour / strongest)
    glint = np.clip(lit - 0.9, 0, None)[..., None]
    warm = np.array([1 + 0.12 * light.warmth, 1.0, 1 - 0.22 * light.warmth], np.float32)
    shaded = (colour * lit[..., None] + 0.6 * glint) * occlusion * warm
    return np.asarray(shaded, np.float32)


def _matcap(light: Light, pose: F64, gloss: float) -> F32:
    """Brightness by normal, float32 (_BALL, _BALL); normals in the upright coin's frame."""
    axis = (np.arange(_BALL) + 0.5 - _BALL / 2) / (_BALL / 2) * 1.3
    x, y = np.meshgrid(axis, -axis)
    flat = np.minimum(np.hypot(x, y), 0.98)
    shrink = flat / np.maximum(np.hypot(x, y), 1e-9)
    normal = np.stack([x * shrink, y * shrink, np.sqrt(1 - flat**2)], -1) @ pose.T
    mirror = 2 * normal[..., 2:] * normal - (0, 0, 1)  # the viewer looks along -z
    a, e = math.radians(light.azimuth), math.radians(light.elevation)
    lamp = np.array([math.cos(a) * math.cos(e), math.sin(a) * math.cos(e), math.sin(e)])
    facing = np.clip(normal @ lamp, 0, 1)
    # The lamp's reflection spreads over the micro-roughness; a wider sheen lies around it.
    sharp = 1 / (2 * (1 - math.cos(math.radians(light.spread))))
    toward = mirror @ lamp - 1
    spot = np.exp(sharp * toward) + 0.4 * np.exp(0.25 * sharp * toward)
    # The room: bright overhead, dim at the horizon, dark where the lamp is not.
    back = 0.5 + 0.5 * (mirror @ np.array([math.cos(a), math.sin(a), 0.6])) / 1.17
    room = light.room * (0.12 + 0.88 * np.clip(back, 0, 1) ** 1.6)
    lit = room + (1 - light.room) * ((1.0 - 0.5 * gloss) * facing**2 + (0.55 + 0.9 * gloss) * spot)
    return np.asarray(lit, np.float32)


def develop(linear: F32, exposure: float = 1.0) -> F32:
    """Linear RGB to display RGB in 0..1: a soft shoulder for the highlights, then sRGB's gamma."""
    light = np.maximum(linear * exposure, 0)
    light = light * (1 + light * 0.35) / (1 + light * 0.8)
    return np.asarray(cv2.pow(light, 1 / 2.2), np.float32)
