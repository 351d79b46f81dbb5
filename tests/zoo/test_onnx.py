"""ONNX files with a card: the preparation of transformers, and pooling by the formulas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from obverse import zoo
from obverse.errors import ModelError, UsageError
from obverse.types import Array
from obverse.zoo import Descriptor
from obverse.zoo.onnx import OnnxDescriptor, prepare
from tests.zoo.pictures import photos

MEAN, STD = [0.5, 0.4, 0.3], [0.2, 0.3, 0.25]


def save(folder: Path, nodes: list[Any], shape: list[int | str], **card: Any) -> Path:
    """A model of a few nodes from ``image`` to ``out``, and its card."""
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 8, 8])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "test", [image], [out])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(made, folder / "model.onnx")
    path = folder / "card.json"
    said = {"file": "model.onnx", "size": [8, 8], "mean": MEAN, "std": STD, **card}
    path.write_text(json.dumps(said), "utf-8")
    return path


def identity(folder: Path, **card: Any) -> Path:
    return save(folder, [helper.make_node("Identity", ["image"], ["out"])], ["n", 3, 8, 8], **card)


def wanted(card: Path) -> Array:
    """The pictures as the model is given them, (n, channels, places)."""
    said = json.loads(card.read_text("utf-8"))
    return np.stack([prepare(image, said) for image in photos()]).reshape(4, 3, 64)


def test_mean_and_gem_of_a_feature_map(tmp_path: Path) -> None:
    card = identity(tmp_path, pool="mean")
    mean = zoo.get(f"onnx:{card}")
    assert isinstance(mean, Descriptor)
    assert mean.dim == 3
    given = wanted(card)
    np.testing.assert_allclose(mean.describe(photos()), given.mean(axis=2), atol=1e-6)
    gem = OnnxDescriptor.read(identity(tmp_path, pool="gem"))
    expected = [[np.mean([max(v, 1e-6) ** 3 for v in c]) ** (1 / 3) for c in p] for p in given]
    np.testing.assert_allclose(gem.describe(photos()), expected, atol=1e-5)
    assert gem.fingerprint != mean.fingerprint


def test_tokens_and_a_named_output(tmp_path: Path) -> None:
    shape = helper.make_node("Constant", [], ["shape"], value_ints=[0, 16, 12])
    nodes = [shape, helper.make_node("Reshape", ["image", "shape"], ["out"])]
    card = save(tmp_path, nodes, ["n", 16, 12], pool="cls", output="out")
    found = OnnxDescriptor.read(card)
    given = wanted(card).reshape(4, 16, 12)
    np.testing.assert_allclose(found.describe(photos()), given[:, 0], atol=1e-6)
    assert found.describe([]).shape == (0, 12)


def test_the_preparation_is_that_of_transformers() -> None:
    from transformers import CLIPImageProcessor

    theirs = CLIPImageProcessor(
        size={"shortest_edge": 20}, crop_size=16, image_mean=MEAN, image_std=STD, resample=3
    )
    card = {"size": [16, 16], "shortest": 20, "interpolation": "bicubic", "mean": MEAN, "std": STD}
    for image in photos():
        expected = theirs(image, return_tensors="np")["pixel_values"][0]
        assert prepare(image, card).shape == (3, 16, 16)
        assert np.abs(prepare(image, card) - expected).max() < 0.06


def test_a_squeezed_picture_fills_the_input() -> None:
    card = {"size": [8, 16], "mean": [0, 0, 0], "std": [1, 1, 1], "interpolation": "nearest"}
    image = np.repeat(np.repeat([[[0, 0, 0], [255, 255, 255]]], 30, axis=0), 5, axis=1)
    made = prepare(image.astype(np.uint8), card)
    assert made.shape == (3, 8, 16)
    assert not made[..., :8].any()
    assert (made[..., 8:] == 1).all()


def test_an_output_that_nobody_said_how_to_pool(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="set pool in the card to mean or gem"):
        OnnxDescriptor.read(identity(tmp_path))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"file": "gone.onnx"}, "cannot be read"),
        ({"mean": [0.5]}, "no card of an image model"),
        ({"size": 8}, "no card of an image model"),
        ({"output": "nope", "pool": "mean"}, "no output 'nope'"),
    ],
)
def test_bad_cards(tmp_path: Path, change: dict[str, Any], what: str) -> None:
    with pytest.raises(ModelError, match=what):
        zoo.get(f"onnx:{identity(tmp_path, **change)}")


def test_no_card_and_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        zoo.get(f"onnx:{tmp_path / 'none.json'}")
    card = identity(tmp_path, pool="mean")
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match="damaged"):
        zoo.get(f"onnx:{card}")
