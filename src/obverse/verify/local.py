"""Verify by local features: keypoints of the view found again in the query, lying on one plane.

For things that are not round, seen at a slant, partly covered, amid others of their kind. Each
inlier counts by how well its colour agrees: siblings of one print often differ in nothing else.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from obverse.normalise import SIZE
from obverse.types import F32, I8, Array, Embedding, Evidence, Matches, Patch
from obverse.verify import keypoints
from obverse.verify.keypoints import Keypoints, slope

COLOUR_OFF = 20.0
"""Units of CIELAB by which an inlier's colour may differ: it then counts for exp(-1/2)."""
HALF = 30.0
"""Inliers at which a view has half of the score; wrong views seldom have so many."""
VECTOR_SHARE = 0.3
"""Share of the whole picture's likeness in the score."""
CELLS = 16
"""Rows and columns of the agreement."""


class LocalVerifier:
    """Inliers of a homography or a similarity.

    Args:
        kind: ``sift`` or ``orb``.
        matcher: ``brute`` or ``flann``.
        model: ``homography`` or ``similarity``.
    """

    name = "local"

    def __init__(
        self, kind: str = "sift", matcher: str = "brute", model: str = "homography"
    ) -> None:
        self.kind, self.matcher, self.model = kind, matcher, model
        said = keypoints.fingerprint(kind)
        self.fingerprint = hashlib.sha256(said.encode()).hexdigest()[:16]
        self._last = _Matched(b"", (), ())

    def describe(self, patch: Patch) -> bytes:
        """The keypoints of a flat patch's upright rectangle."""
        return keypoints.detect(patch.polar, self.kind).to_bytes()

    def match(self, query: bytes, view: bytes) -> Proof:
        """One view against the query, both as described."""
        a, b = Keypoints.from_bytes(view), Keypoints.from_bytes(query)
        return self.prove(a, b, keypoints.pair(a, b, self.matcher))

    def match_all(self, query: bytes, views: Sequence[bytes]) -> list[Proof]:
        """Each view against the query, all as described."""
        return [self.match(query, view) for view in views]

    def prove(self, view: Keypoints, query: Keypoints, pairs: Array) -> Proof:
        """Pairs of keypoints, int (n, 2), that one plane explains, weighed by their colours."""
        matches = keypoints.prove(view, query, pairs, self.model)
        apart = view.colours[pairs[:, 0]].astype(np.float32) - query.colours[pairs[:, 1]]
        agree = np.exp(-0.5 * (apart**2).sum(axis=1) / COLOUR_OFF**2)
        return Proof(matches, np.asarray(agree * matches.inliers, np.float32))

    def scores(
        self,
        query: Embedding,
        maps: I8,
        described: Sequence[bytes] = (),
        items: Sequence[str] = (),
    ) -> tuple[F32, F32]:
        """Scores 0 to 1, rising with the inliers, and the turns of the planes."""
        proofs = self.match_all(query.description, described)
        self._last = _Matched(query.description, described, proofs)
        turns = np.array([p.turn for p in proofs], np.float32)
        return _scores(query, maps, proofs), turns

    def evidence(
        self, query: Embedding, maps: I8, described: Sequence[bytes] = ()
    ) -> list[Evidence]:
        """The score, the turn, the matches; ``agreement`` is float32 (``CELLS``, ``CELLS``), rows
        and columns of the query's patch, each cell's share of the inliers times the score."""
        done = self._last.of(query.description)
        new = [d for d in described if id(d) not in done]
        done |= dict(zip(map(id, new), self.match_all(query.description, new), strict=True))
        proofs = [done[id(d)] for d in described]
        return [
            Evidence(float(score), p.turn, p.spread() * np.float32(score), p.matches)
            for score, p in zip(_scores(query, maps, proofs), proofs, strict=True)
        ]


@dataclass(frozen=True, slots=True, eq=False)
class _Matched:
    """The last query that was scored: evidence is asked about a few of its views soon after. What
    it compares by identity it also keeps, so that no other bytes can take their place."""

    query: bytes
    described: Sequence[bytes]
    proofs: Sequence[Proof]

    def of(self, query: bytes) -> dict[int, Proof]:
        """The proofs for this query, by the identity of the view's description."""
        if query is not self.query:
            return {}
        return {id(d): proof for d, proof in zip(self.described, self.proofs, strict=True)}


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """What matching one view showed: the pairs, and how much each counts, float32 (n,), 0 to 1."""

    matches: Matches
    weights: F32

    @property
    def turn(self) -> float:
        """Degrees, counter-clockwise as seen, that the plane turns the middle of the view."""
        if self.matches.model is None:
            return 0.0
        x, y = self.matches.view[self.matches.inliers].mean(axis=0)
        s = slope(self.matches.model, float(x), float(y))
        # Image rows run downwards: what atan2 calls positive is clockwise as seen.
        return math.degrees(-math.atan2(s[1, 0] - s[0, 1], s[0, 0] + s[1, 1])) % 360.0

    def spread(self) -> F32:
        """Where in the query's patch the weights lie, float32 (``CELLS``, ``CELLS``), sum 1."""
        cells = np.clip(self.matches.query * (CELLS / SIZE), 0, CELLS - 1).astype(int)
        out = np.zeros((CELLS, CELLS), np.float32)
        np.add.at(out, (cells[:, 1], cells[:, 0]), self.weights)
        return np.asarray(out / max(float(out.sum()), 1e-9), np.float32)


def _scores(query: Embedding, maps: I8, proofs: Sequence[Proof]) -> F32:
    inliers = np.array([p.weights.sum() for p in proofs], np.float32)
    rows = maps.astype(np.float32).reshape(len(maps), query.map.size)
    whole = query.map.astype(np.float32).ravel()
    norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(whole)
    alike = np.maximum(rows @ whole, 0) / np.maximum(norms, 1e-9)
    return np.asarray(
        (1 - VECTOR_SHARE) * inliers / (inliers + HALF) + VECTOR_SHARE * alike, np.float32
    )
