"""Keypoints: found, packed into bytes, matched, and proved by a plane.

SIFT (Lowe, 2004) as RootSIFT (Arandjelović and Zisserman, 2012) or ORB (Rublee et al., 2011);
neighbours by brute force or FLANN (Muja and Lowe, 2009), mutual and with Lowe's ratio test; a
homography by MAGSAC++ (Barath et al., 2020) or a similarity by RANSAC (Fischler and Bolles, 1981).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import cv2
import numpy as np

from obverse.normalise import FLAT_SIDE, SIZE
from obverse.types import F32, F64, U8, Array, Matches

Settings = dict[str, bool | int | float | str]

# Chosen on printed cartons (benchmarks/labels.py, seed 0), the figures in docs/decisions.md.
MOST = 2000
"""Keypoints kept of a picture, the strongest."""
CONTRAST = 0.02
"""SIFT's threshold, half of Lowe's: studio pictures are small and print can be faint."""
FAST = 10
"""ORB's threshold, half of its usual for the same reason."""
COLOUR_AROUND = 6.0
"""Sigma, in pixels of the described picture, within which a keypoint's colour is averaged."""
RATIO = 0.85
TOLERANCE = {"homography": 2.0, "similarity": 6.0}
"""Pixels of the query's patch that an inlier may be off; a slant is no similarity."""
TRIES = 2000
LEAST = 4
"""Pairs that a homography needs."""
SMALLEST, LARGEST, SLANT = 0.1, 4.0, 8.0
"""A view may appear this much smaller or larger, and this much narrower than high."""

TREES: Settings = {"algorithm": 1, "trees": 4}
HASHES: Settings = {"algorithm": 6, "table_number": 12, "key_size": 20, "multi_probe_level": 2}
"""FLANN's randomised k-d trees for SIFT, its locality-sensitive hashing for ORB."""

_FIXED, _SHIFT = 64.0, 8192
"""Positions are kept as 16 bits: 64ths of a pixel from -128 on."""


def fingerprint(kind: str) -> str:
    """Names everything that shapes the described bytes."""
    return json.dumps([kind, 1, MOST, CONTRAST, COLOUR_AROUND, FLAT_SIDE, SIZE])


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """Where something is, and what it looks like there.

    Attributes:
        points: float32 (n, 2), x and y in patch pixels.
        descriptors: uint8 (n, 128) of RootSIFT, (n, 32) of ORB.
        colours: int8 (n, 2), a and b of CIELAB around each point.
    """

    points: F32
    descriptors: U8
    colours: Array

    def __len__(self) -> int:
        return len(self.points)

    def to_bytes(self) -> bytes:
        """The descriptors' length in one byte, then a row per keypoint."""
        fixed = np.clip(np.rint(self.points * _FIXED) + _SHIFT, 0, 65535).astype("<u2")
        places = fixed.view(np.uint8).reshape(-1, 4)
        rows = np.hstack([places, self.descriptors, self.colours.view(np.uint8)])
        return bytes([self.descriptors.shape[1]]) + rows.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Keypoints:
        """What ``to_bytes`` packed; positions are right to 1/128 pixel."""
        rows = np.frombuffer(data, np.uint8, offset=1).reshape(-1, 4 + data[0] + 2)
        places, descriptors, colours = np.split(rows, [4, 4 + data[0]], axis=1)
        fixed = np.ascontiguousarray(places).view("<u2").astype(np.float32)
        return cls(
            (fixed - _SHIFT) / np.float32(_FIXED),
            np.ascontiguousarray(descriptors),
            np.ascontiguousarray(colours).view(np.int8),
        )


def detect(picture: U8, kind: str = "sift") -> Keypoints:
    """The strongest keypoints of a picture that fills the middle of a patch, as flat ones do.

    Args:
        picture: uint8 (h, w, 3), RGB.
        kind: ``sift`` or ``orb``.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    finder = (
        cv2.SIFT.create(MOST, contrastThreshold=CONTRAST)
        if kind == "sift"
        else cv2.ORB.create(MOST, fastThreshold=FAST)
    )
    found, raw = finder.detectAndCompute(grey, None)
    if not found:
        raw = np.zeros((0, finder.descriptorSize()), np.float32)
    if kind == "sift":
        root = np.sqrt(raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-9))
        raw = np.clip(np.rint(512 * root), 0, 255)
    at = np.array([k.pt for k in found], np.float32).reshape(-1, 2)
    points, colours = place(picture, at)
    return Keypoints(points, raw.astype(np.uint8), colours)


def place(picture: U8, at: F32) -> tuple[F32, Array]:
    """Where points of a picture lie in the patch that it fills the middle of, float32 (n, 2), and
    the colour around each, int8 (n, 2): a and b of CIELAB."""
    h, w = picture.shape[:2]
    soft = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), (0, 0), COLOUR_AROUND)
    x, y = (np.clip(np.rint(at[:, i]).astype(int), 0, (w, h)[i] - 1) for i in (0, 1))
    colours = (soft[y, x, 1:].astype(np.int16) - 128).astype(np.int8)
    # Pixel centres: the picture's middle is the patch's middle.
    scale = SIZE / max(h, w)
    points = (at + 0.5 - np.array([w / 2, h / 2])) * scale + SIZE / 2 - 0.5
    return points.astype(np.float32), colours


def pair(view: Keypoints, query: Keypoints, matcher: str = "brute") -> Array:
    """Keypoints of a view and what they are in the query, int (n, 2): clearly nearest, mutually.

    Args:
        matcher: ``brute``, or ``flann`` for nearest neighbours that are approximate.
    """
    if len(view) < 2 or len(query) < 2:
        return np.zeros((0, 2), np.int64)
    if view.descriptors.shape[1] == 128:
        nearest = _by_product if matcher == "brute" else _by_trees
        there, back, gap = nearest(view.descriptors, query.descriptors)
    else:
        there, back, gap = _by_bits(view.descriptors, query.descriptors, matcher)
    one = np.flatnonzero((gap < RATIO) & (back[there] == np.arange(len(view))))
    return np.stack([one, there[one]], axis=1)


def _by_product(view: U8, query: U8) -> tuple[Array, Array, F32]:
    """Nearest in the query of each of the view's, nearest in the view of each of the query's, and
    the view's ratio of distances to the nearest and the second nearest."""
    a, b = unit(view), unit(query)
    cosines = a @ b.T
    each = np.arange(len(a))
    there, back = cosines.argmax(axis=1), cosines.argmax(axis=0)
    first = cosines[each, there]
    cosines[each, there] = -1.0
    second = cosines.max(axis=1)
    return there, back, np.sqrt(np.maximum(1 - first, 0) / np.maximum(1 - second, 1e-9))


def _by_trees(view: U8, query: U8) -> tuple[Array, Array, F32]:
    a, b = unit(view), unit(query)
    return _by_opencv(cv2.FlannBasedMatcher(TREES, {"checks": 64}), a, b)


def _by_bits(view: U8, query: U8, matcher: str) -> tuple[Array, Array, F32]:
    if matcher == "brute":
        return _by_opencv(cv2.BFMatcher(cv2.NORM_HAMMING), view, query)
    return _by_opencv(cv2.FlannBasedMatcher(HASHES, {}), view, query)


def _by_opencv(matcher: cv2.DescriptorMatcher, a: Array, b: Array) -> tuple[Array, Array, F32]:
    there, gap = np.zeros(len(a), np.int64), np.ones(len(a), np.float32)
    for i, found in enumerate(matcher.knnMatch(a, b, k=2)):
        if len(found) == 2:  # hashing may find fewer
            there[i] = found[0].trainIdx
            gap[i] = found[0].distance / max(found[1].distance, 1e-9)
    back = np.full(len(b), -1, np.int64)
    for found in matcher.knnMatch(b, a, k=1):
        for match in found:
            back[match.queryIdx] = match.trainIdx
    return there, back, gap


def unit(descriptors: U8) -> F32:
    """Descriptors of unit length, float32 (n, d)."""
    values = descriptors.astype(np.float32)
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.maximum(norms, 1e-9), np.float32)


def prove(view: Keypoints, query: Keypoints, pairs: Array, model: str = "homography") -> Matches:
    """Which pairs one plane explains.

    Args:
        pairs: int (n, 2), as ``pair`` gives.
        model: ``homography`` or ``similarity``.

    Returns:
        The pairs and the model; no inliers and no model where none is plausible.
    """
    a, b = view.points[pairs[:, 0]], query.points[pairs[:, 1]]
    none = Matches(b, a, np.zeros(len(pairs), bool), None)
    if len(pairs) < LEAST:
        return none
    off = TOLERANCE[model]
    if model == "homography":
        found, mask = cv2.findHomography(a, b, cv2.USAC_MAGSAC, off, None, TRIES, 0.999)
    else:
        found, mask = cv2.estimateAffinePartial2D(
            a, b, method=cv2.RANSAC, ransacReprojThreshold=off, maxIters=TRIES
        )
    if found is None:
        return none
    matrix = np.vstack([found, [0, 0, 1]])[:3].astype(np.float64)
    inliers = mask.ravel().astype(bool)
    if inliers.sum() < LEAST or not is_plausible(matrix, a[inliers]):
        return none
    return Matches(b, a, inliers, matrix)


def is_plausible(model: F64, points: F32) -> bool:
    """Could a camera see these points of a view so? Not mirrored, not folded, no sliver."""
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    corners = np.array([[x0, y0, 1], [x1, y0, 1], [x1, y1, 1], [x0, y1, 1]], np.float64) @ model.T
    if corners[:, 2].min() <= 1e-6:
        return False
    edges = np.diff(corners[[0, 1, 2, 3, 0], :2] / corners[[0, 1, 2, 3, 0], 2:], axis=0)
    following = np.roll(edges, -1, axis=0)
    if (edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]).min() <= 0:
        return False
    large, small = np.linalg.svd(slope(model, (x0 + x1) / 2, (y0 + y1) / 2), compute_uv=False)
    return bool(small > SMALLEST and large < LARGEST and large < SLANT * small)


def slope(model: F64, x: float, y: float) -> F64:
    """A homography's derivative at a point, float64 (2, 2)."""
    u, v, w = model @ (x, y, 1.0)
    return np.asarray((model[:2, :2] - np.outer((u / w, v / w), model[2, :2])) / w)
