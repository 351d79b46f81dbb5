"""Any image model of ``transformers`` as a descriptor: ``hf:NAME_OR_FOLDER[:cls|mean|gem|pooled]``.

``pooled`` is the model's own picture of the whole: CLIP's and SigLIP's vector in the space they
share with words, a ResNet's average, a pooler's output. ``cls`` is the class token, ``mean`` the
average of all patches, ``gem`` their generalised mean (Radenović, Tolias and Chum, 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from obverse.errors import ModelError, UsageError
from obverse.types import F32, U8
from obverse.zoo import hub

SUCH = "openai/clip-vit-base-patch32"
POOLS = ("pooled", "cls", "mean", "gem")
GEM_POWER = 3.0
"""The power that Radenović et al. start from; their learned ones end near it."""
BATCH = 8
"""Pictures per run: on a CPU the time per picture is flat from there on."""
BLANK: U8 = np.zeros((64, 64, 3), np.uint8)
CLASS_TOKENS = ("cls_token", "class_embedding")
"""What the parameter of a class token is called in the library's models."""


def get(name: str) -> HfDescriptor:
    """The descriptor of a name that begins with ``hf:``. Raises as ``HfDescriptor`` does."""
    return HfDescriptor(name)


class HfDescriptor:
    """An image model by name or folder. Safe to share between threads.

    Args:
        spec: ``NAME_OR_FOLDER``, and after a last colon how its features are pooled; without it
            ``pooled`` where the model has that, else ``cls``, else ``mean``.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Raises:
        MissingExtra: ``obverse[zoo]`` is not installed.
        ModelError: the model is neither there nor reachable, or is no image model.
        UsageError: it has no such pooling, or the device is not there.

    Attributes:
        name: ``hf:``, the name or the folder's absolute path, and the pooling.
        fingerprint: 16 hex digits of the weights, the preprocessing and the pooling.
        dim: length of a vector.
    """

    def __init__(self, spec: str, device: str = "auto") -> None:
        source, pool = split(spec)
        self._loaded = hub.load(
            "AutoModel", "AutoImageProcessor", source, device, such=SUCH, may_lack="pooler"
        )
        if getattr(self._vision, "main_input_name", "") != "pixel_values":
            raise ModelError("is no model of pictures", where=source, hint=f"name one like {SUCH}")
        self.pool = self._choose(pool)
        self.name = f"hf:{self._loaded.name}:{self.pool}"
        weights = {
            name: value
            for name, value in self.model.state_dict().items()
            if name not in self._loaded.missing
        }
        self.fingerprint = hub.fingerprint(weights, self._loaded.processor, self.pool, GEM_POWER)
        self.dim = int(self.describe([BLANK]).shape[1])

    @property
    def model(self) -> Any:
        """The ``torch.nn.Module``."""
        return self._loaded.model

    @property
    def source(self) -> str:
        """The model's name, or its folder's absolute path."""
        return self._loaded.name

    @property
    def preprocessing(self) -> dict[str, Any]:
        """What is done to a picture first, in the words of the library's processors."""
        return hub.settings_of(self._loaded.processor)

    def describe(self, images: Sequence[U8]) -> F32:
        """Vectors as the model gives them, float32 (n, dim), of RGB pictures, uint8 (h, w, 3)."""
        import torch

        rows: list[Any] = [np.zeros((0, getattr(self, "dim", 0)), np.float32)] if not images else []
        with torch.inference_mode():
            for start in range(0, len(images), BATCH):
                inputs = self.prepare(images[start : start + BATCH])
                rows.append(self.features(inputs).float().cpu().numpy())
        return np.concatenate(rows).astype(np.float32)

    def describe_text(self, texts: Sequence[str]) -> F32:
        """Vectors of words in the same space, float32 (n, dim).

        Raises:
            UsageError: the model knows no words, or pictures are pooled out of their space.
        """
        import torch

        if self.pool != "pooled" or not hasattr(self.model, "get_text_features"):
            raise UsageError(
                "shares no space with words",
                where=self.name,
                hint=f"use a CLIP or SigLIP model, pooled: hf:{SUCH}",
            )
        tokens = tokenise(hub.tokenizer(self._loaded.name), self.model, texts)
        with torch.inference_mode():
            found = self.model.get_text_features(**tokens.to(self._loaded.device))
        return np.asarray(found.pooler_output.float().cpu().numpy(), np.float32)

    def prepare(self, images: Sequence[U8]) -> Any:
        """The model's inputs, on its device."""
        pictures = [np.ascontiguousarray(image) for image in images]
        inputs = self._loaded.processor(
            images=pictures, return_tensors="pt", input_data_format="channels_last"
        )
        return inputs.to(self._loaded.device)

    def features(self, inputs: Any) -> Any:
        """A tensor (n, dim) of prepared inputs."""
        if self.pool == "pooled" and hasattr(self.model, "get_image_features"):
            return self.model.get_image_features(**inputs).pooler_output
        out = self._vision(**inputs)
        if self.pool == "pooled":
            return out.pooler_output.flatten(1)
        return self._pooled(out.last_hidden_state, inputs["pixel_values"].shape)

    @property
    def _vision(self) -> Any:
        return getattr(self.model, "vision_model", self.model)

    def _pooled(self, states: Any, shape: Sequence[int]) -> Any:
        """Hidden states, (n, tokens, dim) or a map (n, dim, h, w), as (n, dim)."""
        if states.ndim == 4:
            patches = states.flatten(2).transpose(1, 2)
        else:
            if self.pool == "cls":
                return states[:, 0]
            patches = states[:, self._before_patches(states.shape[1], shape) :]
        if self.pool == "mean":
            return patches.mean(dim=1)
        return patches.clamp(min=1e-6).pow(GEM_POWER).mean(dim=1).pow(1 / GEM_POWER)

    def _before_patches(self, tokens: int, shape: Sequence[int]) -> int:
        """How many tokens are none of a patch: the class token, registers."""
        if not self._has_class_token:
            return 0
        size = self._vision.config.patch_size
        height, width = size if isinstance(size, list | tuple) else (size, size)
        return int(tokens - (int(shape[-2]) // height) * (int(shape[-1]) // width))

    @property
    def _has_class_token(self) -> bool:
        names = (name for name, _ in self._vision.named_parameters())
        return any(name.rsplit(".", 1)[-1] in CLASS_TOKENS for name in names)

    @property
    def _has_pooler(self) -> bool:
        """Does the model pool by itself, with weights that it learned?"""
        import torch

        if hasattr(self.model, "get_image_features"):
            return True
        if any("pooler" in name for name in self._loaded.missing):
            return False
        with torch.inference_mode():
            out = self._vision(**self.prepare([BLANK]))
        return getattr(out, "pooler_output", None) is not None

    def _choose(self, pool: str) -> str:
        usable = ["mean", "gem"]
        usable = ["cls", *usable] if self._has_class_token else usable
        usable = ["pooled", *usable] if self._has_pooler else usable
        if pool and pool not in usable:
            raise UsageError(
                f"cannot be pooled by {pool!r}",
                where=self._loaded.name,
                hint=f"choose one of: {', '.join(usable)}",
            )
        return pool or usable[0]


def split(spec: str) -> tuple[str, str]:
    """The name or folder, and the pooling, empty where none is named; ``hf:`` before it may stay.

    Raises:
        UsageError: there is no name.
    """
    spec = spec.removeprefix("hf:")
    source, colon, pool = spec.rpartition(":")
    if not colon or pool not in POOLS:
        source, pool = spec, ""
    if not source:
        raise UsageError("no model is named", where=f"hf:{spec}", hint="write hf:OWNER/MODEL")
    if not Path(source).is_dir() and ":" in source and not Path(source).is_absolute():
        word = source.rpartition(":")[2]
        raise UsageError(
            f"unknown pooling {word!r}", where=spec, hint=f"choose one of: {', '.join(POOLS)}"
        )
    return source, pool


def tokenise(tokeniser: Any, model: Any, texts: Sequence[str]) -> Any:
    """Texts as a CLIP-like model learned to take them: SigLIP's are padded to the full length."""
    padding = "max_length" if "siglip" in model.config.model_type else True
    most = model.config.text_config.max_position_embeddings
    return tokeniser(
        list(texts), return_tensors="pt", truncation=True, padding=padding, max_length=most
    )
