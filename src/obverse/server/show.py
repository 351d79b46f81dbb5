"""What an answer shows: the photo set upright, the catalogue's picture in the same frame, and where
the two agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from obverse import canvas, draw, heat
from obverse.draw_sides import sides as draw_sides
from obverse.draw_tray import tray as draw_tray
from obverse.normalise import square_matrix, warp
from obverse.server.pictures import Pictures
from obverse.types import U8, Answer, Array, Evidence, Photo, Tray, View

SIDE = 512
"""Of the aligned pictures; twice a patch, for large screens."""
PHOTO_SIDE = 1280
"""Longer side of the photo as it is shown."""
QUALITY = 85
JPEG, PNG = "image/jpeg", "image/png"


def pictures(answer: Answer | Tray, store: Pictures, *, sheet: bool) -> Mapping[str, Any]:
    """The addresses of all pictures of an answer."""
    told: dict[str, Any] = {"photo": _photo(answer, store)}
    if isinstance(answer, Tray):
        if sheet:
            told["sheet"] = _keep(store, draw_tray(answer))
        return told
    if answer.best is not None and not answer.sides:
        told |= aligned(answer, answer.best.view, answer.best.evidence, store)
    elif answer.best is not None:
        pairs = zip(answer.sides, answer.best.sides, strict=True)
        shown = [m and aligned(side, m.view, m.evidence, store) for side, m in pairs]
        told |= next((pair for pair in shown if pair), {})
        told["sides"] = shown
    if sheet:
        told["sheet"] = _keep(store, draw_sides(answer) if answer.sides else draw.answer(answer))
    return told


def aligned(answer: Answer, view: View, proof: Evidence, store: Pictures) -> dict[str, Any]:
    """One photo and one view in one frame, and the agreement as a layer to lay on either."""
    is_disc = draw.round_patch(answer.patch)
    scale = SIDE / answer.patch.original.shape[0]
    query = warp(answer.photo, square_matrix(answer.patch.region, SIDE), (SIDE, SIDE))
    lit = _heat(proof.agreement, is_disc)
    shown = canvas.resize(canvas.decode(view.thumbnail), SIDE, SIDE)
    if is_disc:
        turn = (view.upright - proof.turn) % 360
        query, lit = canvas.turned(query, turn), _turn(lit, turn)
        shown = canvas.turned(shown, view.upright)
    elif proof.matches is not None and proof.matches.model is not None:
        zoom = np.diag([scale, scale, 1.0])
        model = zoom @ proof.matches.model @ np.linalg.inv(zoom)
        shown = np.asarray(cv2.warpPerspective(shown, model, (SIDE, SIDE)), np.uint8)
    return {
        "aligned": {"query": _keep(store, query), "view": _keep(store, shown)},
        "heat": _path(store.keep(encode_png(lit), PNG)),
    }


def encode_jpeg(pixels: U8, quality: int = QUALITY) -> bytes:
    """RGB pixels as JPEG."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    return data.tobytes()


def encode_png(pixels: U8) -> bytes:
    """RGBA or grey pixels as PNG."""
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    shown = cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA) if pixels.ndim == 3 else pixels
    _, data = cv2.imencode(".png", shown, options)
    return data.tobytes()


def _photo(answer: Answer | Tray, store: Pictures) -> Any:
    if isinstance(answer, Answer) and answer.sides:
        return [_keep(store, _small(side.photo)) for side in answer.sides]
    return _keep(store, _small(answer.photo))


def _small(photo: Photo) -> U8:
    width, height = canvas.fit(photo.width, photo.height, PHOTO_SIDE, PHOTO_SIDE)
    if photo.pixels.shape[1] <= width:
        return photo.pixels
    small = cv2.resize(photo.pixels, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _heat(agreement: Array, is_disc: bool) -> U8:
    """The agreement as colour that is opaque where it is high, uint8 (side, side, 4)."""
    level = heat.glow(agreement, SIDE // 2, is_disc)
    steps = np.round(level * 255).astype(np.uint8)
    small = np.dstack([heat.ramp()[steps], steps])
    return np.asarray(cv2.resize(small, (SIDE, SIDE)), np.uint8)


def _turn(pixels: U8, degrees: float) -> U8:
    middle = (SIDE - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), degrees, 1.0)
    return np.asarray(cv2.warpAffine(pixels, matrix, (SIDE, SIDE)), np.uint8)


def _keep(store: Pictures, pixels: U8) -> str:
    return _path(store.keep(encode_jpeg(pixels), JPEG))


def _path(name: str) -> str:
    return f"/v1/pictures/{name}"
