"""How alike two pictures are, by every measure of the field at once.

Pixel measures need pictures of one size: the second one is resized to the first one's size, by area
where it shrinks; what that costs in proportions is said. All others take each picture as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from obverse import canvas, lines, normalise, recipes, zoo
from obverse.embed import named
from obverse.errors import UsageError
from obverse.pipeline import Pipeline
from obverse.recipes import Recipe
from obverse.types import U8, Matches, Patch, Photo, Region
from obverse.verify import keypoints, polar
from obverse.zoo import Fittable, whole

SSIM_WINDOW = 7
"""Side in pixels of the windows of SSIM, the usual one; smaller pictures are not measured."""


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """What comparing two pictures gave.

    Attributes:
        resized: how the second was made comparable for ``mse``, ``psnr`` and ``ssim``; empty where
            both had one size.
        mse: mean squared difference of RGB values 0 to 255.
        psnr: peak signal-to-noise ratio in decibels; None for equal pictures.
        ssim: structural similarity of grey (Wang et al., 2004), -1 to 1; None for pictures smaller
            than its window.
        histogram: correlation of 256-bin grey histograms, -1 to 1.
        hash_distance: bits of 64 in which the perceptual hashes differ.
        embeddings: name of each embedder to the cosine it sees; ``polar`` at the best turn.
        turn: degrees, counter-clockwise as seen, by which the second must be turned to lie as the
            first, as ``polar`` sees it; None where it was not asked.
        matches: SIFT keypoints of the second found again in the first; its points are in patch
            pixels.
    """

    resized: str
    mse: float
    psnr: float | None
    ssim: float | None
    histogram: float
    hash_distance: int
    embeddings: dict[str, float]
    turn: float | None
    matches: Matches

    def to_dict(self) -> dict[str, Any]:
        return {
            "resized": self.resized,
            "mse": round(self.mse, 4),
            "psnr": None if self.psnr is None else round(self.psnr, 4),
            "ssim": None if self.ssim is None else round(self.ssim, 5),
            "histogram_correlation": round(self.histogram, 5),
            "hash_distance": self.hash_distance,
            "embeddings": {k: round(v, 5) for k, v in self.embeddings.items()},
            "turn": None if self.turn is None else round(self.turn, 2),
            "keypoints": self.matches.to_dict(),
        }


def compare(first: Photo, second: Photo, embedders: Sequence[str] = ("polar",)) -> Likeness:
    """Compare two photos.

    Args:
        embedders: ``polar`` (the largest round object of each, at the best turn), ``vlad``, or
            descriptors of ``obverse.zoo`` that need not be fitted, of the whole pictures.

    Raises:
        UsageError: an unknown embedder, or one that is fitted on a catalogue.
        MissingExtra: ``obverse[zoo]`` is not installed: SSIM needs scikit-image.
    """
    zoo.need("SSIM", "skimage")
    a, b = first.pixels, second.pixels
    same, resized = _to_size(b, a.shape[1], a.shape[0])
    off = float(np.mean((a.astype(np.float64) - same) ** 2))
    hashes = zoo.get("phash")
    assert not isinstance(hashes, Fittable)
    one, other = hashes.describe([a, b])
    cosines: dict[str, float] = {}
    turn: float | None = None
    for name in embedders:
        cosines[name], turned = _cosine(name, first, second)
        turn = turned if turned is not None else turn
    return Likeness(
        resized=resized,
        mse=off,
        psnr=10 * float(np.log10(255**2 / off)) if off else None,
        ssim=_ssim(a, same),
        histogram=_correlation(a, b),
        hash_distance=round(len(one) * (1 - float(one @ other)) / 2),
        embeddings=cosines,
        turn=turn,
        matches=_match(flat_patch(first), flat_patch(second)),
    )


def draw(first: Photo, second: Photo, matches: Matches) -> U8:
    """The two pictures side by side, a line for each keypoint found again."""
    factor = lines.SIDE / normalise.SIZE
    # Pixel centres: (x + 0.5) * factor - 0.5.
    query, view = ((p + 0.5) * factor - 0.5 for p in (matches.query, matches.view))
    return lines.side_by_side(
        _square(first), _square(second), replace(matches, query=query, view=view)
    )


def flat_patch(photo: Photo) -> Patch:
    """The whole picture as a patch."""
    return normalise.flat(photo, _whole(photo))


def _square(photo: Photo) -> U8:
    """A picture in the middle of a square, uint8 (``lines.SIDE``, ``lines.SIDE``, 3)."""
    square = np.full((lines.SIDE, lines.SIDE, 3), normalise.GREY, np.uint8)
    width, height = canvas.fit(photo.width, photo.height, lines.SIDE, lines.SIDE)
    x, y = (lines.SIDE - width) // 2, (lines.SIDE - height) // 2
    square[y : y + height, x : x + width] = canvas.resize(photo.pixels, width, height)
    return square


def _whole(photo: Photo) -> Region:
    return Region((0.0, 0.0, float(photo.width), float(photo.height)), 1.0, whole=True)


def _to_size(image: U8, width: int, height: int) -> tuple[U8, str]:
    h, w = image.shape[:2]
    if (w, h) == (width, height):
        return image, ""
    shrinks = w * h > width * height
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    said = f"the second from {w} x {h} to {width} x {height} pixels"
    if abs(w * height - h * width) > max(w, h, width, height):
        said += ", its proportions changed"
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8), said


def _ssim(a: U8, b: U8) -> float | None:
    if min(a.shape[:2]) < SSIM_WINDOW:
        return None
    from skimage import metrics

    greys = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (a, b)]
    ssim: Any = metrics.structural_similarity
    return float(ssim(*greys, win_size=SSIM_WINDOW, data_range=255))


def _correlation(a: U8, b: U8) -> float:
    """Of shares, so that size does not count; 1 for two even pictures of one grey."""
    one, other = (whole.grey_histogram(image) / image[..., 0].size for image in (a, b))
    return float(cv2.compareHist(one, other, cv2.HISTCMP_CORREL))


def _match(a: Patch, b: Patch) -> Matches:
    query, view = keypoints.detect(a.polar), keypoints.detect(b.polar)
    return keypoints.prove(view, query, keypoints.pair(view, query))


def _cosine(name: str, first: Photo, second: Photo) -> tuple[float, float | None]:
    """The cosine that an embedder sees, and the turn, if it sees one."""
    recipe = _recipe(name)
    pipeline = Pipeline(recipe)
    if recipe.turns:
        query = pipeline.embed_query(pipeline.look(first))
        view = pipeline.embed([pipeline.look(second)])[0]
        scores, turns = polar.PolarVerifier().scores(query, view.map[None])
        return float(scores[0]), float(turns[0])
    patches = [flat_patch(first), flat_patch(second)]
    one, other = (e.vector for e in pipeline.embedder.embed(patches))
    return float(one @ other), None


def _recipe(name: str) -> Recipe:
    """The recipe that an embedder belongs to; descriptors see whole pictures, as flat ones."""
    own = next((r for r in recipes.RECIPES.values() if r.embedder == name), None)
    # What is neither a recipe's nor a descriptor is the card of a model for round things.
    recipe = own or recipes.get("flat" if zoo.entry(name) else "coin", name)
    if named.needs_fitting(recipe):
        raise UsageError(
            f"{name} is fitted on a catalogue, two pictures are none",
            hint="choose one that is not fitted; see obverse zoo",
        )
    return recipe
