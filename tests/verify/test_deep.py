"""The deep verifier: a matcher of ``transformers``, against the library and exact ground truth."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

tf = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

from obverse import verify  # noqa: E402
from obverse.errors import ModelError  # noqa: E402
from obverse.normalise import SIZE  # noqa: E402
from obverse.types import U8, Embedding, Patch  # noqa: E402
from obverse.verify import deep  # noqa: E402
from obverse.verify.deep import EDGE, DeepVerifier  # noqa: E402
from tests.verify.test_local import patch_of, print_  # noqa: E402

SIDE = 256
"""Side of the frame here: a sixth of the pixels, as many times quicker."""


@pytest.fixture
def verifier(tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> DeepVerifier:
    monkeypatch.setattr(deep, "FLAT_SIDE", SIDE)
    return DeepVerifier(str(tiny("lightglue")))


def described(picture: U8) -> bytes:
    """As ``describe`` packs a patch whose upright rectangle is this picture."""
    return DeepVerifier.describe(None, _patch(picture))  # type: ignore[arg-type]


def _patch(picture: U8) -> Patch:
    return replace(patch_of(print_(0, 64, 64)), polar=picture)


def shifted(picture: U8, x: int, y: int) -> U8:
    return np.roll(picture, (y, x), (0, 1))


def test_pairs_as_the_library_gives_them(verifier: DeepVerifier) -> None:
    from tests.zoo.tiny import images

    folder = verifier._loaded.name
    model = tf.LightGlueForKeypointMatching.from_pretrained(folder).eval()
    processor = type(images("LightGlue")).from_pretrained(folder)
    first = print_(3, SIDE, SIDE)
    pictures = [[first, shifted(first, 16, -8)], [first, print_(4, SIDE, SIDE)]]
    for pair, (there, here) in zip(pictures, verifier._pairs(pictures), strict=True):
        inputs = processor(images=pair, do_resize=False, return_tensors="pt")
        with torch.no_grad():
            out = model(**inputs)
        theirs = processor.post_process_keypoint_matching(out, [((SIDE, SIDE),) * 2])[0]
        # The library rounds positions down to whole pixels; near the edge none is kept.
        ends = torch.cat([theirs["keypoints0"], theirs["keypoints1"]], dim=1).numpy()
        kept = ends[((ends >= EDGE) & (ends <= SIDE - 1 - EDGE)).all(axis=1)]
        np.testing.assert_array_equal(np.floor(np.hstack([there, here])), kept)
        assert 20 < len(there) < len(ends)


def test_a_known_shift_is_recovered_and_another_print_is_not(verifier: DeepVerifier) -> None:
    view = print_(1, SIDE, SIDE)
    asked = described(shifted(view, 24, -16))
    same, other = verifier.match_all(asked, [described(view), described(print_(2, SIDE, SIDE))])
    assert same.matches.model is not None
    truth = np.array([[1, 0, 24 * SIZE / SIDE], [0, 1, -16 * SIZE / SIDE], [0, 0, 1]])
    np.testing.assert_allclose(same.matches.model[:2, :2], truth[:2, :2], atol=0.02)
    np.testing.assert_allclose(same.matches.model[:2, 2], truth[:2, 2], atol=0.5)
    assert same.matches.inliers.sum() > 4 * max(int(other.matches.inliers.sum()), 5)
    assert math.cos(math.radians(same.turn)) > 0.999
    alone = verifier.match(asked, described(view))
    assert alone.matches.inliers.sum() == same.matches.inliers.sum(), "in a batch or alone"


def test_pictures_of_any_shape_lie_in_the_patch_as_they_were(verifier: DeepVerifier) -> None:
    """Points are in pixels of the patch, whose middle a picture fills."""
    wide = print_(5, SIDE, SIDE // 2)
    proof = verifier.match(described(wide), described(wide))
    assert proof.matches.inliers.sum() > 20
    inside = proof.matches.view[proof.matches.inliers]
    assert (np.abs(inside[:, 1] - SIZE / 2) <= SIZE / 4 - EDGE * SIZE / SIDE + 1).all()
    assert np.ptp(inside[:, 0]) > SIZE / 2
    np.testing.assert_allclose(proof.matches.model, np.eye(3), atol=1e-3)


def test_scores_and_evidence(verifier: DeepVerifier) -> None:
    view = print_(1, SIDE, SIDE)
    query = Embedding(
        np.ones(1, np.float32), np.full((4, 1, 1), 9, np.int8), described(shifted(view, 8, 8))
    )
    maps = np.full((2, 4, 1, 1), 9, np.int8)
    views = [described(view), described(print_(2, SIDE, SIDE))]
    scores, turns = verifier.scores(query, maps, views)
    assert scores.shape == turns.shape == (2,)
    assert scores[0] > scores[1] + 0.2
    found = verifier.evidence(query, maps, views)
    np.testing.assert_allclose([e.score for e in found], scores, atol=1e-6)
    assert float(found[0].agreement.sum()) == pytest.approx(found[0].score, abs=1e-5)
    assert found[0].matches is not None
    json.dumps(found[0].to_dict(), allow_nan=False)


def test_a_plain_picture_has_no_matches(
    verifier: DeepVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No keypoint at all, which trained SuperPoint says of a plain picture."""
    detector = verifier._loaded.model.keypoint_detector.keypoint_decoder
    monkeypatch.setattr(detector, "keypoint_threshold", 2.0)
    plain = described(np.full((SIDE, SIDE, 3), 90, np.uint8))
    proof = verifier.match(plain, plain)
    assert (len(proof.matches.inliers), proof.matches.model) == (0, None)


def test_a_view_is_kept_as_a_small_jpeg() -> None:
    patch = patch_of(print_(1, 640, 640))
    data = described(patch.polar)
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels.shape == patch.polar.shape
    assert np.abs(pixels[..., ::-1].astype(int) - patch.polar).mean() < 4
    assert len(data) < 100_000


def test_by_name(tiny: Callable[[str], Path]) -> None:
    folder = tiny("lightglue")
    found = verify.get(f"deep:{folder}")
    assert found.name == "deep"
    assert len(found.fingerprint) == 16
    with pytest.raises(ModelError, match="type clip, which cannot do this; name a model such as"):
        verify.get(f"deep:{tiny('clip')}")
