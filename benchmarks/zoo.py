"""Every descriptor of the zoo that needs no download, on coins and packages; codes of vectors.

    python benchmarks/zoo.py DATA --work DIR [--protocol dev_wild] [--every N] [--codes]
        [--copies] [--embedder NAME ...]

DATA holds protocols/dev_wild.csv, protocols/dev_clean.csv and packages/. DIR keeps catalogues of
the pictures asked for and asked about: a second run goes on from there. A disc is seen as its
256-pixel thumbnail there, in which the shipped finder found it; a package as ``flat`` sees it.
Times are of the processor. Protocols named together share what is fitted and described: dev_wild
and dev_clean have the same catalogue.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import packages
from obverse import canvas, recipes, zoo
from obverse.catalogue.catalogue import Catalogue
from obverse.catalogue.importers import Row
from obverse.embed import named
from obverse.evaluate import metrics, protocol
from obverse.photo import load
from obverse.pipeline import Pipeline
from obverse.types import F32, U8, Array, Embedder, Patch, Progress, Region
from obverse.verify import keypoints
from obverse.zoo import rerank
from obverse.zoo.post import Chain, reranks

PROTOCOLS = ("dev_wild", "dev_clean", "packages")
PLAIN = ("hist-gray-256", "hist-hsv", "moments", "lbp", "hog", "phash")
LOCAL = (
    "bow-sift",
    "bow-rootsift",
    "bow-orb",
    "vlad-sift",
    "vlad-rootsift",
    "vlad-orb",
    "fisher-sift",
    "fisher-rootsift",
    "fisher-orb",
)
CHAINS = ("pca-whiten:128", "qe:3", "reciprocal", "diffusion", "csls")
"""What the best of them is also measured with; whitening to half of the views at most."""
CODES = ("", "sq8", "pq:64", "pq:32", "pq:16", "centre,binary")
MOST = 1500
"""Views that are fitted on, as ``obverse add`` does."""
FIND = keypoints.detect
_KEPT: dict[tuple[bytes, str], keypoints.Keypoints] = {}
TIMED = 12
"""Queries that the time is measured on."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What is seen of pictures, and the items they show."""

    patches: list[Patch]
    items: Array


@dataclass(frozen=True, eq=False)
class Sides:
    """Pictures asked for and asked about; unknown ones are left out."""

    recipe: str
    stored: Seen
    asked: Seen


def discs(data: Path, work: Path, name: str) -> Sides:
    """Coins, from catalogues that are made where there are none; polar vectors come with them."""
    plan = protocol.read(data / "protocols" / f"{name}.csv", root=data)
    asked = (case for case in plan.queries if case.role == "query")
    stored = see(work / "catalogue.obv", tuple((c.path, c.item) for c in plan.catalogue))
    return Sides(
        "coin", stored, see(work / f"{name}-queries.obv", tuple((c.path, c.item) for c in asked))
    )


@cache
def see(path: Path, cases: tuple[tuple[Path, str], ...]) -> Seen:
    """Discs of photos, each given with its item."""
    with Catalogue(path) as kept:
        kept.add([Row(photo, item, "", "", {}) for photo, item in cases], progress=tell(path.stem))
        wanted = {(str(photo.absolute()), item) for photo, item in cases}
        views = [v for v in kept.views() if (v.source, v.item) in wanted]
    return Seen([_disc(v.thumbnail) for v in views], np.array([v.item for v in views]))


def flat(data: Path) -> Sides:
    """Packages, seen whole."""
    pipeline = Pipeline(recipes.get("flat"))
    sides: dict[str, tuple[list[Patch], list[str]]] = {"catalogue": ([], []), "query": ([], [])}
    for photo, role, item in packages.rows(data / "packages"):
        patches, items = sides[role]
        patches.append(pipeline.look(load(data / "packages" / photo)))
        items.append(item)
    stored, asked = (Seen(patches, np.array(items)) for patches, items in sides.values())
    return Sides("flat", stored, asked)


def measure(sides: Sides, name: str) -> str:
    """A row of the table."""
    embedder, _, post = name.partition(",")
    base, views = described(sides.stored, sides.recipe, embedder)
    chain = Chain.fit(post, views[:: -(-len(views) // MOST)])
    made = named.Processed(base, chain) if post else base
    queries = sides.asked.patches
    begun = time.process_time()
    for patch in queries[:TIMED]:
        made.embed([patch])
    spent = 1e3 * (time.process_time() - begun) / len(queries[:TIMED])
    with remembering():
        asked = np.array([e.vector for p in queries for e in made.embed([p])])
    kept = chain.keep(chain.apply(views))
    shortlist = recipes.get(sides.recipe).shortlist
    items = sides.stored.items, sides.asked.items
    ranks = rank(kept, asked, *items, reranks(post), shortlist)
    stored = made.embed(queries[:1])[0]
    size = 2 * made.dim + stored.map.size + len(stored.description)
    return row(name, ranks, f"{spent:.0f}", f"{made.dim:,}", f"{size:,}")


@cache
def described(stored: Seen, recipe_name: str, embedder: str) -> tuple[Embedder, F32]:
    """An embedder fitted on the catalogue's side, and its vectors there."""
    recipe, fitted = recipes.get(recipe_name, embedder), None
    with remembering():
        if named.needs_fitting(recipe):
            fitted = named.fit(recipe, stored.patches[:: -(-len(stored.patches) // MOST)])
        made = named.load(recipe, fitted)
        return made, np.array([e.vector for p in stored.patches for e in made.embed([p])])


def rank(
    views: F32,
    asked: F32,
    owners: Array,
    right: Array,
    steps: Sequence[str] = (),
    shortlist: int = 600,
) -> Array:
    """The place of each query's right item, float64; inf past the shortlist."""
    ranks = []
    for query, item in zip(asked, right, strict=True):
        cosines = views @ query
        near = np.argsort(-cosines, kind="stable")[:shortlist]
        scores = cosines[near]
        for step in steps:
            scores = rerank.again(step, query, views[near])
        items = owners[near[np.argsort(-scores, kind="stable")]]
        order = list(dict.fromkeys(items.tolist()))
        ranks.append(order.index(item) + 1.0 if item in order else np.inf)
    return np.array(ranks)


def row(name: str, ranks: Array, *more: str) -> str:
    shares = metrics.recall_at(ranks, (1, 5, 20))
    figures = " / ".join(f"{shares[k]:.3f}" for k in (1, 5, 20))
    return f"| `{name}` | {figures} | {metrics.mrr(ranks):.3f} | {' | '.join(more)} |"


def codes(work: Path) -> Iterable[str]:
    """The polar vectors of the coins, kept as codes: size, recall of the shortlist, time of a
    search through all of them. Float16 and RaBitQ are LanceDB's own, exact and by its index."""
    with Catalogue(work / "catalogue.obv") as kept, Catalogue(work / "dev_wild-queries.obv") as ask:
        views = kept.store.views(embeddings=True)
        queries = ask.store.views(embeddings=True)
    stored = np.array([v.embedding.vector for v in views if v.embedding])
    asked = zoo.unit(np.array([v.embedding.vector for v in queries if v.embedding]))
    owners, right = np.array([v.item for v in views]), np.array([v.item for v in queries])
    exact = np.argsort(-(asked @ stored.T), axis=1)[:, :200]
    for name in CODES:
        chain = Chain.fit(name, stored)
        applied, mine = chain.apply(stored), chain.apply(asked)
        kept_as = chain.keep(applied)
        size = chain.coder.size if chain.coder else 4 * stored.shape[1]
        begun = time.process_time()
        found = [np.argpartition(-(kept_as @ q), 200)[:200] for q in mine]
        spent = 1e3 * (time.process_time() - begun) / len(mine)
        ranks = rank(kept_as, mine, owners, right)
        yield code_row(name or "float32", size, ranks, found, exact, spent)
    for name in ("float16", "rabitq"):
        order, spent, size = lance(stored, asked, name == "rabitq")
        places = []
        for views_found, item in zip(order, right, strict=True):
            items = list(dict.fromkeys(owners[views_found].tolist()))
            places.append(items.index(item) + 1.0 if item in items else np.inf)
        yield code_row(name, size, np.array(places), [f[:200] for f in order], exact, spent)


def lance(stored: F32, asked: F32, is_indexed: bool) -> tuple[list[Array], float, int]:
    """Views in order of likeness, 600 of each query; milliseconds a query; bytes of a vector."""
    import lancedb
    import pyarrow as pa
    from lancedb.index import IvfRq

    dim = stored.shape[1]
    with tempfile.TemporaryDirectory() as folder:
        rows = [{"n": i, "vector": v.astype(np.float16)} for i, v in enumerate(stored)]
        schema = pa.schema([("n", pa.int32()), ("vector", pa.list_(pa.float16(), dim))])
        table: Any = lancedb.connect(folder).create_table("v", pa.Table.from_pylist(rows, schema))
        if is_indexed:
            table.create_index("vector", config=IvfRq(distance_type="dot", num_partitions=1))
        begun, order = time.process_time(), []
        for query in asked:
            search = table.search(query).distance_type("dot").select(["n", "_distance"])
            order.append(search.limit(600).to_arrow()["n"].to_numpy())
        spent = 1e3 * (time.process_time() - begun) / len(asked)
    # RaBitQ keeps a bit a number and two corrections of four bytes.
    return order, spent, dim // 8 + 8 if is_indexed else 2 * dim


def code_row(
    name: str, size: int, ranks: Array, found: Sequence[Array], exact: Array, spent: float
) -> str:
    alike = np.mean(
        [len(set(f.tolist()) & set(e.tolist())) / 200 for f, e in zip(found, exact, strict=True)]
    )
    in_list = float(np.mean(ranks <= 200))
    return row(name, ranks, f"{in_list:.3f}", f"{alike:.3f}", f"{size:,}", f"{spent:.2f}")


def copies(data: Path, every: int) -> Iterable[str]:
    """How often the nearest of some shelf photos is the one that a changed copy was made of, by
    whole-picture descriptors: a row each."""
    photos = [load(p).pixels for p in sorted((data / "packages").glob("*/wild_*.jpg"))[::every]]
    yield f"| {len(photos)} photos, their copies | {' | '.join(CHANGES)} |"
    yield f"| --- |{' ---: |' * len(CHANGES)}"
    for name in PLAIN:
        made = zoo.get(name)
        assert isinstance(made, zoo.Descriptor)
        stored = made.describe(photos)
        cells = []
        for change in CHANGES.values():
            asked = made.describe([change(photo) for photo in photos])
            nearest = (asked @ stored.T).argmax(axis=1)
            cells.append(f"{np.mean(nearest == np.arange(len(photos))):.3f}")
        yield f"| `{name}` | {' | '.join(cells)} |"


def _smaller(image: U8) -> U8:
    half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    stored = cv2.imencode(".jpg", half[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 50])[1]
    bgr = np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(bgr[..., ::-1])


def _cut(image: U8) -> U8:
    h, w = image.shape[:2]
    return np.ascontiguousarray(image[h // 20 : h - h // 20, w // 20 : w - w // 20])


CHANGES: dict[str, Callable[[U8], U8]] = {
    "half the size, JPEG 50": _smaller,
    "turned by 90°": lambda image: np.rot90(image).copy(),
    "mirrored": lambda image: np.fliplr(image).copy(),
    "darker by a third": lambda image: (image * (2 / 3)).astype(np.uint8),
    "a twentieth cut off each edge": _cut,
}


def remembered(picture: U8, kind: str = "sift") -> keypoints.Keypoints:
    """Keypoints of a picture, found once for all the descriptors that gather them."""
    key = hashlib.sha256(picture.tobytes()).digest(), kind
    if key not in _KEPT:
        _KEPT[key] = FIND(picture, kind)
    return _KEPT[key]


@contextmanager
def remembering() -> Iterator[None]:
    keypoints.detect = remembered
    try:
        yield
    finally:
        keypoints.detect = FIND


def tell(what: str) -> Progress:
    def progress(done: int, total: int, text: str) -> None:
        print(f"\r{what}: {done:,} of {total:,} {text}   ", end="", file=sys.stderr, flush=True)

    return progress


def _disc(thumbnail: bytes) -> Patch:
    """A disc as its thumbnail shows it; descriptors look at nothing else of a patch."""
    seen = canvas.decode(thumbnail)
    side = float(seen.shape[0])
    return Patch(seen, seen, seen, np.eye(2, 3), Region((0.0, 0.0, side, side), 1.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--protocol", choices=PROTOCOLS, action="append")
    parser.add_argument("--embedder", action="append", metavar="NAME[,STEP...]")
    parser.add_argument("--every", type=int, default=1, help="ask every so many-th query")
    parser.add_argument("--codes", action="store_true", help="the table of codes alone")
    parser.add_argument("--copies", action="store_true", help="the table of copies alone")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    if args.copies:
        for line in copies(args.data, args.every):
            print(line, flush=True)
        return
    args.work.mkdir(parents=True, exist_ok=True)
    for name in [] if args.codes else args.protocol or PROTOCOLS:
        sides = flat(args.data) if name == "packages" else discs(args.data, args.work, name)
        few = Seen(sides.asked.patches[:: args.every], sides.asked.items[:: args.every])
        sides = replace(sides, asked=few)
        views, queries = len(sides.stored.patches), len(few.patches)
        print(f"\n{name}: {views:,} views, {queries:,} queries\n", flush=True)
        print("| embedder | recall@1 / 5 / 20 | mAP | ms a picture | numbers | bytes a view |")
        print("| --- | --- | ---: | ---: | ---: | ---: |")
        best: list[tuple[float, str]] = []
        for embedder in args.embedder or (*PLAIN, *LOCAL):
            line = measure(sides, embedder)
            best.append((float(line.split("|")[3]), embedder))
            print(line, flush=True)
        for step in () if args.embedder else CHAINS:
            first = min(128, views // 2)
            chain = step.replace("128", str(first))
            line = measure(sides, f"{max(best)[1]},{chain}")
            print(line, flush=True)
    if args.codes or not (args.protocol or args.embedder):
        print(
            "\n| code | recall@1 / 5 / 20 by vector alone | mAP | right item in 200 | "
            "of the exact 200 | bytes | ms |"
        )
        print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
        for line in codes(args.work):
            print(line, flush=True)


if __name__ == "__main__":
    main()
