"""Descriptors by name: the classics of image retrieval, ONNX files, models of ``transformers``.

Each is a picture -> one vector. What has to be fitted first (visual words) is a ``Fittable``; what
fitting gives can be packed and restored, so that a catalogue carries it.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from obverse.errors import MissingExtra, UsageError
from obverse.recipes import OWN
from obverse.types import F32, U8, Array, Progress


@runtime_checkable
class Descriptor(Protocol):
    """Pictures to vectors. ``fingerprint`` names method, settings and weights exactly."""

    name: str
    fingerprint: str
    dim: int

    def describe(self, images: Sequence[U8]) -> F32:
        """RGB pictures, uint8 (h, w, 3) of any sizes, to vectors, float32 (n, dim).

        They are compared by cosine; a row need not be of unit length, and is never all zero."""
        ...


@runtime_checkable
class Fitted(Descriptor, Protocol):
    """A descriptor that learned from pictures; ``state`` is what it learned."""

    def state(self) -> dict[str, Array]: ...


@runtime_checkable
class Fittable(Protocol):
    """A descriptor that must see pictures first."""

    name: str

    def fit(self, images: Iterable[U8], progress: Progress | None = None) -> Fitted:
        """Learn from RGB pictures, uint8 (h, w, 3). Raises ``UsageError`` for too few of them."""
        ...

    def restore(self, state: Mapping[str, Array]) -> Fitted:
        """The same from what ``Fitted.state`` gave."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table.

    Attributes:
        name: as a user writes it; capitals stand for what they choose.
        pattern: the whole of such a name, as a regular expression.
        what: what it is.
        fits: where it fits.
        bag: the order of the pixels does not matter to it, so that of a round thing it is given
            the pixels of the thing alone, as (n, 1, 3).
        fitted: it is fitted on the catalogue.
        extra: it needs ``obverse[zoo]``.
    """

    name: str
    pattern: str
    what: str
    fits: str
    bag: bool = False
    fitted: bool = False
    extra: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "what": self.what,
            "fits": self.fits,
            "fitted": self.fitted,
            "extra": "zoo" if self.extra else "",
        }


_LOCAL = "-(sift|rootsift|orb)(:[1-9][0-9]{0,4})?"
TABLE = (
    Entry(
        "hist-gray-N",
        "hist-gray-([1-9][0-9]{0,2})",
        "histogram of grey, N bins up to 256",
        "copies, turned, mirrored or shrunk; not another light",
        bag=True,
    ),
    Entry(
        "hist-hsv",
        "hist-hsv",
        "histogram of hue, saturation and value, 288 bins",
        "copies in the same light; colours",
        bag=True,
    ),
    Entry(
        "moments",
        "moments",
        "mean, spread, skewness of colour, 9 numbers",
        "a first guess by colour",
        bag=True,
    ),
    Entry(
        "lbp",
        "lbp",
        "local binary patterns, blind to turns",
        "copies, turned and in another light; surfaces",
    ),
    Entry(
        "hog",
        "hog",
        "histograms of oriented gradients",
        "upright things seen from the front",
        extra=True,
    ),
    Entry(
        "phash",
        "phash",
        "perceptual hash, 64 bits",
        "the same picture, resized, recompressed, darker",
    ),
    Entry(
        "bow-KIND[:WORDS]",
        f"bow{_LOCAL}",
        "bag of visual words; KIND: sift, rootsift, orb",
        "the same thing in clutter, with many words",
        fitted=True,
        extra=True,
    ),
    Entry(
        "vlad-KIND[:WORDS]",
        f"vlad{_LOCAL}",
        "residuals to visual words, each normalised",
        "printed things: packages, banknotes; by orb",
        fitted=True,
        extra=True,
    ),
    Entry(
        "fisher-KIND[:WORDS]",
        f"fisher{_LOCAL}",
        "gradients of a Gaussian mixture",
        "the same, better; long: --post pca-whiten:128",
        fitted=True,
        extra=True,
    ),
    Entry(
        "onnx:CARD.json",
        r"onnx:.+\.json",
        "any image model as an ONNX file, by its card",
        "networks, run without torch",
    ),
    Entry(
        "hf:NAME",
        "hf:.+",
        "a model of transformers, by name or folder",
        "CLIP, DINOv2, SigLIP, ResNet, ViT …",
        extra=True,
    ),
)


def entry(name: str) -> Entry | None:
    """The line of the table that a name belongs to; None for a name of something else."""
    return next((e for e in TABLE if re.fullmatch(e.pattern, name)), None)


def get(name: str) -> Descriptor | Fittable:
    """What a name stands for.

    Raises:
        UsageError: an unknown name, a number out of range.
        ModelError: a model that cannot be read.
        MissingExtra: ``obverse[zoo]`` is not installed and the name needs it.
    """
    found = entry(name)
    if found is None:
        raise unknown(name)
    if name.startswith("onnx:"):
        from obverse.zoo.onnx import OnnxDescriptor

        return OnnxDescriptor.read(name.removeprefix("onnx:"))
    if name.startswith("hf:"):
        need(name, "torch", "transformers")
        made: Descriptor = import_module("obverse.zoo.hf").get(name)
        return made
    if found.fitted:
        need(name, "sklearn")
        from obverse.zoo.gather import Gatherer

        return Gatherer(name)
    if name == "hog":
        need(name, "skimage")
    from obverse.zoo import whole

    return whole.get(name)


def meant(name: str, known: Iterable[str]) -> str:
    """Advice to name the nearest of the known names: ``did you mean hog? ``; empty where none is
    near. What follows a colon is none of the name."""
    heads = {one.partition(":")[0].partition("[")[0]: one for one in known}
    near = difflib.get_close_matches(name.lower().partition(":")[0], heads, 1)
    return f"did you mean {heads[near[0]]}? " if near else ""


def unknown(name: str) -> UsageError:
    """What to raise for a name that stands for no embedder."""
    known = sorted(OWN)
    for row in TABLE:
        kinds = ("sift", "rootsift", "orb") if "KIND" in row.name else ("",)
        known += [row.name.replace("KIND", kind).replace("-N", "-256") for kind in kinds]
    first, _, steps = name.partition(",")
    if steps and entry(first):
        return UsageError(f"unknown embedder {name!r}", hint=f"write --post {steps}")
    return UsageError(
        f"unknown embedder {name!r}",
        hint=f"{meant(name, known)}choose polar, vlad, the path of a model's card (.json), "
        "or see: obverse zoo",
    )


def kind(name: str) -> str:
    """What a catalogue's embedder is by name: files and models may move, so ``onnx`` and ``hf``
    stand for themselves; empty for what is none of ours."""
    found = entry(name)
    return "" if found is None else name.partition(":")[0] if ":" in found.name[:5] else name


def settled(name: str) -> str:
    """The name with the path in it, if there is one, made absolute."""
    scheme, _, rest = name.partition(":")
    if scheme == "onnx" or (scheme == "hf" and Path(rest).is_dir()):
        return f"{scheme}:{Path(rest).absolute()}"
    folder, _, pool = rest.rpartition(":")
    if scheme == "hf" and folder and Path(folder).is_dir():
        return f"{scheme}:{Path(folder).absolute()}:{pool}"
    return name


def need(name: str, *modules: str) -> None:
    """Raises ``MissingExtra`` if one of the modules is not installed."""
    for module in modules:
        if find_spec(module) is None:
            raise MissingExtra(
                f"{name} needs {module}, which is not installed",
                hint="pip install 'obverse[zoo]'",
            )


def unit(rows: Array) -> F32:
    """Rows of unit length, float32 (n, dim); one that is all zero points nowhere in particular."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    even = 1 / np.sqrt(rows.shape[1])
    return np.where(norms > 0, rows / np.where(norms > 0, norms, 1), even).astype(np.float32)


def fingerprint(said: Any, state: Mapping[str, Array] | None = None) -> str:
    """16 hex digits of settings (plain data) and of arrays."""
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for key in sorted(state or {}):
        array = (state or {})[key]
        digest.update(f"{key}{array.dtype}{array.shape}".encode() + array.tobytes())
    return digest.hexdigest()[:16]
