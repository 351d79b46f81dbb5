"""What each verifier gains and costs, as one table.

    python benchmarks/packages.py DATA/packages packages.csv
    python benchmarks/textures.py KINDS
    python benchmarks/textures.py FACES --faces 4
    python benchmarks/verifiers.py --flat packages.csv DATA/packages \
        --disc KINDS/surfaces.csv KINDS --disc FACES/surfaces.csv FACES \
        --coin DATA/protocols/dev_wild.csv DATA

Each verifier scores the same shortlists, so only it differs; milliseconds are medians of one
question on one core, describing being paid once per view and once per query. For coins the best ten
are taken up again: the view is turned as the polar verifier says, and its keypoints are looked for
in the query.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from obverse import Catalogue, canvas
from obverse.catalogue.importers import Row
from obverse.catalogue.store import Hits
from obverse.evaluate import protocol
from obverse.types import F32, Embedding, Patch
from obverse.verify import keypoints
from obverse.verify.local import LocalVerifier
from obverse.verify.polar import PolarVerifier
from obverse.verify.texture import TextureVerifier

AGAIN = 10
"""Coins looked at again."""
WEIGHTS = (0.02, 0.05, 0.1)
"""Of ``inliers / (inliers + 10)`` beside the polar score."""
HEAD = (
    "| set | verifier | recall@1 | describe, ms | compare, ms |\n| --- | --- | ---: | ---: | ---: |"
)

Asked = tuple[str, Patch, Embedding, Hits]


@contextmanager
def asked(
    plan: Path, root: Path, recipe: str, every: int, distractors: int
) -> Iterator[tuple[Catalogue, list[Asked]]]:
    """A catalogue, and (right item, patch, embedding, shortlist) of every known query."""
    cases = protocol.read(plan, root=root)
    wanted = {c.item for c in cases.queries if c.role == "query"}
    other = [c for c in cases.catalogue if c.item not in wanted]
    step = max(1, len(other) // max(distractors, 1))
    kept = [c for c in cases.catalogue if c.item in wanted] + other[::step]
    with (
        tempfile.TemporaryDirectory() as folder,
        Catalogue(Path(folder) / "c.obv", recipe=recipe) as catalogue,
    ):
        catalogue.add([Row(c.path, c.item, c.side, "", {}) for c in kept], progress=say)
        found = []
        known = [c for c in cases.queries if c.role == "query"][::every]
        for i, case in enumerate(known):
            say(i, len(known), "asking")
            patch = catalogue.pipeline.look(catalogue.load(case.path))
            query = catalogue.pipeline.embed_query(patch)
            found.append(
                (case.item, patch, query, catalogue.pipeline.search(catalogue.store, query))
            )
        yield catalogue, found


def measure(found: Sequence[Asked], scores: Callable[[Asked], F32]) -> tuple[float, float]:
    """recall@1, and the median milliseconds of one question."""
    right, times = [], []
    for case in found:
        begun = time.perf_counter()
        best = int(np.argmax(scores(case)))
        times.append(1e3 * (time.perf_counter() - begun))
        right.append(case[3].items[best] == case[0])
    return float(np.mean(right)), float(np.median(times))


def flat(plan: Path, root: Path, every: int) -> None:
    """Local features of every kind over one shortlist."""
    with asked(plan, root, "flat", every, 10_000) as (catalogue, found):
        name = f"{plan.stem}, {len(found)} queries, {catalogue.store.stats().views} views"
        row(name, "vector alone (`vlad`)", *measure(found, lambda a: a[3].similarity))
        pipeline = catalogue.pipeline
        views = {v.id: pipeline.look(catalogue.load(v.source)) for v in catalogue.views()}
        for kind in ("sift", "orb"):
            begun = time.perf_counter()
            verifier = LocalVerifier(kind)
            kept = {v: verifier.describe(patch) for v, patch in views.items()}
            again = [
                (item, patch, replace(query, description=verifier.describe(patch)),
                 replace(hits, described=[kept[v] for v in hits.views]))
                for item, patch, query, hits in found
            ]  # fmt: skip
            spent = 1e3 * (time.perf_counter() - begun) / (len(views) + len(found))
            for matcher in ("brute", "flann"):
                for model in ("homography", "similarity"):
                    one = LocalVerifier(kind, matcher, model)
                    figures = measure(again, partial(scored, one))
                    row(name, f"`local`: {kind}, {matcher}, {model}", *figures, spent)


def disc(plan: Path, root: Path, every: int) -> None:
    """Surfaces."""
    with asked(plan, root, "disc", every, 10_000) as (catalogue, found):
        views = catalogue.store.stats().views
        surfaces(f"{root.name}, {len(found)} queries, {views} views", found)


def surfaces(name: str, found: Sequence[Asked]) -> None:
    """The texture verifier beside the embedding alone."""
    begun = time.perf_counter()
    for _, patch, _, _ in found[:20]:
        TextureVerifier().describe(patch)
    spent = 1e3 * (time.perf_counter() - begun) / len(found[:20])
    row(name, "vector alone", *measure(found, lambda a: a[3].similarity))
    row(name, "`polar`", *measure(found, lambda a: scored(PolarVerifier(), a)))
    row(name, "surface alone: LBP, SVM", *measure(found, surface), spent)
    row(name, "`texture`: both", *measure(found, lambda a: scored(TextureVerifier(), a)), spent)
    right, wrong = [], []
    for case in found:
        scores, mine = scored(PolarVerifier(), case), np.array(case[3].items) == case[0]
        right.append(scores[mine].max(initial=-1))
        wrong.append(scores[~mine].max(initial=-1))
    for words, values in (("right view", right), ("best wrong view", wrong)):
        low, middle, high = np.percentile(values, [1, 50, 90])
        print(f"map of the {words}: 1 % {low:.2f}, median {middle:.2f}, 90 % {high:.2f}")


def surface(case: Asked) -> F32:
    _, _, query, hits = case
    maps = PolarVerifier().scores(query, hits.maps)[0]
    fits = TextureVerifier().surfaces(query, maps, hits.described, hits.items)
    return np.asarray(fits, np.float32)


def coin(plan: Path, root: Path, every: int, distractors: int) -> None:
    """Local features on the best ten coins, turned to lie alike; and their surface."""
    with asked(plan, root, "disc", every, distractors) as (catalogue, found):
        name = f"{plan.stem}, {len(found)} queries, {catalogue.store.stats().views} views"
        surfaces(name, found)
        polar = [scored(PolarVerifier(), a) for a in found]
        counts, times = [], []
        for case, scores in zip(found, polar, strict=True):
            best = np.argsort(-scores, kind="stable")[:AGAIN]
            begun = time.perf_counter()
            counts.append((best, inliers(catalogue, case, best)))
            times.append(1e3 * (time.perf_counter() - begun))
        spent = float(np.median(times))
        for weight in (*WEIGHTS, np.inf):
            right = []
            for case, scores, (best, count) in zip(found, polar, counts, strict=True):
                sure = count / (count + 10)
                total = sure if np.isinf(weight) else scores[best] + weight * sure
                right.append(case[3].items[best[int(np.argmax(total))]] == case[0])
            words = "inliers only" if np.isinf(weight) else f"weight {weight}"
            row(name, f"`polar`, then SIFT on the best {AGAIN}: {words}", np.mean(right), spent)
        owners = [
            [c[3].items[i] == c[0] for i in b] for c, (b, _) in zip(found, counts, strict=True)
        ]
        mine = np.concatenate([n[np.array(o)] for o, (_, n) in zip(owners, counts, strict=True)])
        rest = np.concatenate([n[~np.array(o)] for o, (_, n) in zip(owners, counts, strict=True)])
        for words, n in (("right", mine), ("wrong", rest)):
            low, middle, high = np.percentile(n, [10, 50, 90])
            print(f"inliers of {words} coins: median {middle:.0f}, 10 % {low:.0f}, 90 % {high:.0f}")


def inliers(catalogue: Catalogue, case: Asked, best: np.ndarray) -> np.ndarray:
    """SIFT inliers of a similarity between a coin and views, each turned to lie as it does."""
    _, patch, query, hits = case
    turns = PolarVerifier().scores(query, hits.maps[best])[1]
    views = {v.id: v for v in catalogue.store.views([hits.views[i] for i in best])}
    asked_for = keypoints.detect(np.ascontiguousarray(twice(patch.original)))
    counts = []
    for i, turn in zip(best, turns, strict=True):
        picture = canvas.turned(canvas.decode(views[hits.views[i]].thumbnail), float(turn))
        view = keypoints.detect(twice(picture))
        pairs = keypoints.pair(view, asked_for)
        counts.append(int(keypoints.prove(view, asked_for, pairs, "similarity").inliers.sum()))
    return np.array(counts, float)


def twice(picture: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))


def scored(verifier: LocalVerifier | PolarVerifier | TextureVerifier, case: Asked) -> F32:
    _, _, query, hits = case
    return verifier.scores(query, hits.maps, hits.described, hits.items)[0]


def row(name: str, verifier: str, recall: float, compare: float, describe: float = 0.0) -> None:
    described = f"{describe:.0f}" if describe else "–"
    print(f"| {name} | {verifier} | {recall:.3f} | {described} | {compare:.1f} |", flush=True)


def say(done: int, total: int, text: str) -> None:
    if done % 50 == 0:
        print(f"{text}: {done}/{total}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--flat", "--disc", "--coin"):
        parser.add_argument(
            name, type=Path, nargs=2, metavar=("PROTOCOL", "ROOT"), action="append", default=[]
        )
    parser.add_argument("--every", type=int, default=1, help="ask every so many-th query")
    parser.add_argument("--distractors", type=int, default=300, help="other coins in the catalogue")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    print(HEAD)
    for plan, root in args.flat:
        flat(plan, root, args.every)
    for plan, root in args.disc:
        disc(plan, root, args.every)
    for plan, root in args.coin:
        coin(plan, root, args.every, args.distractors)


if __name__ == "__main__":
    main()
