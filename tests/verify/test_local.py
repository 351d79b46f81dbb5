"""Local features against exact ground truth: a homography that the test itself applied."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from obverse import lines
from obverse.find.whole import WholeFinder
from obverse.normalise import SIZE, flat
from obverse.types import U8, Embedding, Matches, Patch
from obverse.verify import keypoints
from obverse.verify.keypoints import Keypoints
from obverse.verify.local import LocalVerifier
from tests.coins import photo_of


def print_(seed: int, width: int = 320, height: int = 320) -> U8:
    """A coloured print: boxes, rings and letters at random."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), rng.integers(120, 256, 3), np.uint8)
    for _ in range(40):
        x, y = (int(v) for v in rng.integers(0, (width, height)))
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        kind = rng.integers(3)
        if kind == 0:
            cv2.rectangle(image, (x, y), (x + 30, y + 18), colour, -1)
        elif kind == 1:
            cv2.circle(image, (x, y), 14, colour, 4)
        else:
            cv2.putText(image, chr(65 + int(rng.integers(26))), (x, y), 0, 1.2, colour, 3)
    return image


def patch_of(image: U8) -> Patch:
    photo = photo_of(image)
    return flat(photo, WholeFinder().find(photo)[0])


def seen(image: U8, matrix: np.ndarray) -> U8:
    """The print seen through a homography of patch pixels, on grey."""
    scale = SIZE / image.shape[0]
    to_patch = np.array([[scale, 0, scale / 2 - 0.5], [0, scale, scale / 2 - 0.5], [0, 0, 1]])
    full = np.linalg.inv(to_patch) @ matrix @ to_patch
    return cv2.warpPerspective(
        image, full, image.shape[1::-1], flags=cv2.INTER_AREA, borderValue=(90, 90, 90)
    ).astype(np.uint8)


def at_a_slant(turn: float = 20.0, size: float = 0.7) -> np.ndarray:
    """A homography of patch pixels: turned counter-clockwise as seen, smaller, at a slant."""
    c, s = size * math.cos(math.radians(turn)), size * math.sin(math.radians(turn))
    centre = np.array([[1, 0, -128], [0, 1, -128], [0, 0, 1.0]])
    slant = np.array([[1, 0, 0], [0, 0.95, 0], [4e-4, -3e-4, 1]])
    return np.linalg.inv(centre) @ slant @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ centre


def described(image: U8, verifier: LocalVerifier) -> bytes:
    return verifier.describe(patch_of(image))


def query_of(image: U8, verifier: LocalVerifier) -> Embedding:
    return Embedding(
        np.ones(1, np.float32), np.full((4, 1, 1), 9, np.int8), described(image, verifier)
    )


CORNERS = np.array([[40, 40], [216, 40], [216, 216], [40, 216]], np.float64)


def moved(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    ends = np.hstack([points, np.ones((len(points), 1))]) @ matrix.T
    return ends[:, :2] / ends[:, 2:]


@pytest.mark.parametrize(
    ("kind", "matcher", "within"),
    [("sift", "brute", 1.0), ("sift", "flann", 1.0), ("orb", "brute", 2.0), ("orb", "flann", 2.0)],
)
def test_a_known_homography_is_recovered(kind: str, matcher: str, within: float) -> None:
    truth, verifier = at_a_slant(), LocalVerifier(kind, matcher)
    image = print_(1)
    proof = verifier.match(described(seen(image, truth), verifier), described(image, verifier))
    assert proof.matches.model is not None
    off = np.abs(moved(proof.matches.model, CORNERS) - moved(truth, CORNERS)).max()
    assert off < within
    assert proof.matches.inliers.sum() >= 30
    assert proof.turn == pytest.approx(20.0, abs=4.0)


def test_a_known_similarity_is_recovered() -> None:
    angle = math.radians(130)
    c, s = 0.6 * math.cos(angle), 0.6 * math.sin(angle)
    truth = np.array([[c, s, 128 - 128 * (c + s)], [-s, c, 128 - 128 * (c - s)], [0, 0, 1]])
    verifier, image = LocalVerifier(model="similarity"), print_(2)
    proof = verifier.match(described(seen(image, truth), verifier), described(image, verifier))
    assert proof.matches.model is not None
    assert np.abs(moved(proof.matches.model, CORNERS) - moved(truth, CORNERS)).max() < 1.0
    assert proof.turn == pytest.approx(130.0, abs=1.0)


def test_flann_agrees_with_brute_force() -> None:
    image = print_(3)
    view = keypoints.detect(patch_of(image).polar)
    query = keypoints.detect(patch_of(seen(image, at_a_slant())).polar)
    exact = {tuple(p) for p in keypoints.pair(view, query).tolist()}
    trees = {tuple(p) for p in keypoints.pair(view, query, "flann").tolist()}
    assert len(exact & trees) >= 0.9 * len(exact | trees) > 50


def test_brute_force_is_the_slow_formula() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.integers(0, 200, (n, 128)).astype(np.uint8) for n in (40, 60))
    b[:20] = np.clip(a[:20].astype(int) + rng.integers(-15, 16, (20, 128)), 0, 255)
    points = np.zeros((60, 2), np.float32)
    none = np.zeros((60, 2), np.int8)
    found = keypoints.pair(Keypoints(points[:40], a, none[:40]), Keypoints(points, b, none))
    x, y = (
        d / np.linalg.norm(d, axis=1, keepdims=True) for d in (a.astype(float), b.astype(float))
    )
    expected = []
    for i, row in enumerate(x):
        far = np.linalg.norm(y - row, axis=1)
        first, second = np.argsort(far)[:2]
        back = np.linalg.norm(x - y[first], axis=1).argmin()
        if far[first] < keypoints.RATIO * far[second] and back == i:
            expected.append([i, first])
    assert found.tolist() == expected
    assert len(expected) >= 20


def test_packed_keypoints_come_back() -> None:
    found = keypoints.detect(patch_of(print_(4, 200, 320)).polar)
    back = Keypoints.from_bytes(found.to_bytes())
    assert np.abs(back.points - found.points).max() <= 1 / 128 + 1e-4
    assert np.array_equal(back.descriptors, found.descriptors)
    assert np.array_equal(back.colours, found.colours)
    # A narrow print stands in the middle of its patch.
    assert found.points[:, 0].min() >= 48
    assert found.points[:, 0].max() <= 208


def test_the_right_print_wins_and_colour_parts_siblings() -> None:
    verifier = LocalVerifier()
    image = print_(5)
    sibling = np.ascontiguousarray(image[..., [2, 0, 1]])
    query = query_of(seen(image, at_a_slant()), verifier)
    views = [described(v, verifier) for v in (print_(6), sibling, image)]
    maps = np.full((3, 4, 1, 1), 9, np.int8)
    scores, _ = verifier.scores(query, maps, views)
    assert scores.argmax() == 2
    assert scores[2] > 0.6 > 0.45 > scores[0]
    proofs = verifier.evidence(query, maps, views)
    assert [e.score for e in proofs] == pytest.approx(scores.tolist(), abs=1e-6)
    assert float(proofs[2].agreement.sum()) == pytest.approx(float(scores[2]), abs=1e-5)
    said = proofs[2].to_dict()["matches"]
    assert said["inliers"] >= 30
    assert len(said["homography"]) == 3
    assert proofs[0].matches is not None
    assert proofs[0].matches.inliers.sum() < 10


def test_nothing_to_see_is_no_match() -> None:
    verifier = LocalVerifier()
    blank = np.full((200, 200, 3), 128, np.uint8)
    proof = verifier.match(described(blank, verifier), described(print_(7), verifier))
    assert proof.matches.model is None
    assert len(proof.matches.inliers) == 0
    assert proof.turn == 0.0
    scores, turns = verifier.scores(query_of(blank, verifier), np.zeros((0, 4, 1, 1), np.int8), [])
    assert scores.shape == turns.shape == (0,)


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([-1.0, 1, 1]),  # mirrored
        np.diag([0.02, 0.02, 1]),  # too small
        np.diag([1.0, 0.05, 1]),  # a sliver
        np.array([[1.0, 0, 0], [0, 1, 0], [-0.02, 0, 1]]),  # seen through the horizon
    ],
)
def test_no_camera_sees_so(matrix: np.ndarray) -> None:
    assert not keypoints.is_plausible(matrix, CORNERS.astype(np.float32))
    assert keypoints.is_plausible(at_a_slant(), CORNERS.astype(np.float32))


def test_slope_is_the_derivative() -> None:
    matrix, step = at_a_slant(), 1e-4
    base = moved(matrix, np.array([[100.0, 80.0]]))
    ends = moved(matrix, np.array([[100.0 + step, 80.0], [100.0, 80.0 + step]]))
    assert keypoints.slope(matrix, 100, 80) == pytest.approx((ends - base).T / step, abs=1e-4)


def test_lines_join_what_matches() -> None:
    blank = np.zeros((SIZE, SIZE, 3), np.uint8)
    ends = np.array([[64, 64], [128, 200]], np.float32)
    matches = Matches(ends, ends[::-1].copy(), np.array([True, False]), np.eye(3))
    drawn = lines.side_by_side(blank, blank, matches)
    scale = lines.SIDE / SIZE
    x0, y0 = lines.MARGIN + 64.5 * scale, lines.MARGIN + 64.5 * scale
    x1, y1 = lines.MARGIN + lines.SIDE + lines.GAP + 128.5 * scale, lines.MARGIN + 200.5 * scale
    middle = drawn[round((y0 + y1) / 2) - 1 : round((y0 + y1) / 2) + 2, round((x0 + x1) / 2)]
    assert middle.max() > 200
    # The outlier has no line: its end in the query stays black.
    y, x = round(lines.MARGIN + 200.5 * scale), round(lines.MARGIN + 128.5 * scale)
    assert drawn[y - 5 : y + 5, x - 5 : x + 5].max() == 0


def test_evidence_uses_what_scoring_matched_and_is_the_same() -> None:
    verifier = LocalVerifier()
    views = [described(print_(seed), verifier) for seed in (1, 2, 3)]
    maps = np.ones((3, 4, 1, 1), np.int8)
    query = query_of(seen(print_(2), at_a_slant()), verifier)
    fresh = verifier.evidence(query, maps, views)
    verifier.scores(query, maps, views)
    matched = []
    verifier.match = lambda q, v: matched.append(v) or LocalVerifier.match(verifier, q, v)  # type: ignore[method-assign, func-returns-value]
    again = verifier.evidence(query, maps[1:], views[1:])
    assert not matched
    for one, two in zip(fresh[1:], again, strict=True):
        assert one.score == two.score
        assert one.turn == two.turn
        assert np.array_equal(one.agreement, two.agreement)
    other = query_of(seen(print_(3), at_a_slant()), verifier)
    assert verifier.evidence(other, maps[2:], views[2:])[0].score > 2 * again[1].score
    assert matched == views[2:]
