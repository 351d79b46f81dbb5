"""What an answer shows: the photo set upright, the catalogue's picture in the same frame, and where
the two agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from obverse import canvas, draw, heat
from obverse.draw_parts import tile_matrix
from obverse.draw_sides import held_against
from obverse.draw_sides import sides as draw_sides
from obverse.draw_tray import tray as draw_tray
from obverse.normalise import square_matrix, warp
from obverse.server.pictures import Pictures
from obverse.types import F64, U8, Answer, Array, Evidence, Photo, Tray, View

SIDE = 512
"""Of the aligned pictures; twice a patch, for large screens."""
HEAT_SIDE = 256
"""Of the agreement; it is smooth, and shown larger."""
OPAQUE = 168
"""How opaque it is where it glows fully, of 255: the design below stays readable."""
PHOTO_SIDE = 1024
"""Longer side of the photo as it is shown, at most."""
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
        pairs = [(side, held_against(answer, k)) for k, side in enumerate(answer.sides)]
        shown = [held and aligned(side, *held, store) for side, held in pairs]
        told |= next((pair for pair in shown if pair), {})
        told["sides"] = shown
    if sheet:
        told["sheet"] = _keep(store, draw_sides(answer) if answer.sides else draw.answer(answer))
    return told


def aligned(answer: Answer, view: View, proof: Evidence, store: Pictures) -> dict[str, Any]:
    """One photo and one view in one frame, and the agreement as a layer to lay on either."""
    patch = answer.patch
    is_disc = draw.round_patch(patch)
    thumbnail = canvas.decode(view.thumbnail)
    turn = (view.upright - proof.turn) % 360 if is_disc else 0.0
    # A disc's patch may show more than its region (``Pipeline.larger``), a flat one's is upright.
    lies = tile_matrix(patch, SIDE) if is_disc else square_matrix(patch.region, SIDE)
    from_photo = _about(turn) @ _whole(lies)
    from_view = _about(view.upright if is_disc else 0.0) @ _zoom(SIDE / thumbnail.shape[0])
    if not is_disc and proof.matches is not None and proof.matches.model is not None:
        from_view = _zoom(SIDE / thumbnail.shape[0]) @ proof.matches.model
    query = warp(answer.photo, from_photo[:2], (SIDE, SIDE))
    shown = cv2.warpPerspective(thumbnail, from_view, (SIDE, SIDE), flags=cv2.INTER_CUBIC)
    lit = _heat(proof.agreement, is_disc, turn)
    return {
        "aligned": {"query": _keep(store, query), "view": _keep(store, shown)},
        "heat": _path(store.keep(encode_png(lit), PNG)),
    }


def encode_jpeg(pixels: Array, quality: int = QUALITY) -> bytes:
    """RGB pixels as JPEG."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    return data.tobytes()


def encode_png(pixels: Array) -> bytes:
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
    """Shrunk by a whole number, which is quick."""
    height, width = photo.pixels.shape[:2]
    factor = -(-max(height, width) // PHOTO_SIDE)
    size = (max(1, width // factor), max(1, height // factor))
    return np.asarray(cv2.resize(photo.pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _heat(agreement: Array, is_disc: bool, turn: float) -> U8:
    """The agreement as colour that is opaque where it is high, uint8 (s, s, 4)."""
    level = heat.glow(agreement, HEAT_SIDE, is_disc)
    if turn:
        matrix = _about(turn, HEAT_SIDE)[:2]
        level = np.asarray(cv2.warpAffine(level, matrix, (HEAT_SIDE, HEAT_SIDE)), np.float32)
    steps = np.round(level * 255).astype(np.uint8)
    return np.dstack([heat.ramp()[steps], np.round(level * OPAQUE).astype(np.uint8)])


def _about(degrees: float, side: int = SIDE) -> F64:
    """A turn about the middle, counter-clockwise as seen, (3, 3)."""
    middle = (side - 1) / 2
    return _whole(cv2.getRotationMatrix2D((middle, middle), degrees, 1.0))


def _zoom(scale: float) -> F64:
    """A picture shown larger; pixel centres are at whole numbers, (3, 3)."""
    shift = 0.5 * scale - 0.5
    return np.array([[scale, 0.0, shift], [0.0, scale, shift], [0.0, 0.0, 1.0]])


def _whole(matrix: Array) -> F64:
    return np.vstack([matrix, [0.0, 0.0, 1.0]])


def _keep(store: Pictures, pixels: Array) -> str:
    return _path(store.keep(encode_jpeg(pixels), JPEG))


def _path(name: str) -> str:
    return f"/v1/pictures/{name}"
