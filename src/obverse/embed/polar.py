"""The polar embedder: one small network, an invariant vector and a map that turns with the coin.

The network pads cyclically along the angle, so a turn of the coin by one cell (16 rows of the polar
image) shifts the map by exactly one row and leaves the vector as it is. ``obverse.train``
makes the ONNX file; ``models/polar.json`` is its card.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from obverse import network, shipped
from obverse.errors import ModelError
from obverse.normalise import preprocessing
from obverse.types import F32, I8, U8, Array, Embedding, Patch

BATCH = 16
"""Images per run of the network: the time per image is flat from 8 on."""


class PolarEmbedder:
    """Runs a polar ONNX model on the CPU. Safe to share between threads.

    Args:
        card: a model's card, beside its ONNX file; without one the shipped model is taken.

    Raises:
        ModelError: the model cannot be read, or was built for other preprocessing.

    Attributes:
        name: ``polar``.
        fingerprint: 16 hex digits of the ONNX bytes, the preprocessing and the map's step.
        dim: length of the vector.
        map_shape: channels, angles, radii of a catalogue map.
    """

    name = "polar"

    def __init__(self, card: Path | None = None) -> None:
        self.card, model = _shipped() if card is None else _named(card)
        try:
            self._session = network.load(model)
        # What onnxruntime raises for bytes that are no model has no public base class.
        except Exception as error:
            raise ModelError(
                "its ONNX file is damaged", where=card or "polar", hint="export or install it again"
            ) from error
        said = json.dumps([self.card["preprocessing"], self.card["map_step"]], sort_keys=True)
        self.fingerprint = hashlib.sha256(model + said.encode()).hexdigest()[:16]
        self.dim = int(self.card["output"]["vector"][1])
        channels, angles, radii = self.card["output"]["map"][1:]
        self.map_shape = (int(channels), int(angles), int(radii))

    def embed(self, patches: list[Patch], *, phases: int = 1) -> list[Embedding]:
        """Embed patches in batches.

        Args:
            patches: what to embed.
            phases: a query asks for more than one: its map then has ``phases * angles`` rows, the
                features at turns between the cells too. It must divide 16.

        Returns:
            One embedding per patch; the vector is that of phase 0.
        """
        step = patches[0].polar.shape[0] // self.map_shape[1] // phases if patches else 1
        images = [np.roll(p.polar, -k * step, axis=0) for p in patches for k in range(phases)]
        vectors, maps = self._run(images)
        channels, angles, radii = self.map_shape
        # Row a of phase k looks along cell a + k / phases: interleave the phases.
        fine = maps.reshape(len(patches), phases, channels, angles, radii)
        fine = fine.transpose(0, 2, 3, 1, 4).reshape(len(patches), channels, angles * phases, radii)
        return [Embedding(vectors[i * phases], fine[i]) for i in range(len(patches))]

    def _run(self, images: list[U8]) -> tuple[F32, I8]:
        vectors: list[Array] = [np.zeros((0, self.dim), np.float32)]
        maps: list[Array] = [np.zeros((0, *self.map_shape), np.int8)]
        for start in range(0, len(images), BATCH):
            batch = np.stack(images[start : start + BATCH])
            vector, fmap = self._session.run(["vector", "map"], {"image": batch})
            vectors.append(vector)
            levels = np.rint(fmap / self.card["map_step"])
            maps.append(np.clip(levels, -127, 127).astype(np.int8))
        return np.concatenate(vectors), np.concatenate(maps)


def _shipped() -> tuple[dict[str, Any], bytes]:
    card, model = shipped.model("polar", "the polar model")
    if card["preprocessing"] != preprocessing():
        raise ModelError(
            "the polar model was built for other preprocessing", hint="build it again: make model"
        )
    return card, model


def _named(path: Path) -> tuple[dict[str, Any], bytes]:
    try:
        card: dict[str, Any] = json.loads(path.read_text("utf-8"))
        model = (path.parent / card["file"]).read_bytes()
        _ = card["map_step"], card["output"]["vector"][1], card["output"]["map"][3]
    except FileNotFoundError as error:
        raise ModelError(
            "the model is not there",
            where=error.filename,
            hint="put it back, or say where it is: obverse add CATALOGUE PHOTOS --embedder CARD",
        ) from error
    except OSError as error:
        raise ModelError(
            f"the model cannot be read ({error.strerror})", where=path, hint="check the file"
        ) from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelError(
            "is no card of a polar model",
            where=path,
            hint="give the .json file that obverse train embedder wrote",
        ) from error
    if card.get("preprocessing") != preprocessing():
        raise ModelError(
            "the model was built for other preprocessing", where=path, hint="train it again"
        )
    return card, model
