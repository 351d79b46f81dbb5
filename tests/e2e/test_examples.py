"""The examples run, and the manual's code is real."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.conftest import Minted, run_command

pytestmark = pytest.mark.xdist_group("e2e")

EXAMPLES = Path(__file__).parents[2] / "examples"


def run_example(name: str, *args: object, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name, *map(str, args)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        # What an example measures is cached within its own folder.
        env={**os.environ, "OBVERSE_CACHE": str(folder)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_quickstart(minted: Minted, query: Path, tmp_path: Path) -> None:
    out = run_example("quickstart.py", minted.photos, query, folder=tmp_path)
    assert out.startswith(f"{len(minted.of('catalogue'))} added, 0 already there, 0 failed\n")
    assert len(out.splitlines()) == 2


def test_sort_photos(minted: Minted, catalogue: Path, query: Path, tmp_path: Path) -> None:
    out = run_example("sort_photos.py", catalogue, query.parent, "sorted", folder=tmp_path)
    lines = [line.split("\t") for line in out.splitlines()]
    assert lines
    assert all((tmp_path / "sorted" / folder / name).is_file() for name, folder in lines)


def test_own_finder(minted: Minted, tmp_path: Path) -> None:
    scan = next(minted.photos.glob("*/*"))
    out = run_example("own_finder.py", scan, "found.png", folder=tmp_path)
    assert "found" in out
    with Image.open(tmp_path / "found.png") as picture:
        assert max(picture.size) == 1600


def test_compare_pictures(minted: Minted, tmp_path: Path) -> None:
    scan = next(minted.photos.glob("*/*"))
    out = run_example("compare_pictures.py", scan, scan, "matches.png", folder=tmp_path)
    assert "mean squared error 0, structural similarity 1.000" in out
    assert "0 of 64 bits" in out
    with Image.open(tmp_path / "matches.png") as picture:
        assert picture.width > picture.height


def test_histogram_search(minted: Minted, tmp_path: Path) -> None:
    queries = tmp_path / "queries"
    queries.mkdir()
    scans = sorted(minted.photos.glob("*/*"))[:4]
    for scan in scans:
        with Image.open(scan) as picture:
            picture.rotate(90).save(queries / f"turned-{scan.stem}.png")
    run_example("histogram_search.py", minted.photos, "queries", "best.csv", folder=tmp_path)
    with (tmp_path / "best.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [r["query"] for r in rows] == sorted(p.name for p in queries.iterdir())
    assert {r["source"]: r["query"] for r in rows} == {
        scan.name: f"turned-{scan.stem}.png" for scan in scans
    }


def test_visual_words(minted: Minted, tmp_path: Path) -> None:
    scan = sorted(minted.photos.glob("*/*"))[3]
    out = run_example("visual_words.py", "words.obv", minted.photos, scan, folder=tmp_path)
    lines = out.splitlines()
    assert lines[0] == f"{len(minted.of('catalogue'))} added"
    assert lines[1].split() == ["1.000", scan.parent.name]


def test_which_embedder(minted: Minted, tmp_path: Path) -> None:
    names = ("phash", "hist-gray-256,pca:4")
    out = run_example("which_embedder.py", minted.protocol, *names, folder=tmp_path)
    assert [line.split()[0] for line in out.splitlines()] == ["embedder", *names]


def test_smaller_vectors(catalogue: Path, tmp_path: Path) -> None:
    out = run_example("smaller_vectors.py", catalogue, folder=tmp_path)
    assert "1024 -> 32 bytes" in out
    assert "sq8            1024 -> 256 bytes, 100% the same" in out


def test_rank_again(minted: Minted, tmp_path: Path) -> None:
    place = tmp_path / "hog.obv"
    scans = sorted(minted.photos.glob("*/*"))
    assert run_command("add", place, minted.photos, "--embedder", "hog").code == 0
    out = run_example("rank_again.py", place, scans[0], folder=tmp_path)
    lines = [line.split(": ") for line in out.splitlines()]
    names = ["as found", "qe:3", "reciprocal", "diffusion", "csls"]
    assert [name for name, _ in lines] == names
    assert all(items.split()[0] == scans[0].parent.name for _, items in lines)


def test_every_example_is_listed_and_tested() -> None:
    names = {path.name for path in EXAMPLES.glob("*.py")}
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    here = Path(__file__).read_text(encoding="utf-8")
    assert all(f"`{name}`" in listed and f'"{name}"' in here for name in names)
