"""The examples run, and the manual's code is real."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.conftest import Few, Minted, run_command

pytestmark = pytest.mark.xdist_group("e2e")

EXAMPLES = Path(__file__).parents[2] / "examples"


def start_example(name: str, *args: object, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name, *map(str, args)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        # What an example measures is cached within its own folder.
        env={**os.environ, "OBVERSE_CACHE": str(folder)},
    )


def run_example(name: str, *args: object, folder: Path) -> str:
    done = start_example(name, *args, folder=folder)
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


def test_histogram_search(few: Few, tmp_path: Path) -> None:
    queries = tmp_path / "queries"
    queries.mkdir()
    scans = sorted(few.scans.iterdir())[:4]
    for scan in scans:
        with Image.open(scan) as picture:
            picture.rotate(90).save(queries / f"turned-{scan.stem}.png")
    run_example("histogram_search.py", few.scans, "queries", "best.csv", folder=tmp_path)
    with (tmp_path / "best.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    expected = [{"source": scan.name, "query": f"turned-{scan.stem}.png"} for scan in scans]
    assert rows == expected


def test_visual_words(few: Few, tmp_path: Path) -> None:
    scan = sorted(few.scans.iterdir())[3]
    out = run_example("visual_words.py", "words.obv", few.scans, scan, folder=tmp_path)
    lines = out.splitlines()
    assert lines[0] == "8 added"
    assert lines[1].split() == ["1.000", scan.stem.rpartition("_")[0]]


def test_which_embedder(few: Few, tmp_path: Path) -> None:
    names = ("phash", "hist-gray-256,pca:4")
    out = run_example("which_embedder.py", few.protocol, *names, folder=tmp_path)
    assert [line.split()[0] for line in out.splitlines()] == ["embedder", *names]


def test_smaller_vectors(catalogue: Path, tmp_path: Path) -> None:
    out = run_example("smaller_vectors.py", catalogue, folder=tmp_path)
    assert "1024 -> 32 bytes" in out
    assert "sq8            1024 -> 256 bytes, 100% the same" in out


def test_rank_again(few: Few, tmp_path: Path) -> None:
    place = tmp_path / "hog.obv"
    scan = sorted(few.scans.iterdir())[0]
    made = run_command("add", place, few.scans, "--recipe", "flat", "--embedder", "hog")
    assert made.code == 0, made.err
    out = run_example("rank_again.py", place, scan, folder=tmp_path)
    found = dict(line.split(": ") for line in out.splitlines())
    assert list(found) == ["as found", "qe:3", "reciprocal", "diffusion", "csls"]
    assert all(len(items.split()) == 3 for items in found.values())
    item = scan.stem.rpartition("_")[0]
    assert [found[name].split()[0] for name in ("as found", "qe:3")] == [item, item]


@pytest.mark.parametrize(
    ("name", "args", "code"),
    [
        ("rank_again.py", ("nope.obv", "x.jpg"), 2),
        ("histogram_search.py", ("nope", "nope", "x.csv"), 1),
        ("quickstart.py", ("nope", "nope.jpg"), 1),
        ("sort_photos.py", ("CATALOGUE", "nope", "sorted"), 1),
        ("which_embedder.py", ("PROTOCOL", "nosuch"), 2),
    ],
)
def test_what_is_not_there_is_one_line(
    name: str, args: tuple[str, ...], code: int, catalogue: Path, few: Few, tmp_path: Path
) -> None:
    there = {"CATALOGUE": catalogue, "PROTOCOL": few.protocol}
    done = start_example(name, *(there.get(arg, arg) for arg in args), folder=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (code, 1), done.stderr
    assert "nope" in done.stderr or "nosuch" in done.stderr


def test_every_example_is_listed_and_tested() -> None:
    names = {path.name for path in EXAMPLES.glob("*.py")}
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    here = Path(__file__).read_text(encoding="utf-8")
    assert all(f"`{name}`" in listed and f'"{name}"' in here for name in names)
