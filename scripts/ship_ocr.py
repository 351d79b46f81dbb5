"""Take the text models out of rapidocr's wheel and put them into src/obverse/models.

    pip download rapidocr==3.10.0 --no-deps -d WHEELS
    python scripts/ship_ocr.py WHEELS/rapidocr-3.10.0-py3-none-any.whl

The networks stay as PaddleOCR published them. Their weights are stored in half precision, with a
cast before each use, so that the files halve; the run time folds the casts when it loads them and
computes in single precision. Needs onnx (``pip install obverse[train]``).
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

MODELS = Path(__file__).parents[1] / "src" / "obverse" / "models"
WHERE = "https://github.com/PaddlePaddle/PaddleOCR"
SMALL = 64
"""Tensors of fewer values stay as they are: scales and offsets, where rounding costs most."""
PARTS: dict[str, dict[str, Any]] = {
    "ocr-find": {
        "member": "rapidocr/models/PP-OCRv6_det_small.onnx",
        "what": "for every pixel, the chance that it lies in the core of a line of text",
        "input": {"x": ["n", 3, "h", "w"], "dtype": "float32, BGR, -1 to 1; sides of 32 k"},
        "output": {"core": ["n", 1, "h", "w"]},
        "probe": (1, 3, 384, 384),
        "source": "PP-OCRv6_small_det",
    },
    "ocr-read": {
        "member": "rapidocr/models/PP-OCRv6_rec_small.onnx",
        "what": "for every 8 pixels of a line of text, a distribution over 18,710 characters "
        "(CTC; the alphabet is in the file's metadata)",
        "input": {"x": ["n", 3, 48, "w"], "dtype": "float32, BGR, -1 to 1"},
        "output": {"table": ["n", "w / 8", 18710]},
        "probe": (1, 3, 48, 160),
        "source": "PP-OCRv6_small_rec",
    },
}


def halve(model: Any) -> Any:
    """Store the weights as float16, each cast to float32 before use."""
    graph = model.graph
    casts, kept = [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALL:
            kept.append(tensor)
            continue
        name = f"{tensor.name}__half"
        kept.append(numpy_helper.from_array(values.astype(np.float16), name))
        casts.append(helper.make_node("Cast", [name], [tensor.name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    inputs = [i for i in graph.input if i.name not in {t.name for t in graph.initializer}]
    for field, content in (("initializer", kept), ("node", casts + nodes), ("input", inputs)):
        graph.ClearField(field)
        getattr(graph, field).extend(content)
    return model


def run(data: bytes, x: Any) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def main(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name, part in PARTS.items():
            original = archive.read(part["member"])
            shipped = halve(onnx.load_from_string(original)).SerializeToString()
            x = np.random.default_rng(0).uniform(-1, 1, part["probe"]).astype(np.float32)
            change = float(np.abs(run(original, x) - run(shipped, x)).max())
            (MODELS / f"{name}.onnx").write_bytes(shipped)
            card = {
                "name": name,
                "file": f"{name}.onnx",
                "what": part["what"],
                "input": part["input"],
                "output": part["output"],
                "source": f"{part['source']}, PaddleOCR ({WHERE}), as ONNX in {wheel.name}",
                "licence": "Apache-2.0",
                "copyright": "PaddlePaddle Authors",
                "changed": "weights of 64 values and more rounded to half precision; no training",
                "largest_change": round(change, 6),
                "sha256": hashlib.sha256(shipped).hexdigest(),
                "sha256_original": hashlib.sha256(original).hexdigest(),
                "command": f"python scripts/ship_ocr.py {wheel.name}",
            }
            text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
            (MODELS / f"{name}.json").write_text(text, "utf-8")
            size = len(shipped) / 1e6
            print(f"{name}: {size:.1f} MB, was {len(original) / 1e6:.1f}; changes by {change:.1g}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
