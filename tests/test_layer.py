"""The query layer: what it does to an embedding, and that it survives storage."""

from __future__ import annotations

import numpy as np
import pytest

from obverse.errors import CatalogueDamaged
from obverse.layer import Layer
from obverse.types import Embedding, Evidence


def a_layer(seed: int = 0, gain: float = 1.1) -> Layer:
    rng = np.random.default_rng(seed)
    vector, channels = rng.normal(size=(6, 6)), rng.normal(size=(4, 4))
    return Layer(
        vector.astype(np.float32), channels.astype(np.float32), gain, "polar-0123", {"views": 9}
    )


def a_query(seed: int = 1) -> Embedding:
    rng = np.random.default_rng(seed)
    vector = rng.normal(size=6).astype(np.float32)
    return Embedding(vector / np.linalg.norm(vector), rng.integers(-90, 90, (4, 8, 3), np.int8))


def test_applied_it_is_two_matrices() -> None:
    layer, query = a_layer(), a_query()
    out = layer.apply(query)
    wanted = layer.vector.astype(float) @ query.vector
    np.testing.assert_allclose(out.vector, wanted / np.linalg.norm(wanted), atol=1e-6)
    cells = np.zeros(query.map.shape)
    for a in range(8):
        for r in range(3):
            cells[:, a, r] = layer.channels.astype(float) @ query.map[:, a, r].astype(float)
    assert out.map.dtype == np.int8
    assert np.abs(out.map).max() == 127
    cosine = (cells * out.map).sum() / np.linalg.norm(cells) / np.linalg.norm(out.map.astype(float))
    assert cosine > 0.9995


def test_the_identity_changes_nothing_but_the_step() -> None:
    query = a_query()
    out = Layer(np.eye(6, dtype=np.float32), np.eye(4, dtype=np.float32), 1.0, "", {}).apply(query)
    np.testing.assert_allclose(out.vector, query.vector, atol=1e-6)
    scale = 127 / np.abs(query.map.astype(int)).max()
    np.testing.assert_allclose(out.map, query.map * scale, atol=0.51)


def test_a_layer_commutes_with_a_turn() -> None:
    layer, query = a_layer(), a_query()
    turned = Embedding(query.vector, np.roll(query.map, 3, axis=1))
    np.testing.assert_array_equal(
        layer.apply(turned).map, np.roll(layer.apply(query).map, 3, axis=1)
    )


def test_raised_evidence_still_sums_to_its_score() -> None:
    layer = a_layer(gain=1.25)
    agreement = np.full((4, 3), 0.05, np.float32)
    raised = layer.raise_evidence(Evidence(0.6, 30.0, agreement))
    assert raised.score == pytest.approx(0.75)
    assert raised.agreement.sum() == pytest.approx(0.75)
    top = layer.raise_evidence(Evidence(0.9, 0.0, agreement))
    assert top.score == 1.0
    np.testing.assert_allclose(
        layer.raise_scores(np.array([0.6, 0.9, -0.2], np.float32)), [0.75, 1.0, -0.25], atol=1e-6
    )


def test_stored_and_read_back() -> None:
    layer = a_layer()
    again = Layer.from_bytes(layer.to_bytes())
    np.testing.assert_array_equal(again.vector, layer.vector)
    np.testing.assert_array_equal(again.channels, layer.channels)
    assert (again.gain, again.model, again.card) == (layer.gain, layer.model, layer.card)


@pytest.mark.parametrize("cut", [0, 1, 40, -30])
def test_damaged_bytes_are_said_to_be_so(cut: int) -> None:
    with pytest.raises(CatalogueDamaged, match="--off"):
        Layer.from_bytes(a_layer().to_bytes()[:cut], "c.obv")
