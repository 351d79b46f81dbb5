"""A trained model leaves as an ONNX file with its card, checked equal to what was trained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from obverse.errors import ModelError
from obverse.normalise import ANGLES, RADII, preprocessing
from obverse.train.model import Polar
from obverse.types import U8, Array

TOLERANCE = 1e-3
"""Largest difference allowed between any output of the ONNX file and torch's."""


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


def to_onnx(
    model: nn.Module, images: Tensor, path: Path, inputs: list[str], outputs: list[str]
) -> float:
    """Write a model of one input as ONNX, any batch size, and compare.

    Returns:
        The largest difference between the file's outputs and the model's, over ``images``.

    Raises:
        ModelError: it is above ``TOLERANCE``.
    """
    torch.onnx.export(
        model,
        (images[:2],),
        str(path),
        input_names=inputs,
        output_names=outputs,
        dynamic_axes={name: {0: "n"} for name in (*inputs, *outputs)},
        opset_version=17,
        dynamo=False,
    )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    theirs: list[Array] = session.run(outputs, {inputs[0]: images.numpy()})
    with torch.no_grad():
        mine = model(images)
    mine = mine if isinstance(mine, tuple) else (mine,)
    worst = max(float(np.abs(a - b.numpy()).max()) for a, b in zip(theirs, mine, strict=True))
    if not worst <= TOLERANCE:
        raise ModelError(
            f"the exported model differs from the trained one by {worst:.2g}",
            where=path,
            hint="export again, and report it if it stays",
        )
    return worst


def probes() -> U8:
    """Two made-up inputs to compare implementations with: smooth waves and blocks."""
    a, r = np.mgrid[0:ANGLES, 0:RADII]
    waves = 128 + 60 * np.sin(2 * np.pi * 5 * a / ANGLES) + 50 * np.cos(r * a / 300)
    blocks = np.random.default_rng(0).integers(0, 256, (ANGLES // 8, RADII // 8)).repeat(8, 0)
    both = np.stack([waves, blocks.repeat(8, 1)])[..., None].repeat(3, -1)
    return np.asarray(both.clip(0, 255), np.uint8)
