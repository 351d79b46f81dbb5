"""The classical finder: ellipses from edges and blobs, pulled onto the rim, scored, and pruned.

Rough ellipses (``seeds``) are pulled onto the nearest rim (``ellipses.refine``) and scored by a
logistic model of 22 measurements (``score``). The best are tried again at a higher resolution and
from other starts, because a coin has several rims inside each other and only the outer one is
wanted, and small winners are measured once more at the photo's own resolution.
"""

from __future__ import annotations

import numpy as np

from obverse.find.ellipses import STAGES, Field, axes, refine, to_ellipse
from obverse.find.outline import trace
from obverse.find.score import score
from obverse.find.seeds import seeds
from obverse.find.weights import FIRST, SECOND
from obverse.types import F64, Array, Ellipse, Finder, Photo, Region

SIZE = 512
"""Long side of the picture in which rims are measured."""
STARTS = ((160, 4), (320, 16))
"""Long side of the pictures in which objects are looked for, and how many circles of about one size
are taken. The first is small on purpose: of 102 photos of `wild_dev`, 97 % kept a start with an IoU
over 0.9 at 160 pixels, 93 % at 224 and 288, because the texture around a coin distracts."""
ENOUGH = 0.12
"""An object whose radius is this share of the long side is what the photo shows; the second, larger
picture is searched only where there is none."""
FINE = 96.0
"""Smaller semi-axes than this, in pixels, are measured again at the photo's own resolution."""
THRESHOLD = 0.35
"""A score below this is no object. Of 82 photos of `wild_dev` all coins found scored higher, of 48
pieces of their backgrounds and 28 of those of `scenes_boxes` 8 % and 4 % did."""
SURVIVORS = 48
"""Ellipses kept after the coarse stage; the best 24 were as good on `wild_dev`, but photos of many
coins need more."""
OBJECTS = 30
"""Most objects that are looked at again."""
RINGED = 8
"""Objects, best first, whose rim is tried at several sizes."""
SLIPS = 2
"""Objects whose rim is tried from one side at a time."""
CLOSE = ((0.05, 0.02, 0.01), (0.03, 0.01, 0.005))
"""Stages of ``refine`` for a rim that is nearly right."""
RINGS = np.array([(size, 0.0, 0.0) for size in (0.95, 1.04, 1.08, 1.13)])
"""Sizes, with no shift, at which an object's rim is looked for again."""
SIDES = np.array(
    [
        (1 + move, move * np.cos(angle), move * np.sin(angle))
        for move in (0.03, -0.03)
        for angle in np.arange(6) * np.pi / 3 + (move < 0) * np.pi / 6
    ]
)
"""Changes of the unit circle that keep one side and move the opposite one by twice ``move``."""
SMALLEST, LARGEST = 0.015, 0.8
"""Semi-axes allowed, as shares of the long side."""
COPY = 0.3
"""Ellipses whose centres and radii differ by less than this share of the radius are one rim."""
CONCENTRIC = 0.1
"""Centres closer than this share of the outer radius are the same."""
GUESS = 0.15
"""A hole gives way to what lies around it from this score on."""
FLATTEST = 0.4
"""Least ratio of the axes: a disc seen 66 degrees from above."""


class ClassicalFinder(Finder):
    """Finds round and nearly round objects by their rims; see the module's text."""

    name = "classical"

    def find(self, photo: Photo) -> list[Region]:
        """Every object, largest and best first; the whole picture, saying so, if there is none.

        Regions carry an ellipse in full-size pixels. ``outline`` is given where the rim departs
        from the ellipse: corners, scallops.
        """
        field = Field(photo.pixels, SIZE)
        maps, scores = detect(photo, field)
        regions = [
            self._region(photo, field, m, float(s)) for m, s in zip(maps, scores, strict=True)
        ]
        if regions:
            return regions
        box = (0.0, 0.0, float(photo.width), float(photo.height))
        return [Region(box=box, score=0.0, whole=True, finder=self.name)]

    def _region(self, photo: Photo, field: Field, matrix: F64, confidence: float) -> Region:
        maps = sharpen(photo, field.to_photo(matrix[None]))
        to_full = np.array([photo.width, photo.height]) / photo.pixels.shape[1::-1]
        outline = trace(field, field.from_photo(maps)[0])
        if outline is not None:
            outline = ((outline + 0.5) * field.step * to_full - 0.5).astype(np.float32)
        maps = maps * to_full[:, None]
        maps[:, :, 2] += 0.5 * to_full - 0.5
        ellipse = to_ellipse(maps[0])
        return Region(
            box=bounds(ellipse, photo),
            score=confidence,
            ellipse=ellipse,
            outline=outline,
            finder=self.name,
        )


def detect(photo: Photo, field: Field) -> tuple[F64, F64]:
    """Outer rims in ``field``, (k, 2, 3), and their scores (k,), largest and best first."""
    maps, scores = np.zeros((0, 2, 3)), np.zeros(0)
    for size, alike in STARTS:
        found = search(Field(photo.pixels, size), field, alike)
        maps, scores = np.concatenate([maps, found[0]]), np.concatenate([scores, found[1]])
        kept = prune(maps, scores)
        if (radii(maps[kept]) > ENOUGH * max(field.width, field.height)).any():
            break
    order = sorted(kept, key=lambda i: -rank(maps[i], float(scores[i])))
    return maps[order], scores[order]


def search(coarse: Field, field: Field, alike: int) -> tuple[F64, F64]:
    """All ellipses worth scoring in ``field``, started from ``coarse``, and their scores."""
    maps = candidates(coarse, alike)
    chosen = distinct(maps, score(coarse, maps, FIRST))[:OBJECTS]
    return look_again(field, field.from_photo(coarse.to_photo(maps[chosen])))


def candidates(field: Field, alike: int) -> F64:
    """Seeds pulled onto rims, without those that ran away."""
    maps = refine(field, seeds(field, alike), *STAGES[0], every=2)
    maps = maps[plausible(field, maps)]
    if len(maps) > SURVIVORS:
        maps = maps[np.argsort(-score(field, maps, FIRST))[:SURVIVORS]]
    for stage in STAGES[1:]:
        maps = refine(field, maps, *stage)
    return np.asarray(maps[plausible(field, maps)])


def plausible(field: Field, maps: F64) -> Array:
    """Whether ellipses have a sane size, flatness and place."""
    a, b = axes(maps)
    long = max(field.width, field.height)
    centre = maps[:, :, 2] / np.array([field.width, field.height]) - 0.5
    return np.asarray(
        (b >= FLATTEST * a)
        & (b > 0.015 * long)
        & (a < 0.8 * long)
        & (abs(centre) < 0.6).all(axis=1)
    )


def look_again(field: Field, maps: F64) -> tuple[F64, F64]:
    """The rims of a few objects, tried from many starts: all ellipses tried, and their scores.

    Each is started again a little smaller and larger. Then the best few are started from ellipses
    that keep one side of the rim and move the other, because the usual slip is a fit to the rim on
    one side and to a shadow or a ring of beads on the other.
    """
    maps = pull(field, refine(field, maps, *STAGES[1]))
    tried = np.concatenate([maps, pull(field, combine(maps[:RINGED], RINGS))])
    tried = tried[plausible(field, tried)]
    scores = score(field, tried, SECOND)
    best = distinct(tried, scores)[:SLIPS]
    slipped = pull(field, combine(tried[best], SIDES))
    slipped = slipped[plausible(field, slipped)]
    return (
        np.concatenate([tried, slipped]),
        np.concatenate([scores, score(field, slipped, SECOND)]),
    )


def pull(field: Field, maps: F64) -> F64:
    """Onto the nearest edge."""
    for stage in CLOSE:
        maps = refine(field, maps, *stage)
    return maps


def combine(maps: F64, starts: F64) -> F64:
    """Every map (k, 2, 3) after every change of the unit circle (n, 3), size and shift:
    (k * n, 2, 3)."""
    changes = np.zeros((len(starts), 3, 3))
    changes[:, 0, 0] = changes[:, 1, 1] = starts[:, 0]
    changes[:, :2, 2], changes[:, 2, 2] = starts[:, 1:], 1.0
    linear = maps[:, None, :, :2] @ changes[None, :, :2]
    linear[..., 2] += maps[:, None, :, 2]
    return np.asarray(linear.reshape(-1, 2, 3))


def distinct(maps: F64, scores: F64) -> list[int]:
    """Indices of the best ellipses, best first, without near copies of better ones."""
    radius = radii(maps)
    kept: list[int] = []
    for i in np.argsort(-scores):
        distance = np.hypot(*(maps[kept, :, 2] - maps[i, :, 2]).T)
        larger = np.maximum(radius[kept], radius[i])
        copies = (distance < COPY * larger) & (np.abs(radius[kept] - radius[i]) < COPY * larger)
        if not copies.any():
            kept.append(int(i))
    return kept


def prune(maps: F64, scores: F64) -> list[int]:
    """Indices of the best ellipses, best first, none lying within, around or across another.

    Of two that share their centre the outer one wins even against a higher score, as long as it is
    no worse than a guess: a hole's edge, or a design's ring, is sharper than many a rim.
    """
    radius = radii(maps)
    sure = scores.copy()
    for i in range(len(maps)):
        distance = np.hypot(*(maps[:, :, 2] - maps[i, :, 2]).T)
        around = (distance < CONCENTRIC * radius) & (radius > 2 * radius[i]) & (scores >= GUESS)
        if around.any():
            sure[i] = 0.0
    kept: list[int] = []
    for i in np.argsort(-sure):
        distance = np.hypot(*(maps[kept, :, 2] - maps[i, :, 2]).T)
        if np.all(distance > 0.8 * np.maximum(radius[kept], radius[i])):
            kept.append(int(i))
    return [i for i in kept if sure[i] >= THRESHOLD]


def radii(maps: F64) -> F64:
    """The radius of the circle of the same area, (k,)."""
    return np.asarray(np.sqrt(np.abs(np.linalg.det(maps[:, :, :2]))))


def rank(matrix: F64, confidence: float) -> float:
    """What a person would mean: large and sure."""
    return confidence * float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))


def sharpen(photo: Photo, maps: F64) -> F64:
    """Measure a small object's rim again at the resolution of the decoded picture."""
    a = float(axes(maps)[0][0])
    h, w = photo.pixels.shape[:2]
    if max(h, w) <= SIZE or a * SIZE / max(h, w) >= FINE:
        return maps
    low = np.clip(np.floor(maps[0, :, 2] - 1.3 * a), 0, [w, h]).astype(int)
    high = np.clip(np.ceil(maps[0, :, 2] + 1.3 * a), 0, [w, h]).astype(int)
    crop = photo.pixels[low[1] : high[1], low[0] : high[0]]
    if min(crop.shape[:2]) < 16:
        return maps
    local = maps.copy()
    local[:, :, 2] -= low
    field = Field(crop, round(2.6 * FINE))
    local = refine(field, field.from_photo(local), 0.05, 0.02, 0.008)
    local = field.to_photo(refine(field, local, 0.025, 0.008, 0.005))
    local[:, :, 2] += low
    return local


def bounds(ellipse: Ellipse, photo: Photo) -> tuple[float, float, float, float]:
    """The box of an ellipse within the photo, in full-size pixels."""
    phi = np.radians(ellipse.angle)
    dx = float(np.hypot(ellipse.a * np.cos(phi), ellipse.b * np.sin(phi)))
    dy = float(np.hypot(ellipse.a * np.sin(phi), ellipse.b * np.cos(phi)))
    return (
        max(0.0, ellipse.cx - dx),
        max(0.0, ellipse.cy - dy),
        min(float(photo.width), ellipse.cx + dx),
        min(float(photo.height), ellipse.cy + dy),
    )
