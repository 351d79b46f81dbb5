"""Torch models as ONNX files: zero padding goes into the convolutions, any other stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from obverse.to_onnx import fold_pads, to_onnx  # noqa: E402


class Padded(nn.Module):
    """A padding of some kind before a convolution, which may pad too."""

    def __init__(self, widths: tuple[int, ...], mode: str, fill: float, own: int) -> None:
        super().__init__()
        self.widths, self.mode, self.fill = widths, mode, fill
        self.conv = nn.Conv2d(2, 3, 3, stride=2, padding=own)

    def forward(self, x: Tensor) -> Tensor:
        value = self.fill if self.mode == "constant" else None
        return self.conv(F.pad(x, self.widths, self.mode, value))


class Twice(nn.Module):
    """What is padded is used beside the convolution, too."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (1, 1, 1, 1))
        return self.conv(x) + x


def pads(path: Path) -> int:
    return sum(node.op_type == "Pad" for node in onnx.load(str(path)).graph.node)


@pytest.mark.parametrize(
    ("widths", "mode", "fill", "own", "left"),
    [
        ((0, 1, 0, 1), "constant", 0.0, 0, 0),
        ((1, 2, 0, 3), "constant", 0.0, 1, 0),
        ((2, 0), "constant", 0.0, 0, 0),  # of the columns alone
        ((1, 1, 1, 1), "constant", 0.5, 0, 1),
        ((1, 1, 1, 1), "reflect", 0.0, 0, 1),
        ((1, 1, 1, 1), "replicate", 0.0, 0, 1),
        ((-1, 1, 0, 0), "constant", 0.0, 0, 1),
    ],
)
def test_zero_padding_becomes_part_of_the_convolution(
    tmp_path: Path, widths: tuple[int, ...], mode: str, fill: float, own: int, left: int
) -> None:
    torch.manual_seed(1)
    path = tmp_path / "m.onnx"
    images = torch.randn(3, 2, 12, 16)
    worst = to_onnx(Padded(widths, mode, fill, own).eval(), images, path, ["x"], ["y"])
    assert worst < 1e-6, "what the file computes is what torch computes"
    assert pads(path) == left
    assert fold_pads(path) == 0


def test_a_padding_that_is_used_elsewhere_stays(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    assert to_onnx(Twice().eval(), torch.randn(2, 2, 8, 8), path, ["x"], ["y"]) < 1e-6
    assert pads(path) == 1


def test_what_is_not_written_by_torch_stays_valid(tmp_path: Path) -> None:
    """Widths that are kept as data, which goes with them; and a convolution that pads by a rule."""
    from onnx import TensorProto, helper, numpy_helper

    def model(**said: str) -> Path:
        kept = {"w": np.ones((1, 1, 3, 3), np.float32), "p": np.array([0, 0, 1, 0, 0, 0, 1, 2])}
        graph = helper.make_graph(
            [
                helper.make_node("Pad", ["x", "p"], ["padded"]),
                helper.make_node("Conv", ["padded", "w"], ["y"], **said),
            ],
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 8, 8])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, "h", "w"])],
            [numpy_helper.from_array(value, name) for name, value in kept.items()],
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        made.ir_version = 8
        path = tmp_path / "m.onnx"
        onnx.save(made, str(path))
        return path

    assert fold_pads(model()) == 1
    assert [t.name for t in onnx.load(str(tmp_path / "m.onnx")).graph.initializer] == ["w"]
    assert fold_pads(model(auto_pad="SAME_UPPER")) == 0
    assert fold_pads(model(auto_pad="NOTSET")) == 1


def test_weights_beside_the_file_stay_there(tmp_path: Path) -> None:
    """As torch writes models above 2 GiB."""
    path = tmp_path / "m.onnx"
    plain = Padded((0, 1, 0, 1), "constant", 0.0, 0).eval()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("obverse.to_onnx.fold_pads", lambda path: 0)
        to_onnx(plain, torch.randn(2, 2, 8, 8), path, ["x"], ["y"])
    model = onnx.load(str(path))
    onnx.save(model, str(path), save_as_external_data=True, location="weights", size_threshold=0)
    before = (tmp_path / "weights").read_bytes()
    assert fold_pads(path) == 1
    assert (tmp_path / "weights").read_bytes() == before
    images = np.random.default_rng(0).normal(size=(2, 2, 8, 8)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = plain(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(session.run(["y"], {"x": images})[0], expected, atol=1e-6)


def test_the_shipped_networks_have_none(tmp_path: Path) -> None:
    from obverse import shipped

    for name in ("finder", "polar"):
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(shipped.model(name, name)[1])
        assert pads(path) == 0


def test_the_padding_of_the_trunk_is_folded(tmp_path: Path) -> None:
    """Blocks as the networks have them: around the circle it stays a copy, the rest is folded."""
    from obverse.train.trunk import Conv

    model = nn.Sequential(
        Conv(3, 8, 3, 2, 1, act=True, cyclic=True), Conv(8, 8, 5, 2, 8, act=True, cyclic=False)
    )
    path = tmp_path / "m.onnx"
    assert to_onnx(model.eval(), torch.randn(2, 3, 32, 32), path, ["x"], ["y"]) < 1e-5
    assert pads(path) == 0
    kinds = [node.op_type for node in onnx.load(str(path)).graph.node]
    assert "Concat" in kinds
    assert "ConstantOfShape" not in kinds, "nothing is left of the widths"
    assert np.isfinite(to_onnx(model.eval(), torch.randn(5, 3, 32, 32), path, ["x"], ["y"]))
