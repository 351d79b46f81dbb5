"""Embedders by name: a descriptor of ``obverse.zoo`` where a recipe has its own embedder, and what
is done to vectors afterwards. What was fitted on a catalogue is packed to be kept with it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

import cv2
import numpy as np

from obverse import canvas, embed, normalise, zoo
from obverse.errors import CatalogueDamaged, UsageError
from obverse.recipes import Recipe
from obverse.types import F32, U8, Array, Embedder, Embedding, Patch, Progress
from obverse.verify import vector as vectors_alone
from obverse.zoo import Descriptor, Fittable
from obverse.zoo.post import Chain, is_fitted

QUALITY = 95
"""Of the JPEGs that pictures wait as while words are fitted on them."""
TOGETHER = 16
"""Pictures described at once."""
LEAST = 2
"""Pictures that anything is fitted on."""


class Pictures:
    """A descriptor as an embedder.

    It is shown the patch, its background gone: a disc as photographed or evened, or the upright
    rectangle of a flat thing. A vector has no map that turns; its map is the vector once more, as
    int8 (dim, 1, 1), so that maps compare as vectors do, or (1, 1, 1), where the verifier wants the
    vector itself: it is the description then.
    """

    def __init__(self, descriptor: Descriptor, recipe: Recipe) -> None:
        self.descriptor, self._recipe = descriptor, recipe
        self.name, self.fingerprint = zoo.kind(recipe.embedder), descriptor.fingerprint
        self.dim = descriptor.dim
        self._is_alone = recipe.verifier.startswith("vector")
        self.map_shape = (1, 1, 1) if self._is_alone else (self.dim, 1, 1)

    def embed(self, patches: list[Patch], *, phases: int = 1) -> list[Embedding]:
        """One embedding per patch; there are no turns between cells, so ``phases`` changes
        nothing."""
        seen = [picture(p, self._recipe) for p in patches]
        return [self.pack(v) for v in zoo.unit(self.descriptor.describe(seen))]

    def pack(self, vector: F32) -> Embedding:
        """A vector as an embedding."""
        if self._is_alone:
            return Embedding(vector, np.ones((1, 1, 1), np.int8), vectors_alone.pack(vector))
        levels = np.rint(vector * (127 / max(float(np.abs(vector).max()), 1e-9)))
        return Embedding(vector, levels.astype(np.int8).reshape(-1, 1, 1))


class Processed:
    """An embedder whose vectors are worked on by a chain.

    Attributes:
        chain: what is done to them.
    """

    def __init__(self, base: Embedder, chain: Chain) -> None:
        self.base, self.chain = base, chain
        self.name = base.name
        self.fingerprint = zoo.fingerprint([base.fingerprint, chain.fingerprint])
        probe = chain.apply(np.ones((1, base.dim), np.float32))
        self.dim = int(probe.shape[1])
        self.map_shape = base.map_shape
        if isinstance(base, Pictures):
            self.map_shape = base.pack(probe[0]).map.shape

    def embed(self, patches: list[Patch], *, phases: int = 1) -> list[Embedding]:
        """As a query has it."""
        found = self.base.embed(patches, phases=phases)
        return self._with(found, self.chain.apply(_stack(found, self.base.dim)))

    def keep(self, embeddings: list[Embedding]) -> list[Embedding]:
        """As a catalogue keeps it: vectors rounded to the chain's code, if it has one."""
        return self._with(embeddings, self.chain.keep(_stack(embeddings, self.dim)))

    def _with(self, embeddings: list[Embedding], vectors: F32) -> list[Embedding]:
        if isinstance(self.base, Pictures):
            return [self.base.pack(v) for v in vectors]
        return [replace(e, vector=v) for e, v in zip(embeddings, vectors, strict=True)]


def picture(patch: Patch, recipe: Recipe) -> U8:
    """What a descriptor sees of a patch, uint8 (h, w, 3); a bag of pixels, (n, 1, 3), where their
    order says nothing to it."""
    if recipe.geometry != "disc":
        return patch.polar
    inside = normalise.disc_mask(patch.original.shape[0])
    found = zoo.entry(recipe.embedder)
    if found is not None and found.bag:
        return patch.original[inside][:, None]
    seen = patch.original.copy()
    seen[~inside] = normalise.GREY
    return seen


def needs_fitting(recipe: Recipe) -> bool:
    """Must the recipe's embedder see the catalogue's pictures before it can embed one?"""
    found = zoo.entry(recipe.embedder)
    return bool(found and found.fitted) or is_fitted(recipe.post)


def fit(recipe: Recipe, patches: Iterable[Patch], progress: Progress | None = None) -> bytes:
    """Fit what the recipe names on patches of a catalogue; packed, for ``load``.

    Raises:
        UsageError: too few of them.
    """
    state: dict[str, Array] = {}
    if zoo.entry(recipe.embedder) is None:
        base = embed.get(recipe.embedder)
        found = (e for patch in patches for e in base.embed([patch]))
        vectors = _stack(list(found), base.dim)
    else:
        descriptor = zoo.get(recipe.embedder)
        pictures: Iterable[U8] = (picture(patch, recipe) for patch in patches)
        if isinstance(descriptor, Fittable):
            waiting = [_jpeg(one) for one in pictures]
            descriptor = descriptor.fit(map(canvas.decode, waiting), progress)
            state = {f"descriptor.{k}": v for k, v in descriptor.state().items()}
            pictures = map(canvas.decode, waiting if is_fitted(recipe.post) else [])
        vectors = _describe(descriptor, pictures)
    if is_fitted(recipe.post):
        if len(vectors) < LEAST:
            raise UsageError(
                f"{len(vectors)} pictures to fit {recipe.post} on",
                hint="add the photos that it shall be fitted on first, all at once",
            )
        if progress:
            progress(0, 0, f"fitting {recipe.post}")
        chain = Chain.fit(recipe.post, vectors)
        state |= {f"post.{k}": v for k, v in chain.state().items()}
    return _pack(recipe, state)


def load(recipe: Recipe, fitted: bytes | None = None, where: object = "") -> Embedder:
    """The recipe's embedder, with what ``fit`` packed if it needs that.

    Raises:
        CatalogueDamaged: that is missing or no such thing.
        UsageError, ModelError, MissingExtra: the name stands for nothing that could be loaded.
    """
    try:
        state = _unpack(recipe, fitted) if needs_fitting(recipe) else {}
        base = _base(recipe, _part(state, "descriptor"))
        if not recipe.post:
            return base
        if is_fitted(recipe.post):
            return Processed(base, Chain.restore(recipe.post, _part(state, "post")))
        return Processed(base, Chain.fit(recipe.post, np.eye(base.dim, dtype=np.float32)[:1]))
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise CatalogueDamaged(
            f"what was fitted for {recipe.embedder} cannot be read ({error})",
            where=where,
            hint="restore the folder from a backup",
        ) from error


def describe_text(embedder: Embedder, text: str) -> F32:
    """Words as a vector among those of pictures, float32 (dim,), of unit length.

    Raises:
        UsageError: no words, or the embedder knows none.
    """
    if isinstance(embedder, Processed):
        whole = describe_text(embedder.base, text)
        return np.asarray(embedder.chain.apply(whole[None])[0], np.float32)
    described = getattr(getattr(embedder, "descriptor", None), "describe_text", None)
    if described is None:
        raise UsageError(
            f"embedder {embedder.name!r} knows no words",
            hint="make the catalogue with: --embedder hf:openai/clip-vit-base-patch32",
        )
    if not text.strip():
        raise UsageError("the text is empty", hint="say what to look for")
    return np.asarray(zoo.unit(described([text]))[0], np.float32)


def models(recipe: Recipe) -> dict[str, str]:
    """The embedder as far as it is known before anything is fitted."""
    found = zoo.entry(recipe.embedder)
    if found is not None and found.fitted:
        said = {"embedder": recipe.embedder}
    else:
        base = _base(recipe, {})
        said = {"embedder": f"{base.name}-{base.fingerprint}"}
    return said | ({"post": recipe.post} if recipe.post else {})


def _base(recipe: Recipe, state: Mapping[str, Array]) -> Embedder:
    if zoo.entry(recipe.embedder) is None:
        return embed.get(recipe.embedder)
    descriptor = zoo.get(recipe.embedder)
    if isinstance(descriptor, Fittable):
        descriptor = descriptor.restore(state)
    return Pictures(descriptor, recipe)


def _describe(descriptor: Descriptor, pictures: Iterable[U8]) -> F32:
    """Vectors of unit length, float32 (n, dim), some pictures at a time."""
    source, parts = iter(pictures), [np.zeros((0, descriptor.dim), np.float32)]
    while some := list(islice(source, TOGETHER)):
        parts.append(zoo.unit(descriptor.describe(some)))
    return np.concatenate(parts)


def _stack(embeddings: Sequence[Embedding], dim: int) -> F32:
    return np.reshape([e.vector for e in embeddings], (len(embeddings), dim)).astype(np.float32)


def _jpeg(image: U8) -> bytes:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def _pack(recipe: Recipe, state: Mapping[str, Array]) -> bytes:
    stream = io.BytesIO()
    said = json.dumps(_said(recipe))
    np.savez(stream, allow_pickle=False, said=said, **state)
    return stream.getvalue()


def _said(recipe: Recipe) -> dict[str, str]:
    return {"embedder": zoo.kind(recipe.embedder), "post": recipe.post}


def _unpack(recipe: Recipe, data: bytes | None) -> dict[str, Array]:
    if data is None:
        raise ValueError("it is missing")
    with np.load(io.BytesIO(data)) as stored:
        state = {key: stored[key] for key in stored.files}
    said = json.loads(str(state.pop("said")))
    if said != _said(recipe):
        raise ValueError(f"it is for {said['embedder']} {said['post']}".rstrip())
    return state


def _part(state: Mapping[str, Array], name: str) -> dict[str, Array]:
    return {k.partition(".")[2]: v for k, v in state.items() if k.startswith(f"{name}.")}
