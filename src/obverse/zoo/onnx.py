"""Any image model as an ONNX file, with a card that says how it wants its pictures.

The card is a JSON file beside the model::

    {"file": "model.onnx", "size": [224, 224], "shortest": 256, "interpolation": "bicubic",
     "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "output": "", "pool": ""}

``size`` is the height and width of the input. With ``shortest`` a picture is first resized so that
its shorter side has so many pixels, and the middle is cut out; without it is squeezed to ``size``.
Values are scaled to 0 to 1, less ``mean``, divided by ``std``; the model takes them as float32
(n, 3, height, width). ``output`` names the output to take, the first by default. One of more than
two dimensions is pooled, by ``pool``: ``cls`` (the first token), ``mean``, or ``gem`` (generalised
mean, p = 3; Radenović et al., 2018), of tokens (n, tokens, dim) or of a feature map (n, dim, h, w).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from obverse import network, zoo
from obverse.errors import ModelError, UsageError
from obverse.types import F32, U8, Array

BATCH = 16
"""Pictures per run of the network."""
POWER = 3.0
"""Of the generalised mean."""
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


class OnnxDescriptor:
    """Runs a model on the CPU. Safe to share between threads.

    Args:
        card: as above.
        model: the bytes of the ONNX file.
        where: for messages.
    """

    def __init__(self, card: dict[str, Any], model: bytes, where: object = "") -> None:
        try:
            self._session = network.load(model)
        # What onnxruntime raises for bytes that are no model has no public base class.
        except Exception as error:
            raise ModelError(
                "its ONNX file is damaged", where=where, hint="export it again"
            ) from error
        self.card, self._where = card, where
        self.name = f"onnx:{where}"
        self._input = self._session.get_inputs()[0].name
        outputs = [o.name for o in self._session.get_outputs()]
        self._output = str(card.get("output") or outputs[0])
        if self._output not in outputs:
            raise ModelError(
                f"the model has no output {self._output!r}",
                where=where,
                hint=f"name one of: {', '.join(outputs)}",
            )
        said = {k: v for k, v in card.items() if k in _MEANT}
        self.fingerprint = zoo.fingerprint([said, hashlib.sha256(model).hexdigest()])
        height, width = card["size"]
        self.dim = int(self.describe([np.zeros((height, width, 3), np.uint8)]).shape[1])

    @classmethod
    def read(cls, card: str | Path) -> OnnxDescriptor:
        """From the card's path. Raises ``ModelError`` if card or model cannot be read."""
        path = Path(card)
        try:
            said: dict[str, Any] = json.loads(path.read_text("utf-8"))
            model = (path.parent / said["file"]).read_bytes()
            height, width = (int(n) for n in said["size"])
            shapes = [len(said["mean"]), len(said["std"])]
            if min(height, width) < 1 or shapes != [3, 3]:
                raise ValueError("size, mean and std are of two, three and three numbers")
        except OSError as error:
            raise ModelError(
                f"cannot be read ({error.strerror})",
                where=error.filename or path,
                hint="name the .json card that lies beside the ONNX file",
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"is no card of an image model ({error})",
                where=path,
                hint="it needs file, size, mean and std; see docs/zoo.md",
            ) from error
        return cls(said, model, path)

    def describe(self, images: Sequence[U8]) -> F32:
        """Vectors, float32 (n, dim), as the model gives them, pooled."""
        parts: list[Array] = []
        for start in range(0, len(images), BATCH):
            batch = np.stack([prepare(image, self.card) for image in images[start : start + BATCH]])
            found = self._session.run([self._output], {self._input: batch})[0]
            parts.append(self._pooled(found))
        return np.concatenate(parts) if parts else np.zeros((0, self.dim), np.float32)

    def _pooled(self, found: Array) -> F32:
        if found.ndim == 2:
            return np.asarray(found, np.float32)
        how = str(self.card.get("pool", ""))
        # To (n, places, dim), whether the model gives tokens or a feature map.
        rows = found if found.ndim == 3 else found.reshape(*found.shape[:2], -1).swapaxes(1, 2)
        if how == "cls" and found.ndim == 3:
            return np.asarray(rows[:, 0], np.float32)
        if how == "mean":
            return np.asarray(rows.mean(axis=1), np.float32)
        if how == "gem":
            raised = np.maximum(rows, 1e-6) ** POWER
            return np.asarray(raised.mean(axis=1) ** (1 / POWER), np.float32)
        raise UsageError(
            f"the output is {found.ndim}-dimensional and pool is {how!r}",
            where=self._where,
            hint="set pool in the card to mean or gem, or cls for tokens",
        )


def prepare(image: U8, card: dict[str, Any]) -> F32:
    """A picture, uint8 (h, w, 3), as the model wants it, float32 (3, height, width)."""
    height, width = card["size"]
    picture = Image.fromarray(image)
    filter = FILTERS[card.get("interpolation", "bilinear")]
    if shortest := card.get("shortest"):
        w, h = picture.size
        # The longer side is cut off, not rounded, as the processors of transformers do.
        longer = int(shortest * max(w, h) / min(w, h))
        new = (shortest, longer) if w <= h else (longer, shortest)
        picture = picture.resize(new, filter)
        left, top = (new[0] - width) // 2, (new[1] - height) // 2
        picture = picture.crop((left, top, left + width, top + height))
    else:
        picture = picture.resize((width, height), filter)
    values = np.asarray(picture, np.float32) / 255
    values = (values - np.asarray(card["mean"], np.float32)) / np.asarray(card["std"], np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1), np.float32)


_MEANT = ("size", "shortest", "interpolation", "mean", "std", "output", "pool")
