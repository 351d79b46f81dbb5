"""What a phone's camera does to a scene: white balance, glare, focus, noise, JPEG."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from obverse.errors import ObverseError
from obverse.mint.clay import soften
from obverse.mint.shade import develop
from obverse.types import F32, U8

Rng = np.random.Generator

_CONTRAST = 0.9  # of the tone curve phones apply; 0 is none


@dataclass(frozen=True, slots=True)
class Camera:
    """One shot's faults.

    Attributes:
        exposure: factor on the light.
        balance: factors on red and blue.
        defocus, motion: blur in pixels.
        noise: deviation of a mid grey, in display units of 0..1.
        glare: strength of a veil of stray light.
        quality: of the JPEG.
    """

    exposure: float = 1.0
    balance: tuple[float, float] = (1.0, 1.0)
    defocus: float = 0.5
    motion: float = 0.0
    noise: float = 0.01
    glare: float = 0.0
    quality: int = 88

    @classmethod
    def draw(cls, rng: Rng) -> Camera:
        """A shot as people take them: most are fair, some are poor."""
        poor = rng.random() < 0.2
        return cls(
            exposure=float(np.exp(rng.normal(-0.1, 0.18))),
            balance=(float(rng.uniform(0.88, 1.16)), float(rng.uniform(0.82, 1.12))),
            defocus=float(rng.uniform(0.9, 2.0) if poor else rng.uniform(0.2, 0.9)),
            motion=float(rng.uniform(2, 6)) if rng.random() < 0.12 else 0.0,
            noise=float(rng.uniform(0.004, 0.03 if poor else 0.014)),
            glare=float(rng.uniform(0.15, 0.6)) if rng.random() < 0.25 else 0.0,
            quality=int(rng.integers(68, 93)),
        )


def shoot(scene: F32, camera: Camera, spot: tuple[float, float, float], rng: Rng) -> U8:
    """A scene (linear RGB, float32 (h, w, 3)) as the camera stores it, uint8 RGB before JPEG.

    Args:
        spot: x, y and radius of the subject in pixels: glare falls near it.
    """
    h, w = scene.shape[:2]
    x = np.arange(w, dtype=np.float32)[None, :]
    y = np.arange(h, dtype=np.float32)[:, None]
    off = ((x - w / 2) ** 2 + (y - h / 2) ** 2) / (w * w + h * h) * 4
    light = scene * (1 - 0.28 * off)[..., None]
    if camera.glare:
        a, d = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.8)
        gx, gy = spot[0] + spot[2] * d * math.cos(a), spot[1] + spot[2] * d * math.sin(a)
        wide = 2 * (rng.uniform(0.15, 0.45) * spot[2]) ** 2
        veil = np.exp(-((x - gx) ** 2) / wide) * np.exp(-((y - gy) ** 2) / wide)
        light = light + (camera.glare * veil)[..., None]
    light = soften(light.astype(np.float32), camera.defocus)
    if camera.motion:
        n = round(camera.motion) | 1
        kernel = np.zeros((n, n), np.float32)
        a = rng.uniform(0, math.pi)
        dx, dy = (n // 2) * math.cos(a), (n // 2) * math.sin(a)
        c = n // 2
        cv2.line(kernel, (round(c - dx), round(c - dy)), (round(c + dx), round(c + dy)), 1.0)
        light = cv2.filter2D(light, -1, kernel / kernel.sum())
    gain = np.array([camera.balance[0], 1.0, camera.balance[1]], np.float32) * camera.exposure
    shown = np.minimum(develop(light * gain), 1)
    shown = shown + _CONTRAST * shown * (1 - shown) * (2 * shown - 1)
    # Sensor noise is fine in brightness; what noise reduction leaves in colour is coarse.
    fine = soften(rng.standard_normal((h, w), dtype=np.float32), 0.5)[..., None]
    coarse = rng.standard_normal((h // 3, w // 3, 3), dtype=np.float32)
    grain = 1.4 * fine + np.asarray(cv2.resize(coarse, (w, h)), np.float32)
    shown = shown + camera.noise * (1.4 - 0.8 * shown) * grain
    return np.asarray(np.round(np.clip(shown, 0, 1) * 255), np.uint8)


def jpeg(image: U8, quality: int) -> bytes:
    """RGB to JPEG bytes."""
    done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ObverseError("the JPEG encoder refused a minted picture", hint="reinstall OpenCV")
    return data.tobytes()
