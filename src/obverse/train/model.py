"""The polar model: trunk, a map that turns with the coin, a vector that does not.

The vector holds magnitudes of the map's lowest angular frequencies, projected. Before training both
projections are principal components (the map's plain, the vector's half-whitened), which alone
make a usable model; training then moves everything.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from obverse.normalise import ANGLES, RADII
from obverse.train.trunk import STRIDE_16, Trunk, scale_pixels

STRIDE = 16
FREQUENCIES = 5
WHITENING = 0.5
INNER, LAST = -0.2, 0.6
"""A map's cells weigh by their radius to the power ``INNER``, the outermost ones by ``LAST`` more:
there lie dates, mint marks and the finder's error, which differ between two photos of one design.
Chosen on a development protocol, docs/decisions.md."""


class Polar(nn.Module):
    """uint8 (n, ``ANGLES``, ``RADII``, 3) -> vector float32 (n, dim), unit length, and map
    float32 (n, channels, angles, radii).

    Args:
        channels: of the map.
        dim: of the vector.
        depth: blocks of the trunk.
        frequencies: angular frequencies in the vector, from 0 up.
        pretrained: start from ImageNet weights.
    """

    def __init__(
        self,
        channels: int = 32,
        dim: int = 256,
        depth: int = STRIDE_16,
        frequencies: int = FREQUENCIES,
        *,
        pretrained: bool = True,
    ) -> None:
        super().__init__()
        make = Trunk.pretrained if pretrained else Trunk
        self.trunk = make(depth, cyclic=True, coarsest=STRIDE)
        angles, radii = ANGLES // STRIDE, RADII // STRIDE
        self.shape = (channels, angles, radii)
        self.register_buffer("mean", torch.zeros(1, self.trunk.channels, 1, radii))
        self.register_buffer("std", torch.ones(1, self.trunk.channels, 1, radii))
        self.reduce = nn.Conv2d(self.trunk.channels, channels, 1)
        self.project = nn.Linear(channels * frequencies * radii, dim)
        weights = ((np.arange(radii) + 0.5) / radii) ** INNER
        weights[-1] *= LAST
        emphasis = torch.tensor(weights / weights.mean(), dtype=torch.float32)
        self.register_buffer("emphasis", emphasis, persistent=False)
        turns = 2 * np.pi * np.outer(np.arange(frequencies), np.arange(angles)) / angles
        self.register_buffer("cos", torch.tensor(np.cos(turns), dtype=torch.float32))
        self.register_buffer("sin", torch.tensor(np.sin(turns), dtype=torch.float32))

    def to_map(self, features: Tensor) -> Tensor:
        standard = ((features - self.mean) / self.std).clamp(-3.0, 3.0)
        return self.reduce(standard)

    def magnitudes(self, maps: Tensor) -> Tensor:
        """(n, c, angles, radii) -> (n, c * frequencies * radii), a DFT as two matrix products."""
        real, imaginary = torch.matmul(self.cos, maps), torch.matmul(self.sin, maps)
        return torch.sqrt(real**2 + imaginary**2 + 1e-6).flatten(1)

    def heads(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Trunk features, float32 -> vectors and maps."""
        maps = self.to_map(features)
        vector = self.project(self.magnitudes(maps))
        unit = vector / vector.norm(dim=1, keepdim=True).clamp_min(1e-6)
        return unit, maps * self.emphasis

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.heads(self.trunk(scale_pixels(images)).float())


@torch.no_grad()
def fit_heads(model: Polar, features: Tensor) -> None:
    """Set statistics and both projections from trunk features, float32 (n, c, angles, radii)."""
    model.mean.copy_(features.mean((0, 2), keepdim=True))
    model.std.copy_(features.std((0, 2), keepdim=True))
    standard = ((features - model.mean) / model.std).clamp(-3.0, 3.0)
    cells = standard.permute(0, 2, 3, 1).reshape(-1, standard.shape[1])
    centre = cells.mean(0)
    _, vectors = torch.linalg.eigh(torch.cov(cells.T))
    basis = vectors.flip(1)[:, : model.reduce.out_channels].T
    model.reduce.weight.copy_(basis[:, :, None, None])
    model.reduce.bias.copy_(-basis @ centre)
    magnitudes = model.magnitudes(model.to_map(features))
    values, vectors = torch.linalg.eigh(torch.cov(magnitudes.T.double()))
    dim = model.project.out_features
    values, vectors = values.flip(0)[:dim].clamp_min(1e-9), vectors.flip(1)[:, :dim]
    whiten = (vectors * values ** (-WHITENING / 2)).float()
    model.project.weight.copy_(whiten.T)
    model.project.bias.copy_(-magnitudes.mean(0) @ whiten)


def correlate(queries: Tensor, views: Tensor) -> Tensor:
    """Cosine of maps at the best cyclic shift of the angles.

    Args:
        queries: (p, c, angles, radii).
        views: (m, c, angles, radii), compared with every query, or (p, m, c, angles, radii), each
            query's own.

    Returns:
        (p, m). The shift is chosen without a gradient; the cosine at it has one.
    """
    q = F.normalize(queries.flatten(1), dim=1).view_as(queries)
    v = F.normalize(views.flatten(-3), dim=-1).view_as(views)
    angles = q.shape[2]
    own = v.dim() == 5
    with torch.no_grad():
        turned = torch.stack([q.roll(-s, 2).flatten(1) for s in range(angles)], 1)
        if own:
            table = torch.einsum("psd,pmd->pms", turned, v.flatten(2))
        else:
            table = torch.einsum("psd,md->pms", turned, v.flatten(1))
        best = table.argmax(2)
    rows = (torch.arange(angles)[None, None, :] + best[..., None]) % angles
    at = rows[:, :, None, :, None].expand(-1, -1, q.shape[1], -1, q.shape[3])
    moved = q[:, None].expand(-1, best.shape[1], -1, -1, -1).gather(3, at)
    return (moved * (v if own else v[None])).flatten(2).sum(2)
