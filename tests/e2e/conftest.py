"""The installed command, run as a user runs it, on coins minted for the purpose."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(sys.executable).parent / "obverse"
TYPES, PHOTOS = 8, 2


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@dataclass(frozen=True)
class Minted:
    """Minted coins: the protocol's rows, and the catalogue pictures as a folder per item."""

    root: Path
    protocol: Path
    rows: list[dict[str, str]]
    photos: Path

    def of(self, role: str) -> list[dict[str, str]]:
        return [row for row in self.rows if row["role"] == role]


def run_command(*args: object, command: Path = COMMAND, **options: Any) -> Result:
    """Run ``obverse`` to its end; a traceback is a failure, whatever the test is about."""
    environment = {k: v for k, v in os.environ.items() if k != "OBVERSE_DEBUG"}
    environment |= {"OMP_NUM_THREADS": "1", **options.pop("env", {})}
    done = subprocess.run(
        [str(command), *map(str, args)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=environment,
        timeout=options.pop("timeout", 300),
        check=False,
        **options,
    )
    result = Result(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
    assert "Traceback" not in result.err, result.err
    return result


@pytest.fixture(scope="session")
def run() -> Run:
    return run_command


@pytest.fixture(scope="session")
def minted(tmp_path_factory: pytest.TempPathFactory) -> Minted:
    root = tmp_path_factory.mktemp("coins")
    done = run_command("mint", root, "--types", TYPES, "--photos", PHOTOS, "--seed", 7)
    assert done.code == 0, done.err
    protocol = next(root.rglob("protocol.csv"))
    with protocol.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    photos = tmp_path_factory.mktemp("photos")
    for row in rows:
        if row["role"] == "catalogue":
            source = protocol.parent / row["photo"]
            folder = photos / row["item"]
            folder.mkdir(exist_ok=True)
            shutil.copy(source, folder / source.name)
    return Minted(root, protocol, rows, photos)


@dataclass(frozen=True)
class Few:
    """Eight scans in one folder, as ITEM_SIDE.jpg, and a protocol of them and a few photos."""

    scans: Path
    protocol: Path


@pytest.fixture(scope="session")
def few(minted: Minted, tmp_path_factory: pytest.TempPathFactory) -> Few:
    root = tmp_path_factory.mktemp("few")
    (root / "scans").mkdir()
    rows = [("photo", "role", "item")]
    for scan in sorted(minted.photos.glob("*/*"))[:8]:
        name = f"scans/{scan.parent.name}_{scan.name}"
        shutil.copy(scan, root / name)
        rows.append((name, "catalogue", scan.parent.name))
    known = {item for _, _, item in rows}
    asked = [row for row in minted.of("query") if row["item"] in known][:5]
    for n, row in enumerate(asked):
        shutil.copy(minted.protocol.parent / row["photo"], root / f"{n}.jpg")
        rows.append((f"{n}.jpg", "query", row["item"]))
    with (root / "protocol.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return Few(root / "scans", root / "protocol.csv")


@pytest.fixture(scope="session")
def catalogue(minted: Minted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of all minted items; for reading only."""
    place = tmp_path_factory.mktemp("catalogue") / "coins.obv"
    done = run_command("add", place, minted.photos)
    assert done.code == 0, done.err
    return place


@pytest.fixture(scope="session")
def query(minted: Minted) -> Path:
    """A photo of an item that the catalogue holds."""
    return minted.protocol.parent / minted.of("query")[0]["photo"]


@pytest.fixture
def own_catalogue(catalogue: Path, tmp_path: Path) -> Path:
    """A copy of the catalogue, to change."""
    place = tmp_path / "own.obv"
    shutil.copytree(catalogue, place)
    return place


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    path = tmp_path / "damaged.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 and then nothing of use")
    return path
