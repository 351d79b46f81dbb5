"""Pictures by words, without training: classify, detect, segment.

Classify asks CLIP (Radford et al., 2021) or SigLIP (Zhai et al., 2023), detect OWL-ViT, OWLv2
(Minderer et al., 2022 and 2023) or Grounding DINO (Liu et al., 2023), segment CLIPSeg (Lüddecke and
Ecker, 2022). Thresholds are those the models' authors and the library use, not ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from obverse import photo as photos_
from obverse.errors import ModelError, UsageError
from obverse.tray import numbers
from obverse.types import F32, U8, Array, Photo, Region
from obverse.zoo import hub
from obverse.zoo.hf import tokenise

Source = str | Path | bytes | Array | Photo

CLASSIFIER = "openai/clip-vit-base-patch32"
DETECTOR = "google/owlvit-base-patch32"
SEGMENTER = "CIDAS/clipseg-rd64-refined"
TEMPLATE = "a photo of a {}"
BATCH = 4
"""Photos per run: a detector's inputs are large, and one already keeps all cores busy."""
REDUCE_TO = 1600
"""A JPEG's long side is never decoded below this; the models look at 224 to 1,333 pixels."""
FOUND, GROUNDED, INSIDE = 0.1, 0.25, 0.5
"""Usual least score of OWL-ViT's boxes, of Grounding DINO's, and of a pixel that is inside."""
OVERLAP = 0.5
"""Boxes of a larger intersection over union are one object: the best one stays."""
SMALLEST = 1e-3
"""Share of the photo below which a piece of a mask is no object."""


@dataclass(frozen=True, slots=True, eq=False)
class Classification:
    """How well each label suits a photo.

    Attributes:
        labels: label and probability, best first. They sum to one, but for SigLIP, which gives each
            label its own, for itself.
    """

    photo: Photo
    model: str
    labels: tuple[tuple[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        labels = [{"label": text, "probability": round(p, 5)} for text, p in self.labels]
        return {"photo": self.photo.to_dict(), "model": self.model, "labels": labels}


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What was found in a photo.

    Attributes:
        objects: the prompt that fits, and the region with box and score; best first.
    """

    photo: Photo
    model: str
    objects: tuple[tuple[str, Region], ...]

    def to_dict(self) -> dict[str, Any]:
        number = numbers([region for _, region in self.objects])
        found = [
            {"number": n, "prompt": text, **_brief(region)}
            for n, (text, region) in zip(number, self.objects, strict=True)
        ]
        return {"photo": self.photo.to_dict(), "model": self.model, "objects": found}


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """Which pixels of a photo a prompt means.

    Attributes:
        likeness: float32 (h, w), 0 to 1, at the size at which the photo was decoded.
        mask: bool (height, width) of the upright photo, full size: ``likeness`` over the threshold.
        objects: connected pieces, largest first, each with its outline; the score is their mean
            likeness.
    """

    photo: Photo
    model: str
    prompt: str
    likeness: F32 = field(repr=False)
    mask: Array = field(repr=False)
    objects: tuple[Region, ...]

    def image(self) -> U8:
        """The mask as a picture, uint8 (height, width): 255 inside, else 0."""
        return np.asarray(self.mask * np.uint8(255), np.uint8)

    def to_dict(self) -> dict[str, Any]:
        return {
            "photo": self.photo.to_dict(),
            "model": self.model,
            "prompt": self.prompt,
            "share": round(float(self.mask.mean()), 5),
            "objects": [
                {"number": n, **_brief(o), "outline": o.to_dict()["outline"]}
                for n, o in zip(numbers(self.objects), self.objects, strict=True)
            ],
        }


def classify(
    photos: Sequence[Source],
    labels: Sequence[str],
    *,
    template: str = TEMPLATE,
    model: str = CLASSIFIER,
    device: str = "auto",
) -> list[Classification]:
    """Which of the labels suits each photo.

    Args:
        photos: paths, encoded bytes, uint8 (h, w, 3) RGB pixels, or loaded photos.
        labels: words, at least one.
        template: the sentence around a label, with ``{}`` in its place.
        model: a CLIP or SigLIP model's name or folder.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Raises:
        PhotoError, ModelError, MissingExtra: see ``obverse.errors``.
        UsageError: no labels, a template without ``{}``, a device that is not there.
    """
    labels = _words(labels, "label")
    if "{}" not in template:
        raise UsageError(f"template {template!r} has no place for the label", hint="put {} into it")
    loaded = classifier(model, device)
    texts = [template.replace("{}", label) for label in labels]
    tokens = tokenise(hub.tokenizer(loaded.name), loaded.model, texts).to(loaded.device)
    results = []
    for batch in _batches(photos):
        pixels = loaded.processor(images=[p.pixels for p in batch], **_AS_PIXELS)
        logits = _run(loaded, {**tokens, **pixels.to(loaded.device)}).logits_per_image
        own = "siglip" in loaded.model.config.model_type
        shares = (logits.sigmoid() if own else logits.softmax(dim=-1)).cpu().numpy()
        for photo, row in zip(batch, shares, strict=True):
            order = np.argsort(-row, kind="stable")
            ranked = tuple((labels[i], float(row[i])) for i in order)
            results.append(Classification(photo, loaded.name, ranked))
    return results


def detect(
    photos: Sequence[Source],
    prompts: Sequence[str],
    *,
    model: str = DETECTOR,
    threshold: float | None = None,
    overlap: float = OVERLAP,
    device: str = "auto",
) -> list[Detections]:
    """Where the things are that the prompts name.

    Args:
        photos: as for ``classify``.
        prompts: words, at least one.
        model: an OWL-ViT, OWLv2 or Grounding DINO model's name or folder.
        threshold: least score; by default 0.1, for Grounding DINO 0.25.
        overlap: of two boxes whose intersection over union is larger, only the better one stays.
        device: as for ``classify``.

    Raises:
        As ``classify``.
    """
    prompts = _words(prompts, "prompt")
    loaded = detector(model, device)
    grounded = "grounding" in loaded.model.config.model_type
    # Grounding DINO learned from lower-case phrases that end with a full stop.
    words: Any = " ".join(f"{p.lower().rstrip('.')}." for p in prompts) if grounded else prompts
    least = _share(threshold, GROUNDED if grounded else FOUND)
    results = []
    # Grounding DINO pads photos to one size, and what it finds changes with the padding.
    for batch in _batches(photos, 1 if grounded else BATCH):
        pixels = [p.pixels for p in batch]
        inputs = loaded.processor(
            text=[words] * len(batch), images=pixels, return_tensors="pt", truncation=True
        ).to(loaded.device)
        asked = {"input_ids": inputs["input_ids"], "text_threshold": least} if grounded else {}
        found = loaded.processor.post_process_grounded_object_detection(
            _run(loaded, inputs),
            threshold=least,
            target_sizes=[(p.height, p.width) for p in batch],
            **asked,
        )
        for photo, one in zip(batch, found, strict=True):
            if grounded:
                named = [_nearest(phrase, prompts) for phrase in one["text_labels"]]
            else:
                named = [prompts[int(i)] for i in one["labels"]]
            boxes = one["boxes"].cpu().numpy().astype(np.float64)
            scores = one["scores"].cpu().numpy().astype(np.float64)
            objects = _objects(photo, named, boxes, scores, overlap)
            results.append(Detections(photo, loaded.name, objects))
    return results


def segment(
    photos: Sequence[Source],
    prompt: str,
    *,
    model: str = SEGMENTER,
    threshold: float | None = None,
    device: str = "auto",
) -> list[Segmentation]:
    """Which pixels the prompt means.

    Args:
        photos: as for ``classify``.
        prompt: words.
        model: a CLIPSeg model's name or folder.
        threshold: from which likeness on a pixel is inside; by default 0.5.
        device: as for ``classify``.

    Raises:
        As ``classify``.
    """
    (prompt,) = _words([prompt], "prompt")
    loaded = segmenter(model, device)
    least = _share(threshold, INSIDE)
    results = []
    for batch in _batches(photos):
        pixels = [p.pixels for p in batch]
        inputs = loaded.processor(
            text=[prompt] * len(batch), images=pixels, padding=True, return_tensors="pt"
        )
        logits = _run(loaded, inputs.to(loaded.device)).logits
        grids = logits.sigmoid().cpu().numpy().reshape(len(batch), *logits.shape[-2:])
        for photo, grid in zip(batch, grids, strict=True):
            results.append(_segmentation(photo, loaded.name, prompt, grid, least))
    return results


def classifier(model: str = CLASSIFIER, device: str = "auto") -> hub.Loaded:
    """What ``classify`` runs; kept for its next call. Raises as ``hub.load`` does."""
    loaded = hub.load("AutoModel", "AutoImageProcessor", model, device, such=CLASSIFIER)
    if not hasattr(loaded.model, "get_text_features"):
        raise ModelError("knows no words", where=model, hint=f"name a CLIP model: {CLASSIFIER}")
    return loaded


def detector(model: str = DETECTOR, device: str = "auto") -> hub.Loaded:
    """What ``detect`` runs; kept for its next call. Raises as ``hub.load`` does."""
    return hub.load(
        "AutoModelForZeroShotObjectDetection", "AutoProcessor", model, device, such=DETECTOR
    )


def segmenter(model: str = SEGMENTER, device: str = "auto") -> hub.Loaded:
    """What ``segment`` runs; kept for its next call. Raises as ``hub.load`` does."""
    return hub.load("CLIPSegForImageSegmentation", "AutoProcessor", model, device, such=SEGMENTER)


_AS_PIXELS = {"return_tensors": "pt", "input_data_format": "channels_last"}


def _batches(photos: Sequence[Source], size: int = BATCH) -> Iterator[list[Photo]]:
    for start in range(0, len(photos), size):
        part = photos[start : start + size]
        yield [p if isinstance(p, Photo) else photos_.load(p, reduce_to=REDUCE_TO) for p in part]


def _run(loaded: hub.Loaded, inputs: Any) -> Any:
    import torch

    with torch.inference_mode():
        return loaded.model(**inputs)


def _words(texts: Sequence[str], what: str) -> list[str]:
    words = [" ".join(text.split()) for text in texts]
    if not words or not all(words):
        raise UsageError(f"an empty {what}", hint=f"give at least one {what}, of at least a letter")
    return words


def _share(value: float | None, usual: float) -> float:
    if value is not None and not 0 <= value <= 1:
        raise UsageError(f"threshold is {value}", hint="it lies between 0 and 1")
    return usual if value is None else value


def _nearest(phrase: str, prompts: Sequence[str]) -> str:
    """The prompt that shares most words with what Grounding DINO says it found."""
    said = set(phrase.lower().split())
    return max(prompts, key=lambda prompt: len(said & set(prompt.lower().split())))


def _objects(
    photo: Photo, named: Sequence[str], boxes: Array, scores: Array, overlap: float
) -> tuple[tuple[str, Region], ...]:
    """Boxes inside the photo, the best of each heap, best first."""
    edges = np.array([photo.width, photo.height] * 2, np.float64)
    boxes = np.clip(boxes.reshape(-1, 4), 0, edges)
    whole = (boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=np.inf) >= 1
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if whole[i] and all(iou(boxes[i], boxes[k]) <= overlap for k in kept):
            kept.append(int(i))
    return tuple(
        (named[i], Region((x0, y0, x1, y1), float(scores[i]), finder="detect"))
        for i in kept
        for x0, y0, x1, y1 in [boxes[i].tolist()]
    )


def iou(a: Array, b: Array) -> float:
    """Intersection over union of two boxes x0, y0, x1, y1."""
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    return shared / max(float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - shared, 1e-9)


def _segmentation(photo: Photo, model: str, prompt: str, grid: F32, least: float) -> Segmentation:
    height, width = photo.pixels.shape[:2]
    likeness = np.asarray(cv2.resize(grid, (width, height)), np.float32)
    inside = (likeness >= least).astype(np.uint8)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(inside)
    large = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= SMALLEST * inside.size]
    large.sort(key=lambda i: -int(stats[i, cv2.CC_STAT_AREA]))
    objects = tuple(_piece(pieces == i, likeness, photo) for i in large)
    full = cv2.resize(inside, (photo.width, photo.height), interpolation=cv2.INTER_NEAREST)
    return Segmentation(photo, model, prompt, likeness, np.asarray(full, bool), objects)


def _piece(piece: Array, likeness: F32, photo: Photo) -> Region:
    rims, _ = cv2.findContours(piece.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    longest = max(rims, key=cv2.contourArea)
    # A staircase of pixels says no more than the line through it.
    rim = cv2.approxPolyDP(longest, 1.0, True).reshape(-1, 2).astype(np.float32)
    # Pixel centres: x_full = (x_decoded + 0.5) / scale - 0.5.
    outline = ((rim + 0.5) / np.float32(photo.scale) - 0.5).astype(np.float32)
    x, y, w, h = cv2.boundingRect(longest)
    box = tuple(float(v) / photo.scale for v in (x, y, x + w, y + h))
    return Region(
        (box[0], box[1], box[2], box[3]),
        float(likeness[piece].mean()),
        outline=outline,
        finder="segment",
    )


def _brief(region: Region) -> dict[str, Any]:
    told = region.to_dict()
    return {"box": told["box"], "score": told["score"]}
