"""Verify by the surface: what something is made of, where its design says little.

Tea cakes, cut stones and woods differ in texture only, and no two photos need show the same piece
of it. Local binary patterns (Ojala, Pietikäinen and Mäenpää, 2002) at three radii, uniform, blind
to turns and to any rise of the light, are counted in windows of the patch. Linear support vector
machines, trained on the windows of the shortlist while the question waits, then say how well the
query's windows fit each item.

A single such thing is known by its own face, as a coin is by its design: a view whose map agrees
with the query shows the same piece again. Only where none does is the surface asked.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from obverse.types import F32, F64, I8, U8, Array, Embedding, Evidence, Patch
from obverse.verify.polar import PolarVerifier

RINGS = ((8, 1.0), (16, 2.0), (24, 3.0))
"""Samples and radius in pixels of the patterns; a ring of P samples has P + 2 patterns."""
BINS = sum(samples + 2 for samples, _ in RINGS)
# Chosen on surfaces that the mint draws (benchmarks/textures.py --dev); docs/decisions.md.
SHRINK = 4
"""Patterns are counted in the patch at this part of its size: finer ones show noise."""
WINDOW, STEP = 16, 8
"""Side and distance of the windows, in pixels of the small patch; those that leave the unit disc
are left out."""
NEAREST = 24
"""Views that the machines are trained on: those with the nearest mean histograms and maps."""
COST = 0.01
"""Little, so that hardly a window counts for more than another: there are few of them, all in one
light."""
EPOCHS = 5
"""Passes over the windows; with so low a cost no machine moves after a few."""
SHARE = 0.9
"""Share of the surface where a view shows another piece."""
FACE = (0.65, 0.8)
"""Agreement of the maps up to which a view shows another piece, and from which it shows the same:
of 288 photos of faces the right one had 0.81 or more in 99 of 100."""


class TextureVerifier:
    """The polar verifier's score where a face is seen again, else mostly the surface's."""

    name = "texture"
    fingerprint = f"1-{SHRINK}-{WINDOW}-{STEP}-{BINS}"

    def __init__(self) -> None:
        self._polar = PolarVerifier()

    def describe(self, patch: Patch) -> bytes:
        """The histograms of a round patch's windows, uint8 (windows, ``BINS``), as bytes."""
        grey = cv2.cvtColor(patch.original, cv2.COLOR_RGB2GRAY)
        side = grey.shape[0] // SHRINK
        small = cv2.resize(grey.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
        return histograms(small).tobytes()

    def scores(
        self,
        query: Embedding,
        maps: I8,
        described: Sequence[bytes] = (),
        items: Sequence[str] = (),
    ) -> tuple[F32, F32]:
        """Scores -1 to 1 and the turns of the maps; without descriptions the maps' scores alone.

        Views of one item are examples of one class; every view counts as its own where ``items``
        does not say.
        """
        scores, turns = self._polar.scores(query, maps)
        if not described:
            return scores, turns
        surface = self.surfaces(query, scores, described, items)
        same = np.clip((scores - FACE[0]) / (FACE[1] - FACE[0]), 0, 1)
        # Below every face seen again, and rising with the map's score all the way up to them.
        other = FACE[0] - ((1 - SHARE) * (FACE[0] - scores) + SHARE * (1 - surface)) / 2
        return (same * scores + (1 - same) * other).astype(np.float32), turns

    def surfaces(
        self, query: Embedding, scores: F32, described: Sequence[bytes], items: Sequence[str] = ()
    ) -> F64:
        """How well the surface of each view fits, float64 (n,), -1 to 1; -1 for all but the
        ``NEAREST``.

        Args:
            scores: float32 (n,), of the maps.
            described, items: as for ``scores``.
        """
        asked = unpack(query.description)
        views = [unpack(d) for d in described]
        means = np.stack([v.mean(axis=0) for v in views])
        alike = means @ asked.mean(axis=0)
        near = np.argsort(-(scores + alike), kind="stable")[:NEAREST]
        owners = np.array(items or [str(i) for i in range(len(views))])[near]
        names, which = np.unique(owners, return_inverse=True)
        surface = np.full(len(views), -1.0)
        if len(names) > 1:
            windows = np.concatenate([views[i] for i in near])
            labels = np.repeat(which, [len(views[i]) for i in near])
            machine = train(windows, labels, len(names))
            surface[near] = np.clip(margins(machine, asked).mean(axis=0), -1, 1)[which]
        else:
            surface[near] = 2 * alike[near] - 1
        return surface

    def evidence(
        self, query: Embedding, maps: I8, described: Sequence[bytes] = ()
    ) -> list[Evidence]:
        """The polar verifier's: its score, turn and agreement are those of the maps."""
        return self._polar.evidence(query, maps)


def patterns(grey: Array, samples: int, radius: float) -> U8:
    """Uniform local binary patterns that are blind to turns, uint8 (h, w).

    A pixel's pattern is how many of the samples on the circle around it are at least as bright, if
    these follow each other without a gap, else ``samples + 1``. Samples between pixels are
    interpolated linearly; ``ceil(radius)`` pixels at the borders mean nothing.
    """
    image = grey.astype(np.float64)
    pad = int(np.ceil(radius)) + 1
    wide = np.pad(image, pad, mode="edge")
    h, w = image.shape
    bits = np.empty((samples, h, w), bool)
    for i in range(samples):
        angle = 2 * np.pi * i / samples
        # Rounded, so that samples on pixels are those pixels.
        y, x = round(-radius * np.sin(angle), 5), round(radius * np.cos(angle), 5)
        y0, x0 = int(np.floor(y)), int(np.floor(x))
        fy, fx = y - y0, x - x0
        part = wide[pad + y0 : pad + y0 + h + 1, pad + x0 : pad + x0 + w + 1]
        rows = (1 - fx) * part[:, :-1] + fx * part[:, 1:]
        bits[i] = (1 - fy) * rows[:-1] + fy * rows[1:] >= image
    ones = bits.sum(axis=0)
    changes = (bits != np.roll(bits, 1, axis=0)).sum(axis=0)
    return np.asarray(np.where(changes <= 2, ones, samples + 1), np.uint8)


def histograms(grey: Array) -> U8:
    """Roots of the patterns' shares in each window inside the unit disc, times 255, uint8
    (windows, ``BINS``); their dot products are Bhattacharyya coefficients of each ring."""
    size = grey.shape[0]
    starts = np.arange(0, size - WINDOW + 1, STEP)
    corners = [(y, x) for y in starts for x in starts if _is_inside(y, x, size)]
    counted = []
    for samples, radius in RINGS:
        codes = patterns(grey, samples, radius)
        parts = [codes[y : y + WINDOW, x : x + WINDOW].ravel() for y, x in corners]
        counted.append([np.bincount(p, minlength=samples + 2) / WINDOW**2 for p in parts])
    roots = np.sqrt(np.concatenate(counted, axis=1))
    return np.asarray(np.rint(255 * roots), np.uint8)


def _is_inside(y: int, x: int, size: int) -> bool:
    far = max(abs(y - size / 2), abs(y + WINDOW - size / 2))
    wide = max(abs(x - size / 2), abs(x + WINDOW - size / 2))
    return bool(np.hypot(far, wide) <= size / 2)


def unpack(described: bytes) -> F32:
    """Windows of unit length, float32 (windows, ``BINS``)."""
    rows = np.frombuffer(described, np.uint8).reshape(-1, BINS).astype(np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-9), np.float32)


def train(windows: F32, labels: Array, classes: int) -> F64:
    """Linear support vector machines, one class against the rest, by dual coordinate descent
    (Hsieh et al., 2008), all classes at once.

    The bias is a weight of a constant feature 1. Errors on a class cost as much as those on all the
    others together.

    Args:
        windows: float32 (n, d).
        labels: int (n,), 0 to ``classes`` - 1.

    Returns:
        float64 (classes, d + 1): weights and bias.
    """
    x = np.hstack([windows, np.ones((len(windows), 1))]).astype(np.float64)
    sign = np.where(labels[:, None] == np.arange(classes), 1.0, -1.0)
    counts = np.maximum((sign > 0).sum(axis=0), 1)
    most = np.where(sign > 0, COST * (len(x) - counts) / counts, COST)
    squares = np.einsum("ij,ij->i", x, x)
    alpha, weights = np.zeros_like(sign), np.zeros((classes, x.shape[1]))
    rng = np.random.default_rng(0)
    for _ in range(EPOCHS):
        for i in rng.permutation(len(x)):
            slack = 1.0 - sign[i] * (weights @ x[i])
            new = np.clip(alpha[i] + slack / squares[i], 0.0, most[i])
            weights += ((new - alpha[i]) * sign[i])[:, None] * x[i]
            alpha[i] = new
    return weights


def margins(machine: F64, windows: F32) -> F64:
    """How far on the right side of each class's plane windows lie, float64 (n, classes)."""
    return np.asarray(windows @ machine[:, :-1].T + machine[:, -1])
