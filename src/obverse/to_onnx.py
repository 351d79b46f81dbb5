"""A torch model as an ONNX file, checked equal. Needs torch and onnx."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from obverse.errors import ModelError
from obverse.types import Array

OPSET = 17
TOLERANCE = 1e-3
"""Largest difference allowed between any output of the ONNX file and torch's."""


def to_onnx(
    model: nn.Module, images: Tensor, path: Path, inputs: list[str], outputs: list[str]
) -> float:
    """Write a model of one input, in evaluation mode, as ONNX, any batch size, and compare.

    Returns:
        The largest difference between the file's outputs and the model's, over ``images``.

    Raises:
        ModelError: it is above ``TOLERANCE``.
    """
    with warnings.catch_warnings():
        # The exporter that needs no onnxscript; it says that it is old, and that what it saw of the
        # shapes stays fixed, which is meant.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (images[:2],),
            str(path),
            input_names=inputs,
            output_names=outputs,
            dynamic_axes={name: {0: "n"} for name in (*inputs, *outputs)},
            opset_version=OPSET,
            dynamo=False,
        )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    theirs: list[Array] = session.run(outputs, {inputs[0]: images.numpy()})
    with torch.no_grad():
        mine = model(images)
    mine = mine if isinstance(mine, tuple) else (mine,)
    worst = max(float(np.abs(a - b.numpy()).max()) for a, b in zip(theirs, mine, strict=True))
    if not worst <= TOLERANCE:
        path.unlink()
        raise ModelError(
            f"the ONNX file would differ from the model by {worst:.2g}",
            where=path,
            hint="export again, and report it if it stays",
        )
    return worst
