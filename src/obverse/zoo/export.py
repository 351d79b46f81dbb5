"""An image model of ``transformers`` as an ONNX file with its card: from then on without torch.

The card is what ``obverse.zoo.onnx`` reads. Two things are checked before it is written: that the
file gives what the model gives, and that the card prepares pictures as the model's own processor
does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from obverse.errors import MissingExtra, ModelError, UsageError
from obverse.types import U8
from obverse.zoo import hub, onnx
from obverse.zoo.hf import HfDescriptor

CLOSE = 1e-3
"""Largest difference allowed between prepared pictures, of numbers that reach 2 or 3."""
SHAPES = ((240, 320), (333, 250), (97, 101), (64, 64))
"""Height and width of the pictures that both checks use."""
FILTERS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
"""Pillow's numbers, as processors keep them."""
STRETCH = "interpolate_pos_encoding"
"""What the library calls the method that fits position embeddings to a picture's size."""
WHOLE = 384
"""From this size on ConvNeXt's processor squeezes the picture instead of cutting its middle out."""


def export(name: str, out: Path) -> dict[str, Any]:
    """Write ``MODEL-POOL.onnx`` and its card ``MODEL-POOL.json``.

    Args:
        name: as for ``HfDescriptor``, such as ``hf:facebook/dinov2-small:cls``.
        out: the folder to write to; made if it is missing.

    Returns:
        ``card`` and ``model`` (paths), ``bytes``, ``dim``, ``onnx_vs_torch`` (largest difference).

    Raises:
        MissingExtra: torch, transformers or onnx is not installed.
        ModelError: the model cannot be loaded, its preprocessing has no card, or the file differs.
        UsageError: ``out`` is a file.
    """
    hub.need_extra("exporting a model")
    if find_spec("onnx") is None:
        raise MissingExtra("exporting a model needs onnx", hint="pip install 'obverse[zoo]'")
    if out.exists() and not out.is_dir():
        raise UsageError("is a file", where=out, hint="name a folder to write to")
    from obverse.to_onnx import OPSET, to_onnx

    descriptor = HfDescriptor(name, device="cpu")
    card = card_of(descriptor)
    pictures = _pictures()
    _check_card(descriptor, card, pictures)
    source = descriptor.source if not Path(descriptor.source).is_dir() else stem_of(descriptor)
    stem = f"{stem_of(descriptor)}-{descriptor.pool}"
    out.mkdir(parents=True, exist_ok=True)
    model, path = out / f"{stem}.onnx", out / f"{stem}.json"
    pixels = descriptor.prepare(pictures)["pixel_values"]
    with _positions_fixed(descriptor, pixels):
        worst = to_onnx(_as_module(descriptor), pixels, model, ["image"], ["vector"])
    card = {
        "name": stem,
        "file": model.name,
        **card,
        "dim": descriptor.dim,
        "source": f"hf:{source}:{descriptor.pool}",
        "fingerprint": descriptor.fingerprint,
        "opset": OPSET,
        "onnx_vs_torch": worst,
        "built": date.today().isoformat(),
    }
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return {
        "card": str(path),
        "model": str(model),
        "bytes": model.stat().st_size,
        "dim": descriptor.dim,
        "onnx_vs_torch": worst,
    }


def stem_of(descriptor: HfDescriptor) -> str:
    """The model's name without its owner, or the folder's without the way to it."""
    return Path(descriptor.source).name


def card_of(descriptor: HfDescriptor) -> dict[str, Any]:
    """How the model wants its pictures, in the card's words; right only if ``_check_card`` agrees.

    Raises:
        ModelError: there are no words for it.
    """
    said = descriptor.preprocessing
    size, crop = said.get("size", {}), said.get("crop_size", {})
    shortest, side = size.get("shortest_edge"), (size.get("height"), size.get("width"))
    if shortest and (percent := said.get("crop_pct")):
        side = (shortest, shortest)
        shortest = int(shortest / percent) if shortest < WHOLE else None
    elif shortest and said.get("do_center_crop"):
        side = (crop.get("height"), crop.get("width"))
    is_plain = said.get("do_normalize", True)
    card = {
        "size": list(side),
        **({"shortest": shortest} if shortest else {}),
        "interpolation": FILTERS.get(said.get("resample", 2)),
        "mean": said.get("image_mean", [0.0] * 3) if is_plain else [0.0] * 3,
        "std": said.get("image_std", [1.0] * 3) if is_plain else [1.0] * 3,
        "output": "vector",
        "pool": "",
    }
    if None in side or card["interpolation"] is None:
        raise _no_card(descriptor)
    return card


def _check_card(descriptor: HfDescriptor, card: dict[str, Any], pictures: list[U8]) -> None:
    theirs = descriptor.prepare(pictures)
    mine = np.stack([onnx.prepare(picture, card) for picture in pictures])
    pixels = theirs["pixel_values"].numpy()
    plain = set(theirs) == {"pixel_values"} and pixels.shape == mine.shape
    if not plain or float(np.abs(pixels - mine).max()) > CLOSE:
        raise _no_card(descriptor)


def _no_card(descriptor: HfDescriptor) -> ModelError:
    return ModelError(
        "prepares pictures in a way that no card can say",
        where=descriptor.name,
        hint="use it as it is: --embedder hf:…",
    )


def _as_module(descriptor: HfDescriptor) -> Any:
    """Prepared pictures, (n, 3, h, w), to vectors, as one torch module."""
    from torch import Tensor, nn

    class Vectors(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = descriptor.model

        def forward(self, image: Tensor) -> Tensor:
            found: Tensor = descriptor.features({"pixel_values": image})
            return found

    # Without eval() here the exporter puts the model itself back into training mode.
    return Vectors().eval()


@contextmanager
def _positions_fixed(descriptor: HfDescriptor, pixels: Any) -> Iterator[None]:
    """Position embeddings as they are for pictures of this size: while a model is traced the
    library stretches them anew, by filters that ONNX lacks."""
    stretching = [m for m in descriptor.model.modules() if hasattr(m, STRETCH)]
    made: dict[int, Any] = {}

    def keep(module: Any) -> Callable[..., Any]:
        stretch = getattr(module, STRETCH)

        def once(*args: Any, **kwargs: Any) -> Any:
            if id(module) not in made:
                made[id(module)] = stretch(*args, **kwargs).detach()
            return made[id(module)]

        return once

    for module in stretching:
        setattr(module, STRETCH, keep(module))
    try:
        descriptor.features({"pixel_values": pixels[:1]})
        yield
    finally:
        for module in stretching:
            delattr(module, STRETCH)


def _pictures() -> list[U8]:
    """Smooth noise: pictures on which a wrong filter or a shifted crop shows."""
    from PIL import Image

    rng = np.random.default_rng(0)
    rough = [rng.integers(0, 256, (24, 24, 3)).astype(np.uint8) for _ in SHAPES]
    return [
        np.asarray(Image.fromarray(one).resize((w, h), Image.Resampling.BICUBIC), np.uint8)
        for one, (h, w) in zip(rough, SHAPES, strict=True)
    ]
