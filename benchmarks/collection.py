"""A collection of 100,000 items over HTTP and in a browser: the first page, a jump to the middle.

    python benchmarks/collection.py
    python benchmarks/collection.py --items 10000

The rows are written straight into the store: minted designs, pictures of 96 pixels. The browser is
Chromium, if it and playwright are installed.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from material import make_scans
from obverse import Catalogue, Item
from server import resident_mb, served

SCANS, SIDE, WRITE = 12, 96, 2000
COUNTRIES = ("Norland", "Sudland", "Ostland", "Westland", "Insel")
SCREENS = {"phone": (390, 844), "desktop": (1280, 860)}
ASKED = {
    "the first 100": "limit=100",
    "100 from the middle": "limit=100&offset={middle}",
    "a word that few have": "q=000777",
    "an attribute that a fifth has": "country=Insel",
    "by year": "sort=year&limit=100",
}
TIMES = 5
PICTURES = """[...document.querySelectorAll(".tile img")].every((image) => {
  const { top, bottom } = image.getBoundingClientRect();
  return bottom < 0 || top > innerHeight || (image.complete && image.naturalWidth > 0);
}) && document.querySelectorAll(".tile img").length > 0"""
"""Are all pictures in sight there?"""


def fill(uri: Path, scans: Path, count: int) -> None:
    """A catalogue of so many items with a view each."""
    rng = np.random.default_rng(0)
    with Catalogue(uri) as catalogue:
        catalogue.add(make_scans(scans, SCANS))
        real = [replace(v, thumbnail=_small(v.thumbnail)) for v in _views(catalogue)]
        catalogue.remove([item.id for item in catalogue.items()])
        for start in range(0, count, WRITE):
            views, items = [], []
            for number in range(start, min(count, start + WRITE)):
                view = real[number % len(real)]
                assert view.embedding is not None
                vector = view.embedding.vector + rng.normal(0, 0.1, len(view.embedding.vector))
                vector = (vector / np.linalg.norm(vector)).astype(np.float32)
                views.append(
                    replace(
                        view,
                        id=f"{number:024x}",
                        item=f"c{number:06d}",
                        sha256=f"{number:064x}",
                        embedding=replace(view.embedding, vector=vector),
                    )
                )
                said = {"country": COUNTRIES[number % 5], "year": 1800 + number % 220}
                items.append(Item(f"c{number:06d}", f"Coin number {number:06d}", said))
            catalogue.store.put(views, items)
        catalogue.store.optimise()


def _views(catalogue: Catalogue) -> list[Any]:
    return catalogue.store.views(embeddings=True)


def _small(thumbnail: bytes) -> bytes:
    stream = io.BytesIO()
    Image.open(io.BytesIO(thumbnail)).resize((SIDE, SIDE)).save(stream, "JPEG", quality=70)
    return stream.getvalue()


def milliseconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - start)


def over_http(url: str, count: int) -> None:
    with httpx.Client(base_url=url, timeout=120) as http:
        for name, query in ASKED.items():
            path = f"/v1/items?{query.format(middle=count // 2)}"
            spent = [milliseconds(partial(http.get, path)) for _ in range(TIMES)]
            print(f"{name}: {np.median(spent):.0f} ms, the first time {spent[0]:.0f}")


def in_a_browser(url: str) -> None:
    command = shutil.which("chromium") or shutil.which("google-chrome")
    if command is None:
        print("no browser: chromium is not installed")
        return
    from playwright.sync_api import sync_playwright

    shown = "[...document.querySelectorAll('.tile:not(.blank) strong')].map((e) => e.textContent)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=["--no-sandbox"])
        for name, (width, height) in SCREENS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            start = time.perf_counter()
            page.goto(f"{url}/#/collection")
            page.wait_for_selector(".tile:not(.blank)")
            first = time.perf_counter() - start
            top = set(page.evaluate(shown))
            start = time.perf_counter()
            page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
            while not set(page.evaluate(shown)) - top:
                time.sleep(0.01)
            jump = time.perf_counter() - start
            while not page.evaluate(PICTURES):
                time.sleep(0.01)
            pictures = time.perf_counter() - start
            nodes = page.evaluate("document.querySelectorAll('*').length")
            print(f"{name}: first items {first:.2f} s, the middle {jump:.2f} s,", end=" ")
            print(f"with pictures {pictures:.2f} s, {nodes} elements")
            page.close()
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--items", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="obverse-", ignore_cleanup_errors=True) as name:
        uri = Path(name, "coins.obv")
        fill(uri, Path(name, "scans"), options.items)
        print(f"{options.items:,} items, load {os.getloadavg()[0]:.1f}")
        with served(uri, "--rate", "0") as (url, process):
            over_http(url, options.items)
            in_a_browser(url)
            print(f"the server holds {resident_mb(process):.0f} MB")


if __name__ == "__main__":
    main()
