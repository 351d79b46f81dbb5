"""A mask upon its photo: what a prompt meant stays bright, the rest goes dim."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from obverse import draw
from obverse.canvas import GROUND
from obverse.types import U8

if TYPE_CHECKING:
    from obverse.zoo.text import Segmentation

DIM = 0.35
"""How much of the photo shows outside the mask."""


def overlay(found: Segmentation) -> U8:
    """The photo, uint8 (h, w, 3), dim outside the mask, with every object's outline and score."""
    height, width = found.photo.pixels.shape[:2]
    inside = cv2.resize(found.image(), (width, height), interpolation=cv2.INTER_AREA)
    share = np.maximum(inside[..., None].astype(np.float32) / 255, DIM)
    mixed = found.photo.pixels * share + np.array(GROUND, np.float32) * (1 - share)
    dimmed = replace(found.photo, pixels=mixed.astype(np.uint8))
    return draw.regions(dimmed, found.objects)
