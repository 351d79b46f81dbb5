"""Served catalogues of minted coins: each in a process of its own, talked to by HTTP."""

from __future__ import annotations

import json
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from obverse.catalogue.catalogue import Catalogue
from obverse.catalogue.importers import Row
from obverse.mint.workshop import mint

ROOT = Path(__file__).parents[2]
TYPES, PHOTOS = 5, 1
PATIENCE = 180.0
"""Seconds that anything may take before it counts as never happening: the machine may be slow and
busy. Tests wait for a state, never for a time."""


@dataclass(frozen=True)
class Coins:
    """Minted coins: a catalogue of all but the last one, and photos of each by item."""

    catalogue: Path
    photos: dict[str, Path]
    pictures: dict[str, list[Path]]
    left_out: str

    def photo(self, number: int = 0) -> tuple[str, bytes]:
        """An item that the catalogue holds, and a photo of it."""
        item = sorted(i for i in self.photos if i != self.left_out)[number]
        return item, self.photos[item].read_bytes()


@pytest.fixture(scope="session")
def coins(tmp_path_factory: pytest.TempPathFactory) -> Coins:
    root = tmp_path_factory.mktemp("served")
    mint(root / "coins", types=TYPES, photos=PHOTOS, seed=11, size=320)
    pictures: dict[str, list[Path]] = {}
    photos: dict[str, Path] = {}
    for folder in sorted((root / "coins" / "catalogue").iterdir()):
        pictures[folder.name] = sorted(folder.iterdir())
    table = (root / "coins" / "protocol.csv").read_text("utf-8").splitlines()
    head = table[0].split(",")
    for line in table[1:]:
        row = dict(zip(head, line.split(","), strict=False))
        if row["role"] != "catalogue":
            photos[row["item"]] = root / "coins" / row["photo"]
    left_out = sorted(photos)[-1]
    rows = [
        Row(path, item, path.stem, item.title(), {"country": item.partition("-")[0]})
        for item, paths in pictures.items()
        for path in paths
        if item != left_out
    ]
    uri = root / "coins.obv"
    with Catalogue(uri) as catalogue:
        assert catalogue.add(rows).added == 2 * (TYPES - 1)
    return Coins(uri, photos, pictures, left_out)


class Served:
    """A server in a process of its own."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 closed when it is killed
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.server.child", json.dumps(settings)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log()
        self.port = int(line)
        certificate = settings.get("certificate")
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        trusts = ssl.create_default_context(cafile=certificate)
        self.http = httpx.Client(
            base_url=self.url, timeout=PATIENCE, trust_env=False, verify=trusts
        )

    def wait(self) -> Served:
        """Until it is ready."""
        until(lambda: self.http.get("/readyz").status_code == 200, self.log)
        return self

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read().decode()

    def end(self, how: int = signal.SIGTERM) -> int:
        """Stop it; its exit code."""
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        if how == signal.SIGKILL:
            self._log.close()
        return code


def until(is_so: Callable[[], bool], said: Callable[[], str] = str) -> None:
    """Wait for a state; ``said`` tells what to report if it never comes."""
    ends = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < ends, said()
        time.sleep(0.02)


Serve = Callable[..., Served]


@pytest.fixture(scope="session")
def serve(coins: Coins, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Serve a copy of the catalogue, or the one named, with these settings."""
    running: list[Served] = []

    def start(catalogue: Path | None = None, **settings: Any) -> Served:
        if catalogue is None:
            catalogue = tmp_path_factory.mktemp("own") / "coins.obv"
            shutil.copytree(coins.catalogue, catalogue)
        served = Served({"catalogue": str(catalogue), "rate": 0, "read_rate": 0, **settings})
        running.append(served)
        return served.wait()

    yield start
    for served in running:
        served.end(signal.SIGKILL)


@pytest.fixture(scope="session")
def server(serve: Serve) -> Served:
    """One that anyone on this machine may write to; each test leaves the coins as they were."""
    return serve(max_megapixels=64)


def ask(server: Served, path: str, *photos: bytes, **fields: Any) -> httpx.Response:
    """Photos and fields by a form; the file names mean no good."""
    files = [("photo", ("../../etc/passwd", data)) for data in photos]
    return server.http.post(path, files=files, data=fields)


def decode(data: bytes) -> np.ndarray[Any, Any]:
    """A picture's pixels, as OpenCV orders them."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels
