"""Verify by the polar turn: correlate the query's map with a view's at every turn at once.

Maps turn by cyclic shifts of their rows, so all turned copies of one query make a small matrix and
its product with the views' maps is the cyclic cross-correlation, a few milliseconds for 200 views.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from obverse.types import F32, I8, Embedding, Evidence, Patch

CENTRE = 9.5
"""Row and column of a cell's 16 x 16 pixels that its features look at. Measured on `dev`
(``benchmarks/separate.py --field``): where a small place of the polar image is inverted, the map
changes most 8.7 rows and 11.0 columns before it (+-0.2). The strides alone would say 15."""
STRIDE = 16

LOW = 0.1
"""Which of the pieces of a face counts as its weakest, in parts of all: 0.1 and 0.25 told known
designs from unknown ones best on `dev_wild`, the minimum worse (docs/decisions.md)."""


class PolarVerifier:
    """Cosine of two maps at the best turn. It needs no more than the maps."""

    name, fingerprint = "polar", ""

    def describe(self, patch: Patch) -> bytes:
        """Nothing."""
        return b""

    def scores(
        self,
        query: Embedding,
        maps: I8,
        described: Sequence[bytes] = (),
        items: Sequence[str] = (),
    ) -> tuple[F32, F32]:
        """Score many views.

        Args:
            query: its map may have more rows than the views' (``phases`` of the embedder).
            maps: int8 (n, channels, angles, radii).

        Returns:
            Scores float32 (n,), -1 to 1, and turns in degrees float32 (n,), 0 to 360: how far a
            view must be turned counter-clockwise to lie as the query does.
        """
        table = self._correlate(query, maps)
        return table.max(axis=1), _refine(table)

    def evidence(
        self, query: Embedding, maps: I8, described: Sequence[bytes] = ()
    ) -> list[Evidence]:
        """The score, the turn and where they agree, for a few views, int8 (n, channels, angles,
        radii).

        ``agreement`` is float32 (angles * phases, radii) in the query's frame, row ``i`` centred on
        ``360 * i / rows`` degrees; it sums to the score.
        """
        table = self._correlate(query, maps)
        turns = _refine(table)
        turned, phases = _turned(query.map, maps.shape[2])
        best = table.argmax(axis=1)
        lies, views = turned[best], unit(maps.astype(np.float32))
        products = (lies * views).sum(axis=1)
        weakest = _weakest(products, (lies**2).sum(axis=1), (views**2).sum(axis=1))
        return [
            Evidence(
                float(table[i, b]),
                float(turns[i]),
                _agreement(products[i], int(b), phases),
                weakest=float(weakest[i]),
            )
            for i, b in enumerate(best)
        ]

    def _correlate(self, query: Embedding, maps: I8) -> F32:
        """Cosines, float32 (n, turns)."""
        turned, _ = _turned(query.map, maps.shape[2])
        flat = maps.reshape(len(maps), turned[0].size).astype(np.float32)
        norms = np.sqrt(np.einsum("ij,ij->i", flat, flat))
        table = flat @ turned.reshape(len(turned), -1).T
        return np.asarray(table / np.maximum(norms, 1e-9)[:, None], np.float32)


def _weakest(products: F32, query: F32, views: F32) -> F32:
    """The quantile ``LOW`` of the cosines of pieces of 3 x 3 cells, float32 (n,).

    Args:
        products, query, views: float32 (n, angles, radii): what the cells agree in, and the squares
            of their lengths.
    """
    shared, asked, seen = (_pieces(cells) for cells in (products, query, views))
    cosines = shared / np.sqrt(np.maximum(asked * seen, 1e-18))
    return np.asarray(np.quantile(cosines, LOW, axis=(1, 2)), np.float32)


def _pieces(cells: F32) -> F32:
    """Sums over each cell and its neighbours: around the circle, and to the centre and the rim."""
    around = cells + np.roll(cells, 1, axis=1) + np.roll(cells, -1, axis=1)
    wide = np.pad(around, ((0, 0), (0, 0), (1, 1)))
    return np.asarray(wide[:, :, :-2] + wide[:, :, 1:-1] + wide[:, :, 2:], np.float32)


def _agreement(product: F32, best: int, phases: int) -> F32:
    """Products per cell in the view's frame, (angles, radii), as shares in the query's frame,
    (angles * phases, radii), each row and column where its features really look."""
    fine = np.repeat(product, phases, axis=0) / phases
    # A cell's rows lie around their middle, and the first one of the first cell along 0 degrees.
    down = CENTRE / STRIDE * phases - (phases - 1) / 2
    whole = int(np.floor(down))
    fine = np.roll(fine, best + whole, axis=0)
    fine += (down - whole) * (np.roll(fine, 1, axis=0) - fine)
    inner = np.concatenate([fine[:, :1], fine[:, :-1]], axis=1)
    shares = fine + ((CENTRE + 0.5) / STRIDE - 0.5) * (inner - fine)
    total = float(shares.sum())
    scale = float(fine.sum()) / total if abs(total) > 1e-9 else 1.0
    return np.asarray(shares * scale, np.float32)


def _turned(query: I8, angles: int) -> tuple[F32, int]:
    """All turned copies of the query's map, float32 (turns, channels, angles, radii), each of unit
    norm; copy ``t`` is the query turned back by ``t`` of its own rows. Also the number of phases.
    """
    rows = query.shape[1]
    phases = rows // angles
    index = (np.arange(rows)[:, None] + phases * np.arange(angles)[None, :]) % rows
    turned = query.astype(np.float32)[:, index]
    return unit(turned.transpose(1, 0, 2, 3)), phases


def unit(maps: F32) -> F32:
    """Maps float32 (n, channels, angles, radii), each scaled to unit length."""
    norms = np.sqrt(np.einsum("ncar,ncar->n", maps, maps))
    return np.asarray(maps / np.maximum(norms, 1e-9)[:, None, None, None], np.float32)


def _refine(table: F32) -> F32:
    """Turns in degrees from a (n, turns) table: the peak of a parabola through the best three."""
    rows, count = table.shape
    best = table.argmax(axis=1)
    each = np.arange(rows)
    left, peak, right = (table[each, (best + d) % count] for d in (-1, 0, 1))
    curve = left - 2 * peak + right
    shift = np.where(np.abs(curve) > 1e-9, 0.5 * (left - right) / np.where(curve, curve, 1), 0.0)
    return np.asarray((best + np.clip(shift, -0.5, 0.5)) * 360.0 / count % 360.0, np.float32)
