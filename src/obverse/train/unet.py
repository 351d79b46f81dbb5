"""The finder's network: a U-Net (Ronneberger et al., 2015) on EfficientNet-Lite0.

It sees an RGB picture whose sides are multiples of 32 and gives, for every second pixel, two
logits: ``mask``, is this coin; and ``inset``, how far inside the coin seen here, 0 on its rim to 1
in its middle. Where coins touch or overlap the mask is one piece, but the inset has a valley along
the rim of the upper one, and tells how much of the lower one is hidden.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from obverse.train.trunk import Block, Trunk, scale_pixels

DEPTH = 14
"""Blocks of the trunk: to stride 32, 192 channels."""
TAPS = {0: 16, 2: 24, 4: 40, 10: 112}
"""Blocks whose results the decoder takes up again, and their channels; strides 2, 4, 8, 16."""
WIDTHS = ((96, 96), (64, 64), (32, 32), (16, 24))
"""Channels of each decoder stage, coarse to fine: brought up, and given on."""
FROZEN = 2
"""Blocks, after the stem, that keep their ImageNet weights: to stride 4, the costliest to train."""
SIDE = 32
"""Sides must be multiples of this."""
STEP = 2
"""Input pixels per output cell."""


class Stage(nn.Module):
    """Bring up by two, join what the trunk saw at that size, mix."""

    def __init__(self, cin: int, skip: int, up: int, out: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(cin, up, 1)
        self.mix = nn.Conv2d(up + skip, out, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(out)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = F.interpolate(self.narrow(x), scale_factor=2.0, mode="bilinear", align_corners=False)
        return F.relu(self.norm(self.mix(torch.cat([x, skip], dim=1))))


def run_block(block: Block, x: Tensor) -> Tensor:
    """``block(x)``, its depthwise convolution in full precision: on the CPU the gradient of a
    5 x 5 one takes a fifth to a tenth of the time that it takes in bfloat16."""
    y = x if block.expand is None else block.expand(x)
    with torch.autocast(x.device.type, enabled=False):
        y = block.depthwise(y.float())
    y = block.project(y)
    return x + y if block.residual else y


class UNet(nn.Module):
    """uint8 (n, h, w, 3) -> float32 logits (n, 2, h / 2, w / 2): mask, inset."""

    def __init__(self, *, pretrained: bool = True) -> None:
        super().__init__()
        self.trunk = Trunk.pretrained(DEPTH) if pretrained else Trunk(DEPTH)
        stages, cin = [], self.trunk.channels
        for skip, (up, out) in zip(reversed(TAPS.values()), WIDTHS, strict=True):
            stages.append(Stage(cin, skip, up, out))
            cin = out
        self.stages = nn.ModuleList(stages)
        self.head = nn.Conv2d(cin, 2, 3, padding=1)
        for frozen in (self.trunk.stem, *self.trunk.blocks[:FROZEN]):
            frozen.requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        x = self.trunk.stem(scale_pixels(images).contiguous(memory_format=torch.channels_last))
        seen = []
        for i, block in enumerate(self.trunk.blocks):
            x = run_block(block, x)
            if i in TAPS:
                seen.append(x)
        for stage, skip in zip(self.stages, reversed(seen), strict=True):
            x = stage(x, skip)
        return self.head(x).float()


def loss_of(logits: Tensor, mask: Tensor, inset: Tensor) -> tuple[Tensor, dict[str, float]]:
    """Dice and rim-weighted cross-entropy on the mask, cross-entropy on the inset.

    Args:
        logits: (n, 2, h, w).
        mask, inset: (n, h, w), 0 to 1.
    """
    near = F.avg_pool2d(mask[:, None], 5, 1, 2)[:, 0]
    rim = 4 * near * (1 - near)  # 1 on a straight rim, 0 away from it
    bce = F.binary_cross_entropy_with_logits(logits[:, 0], mask, reduction="none")
    said = logits[:, 0].sigmoid()
    focus = (said - mask).abs().detach()  # focal: what is right already counts less
    mask_loss = ((0.3 + focus + 3 * rim) * bce).mean()
    both = (said * mask).sum(dim=(1, 2))
    total = (said**2 + mask**2).sum(dim=(1, 2))
    dice = (1 - (2 * both + 20) / (total + 20)).mean()
    deep = F.binary_cross_entropy_with_logits(logits[:, 1], inset, reduction="none")
    # A soft target costs its own entropy even when met: leave that out of the figure.
    floor = F.binary_cross_entropy(inset, inset, reduction="none")
    valley = mask * torch.exp(-inset / 0.15)
    inset_loss = ((0.5 + mask + 2 * valley) * (deep - floor)).mean()
    value = mask_loss + 0.5 * dice + 2 * inset_loss
    return value, {
        "mask": float(mask_loss.detach()),
        "dice": float(dice.detach()),
        "inset": float(inset_loss.detach()),
    }
