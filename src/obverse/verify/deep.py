"""Verify by learned local features: ``deep:NAME_OR_FOLDER``, a matcher of ``transformers``.

LightGlue (Lindenberger et al., 2023) or SuperGlue (Sarlin et al., 2020) on SuperPoint's keypoints,
or EfficientLoFTR (Wang et al., 2024), which needs none. The pairs are then proved as those of
``local``: one plane, colours that agree.

What is kept of a view is its picture as JPEG, some 100 kB, and not its features: SuperPoint's would
be twenty times as large, and this way any matcher can be asked. These matchers hold for turns up to
some 30 degrees and are for flat things that are seen upright; round ones lie at any turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from obverse.normalise import FLAT_SIDE, GREY
from obverse.types import F32, U8, Patch
from obverse.verify import keypoints
from obverse.verify.keypoints import Keypoints
from obverse.verify.local import LocalVerifier, Proof
from obverse.zoo import hub

DEFAULT = "ETH-CVG/lightglue_superpoint"
QUALITY = 92
BATCH = 4
"""Pairs per run; each is two pictures of ``FLAT_SIDE`` x ``FLAT_SIDE``."""
FINE = 64
"""Positions are asked for in these parts of a pixel: the library rounds them down to integers."""
EDGE = 8
"""Pixels from a picture's edge within which no point counts: the frame around it is a design too,
and one that all views share. A cell of SuperPoint is as wide."""


class DeepVerifier(LocalVerifier):
    """Inliers of a homography among pairs that a network found.

    Args:
        source: the matcher's name or folder.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Raises:
        MissingExtra, ModelError: see ``hub.load``.
    """

    name = "deep"

    def __init__(self, source: str = DEFAULT, device: str = "auto") -> None:
        super().__init__()
        self._loaded = hub.load(
            *("AutoModelForKeypointMatching", "AutoImageProcessor", source or DEFAULT, device),
            such=DEFAULT,
        )
        loaded = self._loaded
        self.fingerprint = hub.fingerprint(
            loaded.model.state_dict(), loaded.processor, QUALITY, FLAT_SIDE
        )

    def describe(self, patch: Patch) -> bytes:
        """The upright rectangle of a flat patch as JPEG."""
        bgr = np.ascontiguousarray(patch.polar[..., ::-1])
        data = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))[1]
        return data.tobytes()

    def match(self, query: bytes, view: bytes) -> Proof:
        """One view against the query, both as described."""
        return self.match_all(query, [view])[0]

    def match_all(self, query: bytes, views: Sequence[bytes]) -> list[Proof]:
        """Each view against the query, all as described, in batches."""
        asked, proofs = _decode(query), []
        for start in range(0, len(views), BATCH):
            pictures = [_decode(view) for view in views[start : start + BATCH]]
            found = self._pairs([[picture, asked] for picture in pictures])
            for picture, (there, here) in zip(pictures, found, strict=True):
                a, b = _keypoints(picture, there), _keypoints(asked, here)
                each = np.arange(len(there))
                proofs.append(self.prove(a, b, np.stack([each, each], axis=1)))
        return proofs

    def _pairs(self, pairs: list[list[U8]]) -> list[tuple[F32, F32]]:
        """Points of the first and of the second picture of each pair, float32 (n, 2) each, in their
        own pixels."""
        import torch

        framed = [[_frame(picture) for picture in pair] for pair in pairs]
        inputs = self._loaded.processor(
            images=framed, do_resize=False, return_tensors="pt", input_data_format="channels_last"
        ).to(self._loaded.device)
        with torch.inference_mode():
            out = self._loaded.model(**inputs)
        side = FINE * FLAT_SIDE
        found = self._loaded.processor.post_process_keypoint_matching(
            out, [((side, side), (side, side))] * len(pairs)
        )
        ends = [(_points(one["keypoints0"]), _points(one["keypoints1"])) for one in found]
        return [_inside(pair, a, b) for pair, (a, b) in zip(pairs, ends, strict=True)]


def _decode(picture: bytes) -> U8:
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(np.asarray(pixels), cv2.COLOR_BGR2RGB), np.uint8)


def _frame(picture: U8) -> U8:
    """In the corner of a grey square, so that a batch has one size and nothing is stretched."""
    out = np.full((FLAT_SIDE, FLAT_SIDE, 3), GREY, np.uint8)
    out[: picture.shape[0], : picture.shape[1]] = picture
    return out


def _inside(pair: list[U8], first: F32, second: F32) -> tuple[F32, F32]:
    """Those pairs whose two ends lie in the pictures, away from their edges."""
    kept = np.ones(len(first), bool)
    for picture, at in zip(pair, (first, second), strict=True):
        h, w = picture.shape[:2]
        kept &= ((at >= EDGE) & (at <= (w - 1 - EDGE, h - 1 - EDGE))).all(axis=1)
    return first[kept], second[kept]


def _points(found: Any) -> F32:
    return np.asarray(found.cpu().numpy(), np.float32) / np.float32(FINE)


def _keypoints(picture: U8, at: F32) -> Keypoints:
    points, colours = keypoints.place(picture, at)
    return Keypoints(points, np.zeros((len(at), 0), np.uint8), colours)
