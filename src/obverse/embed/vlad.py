"""The embedder of things that are not round: keypoints, gathered into one vector.

A vector of locally aggregated descriptors (Jégou et al., 2010): every keypoint, its RootSIFT
descriptor and its colour reduced to a few numbers, adds its direction from the nearest of some
visual words to that word's block; blocks and numbers are evened by square roots. Keypoints near the
middle of the picture count more: that is where people hold things. ``scripts/build_words.py`` makes
the words; ``models/words.json`` is their card.
"""

from __future__ import annotations

import hashlib
import io
import json

import numpy as np

from obverse import shipped
from obverse.normalise import SIZE
from obverse.types import F32, Array, Embedding, Patch
from obverse.verify import keypoints
from obverse.verify.keypoints import Keypoints

COLOUR_WEIGHT = 0.01
"""A unit of CIELAB beside descriptors of unit length."""
MIDDLE = 60.0
"""Sigma, in patch pixels, of what counts as the middle; 40 to 60 are alike (docs/decisions.md)."""


class VladEmbedder:
    """Words and a projection, in numpy.

    A flat thing is found by its keypoints, not by a map: its map is the vector once more, as int8
    (dim, 1, 1), so that maps compare as vectors do. The description is the keypoints.

    Raises:
        ModelError: the words cannot be read.
    """

    name = "vlad"

    def __init__(self) -> None:
        data, tables = shipped.read("words.npz", "the table of visual words", _tables)
        self._mean, self._basis, self._words = tables
        self.dim = int(self._words.size)
        self.map_shape = (self.dim, 1, 1)
        said = json.dumps([keypoints.fingerprint("sift"), COLOUR_WEIGHT, MIDDLE])
        self.fingerprint = hashlib.sha256(data + said.encode()).hexdigest()[:16]

    def embed(self, patches: list[Patch], *, phases: int = 1) -> list[Embedding]:
        """One embedding per patch; there are no turns between cells, so ``phases`` changes
        nothing."""
        return [self._embed(keypoints.detect(patch.polar)) for patch in patches]

    def _embed(self, found: Keypoints) -> Embedding:
        vector = self._gather(found)
        level = 127 / max(float(np.abs(vector).max()), 1e-9)
        fmap = np.rint(vector * level).astype(np.int8).reshape(self.map_shape)
        return Embedding(vector, fmap, found.to_bytes())

    def _gather(self, found: Keypoints) -> F32:
        """float32 (dim,), of unit length; the first axis where there are no keypoints."""
        points = reduce(found, self._mean, self._basis)
        nearest = assign(points, self._words)
        away = points - self._words[nearest]
        away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
        middle = ((found.points - SIZE / 2) ** 2).sum(axis=1)
        blocks = np.zeros_like(self._words)
        np.add.at(blocks, nearest, away * np.exp(-middle / (2 * MIDDLE**2))[:, None])
        blocks /= np.sqrt(np.maximum(np.linalg.norm(blocks, axis=1, keepdims=True), 1e-9))
        vector = (np.sign(blocks) * np.sqrt(np.abs(blocks))).ravel()
        if not vector.any():
            vector[0] = 1.0
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


def assign(points: F32, words: F32) -> Array:
    """The nearest word of each descriptor, int (n,)."""
    return np.asarray(((words**2).sum(axis=1) - 2 * points @ words.T).argmin(axis=1))


def reduce(found: Keypoints, mean: F32, basis: F32) -> F32:
    """Descriptors projected, colours appended, float32 (n, numbers)."""
    unit = keypoints.unit(found.descriptors)
    colours = found.colours.astype(np.float32) * COLOUR_WEIGHT
    return np.hstack([(unit - mean) @ basis, colours]).astype(np.float32)


def _tables(data: bytes) -> tuple[bytes, tuple[F32, F32, F32]]:
    """The file itself, which the fingerprint is made of, and what it holds."""
    with np.load(io.BytesIO(data)) as stored:
        return data, (stored["mean"], stored["basis"], stored["words"])
