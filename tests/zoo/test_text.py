"""Classify, detect and segment by words, against the library's own pipelines and by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from obverse.errors import ModelError, PhotoError, UsageError
from obverse.types import Photo

tf = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

from obverse.zoo import text  # noqa: E402
from tests.zoo.tiny import picture  # noqa: E402

Tiny = Callable[[str], Path]
PHOTOS = [picture(seed, 60 + 9 * seed, 90 - 4 * seed) for seed in range(6)]
LABELS = ["coin", "medal", "the reverse of a banknote"]


@pytest.mark.parametrize("name", ["clip", "siglip"])
def test_labels_as_the_pipeline_gives_them(tiny: Tiny, name: str) -> None:
    pipe = tf.pipeline("zero-shot-image-classification", model=str(tiny(name)))
    found = text.classify(PHOTOS, LABELS, template="the {} photo", model=str(tiny(name)))
    assert len(found) == len(PHOTOS)
    for one, pixels in zip(found, PHOTOS, strict=True):
        theirs = pipe(
            Image.fromarray(pixels), candidate_labels=LABELS, hypothesis_template="the {} photo"
        )
        assert [label for label, _ in one.labels] == [t["label"] for t in theirs]
        mine = [share for _, share in one.labels]
        np.testing.assert_allclose(mine, [t["score"] for t in theirs], atol=1e-5)
        assert max(mine) - min(mine) > 0.01
    total = sum(share for _, share in found[0].labels)
    assert (abs(total - 1) < 1e-5) == (name == "clip")
    json.dumps(found[0].to_dict(), allow_nan=False)


@pytest.mark.parametrize("name", ["owlvit", "owlv2"])
def test_boxes_as_the_pipeline_gives_them(tiny: Tiny, name: str) -> None:
    pipe = tf.pipeline("zero-shot-object-detection", model=str(tiny(name)))
    found = text.detect(PHOTOS, ["coin"], model=str(tiny(name)), threshold=0.3, overlap=1.0)
    compared = 0
    for one, pixels in zip(found, PHOTOS, strict=True):
        theirs = pipe(Image.fromarray(pixels), candidate_labels=["coin"], threshold=0.3)
        edges = [pixels.shape[1], pixels.shape[0]] * 2
        told = []
        for t in theirs:
            box = np.clip([t["box"][k] for k in ("xmin", "ymin", "xmax", "ymax")], 0, edges)
            if min(box[2] - box[0], box[3] - box[1]) >= 2:
                told.append((t["score"], box))
        mine = [(r.score, r.box) for _, r in one.objects]
        for score, box in told:
            near = [b for s, b in mine if abs(s - score) < 1e-4]
            assert any(np.abs(np.asarray(b) - box).max() <= 1 for b in near)
        assert len(told) <= len(mine) <= len(theirs)
        compared += len(told)
    assert compared > 20


@pytest.mark.parametrize("name", ["owlvit", "owlv2"])
def test_several_prompts_are_asked_together(tiny: Tiny, name: str) -> None:
    folder, prompts = tiny(name), ["coin", "eagle", "medal"]
    kind = {"owlvit": "OwlViT", "owlv2": "Owlv2"}[name]
    model = getattr(tf, f"{kind}ForObjectDetection").from_pretrained(folder).eval()
    processor = getattr(tf, f"{kind}Processor").from_pretrained(folder)
    words = set()
    for one in text.detect(PHOTOS, prompts, model=str(folder), threshold=0.2, overlap=1.0):
        inputs = processor(text=[prompts], images=one.photo.pixels, return_tensors="pt")
        with torch.no_grad():
            out = model(**inputs)
        size = [(one.photo.height, one.photo.width)]
        theirs = processor.post_process_grounded_object_detection(out, 0.2, size)[0]
        mine = [(name, round(r.score, 4)) for name, r in one.objects]
        there = [
            (prompts[int(i)], round(float(s), 4))
            for i, s in zip(theirs["labels"], theirs["scores"], strict=True)
        ]
        assert set(mine) <= set(there)
        assert len(mine) > len(there) / 2
        words |= {name for name, _ in mine}
    assert len(words) > 1


def test_grounding_dino_by_hand(tiny: Tiny) -> None:
    folder = tiny("grounding_dino")
    model = tf.GroundingDinoForObjectDetection.from_pretrained(folder).eval()
    processor = tf.GroundingDinoProcessor.from_pretrained(folder)
    found = text.detect(PHOTOS, ["Coin"], model=str(folder), threshold=0.4, overlap=1.0)
    compared = 0
    for one in found:
        inputs = processor(text="coin.", images=one.photo.pixels, return_tensors="pt")
        with torch.no_grad():
            out = model(**inputs)
        size = [(one.photo.height, one.photo.width)]
        theirs = processor.post_process_grounded_object_detection(
            out, inputs["input_ids"], threshold=0.4, text_threshold=0.4, target_sizes=size
        )[0]
        edges = torch.tensor([one.photo.width, one.photo.height] * 2)
        boxes = theirs["boxes"].clamp(min=0).minimum(edges).numpy()
        order = np.argsort(-theirs["scores"].numpy())
        mine = [[r.score, *r.box] for _, r in one.objects]
        np.testing.assert_allclose([m[0] for m in mine], theirs["scores"][order], atol=1e-4)
        np.testing.assert_allclose([m[1:] for m in mine], boxes[order], atol=0.05)
        compared += len(mine)
        assert all(name == "Coin" for name, _ in one.objects)
    assert compared > 10


def test_masks_by_hand(tiny: Tiny) -> None:
    folder = tiny("clipseg")
    model = tf.CLIPSegForImageSegmentation.from_pretrained(folder).eval()
    processor = tf.CLIPSegProcessor.from_pretrained(folder)
    for one in text.segment(PHOTOS, "the coin", model=str(folder)):
        inputs = processor(text=["the coin"], images=one.photo.pixels, return_tensors="pt")
        with torch.no_grad():
            logits = model(**inputs).logits.reshape(1, 1, 32, 32)
        size = (one.photo.height, one.photo.width)
        likeness = torch.nn.functional.interpolate(
            logits.sigmoid(), size=size, mode="bilinear", align_corners=False
        )[0, 0].numpy()
        np.testing.assert_allclose(one.likeness, likeness, atol=1e-3)
        sure = np.abs(likeness - 0.5) > 2e-3
        np.testing.assert_array_equal(one.mask[sure], likeness[sure] > 0.5)
        assert 0 < one.mask.mean() < 1
        assert one.image().shape == size
        json.dumps(one.to_dict(), allow_nan=False)


def test_pieces_of_a_mask_have_their_outlines() -> None:
    """Two ellipses, one of them large, and a speck; the photo was decoded at half its size."""
    import cv2

    drawn = np.zeros((200, 300), np.uint8)
    cv2.ellipse(drawn, (90, 100), (60, 40), 0, 0, 360, 255, -1)
    cv2.ellipse(drawn, (240, 60), (20, 30), 0, 0, 360, 255, -1)
    drawn[190, 290] = 255
    photo = Photo(np.zeros((200, 300, 3), np.uint8), 600, 400, "", "<test>")
    grid = np.where(drawn > 0, 0.8, 0.1).astype(np.float32)
    found = text._segmentation(photo, "m", "coin", grid, 0.5)
    assert found.mask.shape == (400, 600)
    large, small = found.objects
    np.testing.assert_allclose(large.box, (60, 120, 302, 282), atol=2)
    np.testing.assert_allclose(small.box, (440, 60, 522, 182), atol=2)
    assert large.score == pytest.approx(0.8, abs=1e-6)
    assert large.outline is not None
    area = cv2.contourArea(large.outline.astype(np.float32))
    assert area == pytest.approx(np.pi * 120 * 80, rel=0.04)


def test_of_boxes_that_overlap_the_best_stays(tiny: Tiny) -> None:
    options: dict[str, Any] = {"model": str(tiny("owlvit")), "threshold": 0.1}
    every = text.detect(PHOTOS, ["coin"], overlap=1.0, **options)
    few = text.detect(PHOTOS, ["coin"], overlap=0.02, **options)
    for all_of, kept in zip(every, few, strict=True):
        boxes = [r.box for _, r in kept.objects]
        scores = [r.score for _, r in kept.objects]
        assert scores == sorted(scores, reverse=True)
        for i, a in enumerate(boxes):
            assert all(_iou(a, b) <= 0.02 for b in boxes[:i])
        for _, region in all_of.objects:
            better = [b for b, s in zip(boxes, scores, strict=True) if s >= region.score - 1e-9]
            assert region.box in boxes or any(_iou(region.box, b) > 0.02 for b in better)
        assert len(boxes) < len(all_of.objects)


def test_boxes_are_in_full_size_pixels(tiny: Tiny) -> None:
    pixels = PHOTOS[0]
    half = Photo(pixels, 2 * pixels.shape[1], 2 * pixels.shape[0], "", "<test>")
    options: dict[str, Any] = {"model": str(tiny("owlvit")), "threshold": 0.3, "overlap": 1.0}
    (small,) = text.detect([pixels], ["coin"], **options)
    (large,) = text.detect([half], ["coin"], **options)
    doubled = {tuple(round(2 * v) for v in r.box) for _, r in small.objects}
    assert doubled <= {tuple(round(v) for v in r.box) for _, r in large.objects}


def test_misuse(tiny: Tiny) -> None:
    clip = str(tiny("clip"))
    with pytest.raises(UsageError, match="an empty label"):
        text.classify(PHOTOS, ["coin", " "], model=clip)
    with pytest.raises(UsageError, match="an empty prompt"):
        text.detect(PHOTOS, [], model=clip)
    with pytest.raises(UsageError, match="has no place for the label"):
        text.classify(PHOTOS, LABELS, template="a photo", model=clip)
    with pytest.raises(UsageError, match="threshold is 2"):
        text.segment(PHOTOS, "coin", model=str(tiny("clipseg")), threshold=2)
    with pytest.raises(ModelError, match="of type clip, which cannot do this; name a model such"):
        text.detect(PHOTOS, ["coin"], model=clip)
    with pytest.raises(ModelError, match="of type clip, which cannot do this"):
        text.segment(PHOTOS, "coin", model=clip)
    with pytest.raises(ModelError, match="knows no words"):
        text.classify(PHOTOS, LABELS, model=str(tiny("resnet")))
    with pytest.raises(PhotoError):
        text.classify([b"no picture"], LABELS, model=clip)


def _iou(a: Any, b: Any) -> float:
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = wide * high
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
