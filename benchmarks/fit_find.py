"""Fits the classical finder's weights: ``python benchmarks/fit_find.py DATA``.

Every second photo of `wild_dev`, all of `scenes_boxes`, and `cutouts` as they are and composed on
plain backgrounds are searched with the present weights; what is found is labelled by its overlap
with the truth, and two logistic regressions are fitted and written to ``obverse/find/weights.py``.
Run it twice after a change of the features, as the second run searches with the first one's result.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression

from find import box_overlap, cutouts, overlap, polygon, scenes, wild
from obverse.find import classical
from obverse.find.classical import candidates, plausible, radii, search
from obverse.find.ellipses import STAGES, Field, refine, to_ellipse
from obverse.find.score import NAMES, features
from obverse.find.seeds import seeds
from obverse.photo import load
from obverse.types import F32, F64, U8, Array

Label = Callable[[F32], float]

# Overlap at which an ellipse begins to count as right, and at which it does in full, for the first
# and the second look: rims, then boxes, which are drawn loosely.
SOFT = (((0.75, 0.93), (0.60, 0.80)), ((0.88, 0.975), (0.65, 0.80)))
WRONG = 2.0
"""Weight of a picture's wrong ellipses, all together, against that of its right ones."""
TARGET = Path(classical.__file__).with_name("weights.py")


def pictures(data: Path) -> Iterator[tuple[int, U8, Label]]:
    """Kind of truth (0 rim, 1 box), pixels, and the overlap of a polygon with the truth."""
    for path, rim in list(wild(data))[::2]:
        yield 0, load(path).pixels, partial(overlap, q=rim)
    rng = np.random.default_rng(0)
    for path, rim in cutouts(data):
        pixels = load(path).pixels
        yield 0, pixels, partial(overlap, q=rim)
        composed, rim = compose(pixels, rim, rng)
        yield 0, composed, partial(overlap, q=rim)
    for path, shares in scenes(data):
        pixels = load(path).pixels
        boxes = shares * np.tile(pixels.shape[1::-1], 2)
        yield 1, pixels, partial(within, boxes)


def within(boxes: Array, p: F32) -> float:
    """IoU of a polygon's box with the likest of the boxes."""
    return float(box_overlap(boxes, (*p.min(0), *p.max(0))).max(initial=0))


def compose(pixels: U8, rim: F32, rng: np.random.Generator) -> tuple[U8, F32]:
    """A cutout somewhere on a larger background of one colour, graded and noisy."""
    h, w = pixels.shape[:2]
    scale = rng.uniform(1.1, 2.5)
    height, width = int(h * scale), int(w * scale)
    x, y = int(rng.uniform(0, width - w)), int(rng.uniform(0, height - h))
    shade = np.linspace(0, 1, width)[None, :, None] * rng.uniform(-60, 60)
    noise = rng.normal(0, rng.uniform(0, 10), (height, width, 3))
    canvas = np.clip(rng.integers(0, 256, 3) + shade + noise, 0, 255)
    mask = cv2.fillPoly(np.zeros((h, w), np.uint8), [rim.astype(np.int32)], 255)
    mask = cv2.GaussianBlur(cv2.erode(mask, np.ones((3, 3), np.uint8)), (0, 0), 1.0)
    share = mask[..., None] / 255
    place = canvas[y : y + h, x : x + w]
    canvas[y : y + h, x : x + w] = place * (1 - share) + pixels * share
    return canvas.astype(np.uint8), rim + np.array([x, y], np.float32)


def examples(pixels: U8, label: Label) -> list[tuple[F64, F64]]:
    """Features and overlaps of the ellipses that the first and the second look meet."""
    field = Field(pixels, classical.SIZE)
    first, second = [], []
    for size, alike in classical.STARTS:
        coarse = Field(pixels, size)
        rough = refine(coarse, seeds(coarse, alike), *STAGES[0], every=2)
        rough = rough[plausible(coarse, rough)]
        first.append(labelled(coarse, np.concatenate([rough, candidates(coarse, alike)]), label))
        maps = search(coarse, field, alike)[0]
        second.append(labelled(field, maps, label))
        large = radii(maps) > classical.ENOUGH * max(field.width, field.height)
        if (large & (second[-1][1] > 0.6)).any():
            break
    return [
        (np.concatenate([f for f, _ in part]), np.concatenate([share for _, share in part]))
        for part in (first, second)
    ]


def labelled(field: Field, maps: F64, label: Label) -> tuple[F64, F64]:
    rims = [polygon(to_ellipse(m)) for m in field.to_photo(maps)]
    return features(field, maps), np.array([label(rim) for rim in rims])


def fit(parts: list[tuple[F64, F64, tuple[float, float]]]) -> dict[str, float]:
    """A logistic regression on soft labels: each ellipse counts as right and as wrong in part."""
    x, y, weight = [], [], []
    for values, overlaps, (low, high) in parts:
        right = np.clip((overlaps - low) / (high - low), 0, 1) ** 2
        x += [values, values]
        y += [np.ones(len(right)), np.zeros(len(right))]
        weight += [
            right / max(1.0, right.sum()),
            WRONG * (1 - right) / max(1.0, (1 - right).sum()),
        ]
    values, labels, weights = (np.concatenate(part) for part in (x, y, weight))
    counts = weights > 1e-6
    mean, spread = values.mean(axis=0), values.std(axis=0)
    model = LogisticRegression(max_iter=2000).fit(
        (values[counts] - mean) / spread, labels[counts], sample_weight=weights[counts]
    )
    slopes: Array = model.coef_[0] / spread
    bias = float(model.intercept_[0] - slopes @ mean)
    return {"bias": bias, **dict(zip(NAMES, map(float, slopes), strict=True))}


def write(models: dict[str, dict[str, float]]) -> None:
    lines = [
        '"""The finder\'s two logistic models, as data: see ``score``.',
        "",
        "Fitted by ``benchmarks/fit_find.py`` on every second photo of `wild_dev` and on all of",
        '`cutouts` and `scenes_boxes`."""',
    ]
    for name, model in models.items():
        lines += ["", f"{name} = {{", *(f'    "{k}": {v:.4f},' for k, v in model.items()), "}"]
    TARGET.write_text("\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    args = parser.parse_args()
    looks: tuple[list[tuple[F64, F64, tuple[float, float]]], ...] = ([], [])
    for kind, pixels, label in pictures(args.data):
        for look, (values, overlaps) in enumerate(examples(pixels, label)):
            looks[look].append((values, overlaps, SOFT[look][kind]))
    write({name: fit(look) for name, look in zip(("FIRST", "SECOND"), looks, strict=True)})


if __name__ == "__main__":
    main()
