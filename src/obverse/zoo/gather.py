"""Keypoints gathered into one vector: bags of words, VLAD, Fisher vectors.

OpenCV finds the keypoints, scikit-learn fits words or a Gaussian mixture on the catalogue's own
pictures; the formulas are here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence

import cv2
import numpy as np

from obverse import zoo
from obverse.embed.vlad import assign
from obverse.errors import UsageError
from obverse.normalise import FLAT_SIDE
from obverse.types import F32, U8, Array, Progress
from obverse.verify import keypoints

WORDS = {"bow": 1000, "vlad": 64, "fisher": 64}
"""Words where nobody says how many: the usual numbers of the papers."""
REDUCED = 64
"""Numbers that a descriptor is projected to before a Gaussian mixture (Sánchez et al., 2013)."""
SAMPLE = 100_000
"""Keypoints that words are fitted on, at most."""
LEAST = 8
"""Keypoints that a word needs."""

State = Mapping[str, Array]


class Gatherer:
    """Words still to be fitted. ``name`` is ``METHOD-KIND[:WORDS]``."""

    def __init__(self, name: str) -> None:
        self.name = name
        said, _, words = name.partition(":")
        self.method, self.kind = said.split("-")
        self.words = int(words or WORDS[self.method])

    def fit(self, images: Iterable[U8], progress: Progress | None = None) -> Gathered:
        """Fit the words on RGB pictures. Raises ``UsageError`` for too few keypoints."""
        rng = np.random.default_rng(0)
        samples: list[F32] = []
        share = keypoints.MOST
        for done, image in enumerate(images, 1):
            samples.append(rng.permutation(local(image, self.kind))[:share])
            while sum(map(len, samples)) > 2 * SAMPLE:
                # The same number of each picture, all that memory should hold.
                share //= 2
                samples = [points[:share].copy() for points in samples]
            if progress:
                progress(done, 0, "finding keypoints")
        points = np.concatenate(samples) if samples else np.zeros((0, 1), np.float32)
        if len(points) < LEAST * self.words:
            raise UsageError(
                f"{len(points):,} keypoints are too few for {self.words} words",
                where=self.name,
                hint=f"add more pictures at once, or ask for fewer words: "
                f"{self.name.partition(':')[0]}:{max(1, len(points) // LEAST)}",
            )
        points = rng.permutation(points)[:SAMPLE]
        if progress:
            progress(0, 0, f"fitting {self.words} words")
        with warnings.catch_warnings():
            # Words need not be the best possible ones.
            warnings.simplefilter("ignore")
            state = _mixture(points, self.words) if self.method == "fisher" else None
            state = state or {"words": _means(points, self.words)}
        if self.method == "bow":
            state["idf"] = _idf(samples, state["words"])
        return Gathered(self, state)

    def restore(self, state: State) -> Gathered:
        """The same from stored words."""
        return Gathered(self, dict(state))


class Gathered:
    """Words that were fitted."""

    def __init__(self, gatherer: Gatherer, state: dict[str, Array]) -> None:
        self.name, self._kind, self._state = gatherer.name, gatherer.kind, state
        said = [gatherer.name, keypoints.fingerprint("orb" if self._kind == "orb" else "sift"), 1]
        self.fingerprint = zoo.fingerprint(said, state)
        self._gather = _METHODS[gatherer.method]
        self.dim = len(self._gather(np.zeros((0, self._width()), np.float32), state))

    def describe(self, images: Sequence[U8]) -> F32:
        """Rows of unit length, float32 (n, dim)."""
        rows = [self._gather(local(image, self._kind), self._state) for image in images]
        return zoo.unit(np.reshape(rows, (len(rows), self.dim)))

    def state(self) -> dict[str, Array]:
        return self._state

    def _width(self) -> int:
        return int(self._state["mean" if "mean" in self._state else "words"].shape[-1])


def local(image: U8, kind: str) -> F32:
    """Descriptors of a picture's keypoints, of unit length: float32 (n, 128) of SIFT and RootSIFT,
    (n, 256) of ORB, its bits as signs."""
    shrink = FLAT_SIDE / max(image.shape[:2])
    if shrink < 1:
        h, w = (max(1, round(n * shrink)) for n in image.shape[:2])
        image = np.asarray(cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
    found = keypoints.detect(image, "orb" if kind == "orb" else "sift").descriptors
    if kind == "orb":
        return (2 * np.unpackbits(found, axis=1).astype(np.float32) - 1) / np.float32(16)
    roots = keypoints.unit(found)
    # A RootSIFT descriptor is the root of a SIFT descriptor that sums to one.
    return roots if kind == "rootsift" else zoo.unit(roots**2)


def bow(points: F32, state: State) -> Array:
    """Words weighted by how often they are seen and how rare they are (Sivic and Zisserman, 2003),
    (words,)."""
    words = state["words"]
    counts = np.bincount(assign(points, words), minlength=len(words))
    return counts * state["idf"] / max(len(points), 1)


def vlad(points: F32, state: State) -> Array:
    """Sums of residuals to each word (Jégou et al., 2010), each normalised by itself (Arandjelović
    and Zisserman, 2013), (words * numbers,)."""
    words = state["words"]
    nearest = assign(points, words)
    blocks = np.zeros(words.shape)
    np.add.at(blocks, nearest, points - words[nearest])
    norms = np.linalg.norm(blocks, axis=1, keepdims=True)
    return np.ravel(blocks / np.where(norms > 0, norms, 1))


def fisher(points: F32, state: State) -> Array:
    """Gradients of a Gaussian mixture's log-likelihood by its means and its spreads, with signed
    square roots (Perronnin, Sánchez and Mensink, 2010), (2 * words * numbers,)."""
    weights, means, spread = (state[k].astype(np.float64) for k in ("weights", "means", "spread"))
    if not len(points):
        return np.zeros(2 * means.size)
    x = ((points - state["mean"]) @ state["basis"]).astype(np.float64)
    exact = 1.0 / spread**2
    # log N(x) of each part, but for a constant, by products of matrices alone.
    log = (x**2) @ (-0.5 * exact.T) + x @ (means * exact).T
    log += np.log(weights) - np.log(spread).sum(axis=1) - 0.5 * (means**2 * exact).sum(axis=1)
    share = np.exp(log - log.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    count, first, second = share.sum(axis=0)[:, None], share.T @ x, share.T @ x**2
    by_mean = (first - count * means) / spread / np.sqrt(weights)[:, None]
    by_spread = (second - 2 * means * first + count * means**2) * exact - count
    by_spread /= np.sqrt(2 * weights)[:, None]
    both = np.concatenate([by_mean.ravel(), by_spread.ravel()]) / len(points)
    return np.sign(both) * np.sqrt(np.abs(both))


_METHODS: dict[str, Callable[[F32, State], Array]] = {"bow": bow, "vlad": vlad, "fisher": fisher}


def _means(points: F32, words: int) -> F32:
    from sklearn.cluster import MiniBatchKMeans

    fitted = MiniBatchKMeans(words, random_state=0, batch_size=4096, n_init=3).fit(points)
    return np.asarray(fitted.cluster_centers_, np.float32)


def _mixture(points: F32, words: int) -> dict[str, Array]:
    from sklearn.decomposition import PCA
    from sklearn.mixture import GaussianMixture

    reduced = PCA(min(REDUCED, *points.shape), random_state=0).fit(points)
    basis = np.asarray(reduced.components_.T, np.float32)
    mean = np.asarray(reduced.mean_, np.float32)
    fitted = GaussianMixture(words, covariance_type="diag", random_state=0)
    fitted.fit((points - mean) @ basis)
    return {
        "mean": mean,
        "basis": basis,
        "weights": np.asarray(fitted.weights_, np.float32),
        "means": np.asarray(fitted.means_, np.float32),
        "spread": np.asarray(np.sqrt(fitted.covariances_), np.float32),
    }


def _idf(pictures: Sequence[F32], words: F32) -> F32:
    """The logarithm of how many pictures there are for each that has the word, float32 (words,)."""
    seen = np.zeros(len(words))
    for points in pictures:
        seen[np.unique(assign(points, words))] += 1
    return np.log((1 + len(pictures)) / (1 + seen)).astype(np.float32)
