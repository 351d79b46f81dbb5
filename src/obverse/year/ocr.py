"""Where is text, and what may it say: the two networks of PP-OCRv6 (small), run directly.

The detector marks, for every pixel, whether it lies in the core of a line of text; the cores become
turned boxes, grown to the full letters (Liao et al., 2020: differentiable binarisation). The
recogniser reads a line of 48 pixels' height and gives, for every 8 pixels along it, a distribution
over its alphabet; ``ctc`` makes numbers of that. Both are as PaddleOCR published them, their
weights rounded to half precision; ``scripts/ship_ocr.py`` takes them from the package rapidocr.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import onnxruntime

from obverse import network, shipped
from obverse.types import F32, F64, U8, Array

CORE = 0.2
"""Least chance of a pixel to belong to the core of a line; the usual 0.3 finds fewer worn dates."""
SCORE = 0.3
"""Least mean chance within a box."""
GROW = 1.6
"""How far a core is grown: this times its area over its perimeter, on every side (PP-OCR)."""
THINNEST = 3.0
"""Cores thinner than this many pixels are noise."""
STRIDE = 32
"""The detector's sides are multiples of this."""
HEIGHT, STEP = 48, 8
"""Height of a line that the recogniser takes, and pixels per step along it."""
BATCH = 8


@dataclass(frozen=True, slots=True)
class TextBox:
    """A line of text: centre, length along the line and height across it in pixels, the direction
    in which it is read in degrees clockwise as seen from the x axis, and the detector's score."""

    cx: float
    cy: float
    length: float
    height: float
    angle: float
    score: float

    def scaled(self, factor: float) -> TextBox:
        """The same box in a picture resized by ``factor``."""
        shift = 0.5 * (factor - 1)
        return TextBox(
            self.cx * factor + shift,
            self.cy * factor + shift,
            self.length * factor,
            self.height * factor,
            self.angle,
            self.score,
        )

    def reversed(self) -> TextBox:
        """The same box read from its other end."""
        angle = (self.angle + 360.0) % 360.0 - 180.0
        return TextBox(self.cx, self.cy, self.length, self.height, angle, self.score)

    @property
    def along(self) -> F64:
        """The unit vector in which it is read, (x, y)."""
        phi = math.radians(self.angle)
        return np.array([math.cos(phi), math.sin(phi)])

    def corners(self) -> F64:
        """Its corners from the start of the line's top edge on, clockwise, float64 (4, 2)."""
        u = self.along * self.length / 2
        v = np.array([-self.along[1], self.along[0]]) * self.height / 2
        return np.array([self.cx, self.cy]) + np.stack([-u - v, u - v, u + v, v - u])


class Ocr:
    """The detector and the recogniser, each loaded when first used. Safe to share between threads.

    Raises ``ModelError`` on use if a model cannot be read.
    """

    @cached_property
    def _detector(self) -> onnxruntime.InferenceSession:
        return _session("ocr-find")

    @cached_property
    def _recogniser(self) -> onnxruntime.InferenceSession:
        return _session("ocr-read")

    @cached_property
    def alphabet(self) -> list[str]:
        """The character of each column of ``read``; column 0 is the blank."""
        text = self._recogniser.get_modelmeta().custom_metadata_map["character"]
        return ["", *text.split("\n"), " "]

    @cached_property
    def columns(self) -> dict[str, int]:
        """The column of each character."""
        return {c: i for i, c in reversed(list(enumerate(self.alphabet))) if c}

    def find(self, image: U8) -> list[TextBox]:
        """Lines of text at any turn, each read in the direction that is nearest to upright.

        Args:
            image: uint8 (h, w, 3), RGB; best with letters of 12 to 40 pixels.
        """
        h, w = image.shape[:2]
        th, tw = (max(STRIDE, round(side / STRIDE) * STRIDE) for side in (h, w))
        fitted = np.asarray(cv2.resize(image, (tw, th)), np.uint8)
        core = self._detector.run(None, {"x": _tensor([fitted])})[0][0, 0]
        boxes = boxes_of(np.asarray(core, np.float32))
        if (th, tw) == (h, w):
            return boxes
        return [b.scaled(w / tw) for b in boxes]

    def read(self, image: U8, boxes: Sequence[TextBox]) -> list[F32]:
        """What each line may say: float32 (steps, alphabet), each row a distribution.

        Args:
            image: uint8 (h, w, 3), RGB.
            boxes: in pixels of it.
        """
        lines = [line(image, box) for box in boxes]
        tables: list[F32] = [np.empty((0, 0), np.float32)] * len(lines)
        # Lines of like length go together, so that little is padded.
        order = sorted(range(len(lines)), key=lambda i: lines[i].shape[1])
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            out = self._recogniser.run(None, {"x": _tensor([lines[i] for i in chosen])})[0]
            for i, table in zip(chosen, out, strict=True):
                tables[i] = np.asarray(table[: lines[i].shape[1] // STEP], np.float32)
        return tables

    def spell(self, table: F32) -> str:
        """The most likely character at every step, merged: a line as it reads at first sight."""
        return "".join(self.alphabet[i] for i in table.argmax(axis=1)[kept(table)])


def kept(table: F32) -> Array:
    """The steps of a line that begin a character, bool (steps,), the most likely ones merged."""
    best = table.argmax(axis=1)
    return np.asarray((best != 0) & np.concatenate([[True], best[1:] != best[:-1]]))


def boxes_of(core: F32) -> list[TextBox]:
    """Turned boxes around the cores of lines, float32 (h, w) in 0 … 1."""
    mask = cv2.dilate((core > CORE).astype(np.uint8), np.ones((2, 2), np.uint8))
    outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for outline in outlines:
        (cx, cy), (w, h), angle = cv2.minAreaRect(outline)
        if min(w, h) < THINNEST:
            continue
        inside = np.zeros_like(mask)
        corners = cv2.boxPoints(((cx, cy), (w, h), angle)).astype(np.int32)
        cv2.fillPoly(inside, [corners], 1)
        score = float(cv2.mean(core, inside)[0])
        if score < SCORE:
            continue
        grow = GROW * w * h / (w + h)  # twice the distance: area / perimeter on either side
        length, height = w + grow, h + grow
        if length < height:
            length, height, angle = height, length, angle + 90.0
        found.append(TextBox(cx, cy, length, height, (angle + 90.0) % 180.0 - 90.0, score))
    return found


def line(image: U8, box: TextBox) -> U8:
    """A line cut out and set upright, uint8 (48, w, 3); ``w`` is a multiple of 8."""
    scale = HEIGHT / box.height
    width = max(2 * STEP, round(box.length * scale / STEP) * STEP)
    phi = math.radians(box.angle)
    c, s = math.cos(phi) / scale, math.sin(phi) / scale
    linear = np.array([[c, -s], [s, c]])
    middle = np.array([(width - 1) / 2, (HEIGHT - 1) / 2])
    matrix = np.hstack([linear, (np.array([box.cx, box.cy]) - linear @ middle)[:, None]])
    out = cv2.warpAffine(
        image,
        matrix,
        (width, HEIGHT),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(out, np.uint8)


def _tensor(images: Sequence[U8]) -> F32:
    """Pictures of one height as the networks take them: BGR, -1 … 1, grey on the right."""
    h, w = images[0].shape[0], max(i.shape[1] for i in images)
    out = np.zeros((len(images), 3, h, w), np.float32)
    for row, image in zip(out, images, strict=True):
        row[:, :, : image.shape[1]] = image[..., ::-1].transpose(2, 0, 1) / 127.5 - 1.0
    return out


def _session(name: str) -> onnxruntime.InferenceSession:
    _, model = shipped.model(name, f"the model {name!r}")
    return network.load(model)
