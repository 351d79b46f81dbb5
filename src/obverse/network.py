"""An ONNX network on the CPU, as all of the package's models are run."""

from __future__ import annotations

import os

import onnxruntime


def load(model: bytes) -> onnxruntime.InferenceSession:
    """A session on all cores; its threads sleep between runs instead of spinning.

    Raises:
        Exception: the bytes are no model; what onnxruntime raises has no public base class.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
