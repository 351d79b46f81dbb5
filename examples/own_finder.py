"""A finder of your own: objects on plain paper, by their difference from its colour.

    python examples/own_finder.py photo.jpg found.png

A class with a ``name`` and ``find``, derived from the ``Finder`` protocol, is all; see
docs/plugins.md.
"""

from __future__ import annotations

import sys

import cv2
import numpy as np

from obverse import draw, photo, recipes
from obverse.errors import told
from obverse.pipeline import Pipeline
from obverse.types import Ellipse, Finder, Photo, Region


class PaperFinder(Finder):
    """Takes the picture's border for the paper, and what differs from it for objects."""

    name = "paper"

    def find(self, photo: Photo) -> list[Region]:
        pixels = cv2.GaussianBlur(photo.pixels, (0, 0), 2).astype(np.int16)
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        distance = np.abs(pixels - np.median(border, axis=0)).max(axis=2)
        mask = (distance > 30).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        large = [c for c in contours if cv2.contourArea(c) > 0.002 * mask.size and len(c) >= 5]
        found = [self.region(c, photo.scale) for c in large]
        whole = Region((0.0, 0.0, photo.width, photo.height), 0.0, whole=True, finder=self.name)
        return sorted(found, key=lambda r: -(r.box[2] - r.box[0])) or [whole]

    def region(self, contour: np.ndarray, scale: float) -> Region:
        (cx, cy), (width, height), angle = cv2.fitEllipse(cv2.convexHull(contour))
        a, b = max(width, height) / 2, min(width, height) / 2
        major = angle if width >= height else angle + 90
        ellipse = Ellipse(cx, cy, a, b, major % 180).scaled(1 / scale)
        xy = ellipse.points()
        box = (*xy.min(axis=0), *xy.max(axis=0))
        fill = cv2.contourArea(contour) / (np.pi * a * b)
        outline = (contour[:, 0] / scale).astype(np.float32)
        return Region(box, float(min(fill, 1 / fill)), ellipse, outline, finder=self.name)


def main(path: str, picture: str) -> None:
    finder: Finder = PaperFinder()
    loaded = photo.load(path)
    regions = finder.find(loaded)
    pipeline = Pipeline(recipes.get("coin"))
    patch = pipeline.normalise(loaded, regions[0])
    vector = pipeline.embed([patch])[0].vector
    print(f"{len(regions)} found; the first one's vector has {len(vector)} numbers")
    draw.save(draw.regions(loaded, regions), picture)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with told():
        main(*sys.argv[1:])
