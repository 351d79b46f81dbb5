"""Build the visual words of the embedder of flat things: ``models/words.npz`` and its card.

    python benchmarks/labels.py LABELS --items 60 --photos 2 --seed 1
    python scripts/build_words.py LABELS

They are learned from printed cartons that never were and from the photos that scikit-image ships
inside its wheel; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from obverse import photo as photos
from obverse.embed.vlad import COLOUR_WEIGHT, reduce
from obverse.find.whole import WholeFinder
from obverse.normalise import flat
from obverse.types import U8
from obverse.verify import keypoints
from obverse.verify.keypoints import Keypoints

NUMBERS, WORDS = 14, 64
"""Numbers kept of a descriptor, and words; chosen on seed 0 of the cartons."""
SAMPLE = 40_000
PICTURES = [
    *("astronaut", "brick", "camera", "chelsea", "clock", "coffee", "grass", "gravel"),
    *("hubble_deep_field", "immunohistochemistry", "moon", "page", "retina", "rocket", "text"),
]
MODELS = Path(__file__).parents[1] / "src" / "obverse" / "models"


def gather(folder: Path) -> Keypoints:
    """The keypoints of everything learned from."""
    shipped = [np.asarray(getattr(data, name)()) for name in PICTURES]
    colour = [p if p.ndim == 3 else np.repeat(p[..., None], 3, axis=2) for p in shipped]
    sources: list[Path | U8] = [*sorted(folder.glob("*/*.jpg")), *colour]
    found = []
    for source in sources:
        photo = photos.load(source)
        found.append(keypoints.detect(flat(photo, WholeFinder().find(photo)[0]).polar))
    return Keypoints(
        np.concatenate([f.points for f in found]),
        np.concatenate([f.descriptors for f in found]),
        np.concatenate([f.colours for f in found]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labels", type=Path)
    args = parser.parse_args()
    found = gather(args.labels)
    chosen = np.random.default_rng(0).permutation(len(found))[:SAMPLE]
    some = Keypoints(found.points[chosen], found.descriptors[chosen], found.colours[chosen])
    unit = keypoints.unit(some.descriptors)
    mean = unit.mean(axis=0)
    basis = np.linalg.svd(unit - mean, full_matrices=False)[2][:NUMBERS].T
    points = reduce(some, mean, basis)
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
    labels = np.empty((len(points), 1), np.int32)
    _, _, words = cv2.kmeans(points, WORDS, labels, stop, 3, cv2.KMEANS_PP_CENTERS)
    np.savez(MODELS / "words.npz", mean=mean, basis=basis.astype(np.float32), words=words)
    card = {
        "what": f"{WORDS} visual words of {NUMBERS} numbers of RootSIFT and 2 of colour",
        "file": "words.npz",
        "keypoints": json.loads(keypoints.fingerprint("sift")),
        "colour_weight": COLOUR_WEIGHT,
        "learned_from": f"{len(found)} keypoints: cartons of benchmarks/labels.py, seed 1, and "
        f"{len(PICTURES)} photos inside the wheel of scikit-image",
        "licence": "Apache-2.0",
        "built": date.today().isoformat(),
        "command": "python scripts/build_words.py LABELS",
    }
    (MODELS / "words.json").write_text(json.dumps(card, indent=2) + "\n")
    print(json.dumps(card, indent=2))


if __name__ == "__main__":
    main()
