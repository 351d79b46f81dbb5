"""The examples run, and the manual's code is real."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.conftest import Minted

pytestmark = pytest.mark.xdist_group("e2e")

EXAMPLES = Path(__file__).parents[2] / "examples"


def run_example(name: str, *args: object, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name, *map(str, args)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
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


def test_every_example_is_listed_and_tested() -> None:
    names = {path.name for path in EXAMPLES.glob("*.py")}
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    here = Path(__file__).read_text(encoding="utf-8")
    assert all(f"`{name}`" in listed and f'"{name}"' in here for name in names)
