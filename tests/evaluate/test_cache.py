from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from obverse.evaluate import cache
from obverse.evaluate.result import Failed

BASE: dict[str, Any] = {
    "recipe": "coin",
    "models": {"embed": "m1"},
    "views": [("h1", "A", ""), ("h2", "B", "")],
    "code": "c1",
}


def name(**changes: Any) -> str:
    return cache.key(**{**BASE, **changes})


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": "flat"},
        {"models": {"embed": "m2"}},
        {"models": {"embed": "m1", "find": "f"}},
        {"views": [("h1", "A", "")]},
        {"views": [("h1", "A", ""), ("h3", "B", "")]},
        {"views": [("h1", "A", ""), ("h2", "C", "")]},
        {"views": [("h1", "A", "obverse"), ("h2", "B", "")]},
        {"code": "c2"},
    ],
)
def test_key_changes_with_all_that_makes_a_catalogue(change: dict[str, Any]) -> None:
    assert name(**change) != name()


def test_key_does_not_depend_on_the_order_of_the_file() -> None:
    assert name(views=[("h2", "B", ""), ("h1", "A", "")]) == name()


def test_file_hash_is_empty_for_what_cannot_be_read(tmp_path: Path) -> None:
    good = tmp_path / "good"
    good.write_bytes(b"abc")
    assert cache.file_hash(good).startswith("ba7816bf")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert [cache.file_hash(p) for p in (pipe, tmp_path, tmp_path / "none")] == ["", "", ""]


def test_code_hash_sees_the_finder_and_not_the_report(tmp_path: Path) -> None:
    for file in ("find/classical.py", "evaluate/report.py", "draw.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("1")
    first = cache.code_hash(tmp_path)
    (tmp_path / "evaluate/report.py").write_text("2")
    (tmp_path / "draw.py").write_text("2")
    assert cache.code_hash(tmp_path) == first
    (tmp_path / "find/classical.py").write_text("2")
    assert cache.code_hash(tmp_path) != first


def test_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OBVERSE_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.place() == tmp_path / ".cache" / "obverse" / "evaluate"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.place() == tmp_path / ".cache" / "obverse" / "evaluate"
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache.place() == Path("/x/obverse/evaluate")
    monkeypatch.setenv("OBVERSE_CACHE", "/o")
    assert cache.place() == Path("/o/evaluate")
    assert cache.place("mine") == Path("mine")


def test_entry_is_complete_only_with_its_mark_and_its_catalogue(tmp_path: Path) -> None:
    entry = cache.Entry(tmp_path)
    failed = (Failed("a.jpg", "catalogue", "NotAPhoto", "no decoder knows these bytes"),)
    entry.finish(failed)
    assert entry.failed() is None
    entry.catalogue.mkdir()
    assert entry.failed() == failed
    (tmp_path / "done.json").write_text("[{")
    assert entry.failed() is None


def test_prune_keeps_the_latest_and_touches_nothing_else(tmp_path: Path) -> None:
    entries = [tmp_path / f"{i:064x}" for i in range(5)]
    for age, folder in enumerate(entries):
        (folder / "catalogue.obv").mkdir(parents=True)
        os.utime(folder, (1000 - age, 1000 - age))
    for other in ("holiday", "f" * 64):
        (tmp_path / other).mkdir()
        os.utime(tmp_path / other, (1, 1))
    cache.Entry(entries[4]).touch()
    cache.prune(tmp_path, keep=2)
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {entries[4].name, entries[0].name, "holiday", "f" * 64}


def test_what_is_left_aside_is_there() -> None:
    package = Path(cache.__file__).parents[1]
    # The server is a part that is not always installed.
    assert {name for name in cache.ASIDE if not (package / name).exists()} <= {"server"}
    drawn = {path.name for path in package.glob("draw*.py")}
    assert drawn <= set(cache.ASIDE)
