"""Minted coins to learn from: specimens of made-up designs, each in its own light and wear.

They teach what real collections seldom show: the same relief under another light, with everything
else known.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import cv2
import numpy as np

from obverse.degrade import CUT, frame
from obverse.mint import CoinType, coin_type
from obverse.mint.photo import pose_of
from obverse.mint.render import render
from obverse.mint.shade import Finish, Light, develop
from obverse.train.pictures import Cuts, Picture
from obverse.types import U8

SIDES = ("obverse", "reverse")
SPECIMENS = 6


def minted(types: int, cache: Path, *, specimens: int = SPECIMENS, seed: int = 1000) -> Cuts:
    """Cuts of ``2 * types * specimens`` minted faces; the item is the type and side.

    Args:
        types: how many coin types.
        cache: a folder for the result: the same coins are struck once.
        specimens: pictures of each side.
        seed: of the types; ``obverse mint`` starts at 0, so its sample coins stay unseen.
    """
    path = cache / f"minted-{seed}-{types}-{specimens}-{CUT}.npz"
    names = [(i, side, k) for i in range(types) for side in SIDES for k in range(specimens)]
    if not path.exists():
        images = []
        for i in range(types):
            coin = coin_type(seed, i)
            images += [_strike(coin, side, k) for side in SIDES for k in range(specimens)]
            if i % 20 == 19 or i + 1 == types:
                print(f"{i + 1}/{types} types minted", file=sys.stderr)
        cache.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".tmp.npz")
        np.savez(beside, images=np.stack(images))
        beside.replace(path)
    pictures = [
        Picture(Path(f"minted/{seed}-{i:04d}-{side}-{k}"), f"minted-{seed}-{i:04d}-{side}")
        for i, side, k in names
    ]
    with np.load(path) as stored:
        return Cuts(stored["images"], pictures)


def _strike(coin: CoinType, side: str, specimen: int) -> U8:
    rng = np.random.default_rng([coin.seed, coin.index, specimen, 31 + (side != "obverse")])
    wear = float(rng.beta(1.2, 2.2))
    light = Light(
        azimuth=float(rng.uniform(0, 360)),
        elevation=float(rng.uniform(25, 70)),
        spread=float(rng.uniform(14, 40)),
        room=float(rng.uniform(0.2, 0.6)),
        near=float(rng.uniform(0.0, 0.3)),
    )
    finish = Finish(
        wear,
        float(rng.uniform(0.0, 0.25) + 0.5 * wear),
        float(rng.beta(1.5, 2.5)),
        float(rng.uniform(0.2, 1.0)),
    )
    tilt = float(rng.uniform(0, 35)) * float(rng.choice([-1, 1]))
    pose = pose_of(float(rng.uniform(0, 180)), tilt, 0.0)
    year = int(rng.choice(coin.years))
    face = render(coin, side, year, light, finish, rng, pose=pose)
    pixels = np.clip(develop(face, math.exp(rng.normal(0, 0.3))), 0, 1) * 255
    grey = cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_RGB2GRAY)
    return frame(grey)
