"""Write a protocol of flat things that never were: printed cartons, photographed amid others.

    python benchmarks/labels.py OUT --items 60 --photos 5
    obverse evaluate OUT/cartons.csv --root OUT --recipe flat

Every item is one small studio picture of a carton; its photos show it by hand, at a slant, turned,
partly covered, small, in front of shelves of other cartons. A third of the items are siblings of
another: the same print with another colour, word or picture. Every sixth item stays out of the
catalogue: its photos are the unknown ones. The same arguments give the same pictures.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np

from obverse.mint import ground
from obverse.mint.clay import Clay
from obverse.mint.letters import Lettering, Text, set_text
from obverse.mint.motifs import MOTIFS
from obverse.types import F32, F64, U8

Rng = np.random.Generator

FACE = (320, 600)
"""Width and height of a printed front in pixels."""
STUDIO, SNAP = 198, 348
"""Longer side of a studio picture and of a photo: what shops and phones' thumbnails offer."""
HOLD_BACK = 6
SIBLING_OF = 3
"""Every third item is a sibling of the one before."""
WORDS = [
    *("ALBA", "BIRK", "CASA", "DOLCE", "ECHT", "FJELD", "GRANO", "HAVRE", "INULA", "JUNO", "KERN"),
    *("LUMA", "MELO", "NORD", "OLIVA", "PURA", "QUINTA", "RISO", "SOLE", "TERRA", "UVA", "VANIL"),
    *("WEISS", "YUCCA", "ZITRO", "FRISCH", "LIGHT", "ORIGINAL", "NATURE", "MILD", "1,5%"),
    *("500", "G", "1", "L"),
]


def front(seed: int, index: int) -> U8:
    """The print of item ``index``, uint8 RGB; a sibling shares all but colour, word or picture."""
    sibling = index % SIBLING_OF == SIBLING_OF - 1
    rng = np.random.default_rng([seed, index - sibling, 1])
    own = np.random.default_rng([seed, index, 2])
    w, h = FACE
    paper, ink = _colour(rng, 0.55, 1.0), _colour(rng, 0.05, 0.6)
    accent = _colour(own if sibling else rng, 0.2, 0.9)
    image = np.empty((h, w, 3), np.float32)
    image[:] = paper
    for _ in range(int(rng.integers(1, 4))):
        top = int(rng.uniform(0, 0.9) * h)
        image[top : top + int(rng.uniform(0.05, 0.3) * h)] = _colour(rng, 0.2, 1.0)
    words = [str(w) for w in rng.choice(WORDS, 5, replace=False)]
    motifs = [str(m) for m in rng.choice(sorted(MOTIFS), 2, replace=False)]
    if sibling:
        words[2] = str(own.choice(WORDS))
        motifs[1] = str(own.choice(sorted(MOTIFS)))
    places = rng.permutation(5)
    for i, (word, place) in enumerate(zip(words, places, strict=True)):
        size = float(rng.uniform(0.12, 0.34) if i < 2 else rng.uniform(0.05, 0.1))
        style = Lettering(float(rng.uniform(0, 0.12)), float(rng.uniform(0.8, 1.3)), 0.1)
        mask = set_text(w, Text(word, size, y=0.0, span=1.7), style)
        _ink(image, mask, int((0.1 + 0.17 * place) * h) - w // 2, 0, accent if i == 2 else ink)
    for i, motif in enumerate(motifs):
        side = int(rng.uniform(0.45, 0.8) * w)
        clay = Clay.blank(side)
        MOTIFS[motif](clay.at(scale=0.9), np.random.default_rng([seed, index if i else 0, 3]))
        tone = np.clip(clay.height / 0.6, 0, 1)
        colour = accent if i else _colour(rng, 0.1, 0.8)
        at_y, at_x = int(rng.uniform(0, h - side)), int(rng.uniform(0, w - side))
        _ink(image, (tone * 255).astype(np.uint8), at_y, at_x, colour)
    return np.asarray(np.clip(image * 255, 0, 255), np.uint8)


def studio(face: U8, rng: Rng) -> U8:
    """A carton on white, seen a little from the side."""
    canvas = np.full((STUDIO, STUDIO, 3), 1.0, np.float32)
    _stand(canvas, face, rng, yaw=rng.uniform(-35, 35), pitch=rng.uniform(0, 12), roll=0, tall=0.92)
    return _develop(canvas, rng, blur=0.4, noise=0.004)


def snap(face: U8, others: list[U8], rng: Rng) -> U8:
    """A photo of it, held in front of a shelf of others or of some ground."""
    if rng.random() < 0.6:
        scene = np.full((SNAP, SNAP, 3), rng.uniform(0.1, 0.5), np.float32)
        for _ in range(int(rng.integers(4, 10))):
            other = others[int(rng.integers(len(others)))]
            at = rng.uniform(-0.5, 0.5, 2)
            _stand(scene, other, rng, yaw=rng.uniform(-40, 40), pitch=rng.uniform(0, 25),
                   roll=rng.uniform(-15, 15), tall=rng.uniform(0.25, 0.5), at=at)  # fmt: skip
        scene = cv2.GaussianBlur(scene, (0, 0), rng.uniform(0.5, 2.0)).astype(np.float32)
    else:
        kinds = (ground.wood, ground.cloth, ground.stone, ground.desk, ground.print_)
        scene = kinds[int(rng.integers(len(kinds)))](SNAP, SNAP, rng)
    _stand(scene, face, rng, yaw=rng.uniform(-50, 50), pitch=rng.uniform(-10, 35),
           roll=rng.uniform(-45, 45), tall=rng.uniform(0.45, 0.85),
           at=rng.uniform(-0.08, 0.08, 2))  # fmt: skip
    _fingers(scene, rng)
    light = cv2.resize(rng.uniform(0.6, 1.2, (3, 3)).astype(np.float32), (SNAP, SNAP),
                       interpolation=cv2.INTER_CUBIC)  # fmt: skip
    scene *= light[..., None] * rng.uniform(0.85, 1.15, 3).astype(np.float32)
    return _develop(scene, rng, blur=rng.uniform(0.3, 1.3), noise=rng.uniform(0.005, 0.03))


def write(out: Path, items: int, photos: int, seed: int) -> None:
    """The pictures and ``cartons.csv``."""
    fronts = [front(seed, i) for i in range(items)]
    rows = []
    for index, face in enumerate(fronts):
        name = f"carton-{index:03d}"
        rng = np.random.default_rng([seed, index, 4])
        known = index % HOLD_BACK != HOLD_BACK - 1
        if known:
            rows.append((_save(out / name / "studio.jpg", studio(face, rng)), "catalogue", name))
        others = [f for i, f in enumerate(fronts) if i // SIBLING_OF != index // SIBLING_OF]
        for k in range(photos):
            picture = snap(face, others, rng)
            path = _save(out / name / f"{k}.jpg", picture)
            rows.append((path, "query" if known else "unknown", name))
    with (out / "cartons.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["photo", "role", "item"])
        writer.writerows([(path.relative_to(out).as_posix(), *rest) for path, *rest in rows])


def _stand(
    scene: F32, face: U8, rng: Rng, *, yaw: float, pitch: float, roll: float, tall: float,
    at: F64 | tuple[float, float] = (0.0, 0.0),
) -> None:  # fmt: skip
    """Put a carton (front and two plain sides) into the scene, ``tall`` of its side high."""
    size = scene.shape[0]
    ratio = FACE[0] / FACE[1]
    a, b, c = np.radians([yaw, pitch, roll])
    turn_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    turn_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    turn_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    turn = turn_z @ turn_x @ turn_y
    x, y, d = ratio / 2, 0.5, ratio
    front_face = [(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)]
    left = [(-x, -y, d), (-x, -y, 0), (-x, y, 0), (-x, y, d)]
    right = [(x, -y, 0), (x, -y, d), (x, y, d), (x, y, 0)]
    roof = [(-x, -y, d), (x, -y, d), (x, -y, 0), (-x, -y, 0)]
    plain = np.empty_like(face)
    plain[:] = face[:: face.shape[0] // 9, :: face.shape[1] // 9].reshape(-1, 3).mean(axis=0)
    far = 4.0
    for corners, print_ in ((roof, plain), (left, plain), (right, plain), (front_face, face)):
        p = (np.array(corners) - (0, 0, d / 2)) @ turn.T
        flat = p[:, :2] * (far / (far + p[:, 2:])) * tall * size + size * (0.5 + np.asarray(at))
        (ax, ay), (bx, by) = flat[1] - flat[0], flat[3] - flat[0]
        if ax * by - ay * bx <= 0:  # seen from behind
            continue
        h, w = print_.shape[:2]
        source = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
        matrix = cv2.getPerspectiveTransform(source, flat.astype(np.float32))
        shrink = float(np.clip(tall * size / h, 0.05, 1.0))
        soft = cv2.GaussianBlur(print_, (0, 0), 0.45 / shrink).astype(np.float32) / 255
        shade = np.float32(1.0 if print_ is face else 0.75)
        cover = cv2.warpPerspective(np.ones((h, w), np.float32), matrix, (size, size))[..., None]
        drawn = cv2.warpPerspective(soft * shade, matrix, (size, size))
        scene[:] = scene * (1 - cover) + drawn


def _fingers(scene: F32, rng: Rng) -> None:
    """Some fingers over the lower part."""
    size = scene.shape[0]
    skin = np.array([0.8, 0.6, 0.48]) * rng.uniform(0.7, 1.1)
    side = rng.choice([-1, 1])
    for i in range(int(rng.integers(0, 5))):
        tip = np.array(
            [0.5 + side * rng.uniform(0.02, 0.12), 0.5 + 0.07 * i + rng.uniform(0, 0.05)]
        )
        root = np.array([0.5 + side * 0.6, tip[1] + rng.uniform(0, 0.25)])
        mask = np.zeros((size, size), np.uint8)
        ends = [tuple(int(v * size) for v in end) for end in (tip, root)]
        cv2.line(mask, ends[0], ends[1], 255, int(size * 0.055))
        cover = cv2.GaussianBlur(mask, (0, 0), 1.2).astype(np.float32)[..., None] / 255
        scene[:] = scene * (1 - cover) + cover * skin.astype(np.float32)


def _colour(rng: Rng, low: float, high: float) -> F32:
    hue = np.array([[[rng.uniform(0, 180), rng.uniform(0, 255), rng.uniform(low, high) * 255]]])
    return np.asarray(cv2.cvtColor(hue.astype(np.uint8), cv2.COLOR_HSV2RGB)[0, 0] / 255, np.float32)


def _ink(image: F32, mask: U8, top: int, left: int, colour: F32) -> None:
    """Print a square mask at a place; what falls outside is cut."""
    h, w = image.shape[:2]
    y0, y1 = max(top, 0), min(top + mask.shape[0], h)
    x0, x1 = max(left, 0), min(left + mask.shape[1], w)
    cover = mask[y0 - top : y1 - top, x0 - left : x1 - left, None].astype(np.float32) / 255
    image[y0:y1, x0:x1] = image[y0:y1, x0:x1] * (1 - cover) + cover * colour


def _develop(scene: F32, rng: Rng, *, blur: float, noise: float) -> U8:
    image = cv2.GaussianBlur(scene, (0, 0), blur) + rng.normal(0, noise, scene.shape)
    return np.asarray(np.clip(image * 255, 0, 255), np.uint8)


def _save(path: Path, image: U8) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--items", type=int, default=60)
    parser.add_argument("--photos", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    write(args.out, args.items, args.photos, args.seed)


if __name__ == "__main__":
    main()
