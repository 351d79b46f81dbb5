"""The embedded store: LanceDB tables in one folder, beside a manifest.

    coins.obv/
      manifest.json     what the catalogue was made with; written last, so a folder with it is whole
      embedder.npz      what was fitted for a named embedder on the first photos, if it needs that
      layer.npz         what ``obverse adapt`` fitted for queries, if anything
      calibration.json  what ``obverse calibrate`` fitted for decisions, if anything
      undo/             what the latest changes took away, for some minutes
      items.lance/      id, title, attributes
      views.lance/      everything about a view; vector as float16, map as int8
      .lock             held while writing; the system drops it when a writer is killed

Every write to a table is one atomic, versioned commit of Lance: a reader sees the state before or
after it, and a killed writer leaves nothing half done. Writers take turns by the lock; readers
never wait.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from obverse.catalogue.folder import (
    MANIFEST,
    OURS,
    check,
    errors,
    exists,
    list_kept,
    lock,
    measure,
    read_blob,
    read_kept,
    read_manifest,
    write_blob,
    write_kept,
    write_manifest,
)
from obverse.catalogue.rows import (
    VIEW_COLUMNS,
    embedding_columns,
    item_schema,
    item_table,
    read_item,
    read_view,
    upright,
    view_schema,
    view_table,
)
from obverse.catalogue.store import BLOBS, Hits, Manifest, StoreStats
from obverse.catalogue.tables import connect, create_table, named, ordered, upsert, within
from obverse.errors import CatalogueDamaged
from obverse.types import F32, Item, View

# The figures are of benchmarks/store.py on 2 busy cores: 512-d vectors, k = 200, maps fetched.
INDEX_FROM = 20_000
"""Views from which an index is built. Without one a search takes 27 ms at 20,000 views and 70 ms at
50,000, with it 19 and 32 to 46; building takes 0.2 and 0.7 s. The default of some 4,000 vectors a
partition keeps recall@200 at 1.00; with sqrt(n) partitions it is 0.70."""
INDEX_PARTS = 4
"""Each refresh of an index adds a part that every search visits; past this many it is built anew,
which takes 5 s at 100,000 views."""
REFINE = 2
"""The index orders by 8-bit vectors: this many times ``k`` are ordered again by the stored ones.
Without it recall@200 is 0.97."""
FRAGMENTS = 64
"""Fragments (one per put) past which a table is rewritten as one: at 10,000 views a search takes
13 ms with one, some 20 with 25 to 100, 42 with 400; rewriting 100,000 views takes 4 s."""
KEEP_VERSIONS = timedelta(minutes=2)
"""Old versions live this long, so that no reader loses the one it reads."""
TOGETHER = 32
"""Vectors searched for together: 60 take a sixth of the time they take one by one (3,443 views, 200
nearest); the maps of 32 are 20 MB."""


class LanceStore:
    """A store in a folder. Safe to share between threads; several processes may have it open."""

    def __init__(self, uri: str, manifest: Manifest) -> None:
        self.uri = uri
        self.manifest = manifest
        self._folder = Path(uri).absolute()
        self._turn = threading.RLock()
        self.foreign = 0
        self.is_new = False
        with errors(uri):
            db = connect(self._folder)
            self._items: Any = db.open_table("items")
            self._views: Any = db.open_table("views")
        self.left = self.version()

    # -- opening -----------------------------------------------------------------------------

    @classmethod
    def create(
        cls, uri: str | Path, manifest: Manifest, embedder: bytes | None = None
    ) -> LanceStore:
        """Make a catalogue; if another process was quicker, open that one.

        Args:
            embedder: what was fitted for its embedder.

        Raises:
            CatalogueDamaged: the folder holds something else, or rows without a manifest.
            CatalogueMismatch: the quicker process used another recipe or model.
            CatalogueError: the folder cannot be written.
        """
        folder = Path(uri).absolute()
        with errors(uri):
            folder.mkdir(parents=True, exist_ok=True)
            strangers = sorted(p.name for p in folder.iterdir() if p.name not in OURS)
        if strangers:
            raise CatalogueDamaged(
                f"the folder is no catalogue, it holds {strangers[0]!r}",
                where=uri,
                hint="choose a new or an empty folder",
            )
        with errors(uri), lock(folder):
            is_new = not exists(folder)
            if is_new:
                create_table(folder, "items", item_schema())
                create_table(folder, "views", view_schema(manifest))
                write_blob(folder, BLOBS["embedder"], embedder)
                write_manifest(folder, manifest)
        store = cls.open(uri)
        store.is_new = is_new
        check(store.manifest, manifest, uri)
        return store

    @classmethod
    def open(cls, uri: str | Path) -> LanceStore:
        """Open a catalogue.

        Raises:
            CatalogueMissing, CatalogueNewer, CatalogueDamaged.
        """
        return cls(str(uri), read_manifest(uri))

    def close(self) -> None:
        """Nothing is pending: every write was durable when it returned."""

    # -- writing -----------------------------------------------------------------------------

    def put(
        self,
        views: Sequence[View],
        items: Sequence[Item] = (),
        *,
        instead_of: Sequence[str] = (),
    ) -> None:
        """Insert or replace by id; on disk when it returns. Items go first.

        Args:
            views: with embeddings.
            items: what they show.
            instead_of: ids of views that go in the very commit that brings ``views``.

        Raises:
            UsageError: a text or an attribute that cannot be stored.
        """
        item_rows = item_table(items)
        view_rows = view_table(views, self.manifest)
        with self._writing():
            if items:
                upsert(self._items, item_rows)
            if views:
                upsert(self._views, view_rows, instead_of)

    def delete(self, views: Sequence[str] = (), items: Sequence[str] = ()) -> int:
        """Delete views by id, and items by id with all their views; returns views deleted."""
        with self._writing():
            before = self._views.count_rows()
            for where in (*within("id", views), *within("item", items)):
                self._views.delete(where)
            for where in within("id", items):
                self._items.delete(where)
            return int(before - self._views.count_rows())

    def optimise(self) -> None:
        """Drop items without a view, merge fragments and drop old versions once there are many,
        build or refresh the index where it pays. Cheap where there is nothing to do."""
        with self._writing():
            self._drop_empty_items()
            for table in (self._items, self._views):
                if table.stats()["fragment_stats"]["num_fragments"] > FRAGMENTS:
                    table.optimize(cleanup_older_than=KEEP_VERSIONS)
            if self._views.count_rows() >= INDEX_FROM:
                self._keep_index()

    def _drop_empty_items(self) -> None:
        import pyarrow.compute as pc

        items = self._items.search().select(["id"]).limit(None).to_arrow()["id"]
        shown = self._views.search().select(["item"]).limit(None).to_arrow()["item"]
        empty = items.filter(pc.invert(pc.is_in(items, value_set=pc.unique(shown))))
        for where in within("id", empty.to_pylist()):
            self._items.delete(where)

    def _keep_index(self) -> None:
        from lancedb.index import IvfSq

        names = [index.name for index in self._views.list_indices()]
        parts = self._views.index_stats(names[0]).num_indices if names else None
        if parts is None or parts > INDEX_PARTS:
            self._views.create_index("vector", config=IvfSq(distance_type="dot"))

    def name_stage(self, stage: str, name: str) -> None:
        """Note a stage's name in the manifest: where its model lies now."""
        with self._writing():
            changed: dict[str, Any] = {stage: name}
            self.manifest = replace(self.manifest, **changed)
            write_manifest(self._folder, self.manifest)

    def unmake(self) -> None:
        """Without a view it is no catalogue any more, and ``drop_unmade`` takes what is left."""
        with self._writing():
            if not self._views.count_rows():
                (self._folder / MANIFEST).unlink()

    def put_blob(self, name: str, data: bytes | None) -> None:
        """Keep it in place of the one before; None takes it off."""
        with self._writing():
            write_blob(self._folder, BLOBS[name], data)

    def keep(self, token: str, data: bytes | None) -> None:
        """Keep what undoes a change, durably; None drops it."""
        with self._writing():
            write_kept(self._folder, token, data)

    # -- reading -----------------------------------------------------------------------------

    def hashes(self) -> dict[str, list[tuple[str, str, str, str]]]:
        """Content hash -> [(view id, item id, side, source), …] of everything stored."""
        found: dict[str, list[tuple[str, str, str, str]]] = {}
        columns = ["sha256", "id", "item", "side", "source"]
        with errors(self.uri):
            table = self._views.search().select(columns).limit(None).to_arrow()
        for sha, *entry in zip(*(table[c].to_pylist() for c in columns), strict=True):
            found.setdefault(sha, []).append((entry[0], entry[1], entry[2], entry[3]))
        return found

    def listing(self) -> list[tuple[str, str, str, str, float]]:
        """(view id, item id, side, added, degrees to stand upright) of every view."""
        columns = ["id", "item", "side", "added"]
        with errors(self.uri):
            table = self._views.search().select([*columns, "region"]).limit(None).to_arrow()
        turns = (upright(text) for text in table["region"].to_pylist())
        return list(zip(*(table[c].to_pylist() for c in columns), turns, strict=True))

    def version(self) -> tuple[int, ...]:
        """Changes whenever items or views do, whoever changed them."""
        with errors(self.uri):
            return int(self._items.version), int(self._views.version)

    def kept(self) -> list[str]:
        """The tokens of all that is kept to undo changes."""
        with errors(self.uri):
            return list_kept(self._folder)

    def fetch_kept(self, token: str) -> bytes | None:
        """What was kept under a token; None where nothing is."""
        with errors(self.uri):
            return read_kept(self._folder, token)

    def items(self, ids: Sequence[str] | None = None) -> list[Item]:
        """Items by id in the order asked (missing ones left out), or all, sorted by id."""
        rows = self._rows(self._items, ["id", "title", "attributes"], named("id", ids))
        return ordered([read_item(r) for r in rows], ids, key=lambda item: (item.id,))

    def views(
        self,
        ids: Sequence[str] | None = None,
        *,
        item: str | Sequence[str] | None = None,
        embeddings: bool = False,
    ) -> list[View]:
        """Views by id in the order asked, or those of an item or several, or all, sorted by item
        and id."""
        columns = VIEW_COLUMNS + (embedding_columns(self.manifest) if embeddings else [])
        filters = named("id", ids)
        if item is not None:
            owner = list(within("item", [item] if isinstance(item, str) else item))
            filters = [f"{o} AND {where}" if where else o for o in owner for where in filters]
        rows = self._rows(self._views, columns, filters)
        found = [read_view(row, self.manifest) for row in rows]
        return ordered(found, ids, key=lambda v: (v.item, v.id))

    def search(self, vector: F32, k: int) -> Hits:
        """The ``k`` nearest views of one unit vector by cosine, with their maps."""
        return self._nearest(self._query(vector, k))

    def search_many(self, vectors: F32, k: int) -> Iterator[Hits]:
        """Those of each of several unit vectors, float32 (n, dim), in their order."""
        for start in range(0, len(vectors), TOGETHER):
            part = vectors[start : start + TOGETHER]
            if len(part) == 1:
                yield self.search(part[0], k)
                continue
            table = self._query(part, k)
            which = table["query_index"].to_numpy()
            for number in range(len(part)):
                yield self._nearest(table.take(np.flatnonzero(which == number)))

    def _query(self, vectors: F32, k: int) -> Any:
        """Rows of the ``k`` nearest views of one vector or of each of several."""
        with errors(self.uri):
            return (
                self._views.search(np.asarray(vectors, np.float32))
                .distance_type("dot")
                .refine_factor(REFINE)
                .select(["id", "item", *embedding_columns(self.manifest)[1:], "_distance"])
                .limit(k)
                .to_arrow()
            )

    def _nearest(self, table: Any) -> Hits:
        # Lance's dot distance is 1 - cosine for unit vectors.
        similarity = 1.0 - table["_distance"].to_numpy().astype(np.float32)
        return self._hits(table, similarity)

    def scan(self, batch: int = 1024) -> Iterator[Hits]:
        """Every view, in batches; similarity is zero."""
        with errors(self.uri):
            query = self._views.search().select(["id", "item", "map"]).limit(None)
            for part in query.to_batches(batch):
                if part.num_rows:
                    yield self._hits(part, np.zeros(part.num_rows, np.float32))

    def blob(self, name: str) -> bytes | None:
        """What is kept beside the rows under a name of ``BLOBS``."""
        with errors(self.uri):
            return read_blob(self._folder, BLOBS[name])

    def stats(self) -> StoreStats:
        """Counts and sizes."""
        with errors(self.uri):
            kinds = [index.index_type for index in self._views.list_indices()]
            return StoreStats(
                items=int(self._items.count_rows()),
                views=int(self._views.count_rows()),
                bytes=measure(self._folder),
                index=", ".join(kinds) or "none",
            )

    # -- inside ------------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with errors(self.uri), self._turn, lock(self._folder):
            self.foreign += self.version() != self.left
            yield
            self.left = self.version()

    def _rows(self, table: Any, columns: list[str], filters: Iterable[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        with errors(self.uri):
            for where in filters:
                query = table.search().select(columns).limit(None)
                query = query.where(where) if where else query
                rows += query.to_arrow().to_pylist()
        return rows

    def _hits(self, table: Any, similarity: F32) -> Hits:
        maps = np.frombuffer(b"".join(table["map"].to_pylist()), np.int8)
        return Hits(
            views=table["id"].to_pylist(),
            items=table["item"].to_pylist(),
            similarity=similarity,
            maps=maps.reshape(-1, *self.manifest.map_shape),
            described=table["description"].to_pylist()
            if "description" in table.schema.names
            else (),
        )
