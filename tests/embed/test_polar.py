"""The polar embedder against the torch model's own outputs, and its equivariance."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from obverse import embed
from obverse.embed.polar import PolarEmbedder
from obverse.errors import ModelError, UsageError
from obverse.normalise import disc
from obverse.types import Embedding, Patch
from tests.coins import face, photo_of, turned, whole_disc

GOLDEN = Path(__file__).with_name("golden_polar.npz")


def patch_of(seed: int, degrees: float = 0.0) -> Patch:
    image = turned(face(seed), degrees) if degrees else face(seed)
    return disc(photo_of(image), whole_disc(photo_of(image)))


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.ravel().astype(float), b.ravel().astype(float)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.fixture(scope="module")
def polar() -> PolarEmbedder:
    found = embed.get("polar")
    assert isinstance(found, PolarEmbedder)
    return found


def test_equal_to_the_torch_model() -> None:
    """``golden_polar.npz`` holds inputs and what torch gave for them when the model was built."""
    golden = np.load(GOLDEN)
    model = resources.files("obverse") / "models" / "polar.onnx"
    session = onnxruntime.InferenceSession(model.read_bytes(), providers=["CPUExecutionProvider"])
    vector, fmap = session.run(["vector", "map"], {"image": golden["image"]})
    assert np.abs(vector - golden["vector"]).max() < 1e-4
    assert np.abs(fmap - golden["map"]).max() < 1e-4


def test_sizes_hold_what_was_promised(polar: PolarEmbedder) -> None:
    assert polar.dim <= 512
    assert np.prod(polar.map_shape) <= 4096
    (one,) = polar.embed([patch_of(1)])
    assert one.vector.shape == (polar.dim,)
    assert one.vector.dtype == np.float32
    assert one.map.shape == polar.map_shape
    assert one.map.dtype == np.int8
    assert np.linalg.norm(one.vector) == pytest.approx(1, abs=1e-5)


def test_a_shift_by_one_cell_is_exact(polar: PolarEmbedder) -> None:
    patch = patch_of(2)
    shifted = Patch(
        patch.image, patch.original, np.roll(patch.polar, 16, axis=0), patch.matrix, patch.region
    )
    a, b = polar.embed([patch, shifted])
    assert np.abs(a.vector - b.vector).max() < 1e-4
    # Rounding to int8 may tip a value by one level.
    assert np.abs(np.roll(a.map, 1, axis=1).astype(int) - b.map).max() <= 1


def test_a_real_turn_of_the_picture(polar: PolarEmbedder) -> None:
    upright, other = polar.embed([patch_of(3), patch_of(4)])
    apart = cosine(upright.vector, other.vector)
    for degrees in (90, 180, 360 * 3 / 14, 41.0):
        (moved,) = polar.embed([patch_of(3, degrees)])
        assert cosine(upright.vector, moved.vector) > max(0.9, apart + 0.1)


def test_phases_interleave(polar: PolarEmbedder) -> None:
    patch = patch_of(5)
    (fine,) = polar.embed([patch], phases=4)
    (coarse,) = polar.embed([patch])
    assert fine.map.shape == (polar.map_shape[0], 4 * polar.map_shape[1], polar.map_shape[2])
    assert np.abs(fine.map[:, ::4].astype(int) - coarse.map).max() <= 1
    rolled = Patch(
        patch.image, patch.original, np.roll(patch.polar, -8, axis=0), patch.matrix, patch.region
    )
    (half,) = polar.embed([rolled])
    assert np.abs(fine.map[:, 2::4].astype(int) - half.map).max() <= 1


def test_batches_do_not_matter(polar: PolarEmbedder) -> None:
    patches = [patch_of(i) for i in range(18)]
    together = polar.embed(patches)
    alone: list[Embedding] = [polar.embed([p])[0] for p in patches[:3]]
    for a, b in zip(alone, together[:3], strict=True):
        assert np.abs(a.vector - b.vector).max() < 1e-5
    assert polar.embed([]) == []


def test_the_card_says_what_it_must(polar: PolarEmbedder) -> None:
    for key in ("trunk", "learned_from", "licence", "preprocessing", "onnx_vs_torch", "command"):
        assert polar.card[key]
    assert polar.card["onnx_vs_torch"] <= 1e-4
    assert len(polar.fingerprint) == 16


def test_a_model_never_meets_another_preprocessing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obverse.embed.polar.preprocessing", lambda: {"version": 0})
    with pytest.raises(ModelError, match="other preprocessing"):
        PolarEmbedder()


def test_unknown_name() -> None:
    with pytest.raises(UsageError, match="unknown embedder 'nope'; choose polar"):
        embed.get("nope")


def test_the_card_is_json() -> None:
    text = (resources.files("obverse") / "models" / "polar.json").read_text("utf-8")
    assert json.loads(text)["output"]["vector"][1] == 256
