"""Writers killed with SIGKILL at any moment, and several of them at once.

What a writer has reported must be there afterwards, exactly, once; the rest must be possible.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest

from obverse.catalogue.catalogue import Catalogue
from obverse.catalogue.folder import exists
from obverse.catalogue.lance import LanceStore
from obverse.errors import CatalogueMissing
from tests.catalogue.samples import items_of, make_manifest, make_view, same
from tests.coins import face

ROOT = Path(__file__).parents[2]
KILLS_IN_CREATE, KILLS_IN_WRITES, KILLS_IN_ADD, KILLS_BESIDE = 6, 6, 3, 2

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL"),
]


class Writer:
    """A child that waits until told to go, and whose reports are read as they come."""

    def __init__(self, *args: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.catalogue.writer", *map(str, args)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.said = ""
        self._readers = [threading.Thread(target=self._read), threading.Thread(target=self._hear)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        # A line without its end was cut off by the kill and was never reported.
        self.lines.extend(line[:-1] for line in self.process.stdout if line.endswith("\n"))

    def _hear(self) -> None:
        assert self.process.stderr is not None
        self.said = self.process.stderr.read()

    def wait_for(self, line: str) -> None:
        while line not in self.lines:
            assert self.process.poll() is None, self.said
            time.sleep(0.002)

    def wait_for_reports(self, count: int) -> None:
        """Until it has reported so many views."""
        while sum(line.startswith("view") for line in self.lines) < count:
            assert self.process.poll() is None, self.said
            time.sleep(0.002)

    def go(self) -> None:
        self.wait_for("ready")
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def end(self, *, kill: bool = False) -> list[str]:
        """Its reports, once it has ended (or was killed now)."""
        if kill:
            self.process.kill()
        code = self.process.wait(300)
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        assert kill or (code == 0 and self.said == ""), self.said
        return [line for line in self.lines if line not in ("ready", "done")]


@contextmanager
def writers(*commands: tuple[object, ...]) -> Iterator[list[Writer]]:
    """Several children that start at the same moment; none outlives the block."""
    running = [Writer(*command) for command in commands]
    try:
        for writer in running:
            writer.wait_for("ready")
        for writer in running:
            writer.go()
        yield running
    finally:
        for writer in running:
            if writer.process.poll() is None:
                writer.end(kill=True)


def check_rows(uri: Path, reported: set[str]) -> LanceStore:
    """Everything reported is there with its bytes, nothing is there twice or by half."""
    store = LanceStore.open(uri)
    views = store.views(embeddings=True)
    ids = [view.id for view in views]
    assert len(set(ids)) == len(ids)
    assert reported <= set(ids)
    assert all(same(view, make_view(int(view.id[4:]))) for view in views)
    assert {view.item for view in views} <= {item.id for item in store.items()}
    assert sorted(i for h in store.scan() for i in h.views) == sorted(ids)
    return store


def test_killed_while_creating(tmp_path: Path) -> None:
    # How long it takes here and now, from the word to the first report; killed at shares of that,
    # the last one once it has reported.
    with writers(("rows", tmp_path / "whole.obv", 0, 10**6, 2)) as (writer,):
        begun = time.monotonic()
        writer.wait_for_reports(1)
        took = time.monotonic() - begun
        writer.end(kill=True)
    made = 0
    for n in range(KILLS_IN_CREATE):
        uri = tmp_path / f"{n}.obv"
        with writers(("rows", uri, 0, 10**6, 2)) as (writer,):
            time.sleep(took * n / KILLS_IN_CREATE)
            if n == KILLS_IN_CREATE - 1:
                writer.wait_for_reports(1)
            reported = set(writer.end(kill=True))
        if exists(uri):
            made += 1
            store = check_rows(uri, reported)
        else:
            assert not reported
            with pytest.raises(CatalogueMissing):
                LanceStore.open(uri)
            store = LanceStore.create(uri, make_manifest())
        store.put([make_view(7)], items_of([make_view(7)]))
        check_rows(uri, {*reported, make_view(7).id})
    assert 0 < made < KILLS_IN_CREATE, "the kills no longer fall into the creation"


def test_killed_while_writing(tmp_path: Path) -> None:
    rng = random.Random(2)
    uri = tmp_path / "c.obv"
    reported: set[str] = set()
    for n in range(KILLS_IN_WRITES):
        with writers(("rows", uri, n * 10_000, 10_000, 1 + n % 3)) as (writer,):
            writer.wait_for_reports(rng.randint(1, 60))
            time.sleep(rng.uniform(0, 0.05))
            reported |= set(writer.end(kill=True))
        store = check_rows(uri, reported)
    assert len(reported) > 50
    store.optimise()
    late = make_view(999_999)
    store.put([late], items_of([late]))
    check_rows(uri, {*reported, late.id})
    assert late.embedding is not None
    assert store.search(late.embedding.vector, 5).views[0] == late.id


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 tiny pictures of 16 items."""
    folder = tmp_path_factory.mktemp("pictures")
    for n in range(48):
        path = folder / f"item{n // 3:02}" / f"{n:03}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), face(n, 96))
    return folder


def check_folder(uri: Path, folder: Path) -> None:
    files = sorted(map(str, folder.glob("*/*.png")))
    with Catalogue(uri) as catalogue:
        views = catalogue.views()
        assert sorted(v.source for v in views) == files
        assert len({v.id for v in views}) == len({v.sha256 for v in views}) == len(files)
        assert {i.id for i in catalogue.items()} == {p.name for p in folder.iterdir()}


def test_killed_while_adding(tmp_path: Path, pictures: Path) -> None:
    rng = random.Random(3)
    uri = tmp_path / "c.obv"
    held = 0
    for _ in range(KILLS_IN_ADD):
        with writers(("folder", uri, pictures)) as (writer,):
            count = rng.randint(0, 3)
            while len(writer.lines) <= count and writer.process.poll() is None:
                time.sleep(0.002)
            time.sleep(rng.uniform(0, 0.4))
            lines = writer.end(kill=True)
        added = [int(line.split()[0]) for line in lines if line.endswith("added")]
        # A slow machine may not have made it before the first kill.
        before, held = held, LanceStore.open(uri).stats().views if exists(uri) else 0
        assert before + max(added, default=0) <= held <= 48
    with writers(("folder", uri, pictures)) as (writer,):
        lines = writer.end()
    assert lines[-1] == f"{48 - held} of 48"
    check_folder(uri, pictures)


def test_two_add_the_same_folder_at_once(tmp_path: Path, pictures: Path) -> None:
    uri, some = tmp_path / "c.obv", tmp_path / "pictures"
    for n in range(8):
        shutil.copytree(pictures / f"item{n:02}", some / f"item{n:02}")
    with writers(("folder", uri, some), ("folder", uri, some)) as both:
        for writer in both:
            assert writer.end()[-1].endswith(" of 24")
    check_folder(uri, some)


def test_three_write_at_once(tmp_path: Path) -> None:
    """Two the same rows, one others, all three creating the store."""
    uri = tmp_path / "c.obv"
    commands = [("rows", uri, 0, 150, 3), ("rows", uri, 0, 150, 4), ("rows", uri, 5000, 150, 5)]
    reported: set[str] = set()
    with writers(*commands) as running:
        for writer in running:
            reported |= set(writer.end())
    store = check_rows(uri, reported)
    assert len(reported) == store.stats().views == 300


def test_one_is_killed_and_the_other_goes_on(tmp_path: Path) -> None:
    uri = tmp_path / "c.obv"
    for n in range(KILLS_BESIDE):
        commands = [("rows", uri, n * 1000, 10_000, 1), ("rows", uri, n * 1000 + 500, 100, 2)]
        with writers(*commands) as (killed, living):
            time.sleep(0.2 + 0.2 * n)
            reported = set(killed.end(kill=True))
            reported |= set(living.end())
        check_rows(uri, reported)
        shutil.rmtree(uri)


def test_reading_while_another_writes_and_tidies(tmp_path: Path) -> None:
    uri = tmp_path / "c.obv"
    store = LanceStore.create(uri, make_manifest())
    reads = 0
    with writers(("rows", uri, 0, 400, 2)) as (writer,):
        while writer.process.poll() is None:
            reported = {line for line in writer.lines if line.startswith("view")}
            assert store.stats().views >= len(reported)
            assert reported <= {v.id for v in store.views()}
            assert reported <= {i for h in store.scan(64) for i in h.views}
            if reported:
                one = make_view(int(random.choice(sorted(reported))[4:]))
                assert one.embedding is not None
                assert store.search(one.embedding.vector, 200).views[0] == one.id
            reads += 1
        assert len(writer.end()) == 400
    assert reads >= 5
    check_rows(uri, {f"view{n:06}" for n in range(400)})
