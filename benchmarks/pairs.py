"""Pairs of photos of the two sides of a coin, and what a catalogue says to each and to both.

The catalogue holds one scan of each side of every type of ``worldcoins/dev.csv`` (only one side of
some), beside the pictures of ``train.csv`` as other coins, two thirds of them two to a coin. The
queries are pairs of photos: an obverse and a reverse of one type (asked with the type in the
catalogue and without it), two photos of one side, and two coins mixed up that share no design. No
photo shows a specimen that is in the catalogue.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from obverse import Catalogue
from obverse.catalogue.importers import Row
from obverse.catalogue.store import Hits
from obverse.fuse import POOL
from obverse.pipeline import Clock, best_views
from obverse.types import F32, F64, Embedding

SEED = 0
PHOTO = "wild_dev/{n:04d}.jpg"
"""Where the photo of the nth picture lies."""
Ranked = tuple[str, F64, int]
"""The type asked about, the scores of the items, best first, and the right one's place, or -1."""


@dataclass(frozen=True, slots=True)
class Type:
    """A coin type that is asked about.

    Attributes:
        id: the item.
        photos: those of its one side, and of the other.
        designs: what the sides show; two types may share one.
        whole: the catalogue shows both sides.
    """

    id: str
    photos: tuple[list[str], list[str]]
    designs: frozenset[str]
    whole: bool


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A photo, embedded, and the views that came back for it."""

    embedding: Embedding
    hits: Hits
    scores: F32

    def items(self, without: str) -> tuple[list[str], F64]:
        """Items and their scores, best first, as if the catalogue lacked one item."""
        kept = [i for i, item in enumerate(self.hits.items) if item != without]
        items, scores = [self.hits.items[i] for i in kept], self.scores[kept]
        order = best_views(items, scores)
        return [items[i] for i in order], np.asarray(scores[order], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Two photos asked about together.

    Attributes:
        kind: ``right``, ``unknown``, ``same`` (one side twice) or ``mixed``.
        types: what they show.
        whole: the catalogue shows both sides of the first type.
        alone: what each photo brings by itself.
        table: float32 (2, n), scores of both photos against n views.
        items, sides: of these views.
        direct: score of the photos against each other.
    """

    kind: str
    types: tuple[str, str]
    whole: bool
    alone: list[Ranked]
    table: F32
    items: list[str]
    sides: list[str]
    direct: float


def read(data: Path) -> tuple[list[Row], list[Type]]:
    """The catalogue's rows, and the types asked about."""
    shelves: dict[str, dict[str, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    with (data / "worldcoins" / "dev.csv").open(encoding="utf-8", newline="") as stream:
        for n, row in enumerate(csv.DictReader(stream)):
            photo = PHOTO.format(n=n)
            shelves[row["type_id"]][row["side_id"]].append({**row, "photo": photo})
    rows, types = [], []
    for item, shelf in sorted(shelves.items()):
        sides = [shelf[name] for name in sorted(shelf)]
        most = max(map(len, sides))
        # A side with one picture is asked about, if the other has one for the catalogue as well.
        pictured = [len(side) > 1 or most == 1 for side in sides]
        for label, side, is_pictured in zip(("obverse", "reverse"), sides, pictured, strict=False):
            if is_pictured:
                scan = side.pop(0)
                rows.append(Row(data / "worldcoins" / scan["file"], item, label, "", {}))
        if len(sides) == 2 and all(sides):
            photos = [[picture["photo"] for picture in side] for side in sides]
            designs = frozenset(picture["design_id"] for side in sides for picture in side)
            types.append(Type(item, (photos[0], photos[1]), designs, all(pictured)))
    return rows + list(others(data)), types


def others(data: Path) -> Iterator[Row]:
    """Coins beside them: two pictures of one class are the sides of a coin, a third stay alone."""
    rng = np.random.default_rng(SEED)
    classes: dict[str, list[str]] = defaultdict(list)
    with (data / "worldcoins" / "train.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            classes[row["class_id"]].append(row["file"])
    for name, files in sorted(classes.items()):
        pairs = len(files) // 3
        for n, k in enumerate(rng.permutation(len(files))):
            paired = n < 2 * pairs
            item = f"other-{name}-{n // 2 if paired else n - pairs}"
            side = ("obverse", "reverse")[n % 2] if paired else ""
            yield Row(data / "worldcoins" / files[k], item, side, "", {})


def ask(catalogue: Catalogue, data: Path, types: list[Type]) -> Iterator[Case]:
    """Every photo of the types in a pair or more of each kind."""
    rng = np.random.default_rng(SEED)
    asker = Asker(catalogue, data)
    for done, t in enumerate(types):
        print(f"asking: {done} of {len(types)} types", file=sys.stderr)
        strangers = [other for other in types if other.whole and not other.designs & t.designs]
        first, second = t.photos
        for n in range(max(len(first), len(second))):
            pair = (first[n % len(first)], second[n % len(second)])
            yield asker.case("right", t, t, pair)
            yield asker.case("unknown", t, t, pair)
            if t.whole:
                other = strangers[rng.integers(len(strangers))]
                photos = other.photos[rng.integers(2)]
                mixed = (pair[rng.integers(2)], photos[rng.integers(len(photos))])
                yield asker.case("mixed", t, other, mixed)
        for photos in t.photos if t.whole else ():
            for one, two in pairwise(photos):
                yield asker.case("same", t, t, (one, two))


class Asker:
    """Embeds each photo once, and holds pairs of them against the catalogue."""

    def __init__(self, catalogue: Catalogue, data: Path) -> None:
        self.catalogue, self.pipeline, self.data = catalogue, catalogue.pipeline, data
        self.queries: dict[str, Query] = {}

    def query(self, photo: str) -> Query:
        if photo not in self.queries:
            loaded = self.catalogue.load(self.data / photo)
            looks = [(loaded, self.pipeline.look(loaded))]
            embedding = self.pipeline.ask(self.catalogue.store, looks, 1, Clock())[0].query
            hits = self.pipeline.search(self.catalogue.store, embedding)
            scores, _ = self.pipeline.verify(embedding, hits)
            self.queries[photo] = Query(embedding, hits, scores)
        return self.queries[photo]

    def case(self, kind: str, t: Type, other: Type, photos: tuple[str, str]) -> Case:
        queries = [self.query(photo) for photo in photos]
        ranked = [q.items(t.id if kind == "unknown" else "") for q in queries]
        known = kind in ("right", "same")
        alone = [
            (t.id, s, names.index(t.id) if known and t.id in names else -1) for names, s in ranked
        ]
        pool = sorted({item for names, _ in ranked for item in names[:POOL]})
        views = self.catalogue.store.views(item=pool, embeddings=True)
        items = [v.item for v in views]
        maps = np.stack([v.embedding.map for v in views if v.embedding is not None])
        table = np.stack([self.score(q, maps) for q in queries])
        phases = queries[1].embedding.map.shape[1] // maps.shape[2]
        direct = self.score(queries[0], queries[1].embedding.map[None, :, ::phases])
        sides = [v.side for v in views]
        return Case(kind, (t.id, other.id), t.whole, alone, table, items, sides, float(direct[0]))

    def score(self, query: Query, maps: np.ndarray) -> F32:
        nothing = Hits([""] * len(maps), [""] * len(maps), np.zeros(len(maps), np.float32), maps)
        return self.pipeline.verify(query.embedding, nothing)[0]
