"""Phone-like photos of coins, with exact ground truth.

The camera is far enough away to be affine: the coin's circumscribed circle becomes an ellipse.
Mask and ellipse are those of the face; a coin's thickness, where a tilt shows it, lies outside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from obverse.mint import clutter
from obverse.mint.camera import Camera, shoot
from obverse.mint.clay import soften
from obverse.mint.design import CoinType
from obverse.mint.ground import GROUNDS
from obverse.mint.render import render
from obverse.mint.shade import METALS, Finish, Light
from obverse.types import F32, F64, U8, Array, Ellipse

Rng = np.random.Generator

_FRAMES = ((768, 768), (720, 960), (960, 720), (800, 800))  # height and width
_THICK = 0.11  # of a coin, in radii


@dataclass(frozen=True, slots=True, eq=False)
class Snap:
    """A photo and the truth about it.

    Attributes:
        image: uint8 (h, w, 3), RGB, before JPEG.
        mask: bool (h, w), true where a pixel's centre lies on the face.
        ellipse: image of the coin's circumscribed circle; pixel centres are whole numbers.
        turn: degrees counter-clockwise by which the upright design was turned in its plane, before
            the tilt; in [0, 360).
        year: the specimen's.
        quality: of the JPEG that a phone would have written.
    """

    image: U8
    mask: Array
    ellipse: Ellipse
    turn: float
    year: int
    quality: int


def snap(
    coin: CoinType,
    side: str,
    rng: Rng,
    *,
    year: int | None = None,
    ground: str | None = None,
    tilt: float | None = None,
    turn: float | None = None,
    wear: float | None = None,
) -> Snap:
    """A photo of one specimen; what is not given is drawn from ``rng``.

    Args:
        side: ``obverse`` or ``reverse``.
        year: one of the type's.
        ground: a key of ``ground.GROUNDS``.
        tilt: degrees between the coin's plane and the picture, 0 to 60.
        turn: degrees counter-clockwise.
        wear: 0 to 1.
    """
    year = int(rng.choice(coin.years)) if year is None else year
    turn = float(rng.uniform(0, 360)) if turn is None else turn % 360
    if tilt is None:
        tilt = float(rng.uniform(0, 12) if rng.random() < 0.6 else rng.uniform(12, 38))
    wear = float(np.clip(rng.beta(1.3, 3.0), 0, 0.8)) if wear is None else wear
    ground = str(rng.choice(sorted(GROUNDS))) if ground is None else ground
    h, w = _FRAMES[int(rng.integers(len(_FRAMES)))]
    r = float(rng.uniform(0.27, 0.44)) * min(h, w)
    cx, cy = (float(rng.uniform(r + 8, side_ - r - 8)) for side_ in (w, h))
    angle = float(rng.uniform(0, 180))
    ellipse = Ellipse(cx, cy, r, r * math.cos(math.radians(tilt)), angle)
    light = Light(
        azimuth=float(rng.uniform(0, 360)),
        elevation=float(rng.uniform(32, 66)),
        spread=float(rng.uniform(18, 38)),
        room=float(rng.uniform(0.3, 0.6)),
        near=float(rng.uniform(0.05, 0.3)),
        warmth=float(rng.uniform(-0.4, 0.9)),
    )
    finish = Finish(
        wear,
        float(rng.uniform(0.05, 0.25) + 0.6 * wear),
        float(rng.beta(1.5, 2.5)),
        float(rng.uniform(0.3, 1.0)),
    )
    pose = pose_of(angle, tilt * float(rng.choice([-1, 1])), turn)
    face = render(coin, side, year, light, finish, rng, pose=pose)
    scene = GROUNDS[ground](h, w, rng)
    _scatter(scene, ellipse, light, rng)
    scene *= _daylight(h, w, light)
    mask = _lay_coin(scene, coin, face, ellipse, turn, pose, light)
    camera = Camera.draw(rng)
    image = shoot(scene, camera, (cx, cy, r), rng)
    return Snap(image, mask, ellipse, turn, year, camera.quality)


def face_to_photo(ellipse: Ellipse, turn: float) -> F64:
    """The affine map, float64 (2, 3), from the design's plane (x right, y up, unit circle) to
    photo pixels: turned by ``turn`` in its plane, then tilted to the ellipse."""
    t, phi = math.radians(turn), math.radians(ellipse.angle)
    turned = np.array([[math.cos(t), -math.sin(t)], [-math.sin(t), -math.cos(t)]])
    m, n = np.array([math.cos(phi), math.sin(phi)]), np.array([-math.sin(phi), math.cos(phi)])
    squash = ellipse.a * np.outer(m, m) + ellipse.b * np.outer(n, n)
    return np.hstack([squash @ turned, [[ellipse.cx], [ellipse.cy]]])


def pose_of(angle: float, tilt: float, turn: float) -> F64:
    """The rotation from the coin's frame to the camera's: a turn, then a tilt about the ellipse's
    major axis. Frames have x right, y up and z to the viewer."""
    t, d = math.radians(turn), math.radians(tilt)
    spin = np.array([[math.cos(t), -math.sin(t), 0], [math.sin(t), math.cos(t), 0], [0, 0, 1]])
    phi = math.radians(-angle)
    axis = np.array([math.cos(phi), math.sin(phi), 0.0])
    cross = np.array([[0, 0, axis[1]], [0, 0, -axis[0]], [-axis[1], axis[0], 0]])
    lean = np.eye(3) + math.sin(d) * cross + (1 - math.cos(d)) * (cross @ cross)
    return np.asarray(lean @ spin, np.float64)


def _daylight(h: int, w: int, light: Light) -> F32:
    """The lamp's fall-off over the scene, with its colour, float32 (h, w, 3)."""
    a = math.radians(light.azimuth)
    x = np.linspace(-1, 1, w, dtype=np.float32)[None, :]
    y = np.linspace(1, -1, h, dtype=np.float32)[:, None]
    fall = 0.85 + 1.2 * light.near * (x * math.cos(a) + y * math.sin(a))
    warm = np.array([1 + 0.12 * light.warmth, 1.0, 1 - 0.22 * light.warmth], np.float32)
    return np.asarray(np.clip(fall, 0.3, 1.6)[..., None] * warm, np.float32)


def _scatter(scene: F32, ellipse: Ellipse, light: Light, rng: Rng) -> None:
    """A few things around the coin; only stains and ink may touch it."""
    h, w = scene.shape[:2]
    for _ in range(int(rng.integers(0, 5))):
        kind = str(rng.choice(clutter.KINDS))
        r = float(rng.uniform(0.25, 0.8)) * ellipse.a * (1.6 if kind in ("card", "pencil") else 1.0)
        for _ in range(8):
            x, y = rng.uniform(-0.1, 1.1) * w, rng.uniform(-0.1, 1.1) * h
            apart = math.hypot(x - ellipse.cx, y - ellipse.cy)
            if apart > ellipse.a + r + 6 or kind == "stain":
                thing = clutter.make(kind, light, rng)
                clutter.lay(scene, thing, float(x), float(y), r, float(rng.uniform(0, 360)), light)
                break


def _lay_coin(
    scene: F32, coin: CoinType, face: F32, ellipse: Ellipse, turn: float, pose: F64, light: Light
) -> Array:
    """Shadow, thickness and face, into the scene; returns the exact mask of the face."""
    h, w = scene.shape[:2]
    reach = math.ceil(ellipse.a * 1.35) + 10
    x0, y0 = max(0, int(ellipse.cx) - reach), max(0, int(ellipse.cy) - reach)
    x1, y1 = min(w, int(ellipse.cx) + reach), min(h, int(ellipse.cy) + reach)
    size = (x1 - x0, y1 - y0)
    forward = face_to_photo(ellipse, turn)
    forward[:, 2] -= (x0, y0)
    room = _room(coin, forward, size)
    cover = np.clip(room * ellipse.a + 0.5, 0, 1)
    here = scene[y0:y1, x0:x1]
    thick = _THICK * ellipse.a
    here *= 1 - 0.6 * clutter.cast(cover, thick, light)[..., None]
    down = -thick * np.array([pose[0, 2], -pose[1, 2]])  # where the back of the coin is seen
    if float(np.hypot(*down)) > 1.0:
        _lay_edge(here, coin, forward, down, light)
    texture = _texture(face, ellipse, forward, size)
    here += (texture - here) * cover[..., None]
    mask = np.zeros((h, w), np.bool_)
    mask[y0:y1, x0:x1] = room >= 0
    return mask


def _room(coin: CoinType, forward: F64, size: tuple[int, int]) -> F32:
    """``Outline.room`` at every pixel of a window."""
    back = np.linalg.inv(forward[:, :2])
    x, y = np.meshgrid(np.arange(size[0]) - forward[0, 2], np.arange(size[1]) - forward[1, 2])
    u = (back[0, 0] * x + back[0, 1] * y).astype(np.float32)
    v = (back[1, 0] * x + back[1, 1] * y).astype(np.float32)
    return coin.outline.room(u, v)


def _lay_edge(here: F32, coin: CoinType, forward: F64, down: F64, light: Light) -> None:
    """The coin's side: its outline swept downwards, in darker metal with a reeded look."""
    rim = coin.outline.points() @ forward[:, :2].T + forward[:, 2]
    swept = cv2.convexHull(np.concatenate([rim, rim + down]).astype(np.float32))
    h, w = here.shape[:2]
    side = np.zeros((h, w), np.uint8)
    cv2.fillConvexPoly(side, np.round(swept * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    away = down / float(np.hypot(*down))
    wide, high = (np.arange(n, dtype=np.float32) for n in (w, h))
    across = wide * float(-away[1]) + (high * float(away[0]))[:, None]
    reed = 0.75 + 0.25 * np.sin(1.3 * across)
    a = math.radians(light.azimuth)
    lit = 0.22 + 0.25 * max(float(away[0] * math.cos(a) - away[1] * math.sin(a)), 0.0)
    metal = np.array(METALS[coin.metal.split("/")[0]].colour, np.float32) * lit
    here += (reed[..., None] * metal - here) * (side.astype(np.float32) / 255)[..., None]


def _texture(face: F32, ellipse: Ellipse, forward: F64, size: tuple[int, int]) -> F32:
    """The face as the camera sees it, in a window."""
    s = face.shape[0]
    shrink = s / (2 * ellipse.a)
    if shrink > 1.1:
        face = soften(face, 0.45 * shrink)
    to_design = np.array([[2 / s, 0, 1 / s - 1], [0, -2 / s, 1 - 1 / s], [0, 0, 1]])
    matrix = forward @ to_design
    seen = cv2.warpAffine(
        face, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(seen, np.float32)
