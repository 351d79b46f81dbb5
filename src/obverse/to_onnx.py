"""A torch model as an ONNX file, checked equal. Needs torch and onnx."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper
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
    fold_pads(path)
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


def fold_pads(path: Path) -> int:
    """Make zero padding before a convolution part of it, in an ONNX file: what it computes stays
    the same, in two thirds of the time.

    The exporter writes the width of a padding as a chain of nodes, which onnxruntime resolves only
    after it has looked for paddings to fold, and every one left takes a copy and two changes of
    memory layout.

    Returns:
        How many were folded.
    """
    # What lies beside the file, of a model above 2 GiB, stays there.
    model = onnx.load(str(path), load_external_data=False)
    graph = model.graph
    users = Counter(name for node in graph.node for name in node.input)
    users.update(output.name for output in graph.output)
    after = {node.input[0]: node for node in graph.node if node.op_type == "Conv"}
    makers = {output: node for node in graph.node for output in node.output}
    folded = 0
    for pad in [node for node in graph.node if node.op_type == "Pad"]:
        conv = after.get(pad.output[0])
        if (
            conv is None
            or users[pad.output[0]] > 1
            or _said(conv, "auto_pad") not in (None, b"NOTSET")
        ):
            continue
        widths = _zeros_around(model, makers, pad)
        if len(widths) != 8 or any(widths[:2] + widths[4:6]) or min(widths) < 0:
            continue
        own = list(_said(conv, "pads") or [0, 0, 0, 0])
        for said in [a for a in conv.attribute if a.name == "pads"]:
            conv.attribute.remove(said)
        added = [a + b for a, b in zip(own, widths[2:4] + widths[6:8], strict=True)]
        conv.attribute.append(helper.make_attribute("pads", added))
        conv.input[0] = pad.input[0]
        graph.node.remove(pad)
        folded += 1
    if folded:
        _sweep(graph)
        onnx.save(model, str(path))
    onnx.checker.check_model(str(path))
    return folded


def _said(node: onnx.NodeProto, name: str) -> Any:
    """The value of an attribute; None without one."""
    found = [helper.get_attribute_value(a) for a in node.attribute if a.name == name]
    return found[0] if found else None


def _zeros_around(
    model: onnx.ModelProto, makers: Mapping[str, onnx.NodeProto], pad: onnx.NodeProto
) -> list[int]:
    """How many zeros it puts before batch, channels, rows and columns, and after these; empty
    where it fills with something else, or that depends on the input."""
    fill = _constant(model, makers, pad.input[2]) if any(pad.input[2:3]) else np.zeros(())
    widths = _constant(model, makers, pad.input[1])
    if _said(pad, "mode") not in (None, b"constant") or fill is None or fill.any():
        return []
    return [] if widths is None else [int(width) for width in widths]


def _constant(
    model: onnx.ModelProto, makers: Mapping[str, onnx.NodeProto], name: str
) -> Array | None:
    """A value of the graph, if it hangs on no input.

    Args:
        makers: the node that makes each value.
    """
    held = {tensor.name: tensor for tensor in model.graph.initializer}
    wanted, needed, tensors = [name], [], []
    while wanted:
        one = wanted.pop()
        if one in held:
            tensors.append(held.pop(one))
        elif one in makers and makers[one] not in needed:
            needed.append(makers[one])
            wanted += makers[one].input
        elif one and one not in makers and all(t.name != one for t in tensors):
            return None
    nodes = [node for node in model.graph.node if node in needed]
    output = helper.make_empty_tensor_value_info(name)
    alone = helper.make_model(
        helper.make_graph(nodes, "value", [], [output], tensors),
        opset_imports=list(model.opset_import),
    )
    alone.ir_version = model.ir_version
    session = onnxruntime.InferenceSession(
        alone.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    value: Array = session.run([name], {})[0]
    return value


def _sweep(graph: onnx.GraphProto) -> None:
    """Take out what nothing uses."""
    used = {output.name for output in graph.output}
    for node in reversed(list(graph.node)):
        if used.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            used.update(node.input)
    for tensor in [one for one in graph.initializer if one.name not in used]:
        graph.initializer.remove(tensor)
