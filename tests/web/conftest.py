"""The web app in a real browser, before a server of minted coins."""

from __future__ import annotations

import csv
import io
import os
import shutil
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from obverse.evaluate import evaluate, write
from tests.e2e.conftest import COMMAND, run_command
from tests.evaluate.fakes import FakeEngine, make_protocol
from tests.evaluate.test_run import REPLIES, ROWS

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
TYPES, PHOTOS = 6, 2
"""Six types, as the mint leaves the sixth out of the catalogue: its photos are the unknown ones."""
PATIENCE_MS = 60_000
READY_SECONDS = 180.0
api.expect.set_options(timeout=PATIENCE_MS)


@dataclass(frozen=True)
class Coins:
    """Minted coins, the catalogue made of them, and the report of an evaluation (of fakes).

    Attributes:
        known: item to its photos, one of each side; the catalogue holds these items.
        unknown: photos of an item that it does not hold.
        pictures: item to its catalogue pictures.
        titles: item to its title.
    """

    root: Path
    catalogue: Path
    report: Path
    known: dict[str, list[Path]]
    unknown: list[Path]
    pictures: dict[str, list[Path]]
    titles: dict[str, str]

    @property
    def items(self) -> list[str]:
        return sorted(self.known)


@pytest.fixture(scope="session")
def coins(tmp_path_factory: pytest.TempPathFactory) -> Coins:
    root = tmp_path_factory.mktemp("web")
    _run("mint", root / "coins", "--types", TYPES, "--photos", PHOTOS, "--seed", 3)
    base = root / "coins"
    protocol = _table(base / "protocol.csv")
    held = {row["item"] for row in protocol if row["role"] == "catalogue"}
    rows = [row for row in _table(base / "catalogue.csv") if row["item"] in held]
    _write(base / "held.csv", rows)
    _run("add", root / "coins.obv", base / "held.csv")
    asked = make_protocol(root, ROWS)
    told = evaluate(asked, cache=root / "cache", max_wrong=0.125, engine=FakeEngine(REPLIES))
    write(told, root / "report")
    known: dict[str, list[Path]] = {}
    pictures: dict[str, list[Path]] = {}
    for row in protocol:
        place = {"query": known, "catalogue": pictures}.get(row["role"])
        if place is not None:
            place.setdefault(row["item"], []).append(base / row["photo"])
    unknown = [base / row["photo"] for row in protocol if row["role"] == "unknown"]
    titles = {row["item"]: row["title"] for row in rows}
    return Coins(root, root / "coins.obv", root / "report", known, unknown, pictures, titles)


def _run(*args: object) -> None:
    done = run_command(*args)
    assert done.code == 0, done.err


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


class Served:
    """``obverse serve`` with a catalogue of its own."""

    def __init__(self, coins: Coins, place: Path, *options: object) -> None:
        shutil.copytree(coins.catalogue, place / "coins.obv")
        self.log = place / "log.txt"
        with self.log.open("w") as out:
            options = ("--port=0", "--rate=0", f"--report={coins.report}", *options)
            self.process = subprocess.Popen(
                [str(COMMAND), "serve", str(place / "coins.obv"), *map(str, options)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        ends = time.monotonic() + READY_SECONDS
        self.url = ""
        while not self._ready():
            assert time.monotonic() < ends, self.log.read_text()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)

    def _ready(self) -> bool:
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("http")]
        self.url = lines[0].rstrip("/") if lines else ""
        try:
            return bool(self.url) and self.get("/readyz") == 200
        except (urllib.error.URLError, OSError):
            return False

    def get(self, path: str) -> int:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with urllib.request.urlopen(self.url + path, timeout=60, context=context) as response:
            return int(response.status)

    def end(self, how: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(60)


@pytest.fixture(scope="session")
def served(coins: Coins, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One that anyone on this machine may write to; each test leaves the coins as they were."""
    server = Served(coins, tmp_path_factory.mktemp("served"))
    yield server
    server.end()


@pytest.fixture(scope="session")
def film(coins: Coins, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake camera sees: a photo of the first item, still, as Motion JPEG."""
    photo = Image.open(coins.known[coins.items[0]][0]).convert("RGB")
    photo.thumbnail((720, 720))
    frame = Image.new("RGB", (960, 720), photo.getpixel((2, 2)))
    frame.paste(photo, ((960 - photo.width) // 2, (720 - photo.height) // 2))
    data = io.BytesIO()
    frame.save(data, "JPEG", quality=88)
    path = tmp_path_factory.mktemp("film") / "coin.mjpeg"
    path.write_bytes(data.getvalue() * 5)
    return path


@pytest.fixture(scope="session")
def tray(coins: Coins, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of four coins: three that the catalogue holds, and the one that it does not."""
    scans = [coins.pictures[item][0] for item in coins.items[:3]]
    scans.append(next(p for p in sorted(coins.root.glob("coins/catalogue/*/obverse.jpg"))
                      if p.parent.name not in coins.known))  # fmt: skip
    felt = Image.new("RGB", (1100, 1100), (38, 62, 48))
    disc = Image.new("L", (420, 420))
    ImageDraw.Draw(disc).ellipse((5, 5, 414, 414), fill=255)
    for k, path in enumerate(scans):
        coin = Image.open(path).convert("RGB").resize((420, 420)).rotate(37 * k)
        felt.paste(coin, (80 + 520 * (k % 2), 80 + 520 * (k // 2)), disc)
    path = tmp_path_factory.mktemp("tray") / "tray.jpg"
    felt.save(path, quality=90)
    return path


@pytest.fixture(scope="session")
def browser(film: Path) -> Iterator[Any]:
    command = next(filter(None, map(shutil.which, NAMES)), None)
    if command is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    with api.sync_playwright() as playwright:
        camera = f"--use-file-for-fake-video-capture={film}"
        running = playwright.chromium.launch(executable_path=command, args=[*QUIET, camera])
        yield running
        running.close()


@dataclass
class Watch:
    """What must not happen on a page, and did."""

    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


Visit = Callable[..., Any]


@pytest.fixture
def visit(browser: Any, served: Served) -> Iterator[Visit]:
    """Open the app: ``visit("#/collection", locale="zh-CN", …)``. At the end, no page may have
    logged an error, and none may have asked anybody but its server for anything."""
    opened: list[tuple[Any, Watch]] = []

    def open_page(place: str = "", *, server: Served = served, **options: Any) -> Any:
        options = {"locale": "en-GB", "reduced_motion": "reduce", **options}
        context = browser.new_context(viewport=options.pop("viewport", PHONE), **options)
        context.set_default_timeout(PATIENCE_MS)
        watch = Watch()
        opened.append((context, watch))
        page = context.new_page()
        page.on("pageerror", lambda error: watch.errors.append(str(error)))
        page.on("console", lambda m: watch.errors.append(m.text) if m.type == "error" else None)
        context.on("request", lambda request: _judge(request.url, server.url, watch))
        page.watch = watch
        page.goto(f"{server.url}/{place}")
        page.wait_for_selector("h1")
        return page

    yield open_page
    for context, watch in opened:
        context.close()
        assert not watch.foreign
        assert not watch.errors


PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}


def _judge(url: str, own: str, watch: Watch) -> None:
    if not url.startswith((own + "/", "blob:", "data:")):
        watch.foreign.append(url)


def expect(what: Any) -> Any:
    """Playwright's assertions, which wait; unlike ``wait_for_function`` they need no eval, which
    the app's content security policy refuses."""
    return api.expect(what)


def ask(page: Any, *photos: Path) -> Any:
    """Give photos to the page's places for them, and wait for the answer."""
    for place, photo in zip(page.locator(".slot input").all(), photos, strict=True):
        place.set_input_files(photo)
    page.wait_for_selector(".answer")
    return page


def toast(page: Any) -> str:
    return str(page.locator(".toast > span").inner_text())
