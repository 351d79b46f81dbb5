"""Text found and read: drawn lines of known place, and the reference pipeline where it is."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from obverse.types import U8
from obverse.year import ocr as module
from obverse.year.ocr import Ocr, TextBox, line

WORDS = (("1957", (60, 90)), ("SEN", (250, 160)), ("20", (90, 290)), ("08", (230, 290)))


@pytest.fixture(scope="module")
def ocr() -> Ocr:
    return Ocr()


@pytest.fixture(scope="module")
def page() -> U8:
    image = np.full((384, 384, 3), (196, 188, 170), np.uint8)
    for words, at in WORDS:
        cv2.putText(image, words, at, 2, 1.3, (60, 52, 44), 2, cv2.LINE_AA)
    return image


def turned(image: U8, degrees: float) -> U8:
    """Turned counter-clockwise about the middle."""
    s = image.shape[0]
    matrix = cv2.getRotationMatrix2D(((s - 1) / 2, (s - 1) / 2), degrees, 1.0)
    out = cv2.warpAffine(image, matrix, (s, s), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)


def test_lines_are_found_where_they_stand_and_read(ocr: Ocr, page: U8) -> None:
    boxes = ocr.find(page)
    texts = [ocr.spell(t) for t in ocr.read(page, boxes)]
    assert sorted(texts) == sorted(w for w, _ in WORDS)
    for words, (x, y) in WORDS:
        (w, h), _ = cv2.getTextSize(words, 2, 1.3, 2)
        box = boxes[texts.index(words)]
        assert abs(box.cx - (x + w / 2)) < 8
        assert abs(box.cy - (y - h / 2)) < 8
        assert h < box.height < 2.2 * h
        assert abs(box.angle) < 4


@pytest.mark.parametrize("degrees", [35.0, -50.0])
def test_boxes_turn_with_the_picture(ocr: Ocr, page: U8, degrees: float) -> None:
    image = turned(page, degrees)
    boxes = ocr.find(image)
    texts = [ocr.spell(t) for t in ocr.read(image, boxes)]
    box = boxes[texts.index("1957")]
    assert abs(box.angle + degrees) < 5
    back = line(image, box.reversed())[::-1, ::-1].astype(int)
    assert np.abs(back - line(image, box)).mean() < 1


def test_a_line_is_cut_out_as_it_would_stand_upright() -> None:
    box = TextBox(120.0, 80.0, 90.0, 30.0, 25.0, 1.0)
    corners = box.corners()
    image = np.zeros((160, 240, 3), np.uint8)
    for corner, colour in zip(corners, (60, 120, 180, 240), strict=True):
        cv2.circle(image, np.round(corner).astype(int).tolist(), 5, (colour,) * 3, -1)
    cut = line(image, box)
    assert cut.shape == (48, 144, 3)
    edges = [cut[1, 1], cut[1, -2], cut[-2, -2], cut[-2, 1]]
    assert [int(e[0]) for e in edges] == pytest.approx([60, 120, 180, 240], abs=8)


def test_a_plain_picture_has_no_text(ocr: Ocr) -> None:
    plain = np.full((256, 256, 3), 140, np.uint8)
    assert ocr.find(plain) == []
    assert ocr.read(plain, []) == []


@pytest.fixture(scope="module")
def reference() -> Any:
    """rapidocr's own detector and recogniser, as configured by it but for the same thresholds."""
    rapidocr = pytest.importorskip("rapidocr", reason="rapidocr, the oracle, is not installed")
    params = {"Global.log_level": "critical", "Det.thresh": module.CORE}
    params |= {"Det.box_thresh": module.SCORE, "Det.unclip_ratio": module.GROW}
    return rapidocr.RapidOCR(params=params)


@pytest.mark.filterwarnings("ignore")
def test_it_finds_and_reads_what_the_reference_does(ocr: Ocr, page: U8, reference: Any) -> None:
    large = np.asarray(cv2.resize(page, (736, 736)), np.uint8)
    ours = ocr.find(large)
    # The reference takes BGR.
    theirs = reference(large[..., ::-1].copy(), use_cls=False)
    assert len(ours) == len(theirs.boxes)
    texts = [ocr.spell(t) for t in ocr.read(large, ours)]
    for quad, text in zip(theirs.boxes, theirs.txts, strict=True):
        centre = np.asarray(quad).mean(axis=0)
        nearest = min(range(len(ours)), key=lambda i: np.hypot(*(ours[i].cx, ours[i].cy) - centre))
        assert text == texts[nearest]
        shared, _ = cv2.intersectConvexConvex(
            np.asarray(quad, np.float32), ours[nearest].corners().astype(np.float32)
        )
        area = cv2.contourArea(np.asarray(quad, np.float32))
        assert shared / (area + ours[nearest].length * ours[nearest].height - shared) > 0.85
