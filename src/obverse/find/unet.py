"""The learned finder: one small U-Net, used twice.

The first pass looks at the whole photo and says where coins are; the second looks at a crop around
each and says where its rim runs. Both give, for every second pixel, ``mask`` (is this coin) and
``inset`` (how far inside the coin seen here: 0 on its rim, 1 in its middle). The inset falls along
straight lines from the middle to the rim, so ``(1 - inset) ** 2`` is a quadratic form of the
position: a linear least-squares fit to any piece of a coin gives the whole ellipse, even where
another coin hides the rest. The mask then pulls that ellipse onto the rim, ray by ray, to a
fraction of a pixel. Both are in ``rims``.

``train/unet.py`` is the network, ``models/finder.json`` its card.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from obverse import network, shipped, shrink
from obverse.find.classical import ClassicalFinder, bounds
from obverse.find.ellipses import to_ellipse
from obverse.find.rims import (
    CELLS,
    Seen,
    ellipse_of,
    field_of,
    fit_rim,
    judge,
    share_out,
    share_seen,
)
from obverse.types import F32, F64, U8, Photo, Region

FIRST, CLOSER = 256, 704
"""Long side of the first look, and of a second one where the first shows small objects."""
SMALL, SMALLER = 18.0, 1.5
"""Objects of a smaller radius, in pixels of the first look, ask for the closer one; and how much
larger those may be that it is believed about."""
SIDE = 32
"""The network's sides are multiples of this."""
STEP = 2
"""Input pixels per output cell."""
CROPS = ((4, 256), (1000, 128))
"""Side of a crop for the second pass, by how many objects there are at most."""
MARGIN = 1.4
"""Half a crop's side, in radii of the object."""
BATCH = 8
GREY = 128
FRAME = 64
"""Pixels of grey around the first look, so that a coin that fills the picture looks as coins did in
training. Of 87 pictures of `cutouts`, which coins fill, 4 % were missed without it and none with
it; 32 pixels were a little worse."""
ROUGH = 0.3
"""Least score of what the second pass looks at."""
THRESHOLD = 0.5
"""Least score of an object."""
COPY = 0.5
"""Two objects whose centres are closer than this share of the larger radius are one."""
DOUBT = 10
"""How fast doubt outweighs size in the order of what is found. With a half-trained model the coin
came first in 170 of 170 photos of `wild_dev`, by score times size in 168."""
SURE = 0.9
"""Score below which the network is not sure, so that the classical finder is asked, and from which
that one is believed. The network's first object scores less in 1 of 170 photos of `wild_dev`, where
asking lifts the IoU from 0.857 to 0.960, and in none of 180 scans; on drawn coins, which it never
saw, it often does. Of 212 grounds without a coin the network takes 5 for one, the classical finder
4 more."""
GROWN = 1.2
"""How much larger ``first`` takes it that the second pass may find an object. Of 738 photos (every
second of `wild_dev`, all of four other sets) 737 gave the rim that ``find`` gives first, and one
that rim 2 % narrower."""
NESTED = 0.25
"""How much size counts beside the score: a coin's design or hole is no coin of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """One object: the map of the unit circle to its rim in photo pixels, (2, 3), how sure, and
    which share of it is seen."""

    matrix: F64
    score: float
    outline: F32 | None = None
    seen: float = 1.0

    @property
    def radius(self) -> float:
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))

    @property
    def weight(self) -> float:
        """What the order of objects goes by: never more than the radius."""
        return self.radius * self.score**DOUBT


class UNetFinder:
    """Finds coins and other round things by a learned mask; see the module's text. Safe to share
    between threads."""

    name = "unet"

    def __init__(self) -> None:
        self.card, model = shipped.model("finder", "the finder's model")
        self._spare = ClassicalFinder()
        self._session = network.load(model)

    def find(self, photo: Photo) -> list[Region]:
        """Every object, largest and best first; the whole picture, saying so, if there is none.

        Regions carry an ellipse in full-size pixels. ``outline`` is given where the rim departs
        from the ellipse: corners, scallops. Where the network is sure of nothing, what the
        classical finder is very sure of counts; such regions bear its name.
        """
        rough = self._search(photo.pixels, self._glance(photo.pixels))
        return self._regions(photo, self._refine(photo.pixels, rough))

    def first(self, photo: Photo) -> Region:
        """What ``find`` gives first. What is too small to come before the largest is neither looked
        at closely nor looked for."""
        compared = rough = sorted(self._glance(photo.pixels), key=lambda o: -o.radius)
        limit = _limit(photo.pixels)
        if rough and rough[0].radius >= limit:
            sharp = self._refine(photo.pixels, rough[:1])
            least = max((o.weight for o in sharp if o.score >= SURE), default=0.0) / GROWN
            rivals = [
                o for o in rough[1:] if max(o.radius, SMALLER * limit * (o.radius < limit)) > least
            ]
            if not rivals:
                return self._regions(photo, sharp)[0]
            compared = [*rough[:1], *rivals]
        closer = self._search(photo.pixels, compared)
        # As large as find looks at them: of two that are nearly even the same one leads.
        sharp = self._refine(photo.pixels, closer, len(closer) + len(rough) - len(compared))
        return self._regions(photo, sharp)[0]

    def _regions(self, photo: Photo, found: list[Object]) -> list[Region]:
        """In order, or what stands in for them."""
        regions = [_region(photo, o) for o in sorted(found, key=lambda o: -o.weight)]
        if max((r.score for r in regions), default=0.0) >= SURE:
            return regions
        spared = [r for r in self._spare.find(photo) if r.score >= SURE]
        box = (0.0, 0.0, float(photo.width), float(photo.height))
        return spared or regions or [Region(box=box, score=0.0, whole=True, finder=self.name)]

    def _glance(self, pixels: U8) -> list[Object]:
        """The first pass: rough objects."""
        return split(self._look(pixels, FIRST, FRAME))

    def _search(self, pixels: U8, rough: list[Object]) -> list[Object]:
        """What was glanced at; where some of it is small, that by a closer look."""
        limit = _limit(pixels)
        if not any(o.radius < limit for o in rough) or max(pixels.shape[:2]) <= FIRST:
            return rough
        small = [o for o in split(self._look(pixels, CLOSER, 0)) if o.radius < SMALLER * limit]
        large = [o for o in rough if o.radius >= limit]
        return distinct([*small, *large])

    def _look(self, pixels: U8, size: int, frame: int) -> Seen:
        """The network's view of a whole picture, shrunk or enlarged to a long side of ``size``,
        in a grey frame."""
        h, w = pixels.shape[:2]
        zoom = size / max(h, w)
        wide, high = max(1, round(w * zoom)), max(1, round(h * zoom))
        height, width = (-(-(side + 2 * frame) // SIDE) * SIDE for side in (high, wide))
        canvas = np.full((height, width, 3), GREY, np.uint8)
        if zoom < 1:
            shown = shrink.by_area(pixels, wide, high)
        else:
            shown = np.asarray(cv2.resize(pixels, (wide, high)), np.uint8)
        canvas[frame : frame + high, frame : frame + wide] = shown
        mask, inset = self._run(canvas[None])[0]
        step = np.array([w / wide, h / high])
        to_photo = np.column_stack([np.diag(STEP * step), (STEP / 2 - frame) * step - 0.5])
        return Seen(mask, inset, to_photo)

    def _refine(self, pixels: U8, rough: list[Object], among: int | None = None) -> list[Object]:
        """The second pass: each object in a crop of its own, as large as for ``among`` objects."""
        count = len(rough) if among is None else among
        side = next((s for most, s in CROPS if count <= most), CROPS[-1][1])
        sharp = []
        for start in range(0, len(rough), BATCH):
            part = rough[start : start + BATCH]
            crops, backs = zip(*(crop(pixels, o.matrix, side) for o in part), strict=True)
            for o, (mask, inset), back in zip(part, self._run(np.stack(crops)), backs, strict=True):
                better = pick(Seen(mask, inset, back), o)
                if better is not None:
                    sharp.append(better)
        return [o for o in distinct(sharp) if o.score >= THRESHOLD]

    def _run(self, images: U8) -> F32:
        """uint8 (n, h, w, 3) -> float32 (n, 2, h / 2, w / 2), 0 to 1."""
        (logits,) = self._session.run(["logits"], {"image": images})
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


def crop(pixels: U8, matrix: F64, side: int) -> tuple[U8, F64]:
    """A square around an object, ``side`` pixels wide, and the map from its cells to photo
    pixels."""
    reach = MARGIN * float(np.linalg.svd(matrix[:, :2], compute_uv=False)[0])
    zoom = side / (2 * reach)
    corner = matrix[:, 2] + 0.5 - reach
    size = pixels.shape[1::-1]
    low = np.clip(np.floor(corner) - 2, 0, np.array(size) - 1).astype(int)
    high = np.clip(np.ceil(corner + 2 * reach) + 2, low + 1, size).astype(int)
    high = np.array([shrink.whole(*side) for side in zip(low, high, size, strict=True)])
    part = pixels[low[1] : high[1], low[0] : high[0]]
    before = np.array(part.shape[1::-1])
    if zoom < 0.7:  # first by area, so that nothing aliases
        to = np.maximum(np.round(before * zoom), 1).astype(int)
        part = shrink.by_area(part, *to.tolist())
    step = zoom * before / part.shape[1::-1]
    forward = np.column_stack([np.diag(step), (low - corner) * zoom + 0.5 * step - 0.5])
    image = cv2.warpAffine(
        part, forward, (side, side), flags=cv2.INTER_LINEAR, borderValue=(GREY, GREY, GREY)
    )
    back = np.column_stack([np.eye(2) * (STEP / zoom), corner + STEP / 2 / zoom - 0.5])
    return np.asarray(image, np.uint8), back


def split(seen: Seen) -> list[Object]:
    """Every object of a view, roughly: the cells are shared out by the inset, and an ellipse is
    fitted to each share."""
    owner, count = share_out(seen)
    objects = []
    for label in range(1, count + 1):
        cells = owner == label
        matrix = ellipse_of(seen.inset, cells)
        if matrix is not None:
            objects.append(Object(carry(seen.to_photo, matrix), judge(seen, matrix, cells)))
    return distinct([o for o in objects if o.score > ROUGH])


def pick(seen: Seen, rough: Object) -> Object | None:
    """The object that the crop was made for, its rim fitted; None if the closer look denies it."""
    owner, count = share_out(seen)
    back = invert(seen.to_photo)
    wanted = carry(back, rough.matrix)
    inside = field_of(seen.inset.shape, wanted) < 0.7
    votes = np.bincount(owner[inside], minlength=count + 1)[1:]
    if not votes.size or votes.max() < CELLS:
        return None
    label = int(votes.argmax()) + 1
    cells = owner == label
    fitted = ellipse_of(seen.inset, cells)
    if fitted is None:
        return None
    matrix, outline = fit_rim(seen, fitted, cells)
    moved = np.linalg.norm(matrix[:, 2] - wanted[:, 2]) / np.sqrt(abs(np.linalg.det(wanted[:, :2])))
    if moved > COPY:
        return None
    score = judge(seen, matrix, cells)
    if outline is not None:
        outline = (outline @ seen.to_photo[:, :2].T + seen.to_photo[:, 2]).astype(np.float32)
    return Object(carry(seen.to_photo, matrix), score, outline, share_seen(seen, matrix))


def distinct(objects: list[Object]) -> list[Object]:
    """Without copies: of two objects about one place, or one within the other, the surer and
    larger one stays."""
    kept: list[Object] = []
    for o in sorted(objects, key=lambda o: -o.score * o.radius**NESTED):
        centre = o.matrix[:, 2]
        for k in kept:
            far = float(np.linalg.norm(centre - k.matrix[:, 2]))
            within = np.linalg.norm(np.linalg.solve(k.matrix[:, :2], centre - k.matrix[:, 2]))
            if far < COPY * max(o.radius, k.radius) or within + o.radius / k.radius < 1.05:
                break
        else:
            kept.append(o)
    return kept


def carry(outer: F64, inner: F64) -> F64:
    """Two affine maps (2, 3) one after the other: ``inner`` first."""
    out = outer[:, :2] @ inner
    out[:, 2] += outer[:, 2]
    return np.asarray(out, np.float64)


def invert(matrix: F64) -> F64:
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def _limit(pixels: U8) -> float:
    """The radius below which objects ask for the closer look, in pixels of the photo."""
    return SMALL * float(max(pixels.shape[:2])) / FIRST


def _region(photo: Photo, o: Object) -> Region:
    to_full = np.array([photo.width, photo.height]) / photo.pixels.shape[1::-1]
    matrix = o.matrix * to_full[:, None]
    matrix[:, 2] += 0.5 * to_full - 0.5
    ellipse = to_ellipse(matrix)
    outline = o.outline
    if outline is not None:
        outline = ((outline + 0.5) * to_full - 0.5).astype(np.float32)
    return Region(
        box=bounds(ellipse, photo),
        score=o.score,
        ellipse=ellipse,
        outline=outline,
        finder=UNetFinder.name,
        seen=o.seen,
    )
