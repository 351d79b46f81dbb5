"""One specimen in one light, and the clean scans of a catalogue."""

from __future__ import annotations

import math

import cv2
import numpy as np

from obverse.mint.clay import soften
from obverse.mint.design import CoinType
from obverse.mint.noise import clouds
from obverse.mint.relief import CORE, relief
from obverse.mint.rim import grid
from obverse.mint.shade import METALS, Finish, Light, develop, shade
from obverse.mint.wear import scratch, wear_down
from obverse.types import F32, F64, U8, Array

FACE = 608
"""Pixels across a modelled face: a coin is 390 to 700 pixels across in a photo."""

_PAPER = 1.15  # linear grey of the sheet under a scan


def render(
    coin: CoinType,
    side: str,
    year: int,
    light: Light,
    finish: Finish,
    rng: np.random.Generator,
    *,
    pose: F64 | None = None,
) -> F32:
    """A specimen's face, upright: linear RGB, float32 (FACE, FACE, 3). Outside the outline it goes
    on as some metal; use ``Outline.room`` to cut it out.

    Args:
        pose: rotation from the coin's frame to the camera's, see ``shade.shade``.
    """
    height = wear_down(relief(coin, side, year, FACE), finish.wear, rng)
    height = scratch(height, finish.scratches, rng)
    colour, toning = _metal(coin, FACE, finish, rng)
    return shade(height, colour, toning, light, np.eye(3) if pose is None else pose, finish)


def _metal(coin: CoinType, size: int, finish: Finish, rng: np.random.Generator) -> tuple[F32, F32]:
    """Colour and toning maps, float32 (s, s, 3): the metal, its core, and uneven tarnish."""
    names = coin.metal.split("/")
    first = METALS[names[0]]
    colour: Array = np.array(first.colour, np.float32)
    toning: Array = np.array(first.toning, np.float32)
    if len(names) == 2:
        core = METALS[names[1]]
        x, y = grid(size)
        inside = np.clip((CORE - np.hypot(x, y)) * size / 2 + 0.5, 0, 1)[..., None]
        colour = colour + (np.array(core.colour, np.float32) - colour) * inside
        toning = toning + (np.array(core.toning, np.float32) - toning) * inside
    patches = np.clip(0.5 + 0.5 * clouds(size, size, rng, 2.5, 3), 0, 1)[..., None]
    tarnish = 0.55 * finish.toning * patches
    colour = colour * (1 - tarnish) + (0.55 * toning + 0.35 * colour) * tarnish
    return np.asarray(colour, np.float32), np.asarray(toning, np.float32)


def scan(
    coin: CoinType,
    side: str,
    *,
    year: int | None = None,
    size: int = 480,
    wear: float = 0.1,
    seed: int = 0,
) -> U8:
    """A clean picture of one side, upright on white, as catalogues show it.

    Args:
        side: ``obverse`` or ``reverse``.
        year: default the first year of the type.
        size: pixels a side; the coin fills 94 % of it.
        wear: 0 to 1.
        seed: which specimen.
    Returns:
        uint8 (size, size, 3), RGB.
    """
    rng = np.random.default_rng([coin.seed, coin.index, seed, 11 + (side != "obverse")])
    light = Light(
        azimuth=float(rng.uniform(100, 140)),
        elevation=float(rng.uniform(42, 52)),
        spread=22.0,
        room=0.38,
        near=0.12,
    )
    finish = Finish(
        wear, 0.04 + 0.3 * wear, float(rng.uniform(0.15, 0.5)), float(rng.uniform(0.6, 1.0))
    )
    across = round(size * 0.94)
    face = render(coin, side, coin.years[0] if year is None else year, light, finish, rng)
    how = cv2.INTER_AREA if across <= FACE else cv2.INTER_CUBIC
    face = np.asarray(cv2.resize(face, (across, across), interpolation=how), np.float32)
    alpha = np.clip(coin.outline.room(*grid(across)) * across / 2 + 0.5, 0, 1)
    sheet = np.full((size, size, 3), _PAPER, np.float32)
    at = (size - across) // 2
    box = slice(at, at + across)
    cover = np.zeros((size, size), np.float32)
    cover[box, box] = alpha
    drop = round(0.008 * size)
    a = math.radians(light.azimuth)
    shadow = np.roll(
        soften(cover, 0.012 * size), (round(drop * math.sin(a)), -round(drop * math.cos(a))), (0, 1)
    )
    sheet *= (1 - 0.5 * shadow)[..., None]
    cut = alpha[..., None]
    sheet[box, box] = sheet[box, box] * (1 - cut) + face * cut
    return np.round(np.clip(develop(sheet, 1.2), 0, 1) * 255).astype(np.uint8)
