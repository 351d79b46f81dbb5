"""What lies about in composed photos, and what light and camera do to them.

Drawn in 8-bit display colours, fast and rough: shapes and edges must be right, not the physics.
Everything changes a float32 (h, w, 3) picture of 0 to 255 in place or gives a new one.
"""

from __future__ import annotations

import cv2
import numpy as np

from obverse.types import F32, F64, U8, Array

Rng = np.random.Generator

SKIN = ((224, 172, 140), (198, 134, 100), (141, 85, 54), (238, 200, 176), (90, 56, 40))


def disc_field(shape: tuple[int, int], matrix: F64) -> F32:
    """Every pixel's distance from the centre of the ellipse ``matrix`` (2, 3), float32 (h, w),
    in the ellipse's own radii: 1 on the rim."""
    inverse = np.linalg.inv(matrix[:, :2])
    x = np.arange(shape[1], dtype=np.float32) - np.float32(matrix[0, 2])
    y = (np.arange(shape[0], dtype=np.float32) - np.float32(matrix[1, 2]))[:, None]
    u = np.float32(inverse[0, 0]) * x + np.float32(inverse[0, 1]) * y
    v = np.float32(inverse[1, 0]) * x + np.float32(inverse[1, 1]) * y
    return np.asarray(np.hypot(u, v), np.float32)


def soft_disc(shape: tuple[int, int], matrix: F64, size: float = 1.0) -> F32:
    """The cover of an ellipse, anti-aliased, 0 to 1."""
    radius = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    cover = np.clip((size - disc_field(shape, matrix)) * radius + 0.5, 0, 1)
    return np.asarray(cover, np.float32)


def window(scene: F32, matrix: F64, reach: float) -> tuple[F32, F64] | None:
    """The part of a scene within ``reach`` radii of an ellipse, a view, and the ellipse's map in
    it; None if it lies outside."""
    half = np.abs(matrix[:, :2]).sum(axis=1) * reach + 3
    x0, y0 = np.maximum(np.floor(matrix[:, 2] - half), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(matrix[:, 2] + half) + 1, scene.shape[1::-1]).astype(int)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    local = matrix.copy()
    local[:, 2] -= (x0, y0)
    return scene[y0:y1, x0:x1], local


def lay(scene: F32, colour: Array, cover: Array) -> None:
    """``colour`` over the scene where ``cover`` (h, w) says."""
    scene += (np.asarray(colour, np.float32) - scene) * np.asarray(cover, np.float32)[..., None]


def jitter(pixels: Array, rng: Rng, *, strength: float = 1.0) -> F32:
    """Other brightness, contrast, gamma and colour: the light, the metal, the white balance."""
    out = np.asarray(pixels, np.float32) / 255
    gamma = float(np.exp(rng.normal(0, 0.3 * strength)))
    table = np.linspace(0, 1, 256, dtype=np.float32) ** gamma
    if pixels.dtype == np.uint8:
        out = np.asarray(cv2.LUT(np.asarray(pixels, np.uint8), table), np.float32)
    if rng.random() < 0.7 * strength:
        grey = out.mean(axis=2, keepdims=True)
        out = grey + (out - grey) * np.float32(rng.uniform(0.1, 1.6))
    gain = np.exp(rng.normal(-0.05, 0.22 * strength))
    cast = np.exp(rng.normal(0, 0.09 * strength, 3))
    mean = float(out.mean())
    contrast = np.exp(rng.normal(0, 0.22 * strength))
    out = (mean + (out - mean) * np.float32(contrast)) * (gain * cast).astype(np.float32)
    return np.asarray(np.clip(out, 0, 1) * 255, np.float32)


def blobs(shape: tuple[int, int], rng: Rng, cells: int) -> F32:
    """A smooth random field of about ``cells`` bumps across, mean 0, deviation 1."""
    h, w = shape
    rough = rng.standard_normal((max(2, cells * h // max(h, w)) + 2, cells + 2), dtype=np.float32)
    field = np.asarray(cv2.resize(rough, (w, h), interpolation=cv2.INTER_CUBIC), np.float32)
    return np.asarray((field - field.mean()) / (field.std() + 1e-6), np.float32)


def fruit(
    scene: F32, rng: Rng, count: int, *, at: Array | None = None, radius: float = 0.0
) -> None:
    """A heap of shaded round things, the later ones in front; the last one at ``at`` if given."""
    h, w = scene.shape[:2]
    base = rng.uniform(20, 235, 3)
    blush = rng.uniform(20, 235, 3)
    size = radius or rng.uniform(0.05, 0.3) * min(h, w)
    goal = np.zeros(2) if at is None else at
    metal = rng.random() < 0.2
    if metal:
        base = np.mean(base) + rng.normal(0, 12, 3)
    for i in range(count):
        r = size * rng.uniform(0.8, 1.2)
        a = rng.uniform(0, np.pi)
        turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
        linear = turn @ np.diag([r, r * rng.uniform(0.6, 1.0)])
        given = at is not None and i == count - 1
        place = np.column_stack([linear, goal if given else rng.uniform((0, 0), (w, h))])
        seen = window(scene, place, 1.0)
        if seen is None:
            continue
        here, matrix = seen
        shape = (here.shape[0], here.shape[1])
        d = disc_field(shape, matrix)
        cover = np.clip((1 - d) * r + 0.5, 0, 1)
        if metal:
            lay(here, np.clip(mirror(shape, matrix, rng)[..., None] * base, 0, 255), cover)
            continue
        light = rng.uniform(-0.5, 0.5, 2) + matrix[:, 2]
        lit = soft_disc(shape, np.column_stack([np.eye(2) * r * 1.4, light - 0.4 * r]), 0.9)
        tone = 0.25 + 0.6 * np.sqrt(np.clip(1 - d * d, 0, 1)) + 0.25 * lit
        share = np.clip(0.5 + 0.6 * blobs(shape, rng, int(rng.integers(2, 6))), 0, 1)[..., None]
        colour = base + (blush - base) * share * rng.uniform(0, 0.8) + rng.normal(0, 18, 3)
        glint = np.exp(-(((d * r) / (0.18 * r + 1)) ** 2)) if rng.random() < 0.3 else 0.0
        speckle = 1 + 0.05 * blobs(shape, rng, 20) if rng.random() < 0.3 else np.float32(1)
        lit_colour = (tone * speckle)[..., None] * np.clip(colour, 5, 250)
        lay(here, lit_colour + 90 * np.asarray(glint)[..., None], cover)


def mirror(shape: tuple[int, int], matrix: F64, rng: Rng) -> F32:
    """What a polished ball reflects, a factor (h, w): bands of a dark and bright room."""
    inverse = np.linalg.inv(matrix[:, :2])
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    x, y = x - np.float32(matrix[0, 2]), y - np.float32(matrix[1, 2])
    u, v = inverse[0, 0] * x + inverse[0, 1] * y, inverse[1, 0] * x + inverse[1, 1] * y
    up = np.sqrt(np.clip(1 - u * u - v * v, 0.01, 1))
    across, along = 2 * up * u, 2 * up * v
    a, b = rng.uniform(2, 7, 2)
    waves = np.sin(a * across + rng.uniform(0, 6)) + np.sin(b * along + rng.uniform(0, 6))
    tone = 0.75 + rng.uniform(0.2, 0.5) * np.tanh(rng.uniform(0.7, 3) * waves)
    for _ in range(int(rng.integers(0, 4))):
        gx, gy = rng.uniform(-0.7, 0.7, 2)
        tone = tone + 1.2 * np.exp(-((u - gx) ** 2 + (v - gy) ** 2) / rng.uniform(0.002, 0.03))
    return np.asarray(tone, np.float32)


def blister(scene: F32, rng: Rng) -> None:
    """A sheet with rows of shiny domes: pills, studs, buttons."""
    h, w = scene.shape[:2]
    rows, columns = (int(n) for n in rng.integers(2, 6, 2))
    pitch = rng.uniform(0.08, 0.25) * w
    a = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    middle = rng.uniform((0.2 * w, 0.2 * h), (0.8 * w, 0.8 * h))
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (columns, rows) * pitch / 2
    sheet = np.zeros((h, w), np.uint8)
    cv2.fillConvexPoly(sheet, np.round(corners @ turn.T + middle).astype(np.int32), 255)
    cover = sheet.astype(np.float32) / 255
    colour = rng.uniform(90, 240) + rng.normal(0, 8, 3)
    shadow(scene, cover, rng, pitch)
    lay(scene, colour * (1 + 0.06 * blobs((h, w), rng, 20))[..., None], cover)
    radius = pitch * rng.uniform(0.25, 0.42)
    for i in range(rows * columns):
        at = np.array([i % columns - (columns - 1) / 2, i // columns - (rows - 1) / 2]) * pitch
        seen = window(scene, np.column_stack([np.eye(2) * radius, turn @ at + middle]), 1.5)
        if seen is not None:
            here, matrix = seen
            shape = (here.shape[0], here.shape[1])
            dome = soft_disc(shape, matrix)
            shadow(here, dome, rng, radius)
            lay(here, np.clip(mirror(shape, matrix, rng)[..., None] * colour, 0, 255), dome)


def rings(scene: F32, rng: Rng, matrix: F64) -> None:
    """A flat round thing that is no coin: a plate, a lid, a printed circle, a ring."""
    h, w = scene.shape[:2]
    d = disc_field((h, w), matrix)
    radius = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))

    def edge(at: float) -> F32:
        return np.asarray(np.clip((at - d) * radius + 0.5, 0, 1), np.float32)

    kind = rng.choice(["plate", "lid", "print", "ring", "spot"])
    colour = rng.uniform(10, 250, 3)
    if kind == "plate":
        tone = 1 + 0.25 * np.sin(rng.uniform(2, 9) * d + rng.uniform(0, 6))
        shadow(scene, edge(1.0), rng, radius)
        lay(scene, np.clip(tone[..., None] * colour, 0, 255), edge(1.0))
        inner = rng.uniform(0.5, 0.85)
        lay(scene, np.clip(colour * rng.uniform(0.8, 1.15), 0, 255), edge(inner))
    elif kind == "lid":
        shadow(scene, edge(1.0), rng, radius)
        inverse = np.linalg.inv(matrix[:, :2])
        y, x = np.mgrid[:h, :w].astype(np.float32)
        angle = np.arctan2(
            inverse[1, 0] * (x - matrix[0, 2]) + inverse[1, 1] * (y - matrix[1, 2]),
            inverse[0, 0] * (x - matrix[0, 2]) + inverse[0, 1] * (y - matrix[1, 2]),
        )
        teeth = 1 + 0.2 * np.sin(angle * int(rng.integers(18, 60))) * (d > 0.85)
        slope = 1 + rng.uniform(0.1, 0.5) * np.cos(angle + rng.uniform(0, 6)) * (d > 0.75)
        lay(scene, np.clip((teeth * slope)[..., None] * colour, 0, 255), edge(1.0))
        if rng.random() < 0.6:
            lay(scene, rng.uniform(10, 250, 3), edge(rng.uniform(0.3, 0.7)))
    elif kind == "print":
        for at in np.sort(rng.uniform(0.2, 1.0, int(rng.integers(1, 5))))[::-1]:
            lay(scene, rng.uniform(0, 255, 3), 0.9 * (edge(at) - edge(at - rng.uniform(0.02, 0.2))))
    elif kind == "ring":
        hole = rng.uniform(0.7, 0.92)
        cover = edge(1.0) - edge(hole)
        shadow(scene, cover, rng, radius * 0.3)
        tone = 0.6 + 0.5 * np.sin(14 * d + rng.uniform(0, 6))
        lay(scene, np.clip(tone[..., None] * colour, 0, 255), cover)
    else:
        stain = np.clip(0.7 + 0.4 * blobs((h, w), rng, int(rng.integers(4, 40))), 0, 1)
        soft = cv2.GaussianBlur(edge(1.0), (0, 0), float(rng.uniform(0.3, 0.15 * radius + 0.4)))
        lay(scene, colour, soft * stain * rng.uniform(0.3, 1.0))


def capsule(shape: tuple[int, int], start: Array, end: Array, thick: float) -> tuple[F32, F32]:
    """The cover of a thick line with round ends and its height, 1 in its middle."""
    x = np.arange(shape[1], dtype=np.float32)
    y = np.arange(shape[0], dtype=np.float32)[:, None]
    d = np.asarray(end - start, np.float32)
    t = ((x - start[0]) * d[0] + (y - start[1]) * d[1]) / max(float(d @ d), 1e-6)
    t = np.clip(t, 0, 1)
    far = np.hypot(x - start[0] - t * d[0], y - start[1] - t * d[1])
    cover = np.clip(thick - far + 0.5, 0, 1)
    height = np.sqrt(np.clip(1 - (far / thick) ** 2, 0, 1))
    return np.asarray(cover, np.float32), np.asarray(height, np.float32)


def finger(scene: F32, rng: Rng, tip: Array, root: Array, thick: float, skin: Array) -> F32:
    """A finger from ``root`` to ``tip`` over the scene; its cover (h, w)."""
    shape = (scene.shape[0], scene.shape[1])
    cover, height = capsule(shape, root, tip, thick)
    grain = 1 + 0.04 * blobs(shape, rng, 30)
    tone = (0.55 + 0.5 * height) * grain
    shadow(scene, cover, rng, thick)
    lay(scene, np.clip(tone[..., None] * skin, 0, 255), cover)
    if rng.random() < 0.6:
        along = (tip - root) / (np.linalg.norm(tip - root) + 1e-6)
        side = np.array([-along[1], along[0]])
        linear = np.column_stack([along * thick * 0.75, side * thick * 0.55])
        nail = np.column_stack([linear, tip - along * thick * 0.1])
        pale = np.clip(np.asarray(skin) * 1.12 + 12, 0, 255)
        lay(scene, pale, 0.8 * soft_disc(shape, nail))
    return cover


def hand(scene: F32, rng: Rng, skin: Array) -> None:
    """An open palm with fingers, from one side, as something to lie on."""
    h, w = scene.shape[:2]
    unit = min(h, w) * rng.uniform(0.7, 1.3)
    a = rng.uniform(0, 2 * np.pi)
    out = np.array([np.cos(a), np.sin(a)])
    side = np.array([-out[1], out[0]])
    middle = np.array([w / 2, h / 2]) + rng.normal(0, 0.12, 2) * unit - 0.2 * unit * out
    parts = [(middle - 0.9 * unit * out, middle, 0.34), (middle, middle + 0.02 * out * unit, 0.38)]
    for k in range(4):
        base = middle + (0.28 * out + (k - 1.5) * 0.19 * side) * unit
        spread = (k - 1.5) * rng.uniform(0.0, 0.18)
        parts.append((base, base + (0.62 * out + spread * side) * unit, 0.1))
    parts.append((middle + 0.2 * side * unit, middle + (0.6 * side + 0.35 * out) * unit, 0.12))
    grain = 1 + 0.05 * blobs((h, w), rng, 26) + 0.05 * blobs((h, w), rng, 5)
    whole = np.zeros((h, w), np.float32)
    relief = np.zeros((h, w), np.float32)
    for start, end, thick in parts:
        cover, height = capsule((h, w), start, end, thick * unit)
        relief = np.maximum(relief * (1 - 0.25 * cover * (height < 0.5)), height)
        whole = np.maximum(whole, cover)
    shadow(scene, whole, rng, 0.2 * unit)
    tone = (0.62 + 0.42 * relief) * grain
    for _ in range(int(rng.integers(1, 5))):
        start, end = middle + rng.normal(0, 0.3, 2) * unit, middle + rng.normal(0, 0.3, 2) * unit
        crease, _ = capsule((h, w), start, end, 0.008 * unit + 0.5)
        tone = tone * (1 - 0.18 * crease)
    lay(scene, np.clip(tone[..., None] * skin, 0, 255), whole)


def shadow(scene: F32, cover: Array, rng: Rng, radius: float) -> None:
    """The shadow that a cover of about this radius casts on the scene."""
    far = radius * rng.uniform(0.0, 0.16)
    a = rng.uniform(0, 2 * np.pi)
    move = np.array([[1, 0, far * np.cos(a)], [0, 1, far * np.sin(a)]])
    moved = cv2.warpAffine(np.asarray(cover, np.float32), move, cover.shape[::-1])
    soft = cv2.GaussianBlur(moved, (0, 0), max(0.7, radius * rng.uniform(0.01, 0.12)))
    scene *= (1 - np.float32(rng.uniform(0.0, 0.65)) * np.asarray(soft, np.float32))[..., None]


def gloss(shape: tuple[int, int], matrix: F64, rng: Rng) -> tuple[F32, F32]:
    """Light on metal: a factor (h, w) and an added glint (h, w) of 0 to 255."""
    h, w = shape
    inverse = np.linalg.inv(matrix[:, :2])
    a = rng.uniform(0, 2 * np.pi)
    gx, gy = np.array([np.cos(a), np.sin(a)]) @ inverse
    x = np.arange(w, dtype=np.float32) - np.float32(matrix[0, 2])
    y = (np.arange(h, dtype=np.float32) - np.float32(matrix[1, 2]))[:, None]
    along = np.float32(gx) * x + np.float32(gy) * y
    factor = 1 + np.float32(rng.uniform(0, 0.45) if rng.random() < 0.6 else 0.0) * along
    glint = np.zeros(shape, np.float32)
    if rng.random() < 0.35:
        at = rng.uniform(-0.9, 0.9)
        wide = rng.uniform(0.1, 0.5)
        spot = np.exp(-(((along - at) / wide) ** 2))
        if rng.random() < 0.6:  # a spot, not a streak
            across = np.float32(-gy) * x + np.float32(gx) * y
            spot = spot * np.exp(-(((across - rng.uniform(-0.6, 0.6)) / wide) ** 2))
        glint = (rng.uniform(30, 200) * spot).astype(np.float32)
    return np.clip(factor, 0.2, 2).astype(np.float32), glint


def light(scene: F32, rng: Rng) -> F32:
    """Uneven light, soft shadows of what is outside the picture, and glare."""
    h, w = scene.shape[:2]
    if rng.random() < 0.6:
        tilt = rng.normal(0, 0.22, 2)
        ramp = 1 + tilt[0] * np.linspace(-1, 1, w) + tilt[1] * np.linspace(-1, 1, h)[:, None]
        scene = scene * np.clip(ramp, 0.25, 2).astype(np.float32)[..., None]
    for _ in range(int(rng.integers(1, 3)) if rng.random() < 0.35 else 0):
        middle, reach = rng.uniform(0, 1, 2) * (w, h), rng.uniform(0.2, 0.9) * max(h, w)
        corners = middle + rng.normal(0, reach / 1.5, (int(rng.integers(3, 6)), 2))
        dark = np.zeros((h, w), np.uint8)
        cv2.fillConvexPoly(dark, cv2.convexHull(corners.astype(np.int32)), 255)
        soft = cv2.GaussianBlur(dark, (0, 0), float(rng.choice([1.0, 3.0, 12.0])))
        share = np.float32(rng.uniform(0.15, 0.6) / 255) * soft.astype(np.float32)
        scene = scene * (1 - share)[..., None]
    if rng.random() < 0.15:
        r = rng.uniform(0.05, 0.4) * max(h, w)
        spot = disc_field((h, w), np.column_stack([np.eye(2) * r, rng.uniform((0, 0), (w, h))]))
        glare = np.float32(rng.uniform(30, 180)) * np.exp(-(spot**2))
        scene = np.asarray(scene + glare[..., None], np.float32)
    return np.asarray(scene, np.float32)


def shoot(scene: F32, rng: Rng) -> U8:
    """What the camera stores: white balance, exposure, blur, noise, JPEG; uint8 (h, w, 3)."""
    h, w = scene.shape[:2]
    if rng.random() < 0.7:
        scene = scene * np.exp(rng.normal(0, 0.08, 3)).astype(np.float32)
    if rng.random() < 0.12:  # low light
        scene = scene * np.float32(rng.uniform(0.08, 0.5))
    elif rng.random() < 0.4:
        scene = scene * np.float32(np.exp(rng.normal(0, 0.2)))
    chance = rng.random()
    if chance < 0.45:
        scene = np.asarray(
            cv2.GaussianBlur(scene, (0, 0), float(rng.uniform(0.3, 1.4))), np.float32
        )
    elif chance < 0.55:
        n = int(rng.integers(3, 8))
        kernel = np.zeros((n, n), np.float32)
        a = rng.uniform(0, np.pi)
        c = (n - 1) / 2
        reach = c * np.array([np.cos(a), np.sin(a)])
        start, end = np.rint(c - reach).astype(int), np.rint(c + reach).astype(int)
        cv2.line(kernel, tuple(start.tolist()), tuple(end.tolist()), 1.0)
        scene = np.asarray(cv2.filter2D(scene, -1, kernel / kernel.sum()), np.float32)
    if rng.random() < 0.7:
        sigma = float(rng.uniform(1, 6) if rng.random() < 0.8 else rng.uniform(6, 18))
        noise = rng.standard_normal((h, w, 3), dtype=np.float32)
        if rng.random() < 0.5:
            noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.7), np.float32) * 2
        scene = scene + sigma * noise
    out = np.clip(scene, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        quality = int(rng.integers(35, 95))
        _, data = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, quality])
        out = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return out
