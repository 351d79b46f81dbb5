"""Composed photos with exact masks: coins cut out of scans, laid on other grounds.

The recipe of published coin finders (padding from 1:1 to 1:36, random crops of grounds, coin and
ground changed apart, merged by mask, seams blended by Gaussian and Laplacian pyramids, then noise
and shadows), and on top of it what phones show: slant, several coins, touching and overlapping,
heaps and trays, hands, fingers over rims, round things that are no coins, empty grounds, glare,
low light, JPEG.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from obverse.train import scenery
from obverse.train.layout import oblique, place
from obverse.train.sources import Coin, Scene, Sources
from obverse.train.surroundings import clutter, decoy, ground
from obverse.types import F32, F64, U8, Array

Rng = np.random.Generator

KINDS = {
    "one": 0.44,
    "few": 0.16,
    "scatter": 0.07,
    "tray": 0.06,
    "heap": 0.08,
    "empty": 0.09,
    "scene": 0.1,
}
"""What a photo shows, and how often."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is done to a photo. ``plain`` leaves out all that the published recipe calls
    augmentation: what stays is pasting by mask."""

    kinds: tuple[tuple[str, float], ...] = tuple(KINDS.items())
    augment: bool = True


FULL = Recipe()
PLAIN = Recipe(augment=False)


@dataclass(slots=True, eq=False)
class Composed:
    """A photo and the truth about it.

    Attributes:
        image: uint8 (h, w, 3), RGB.
        mask: float32 (h, w): the share of each pixel that is coin; holes are none.
        inset: float32 (h, w): 0 on a coin's rim to 1 in its middle, of the coin seen there.
        index: int16 (h, w): number of the coin seen in most of the pixel, or -1.
        maps: float64 (n, 2, 3): affine maps of the unit circle to every coin's rim, hidden or not.
    """

    image: U8
    mask: F32
    inset: F32
    index: Array
    maps: F64


def compose(sources: Sources, rng: Rng, size: int = 256, recipe: Recipe = FULL) -> Composed:
    """One photo of ``size`` x ``size`` pixels. The same ``rng`` gives the same photo."""
    kinds = [(k, p) for k, p in recipe.kinds if k != "scene" or sources.scenes]
    weights = np.array([p for _, p in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))][0]
    if kind == "scene":
        scene = sources.scenes[int(rng.integers(len(sources.scenes)))]
        return crop_scene(scene, rng, size, recipe)
    canvas = _Canvas(ground(sources, rng, size, augment=recipe.augment), recipe)
    skin = np.array(scenery.SKIN[int(rng.integers(len(scenery.SKIN)))], float)
    skin = skin * rng.uniform(0.75, 1.1)
    if recipe.augment:
        clutter(canvas.scene, sources, rng, held=kind in ("few", "tray", "one"), skin=skin)
        if kind == "empty":
            decoy(canvas.scene, sources, rng, skin)
    for matrix in place(kind, rng, size, slant=recipe.augment):
        canvas.add(sources.coins[int(rng.integers(len(sources.coins)))], matrix, rng)
    if recipe.augment and kind == "one" and rng.random() < 0.14:
        canvas.hold(rng, skin)
    return canvas.finish(rng)


class _Canvas:
    """A photo in the making: what lies on top comes last."""

    def __init__(self, scene: F32, recipe: Recipe) -> None:
        h, w = scene.shape[:2]
        self.scene, self.recipe = scene, recipe
        self.mask = np.zeros((h, w), np.float32)
        self.inset = np.zeros((h, w), np.float32)
        self.index = np.full((h, w), -1, np.int16)
        self.maps: list[F64] = []

    def add(self, coin: Coin, matrix: F64, rng: Rng) -> None:
        """Lay a coin on top, its rim where ``matrix`` (2, 3) puts the unit circle."""
        h, w = self.mask.shape
        reach = np.abs(matrix[:, :2]).sum(axis=1) * 1.35 + 6
        x0, y0 = np.maximum(np.floor(matrix[:, 2] - reach), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(matrix[:, 2] + reach) + 1, (w, h)).astype(int)
        if x1 - x0 < 2 or y1 - y0 < 2:
            return
        here = (slice(y0, y1), slice(x0, x1))
        local = matrix.copy()
        local[:, 2] -= (x0, y0)
        shape = (int(y1 - y0), int(x1 - x0))
        turn = rng.uniform(0, 2 * np.pi)
        if self.recipe.augment and rng.random() < 0.3:
            turn += np.pi / 2 * rng.integers(4)
        pixels, cover = warp(coin, local, turn, shape)
        scene = self.scene[here]
        if self.recipe.augment:
            pixels = self._light(pixels, local, rng)
            radius = float(np.sqrt(abs(np.linalg.det(local[:, :2]))))
            scenery.shadow(scene, cover, rng, radius)
            self._edge(scene, cover, pixels, local, rng)
            blend(scene, pixels, cover, rng)
        else:
            scenery.lay(scene, pixels, cover)
        inset = np.clip(1 - scenery.disc_field(shape, local), 0, 1)
        filled = np.maximum(cover, scenery.soft_disc(shape, local))
        self.mask[here] += (1 - self.mask[here]) * cover
        self.inset[here] += (inset - self.inset[here]) * filled
        self.index[here][filled > 0.5] = len(self.maps)
        self.maps.append(matrix)

    def _light(self, pixels: F32, local: F64, rng: Rng) -> F32:
        # Coins in one photo lie in one light: the first differs most from its scan.
        strength = 0.55 if self.maps else 1.0
        pixels = scenery.jitter(np.clip(pixels, 0, 255).astype(np.uint8), rng, strength=strength)
        factor, glint = scenery.gloss((pixels.shape[0], pixels.shape[1]), local, rng)
        pixels = pixels * factor[..., None] + glint[..., None]
        if rng.random() < 0.2:
            pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.4, 1.5)), np.float32)
        return np.clip(pixels, 0, 255).astype(np.float32)

    def _edge(self, scene: F32, cover: F32, pixels: F32, local: F64, rng: Rng) -> None:
        """The side of a slanting coin, below its face; no part of the mask."""
        u, s, _ = np.linalg.svd(local[:, :2])
        slant = float(np.sqrt(max(0.0, 1 - (s[1] / s[0]) ** 2)))
        if slant < 0.25 or rng.random() < 0.35:
            return
        down = u[:, 1] * (1 if u[1, 1] > 0 else -1) * s[0] * slant * rng.uniform(0.05, 0.16)
        side = np.zeros_like(cover)
        for part in (0.35, 0.7, 1.0):
            move = np.column_stack([np.eye(2), down * part])
            side = np.maximum(side, cv2.warpAffine(cover, move, cover.shape[::-1]))
        colour = pixels[cover > 0.5].mean(axis=0) if (cover > 0.5).any() else np.zeros(3)
        scenery.lay(scene, colour * rng.uniform(0.3, 1.0), side)

    def hold(self, rng: Rng, skin: Array) -> None:
        """Fingers over the rim of the first coin."""
        matrix = self.maps[0]
        radius = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        a = rng.uniform(0, 2 * np.pi)
        for angle in (a, a + np.pi + rng.normal(0, 0.5))[: int(rng.integers(1, 3))]:
            out = np.array([np.cos(angle), np.sin(angle)])
            lean = np.array([np.cos(angle + rng.normal(0, 0.4)), np.sin(angle)])
            thick = radius * rng.uniform(0.25, 0.5)
            rim = matrix[:, 2] + out * radius
            tip = rim + out * (thick - radius * rng.uniform(0.05, 0.3))
            root = tip + lean * max(self.mask.shape) * 1.5
            cover = scenery.finger(self.scene, rng, tip, root, thick, skin)
            self.mask *= 1 - cover
            self.inset *= 1 - cover
            self.index[cover > 0.5] = -1

    def finish(self, rng: Rng) -> Composed:
        scene = self.scene
        if self.recipe.augment:
            image = scenery.shoot(scenery.light(scene, rng), rng)
        else:
            image = np.clip(scene, 0, 255).astype(np.uint8)
        maps = np.array(self.maps).reshape(-1, 2, 3)
        out = Composed(image, self.mask, self.inset, self.index, maps)
        return bars(out, rng) if self.recipe.augment and rng.random() < 0.1 else out


def warp(coin: Coin, matrix: F64, turn: float, shape: tuple[int, int]) -> tuple[F32, F32]:
    """The coin turned by ``turn`` radians, its rim moved onto ``matrix``: float32 pixels
    (h, w, 3) and cover (h, w), 0 to 1."""
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = matrix[:, :2] @ spin @ np.linalg.inv(coin.matrix[:, :2])
    rgba = np.dstack([coin.pixels, coin.cover])
    shrink = float(np.sqrt(abs(np.linalg.det(linear))))
    shift = coin.matrix[:, 2]
    if shrink < 0.8:
        h, w = rgba.shape[:2]
        to = (max(1, round(w * shrink)), max(1, round(h * shrink)))
        step = np.array(to) / (w, h)
        rgba = np.asarray(cv2.resize(rgba, to, interpolation=cv2.INTER_AREA), np.uint8)
        linear = linear / step
        shift = (shift + 0.5) * step - 0.5
    full = np.column_stack([linear, matrix[:, 2] - linear @ shift])
    size = (shape[1], shape[0])
    moved = cv2.warpAffine(rgba, full, size, flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0, 0))
    return moved[..., :3].astype(np.float32), moved[..., 3].astype(np.float32) / np.float32(255)


def blend(scene: F32, pixels: F32, cover: F32, rng: Rng) -> None:
    """Merge by mask; the seam as it is, or softened by a Gaussian or by a Laplacian pyramid."""
    how = rng.random()
    if how < 0.45:
        scenery.lay(scene, pixels, cover)
    elif how < 0.8:
        soft = cv2.GaussianBlur(cover, (0, 0), float(rng.uniform(0.4, 1.3)))
        scenery.lay(scene, pixels, soft)
    else:
        filled = pixels * cover[..., None] + scene * (1 - cover[..., None])
        scene[:] = laplacian_blend(scene, filled, cover, levels=int(rng.integers(1, 3)))


def laplacian_blend(under: F32, over: F32, cover: F32, levels: int) -> F32:
    """Burt and Adelson's blending: each band of frequencies merged over a seam of its width."""
    down, up, mask = [under], [over], [cover]
    for _ in range(levels):
        if min(down[-1].shape[:2]) < 4:
            break
        for pyramid in (down, up, mask):
            pyramid.append(np.asarray(cv2.pyrDown(pyramid[-1]), np.float32))
    out = down[-1] + (up[-1] - down[-1]) * mask[-1][..., None]
    for i in range(len(down) - 2, -1, -1):
        size = (down[i].shape[1], down[i].shape[0])
        low = down[i] - cv2.pyrUp(down[i + 1], dstsize=size)
        high = up[i] - cv2.pyrUp(up[i + 1], dstsize=size)
        out = np.asarray(cv2.pyrUp(out, dstsize=size), np.float32)
        out = out + low + (high - low) * mask[i][..., None]
    return np.asarray(out, np.float32)


def crop_scene(scene: Scene, rng: Rng, size: int, recipe: Recipe = FULL) -> Composed:
    """A random view of a photograph whose coins are known, changed as the composed ones are."""
    h, w = scene.pixels.shape[:2]
    if len(scene.maps) and rng.random() < 0.4:  # around one coin
        chosen = scene.maps[int(rng.integers(len(scene.maps)))]
        radius = float(np.linalg.svd(chosen[:, :2], compute_uv=False)[0])
        side = radius * rng.uniform(2.2, 6)
        middle = chosen[:, 2] + rng.normal(0, 0.15 * radius, 2)
    else:
        side = rng.uniform(0.45, 1.0) * max(h, w)
        middle = rng.uniform((0.3 * w, 0.3 * h), (0.7 * w, 0.7 * h))
    zoom = size / side
    turn = np.radians(rng.uniform(0, 360) if rng.random() < 0.5 else rng.normal(0, 8))
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    if rng.random() < 0.5:
        spin = spin @ np.diag([-1, 1])
    squash = oblique(rng, 1.0, np.zeros(2), 40 if rng.random() < 0.4 else 8)[:, :2]
    linear = zoom * squash @ spin
    full = np.column_stack([linear, size / 2 - linear @ middle])
    pixels, step = scene.pixels, 1.0
    if zoom < 0.7:
        pixels = np.asarray(
            cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA), np.uint8
        )
        step = zoom
    local = np.column_stack([linear / step, full[:, 2] + linear.sum(axis=1) * (0.5 / step - 0.5)])
    border = cv2.BORDER_CONSTANT if rng.random() < 0.5 else cv2.BORDER_REFLECT_101
    image = cv2.warpAffine(
        pixels, local, (size, size), borderMode=border, borderValue=(128, 128, 128)
    )
    if border == cv2.BORDER_REFLECT_101:  # no mirrored coins without a label
        inside = cv2.warpAffine(np.ones(pixels.shape[:2], np.uint8), local, (size, size))
        image[inside == 0] = image[inside > 0].mean(axis=0) if inside.any() else 128
    canvas = _Canvas(np.asarray(image, np.float32), recipe)
    for matrix in scene.maps:
        moved = np.column_stack([linear @ matrix[:, :2], full @ np.append(matrix[:, 2], 1.0)])
        disc = scenery.soft_disc((size, size), moved)
        inset = np.clip(1 - scenery.disc_field((size, size), moved), 0, 1)
        deeper = inset > canvas.inset
        canvas.index[deeper & (disc > 0.5)] = len(canvas.maps)
        canvas.inset = np.maximum(canvas.inset, inset)
        canvas.mask = np.maximum(canvas.mask, disc)
        canvas.maps.append(moved)
    canvas.scene = scenery.jitter(np.asarray(image, np.uint8), rng, strength=0.6)
    return canvas.finish(rng)


def bars(photo: Composed, rng: Rng) -> Composed:
    """Grey bars at the right and below, as a picture gets whose sides are no multiples of 32."""
    size = photo.mask.shape[0]
    wide, high = (int(n) for n in size - rng.integers(0, 33, 2))
    photo.image[high:] = 128
    photo.image[:, wide:] = 128
    for plane, empty in ((photo.mask, 0), (photo.inset, 0), (photo.index, -1)):
        plane[high:] = empty
        plane[:, wide:] = empty
    return photo
