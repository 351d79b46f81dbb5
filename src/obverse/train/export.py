"""A trained model leaves as an ONNX file with its card, checked equal to what was trained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch

from obverse.normalise import ANGLES, RADII, preprocessing
from obverse.to_onnx import to_onnx
from obverse.train.model import Polar
from obverse.types import U8


def export_embedder(
    model: Polar, polars: U8, out: Path, card: Mapping[str, Any], *, golden: Path | None = None
) -> Path:
    """Write ``polar.onnx`` and its card ``polar.json``.

    Args:
        model: trained, on the CPU.
        polars: grey polar images of training coins, uint8 (n, ``ANGLES``, ``RADII``), at least 2:
            the map's int8 step is fitted on them, the export checked.
        out: the folder to write to.
        card: what else the card says: what the model learned from, metrics, known failures.
        golden: also write two made-up inputs and torch's outputs there, for tests.

    Returns:
        The card's path.

    Raises:
        ModelError: the ONNX file differs from the model.
    """
    model = model.eval()
    some = polars[np.random.default_rng(0).permutation(len(polars))[:256]]
    images = torch.from_numpy(np.repeat(some[..., None], 3, axis=3))
    with torch.no_grad():
        reached = torch.cat([model(x)[1].abs().flatten() for x in images.split(64)]).numpy()
    # All but one cell in ten thousand fits into int8; the rest is clipped.
    step = float(np.float32(np.quantile(reached, 0.9999) / 127))
    path = out / "polar.onnx"
    worst = to_onnx(model, images[:32], path, ["image"], ["vector", "map"])
    if golden is not None:
        probe = torch.from_numpy(probes())
        with torch.no_grad():
            vector, maps = model(probe)
        np.savez_compressed(golden, image=probe.numpy(), vector=vector.numpy(), map=maps.numpy())
    channels, angles, radii = model.shape
    said = {
        "name": "polar",
        "file": path.name,
        "what": "rotation-invariant vector and polar map of a coin's side",
        "input": {"image": ["n", ANGLES, RADII, 3], "dtype": "uint8"},
        "output": {
            "vector": ["n", model.project.out_features],
            "map": ["n", channels, angles, radii],
        },
        "map_step": step,
        "preprocessing": preprocessing(),
        "onnx_vs_torch": worst,
        "built": date.today().isoformat(),
        **card,
    }
    described = out / "polar.json"
    described.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return described


def probes() -> U8:
    """Two made-up inputs to compare implementations with: smooth waves and blocks."""
    a, r = np.mgrid[0:ANGLES, 0:RADII]
    waves = 128 + 60 * np.sin(2 * np.pi * 5 * a / ANGLES) + 50 * np.cos(r * a / 300)
    blocks = np.random.default_rng(0).integers(0, 256, (ANGLES // 8, RADII // 8)).repeat(8, 0)
    both = np.stack([waves, blocks.repeat(8, 1)])[..., None].repeat(3, -1)
    return np.asarray(both.clip(0, 255), np.uint8)
