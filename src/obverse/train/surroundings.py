"""What coins lie on and among in composed photos: grounds, things, and what may pass for a coin."""

from __future__ import annotations

import cv2
import numpy as np

from obverse.mint.ground import GROUNDS
from obverse.train import scenery
from obverse.train.layout import oblique
from obverse.train.sources import Sources
from obverse.types import F32, U8, Array

Rng = np.random.Generator


def ground(sources: Sources, rng: Rng, size: int, *, augment: bool) -> F32:
    """A random crop of a random ground; without photographs, a drawn one."""
    if not sources.grounds or (augment and rng.random() < 0.12):
        pixels = _drawn(rng, size)
    else:
        pixels = sources.grounds[int(rng.integers(len(sources.grounds)))]
    h, w = pixels.shape[:2]
    side = float(np.exp(rng.uniform(np.log(0.3), 0))) * min(h, w)
    zoom = size / side
    turn = rng.uniform(0, 360) if augment and rng.random() < 0.5 else 0.0
    if zoom < 0.7:
        step = zoom / 0.7
        pixels = np.asarray(
            cv2.resize(pixels, None, fx=step, fy=step, interpolation=cv2.INTER_AREA), np.uint8
        )
        h, w, side = pixels.shape[0], pixels.shape[1], side * step
        zoom = size / side
    middle = rng.uniform((side / 2, side / 2), (w - side / 2 + 1e-3, h - side / 2 + 1e-3))
    matrix = np.asarray(cv2.getRotationMatrix2D(middle.tolist(), turn, zoom), np.float64)
    matrix[:, 2] += size / 2 - middle
    out = cv2.warpAffine(pixels, matrix, (size, size), borderMode=cv2.BORDER_REFLECT_101)
    if not augment:
        return np.asarray(out, np.float32)
    if rng.random() < 0.5:
        out = out[:, ::-1]
    scene = scenery.jitter(np.ascontiguousarray(out), rng)
    if rng.random() < 0.25:
        blur = float(np.exp(rng.uniform(-0.7, 1.5)))
        scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), blur), np.float32)
    return scene


def _drawn(rng: Rng, size: int) -> U8:
    """A plain sheet, or one of the mint's grounds."""
    if rng.random() < 0.6:
        grain = 4 * scenery.blobs((size, size), rng, int(rng.integers(2, 40)))
        return np.clip(rng.uniform(0, 255, 3) + grain[..., None], 0, 255).astype(np.uint8)
    names = [n for n in sorted(GROUNDS) if n != "hand"]
    linear = GROUNDS[names[int(rng.integers(len(names)))]](size, size, rng)
    return (np.clip(linear, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def clutter(scene: F32, sources: Sources, rng: Rng, *, held: bool, skin: Array) -> None:
    """Things beside and below the coins."""
    h, w = scene.shape[:2]
    chance = rng.random()
    if chance < 0.14:
        scenery.fruit(scene, rng, int(rng.integers(3, 30)))
    elif chance < 0.34 and sources.things:
        few = [sources.things[int(i)] for i in rng.integers(len(sources.things), size=2)]
        size = float(np.exp(rng.uniform(np.log(0.08), np.log(0.6))))
        for _ in range(int(np.clip(rng.uniform(0.5, 1.6) / size**1.5, 3, 24))):
            _lay_thing(scene, few[int(rng.integers(2))], rng, 0.8 * size, 1.25 * size)
    elif chance < 0.38:
        scenery.blister(scene, rng)
    elif chance < 0.5 and held:
        scenery.hand(scene, rng, skin)
    for _ in range(int(rng.integers(1, 5)) if rng.random() < 0.4 else 0):
        if sources.things and rng.random() < 0.5:
            thing = sources.things[int(rng.integers(len(sources.things)))]
            _lay_thing(scene, thing, rng, 0.05, 0.5)
        else:
            r = float(np.exp(rng.uniform(np.log(0.03), np.log(0.6)))) * w
            matrix = oblique(rng, r, rng.uniform((0, 0), (w, h)), 45)
            scenery.rings(scene, rng, matrix)


def decoy(scene: F32, sources: Sources, rng: Rng, skin: Array) -> None:
    """Something round in the middle, as the second pass would be asked about it."""
    h, w = scene.shape[:2]
    chance, r = rng.random(), rng.uniform(0.15, 0.42) * w
    centre = np.array([w, h]) / 2 + rng.normal(0, 0.05 * w, 2)
    if chance < 0.45 and sources.things:
        thing = sources.things[int(rng.integers(len(sources.things)))]
        _lay_thing(scene, thing, rng, 2 * r / w, 2.2 * r / w, centre)
    elif chance < 0.65:
        scenery.fruit(scene, rng, int(rng.integers(1, 4)), at=centre, radius=r)
    elif chance < 0.8:
        a = rng.uniform(0, 2 * np.pi)
        root = centre + 2 * w * np.array([np.cos(a), np.sin(a)])
        scenery.finger(scene, rng, centre, root, 0.8 * r, skin)
    else:
        scenery.rings(scene, rng, oblique(rng, r, centre, 45))


def _lay_thing(
    scene: F32, thing: U8, rng: Rng, smallest: float, largest: float, at: Array | None = None
) -> None:
    h, w = scene.shape[:2]
    size = float(np.exp(rng.uniform(np.log(smallest), np.log(largest)))) * w
    at = rng.uniform((0, 0), (w, h)) if at is None else at
    th, tw = thing.shape[:2]
    seen = scenery.window(scene, np.column_stack([np.eye(2) * size / 2, at]), 1.5)
    if seen is None:
        return
    here, local = seen
    zoom = size / max(th, tw)
    if zoom < 0.7:
        to = (max(1, round(tw * zoom)), max(1, round(th * zoom)))
        thing = np.asarray(cv2.resize(thing, to, interpolation=cv2.INTER_AREA), np.uint8)
        (th, tw), zoom = thing.shape[:2], 1.0
    matrix = cv2.getRotationMatrix2D((tw / 2, th / 2), rng.uniform(0, 360), zoom)
    matrix[:, 2] += local[:, 2] - np.array([tw / 2, th / 2])
    moved = cv2.warpAffine(thing, matrix, here.shape[1::-1], flags=cv2.INTER_LINEAR)
    cover = moved[..., 3].astype(np.float32) / 255
    scenery.shadow(here, cover, rng, size / 2)
    colours = scenery.jitter(np.ascontiguousarray(moved[..., :3]), rng, strength=0.6)
    scenery.lay(here, colours, cover)
