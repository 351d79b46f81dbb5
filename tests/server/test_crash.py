"""Killed while it writes, and stopped while it works: what was acknowledged is there."""

from __future__ import annotations

import concurrent.futures
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from obverse.catalogue.catalogue import Catalogue
from obverse.server.corrections import read
from tests.server.conftest import PATIENCE, Coins, Serve, Served, until

pytestmark = pytest.mark.xdist_group("server")

KILLS = 2


def variant(photo: bytes, number: int) -> bytes:
    """The same coin, other bytes."""
    pixels = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    pixels = cv2.resize(pixels, (300 + number % 50, 300))
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 60 + number % 30])[1].tobytes()


class Writers:
    """Two clients that add, edit, delete, undo and correct, and note what was acknowledged."""

    def __init__(self, server: Served, photo: bytes, run: int) -> None:
        self.server, self.photo, self.run = server, photo, run
        self.there: dict[str, str] = {}
        self.gone: set[str] = set()
        self.corrections: set[str] = set()
        self.unsure: set[str] = set()
        self.registered = 0
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._write, args=(n,)) for n in range(2)]
        for thread in self.threads:
            thread.start()

    def wait_for(self, count: int) -> None:
        """Until so many items were acknowledged."""
        until(lambda: self.registered >= count, self.server.log)

    def end(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def _write(self, who: int) -> None:
        with httpx.Client(base_url=self.server.url, timeout=PATIENCE, trust_env=False) as http:
            number = 0
            while not self.stopped.is_set():
                number += 1
                id = f"run{self.run}-{who}-{number}"
                self.unsure.add(id)
                try:
                    self._one(http, id, number)
                except httpx.TransportError:
                    return
                self.unsure.discard(id)

    def _one(self, http: httpx.Client, id: str, number: int) -> None:
        data = variant(self.photo, number)
        files = {"photo": data}
        assert http.post("/v1/items", files=files, data={"item": id}).status_code == 201
        self.registered += 1
        self.there[id] = ""
        self._ok(http.patch(f"/v1/items/{id}", json={"title": id.upper()}))
        self.there[id] = id.upper()
        if number % 3 == 0:
            told = self._ok(http.post("/v1/corrections", files=files, data={"item": id}))
            self.corrections.add(told["id"])
        if number % 2 == 0:
            token = self._ok(http.delete(f"/v1/items/{id}"))
            del self.there[id]
            self.gone.add(id)
            if number % 4 == 0:
                self._ok(http.post("/v1/undo", json=token))
                self.gone.discard(id)
                self.there[id] = id.upper()

    def _ok(self, answer: httpx.Response) -> Any:
        assert answer.status_code in (200, 201), answer.text
        return answer.json()


def test_nothing_acknowledged_is_lost(serve: Serve, coins: Coins, tmp_path: Path) -> None:
    place = tmp_path / "coins.obv"
    shutil.copytree(coins.catalogue, place)
    _, photo = coins.photo()
    there: dict[str, str] = {}
    corrections: set[str] = set()
    unsure: set[str] = set()
    gone: set[str] = set()
    for run in range(KILLS):
        server = serve(place)
        writers = Writers(server, photo, run)
        writers.wait_for(3 + 2 * run)
        time.sleep(0.05 * run)
        server.end(signal.SIGKILL)
        writers.end()
        there |= writers.there
        corrections |= writers.corrections
        unsure |= writers.unsure
        gone |= writers.gone
        with Catalogue(place, create=False) as catalogue:
            found = {item.id: item.title for item in catalogue.items()}
            shown = {view.item for view in catalogue.views()}
        for id, title in there.items():
            if id not in unsure:  # what was under way may be done or not
                assert found.get(id) == title, f"{id} was acknowledged"
                assert id in shown
        assert not (writers.gone & set(found)) - unsure
    assert corrections <= {line["id"] for line in read(place)}
    assert len(there | dict.fromkeys(gone)) > 2 * KILLS


def test_a_graceful_stop_finishes_what_it_accepted(serve: Serve, coins: Coins) -> None:
    server = serve(workers=1, stop_seconds=int(PATIENCE))
    _, photo = coins.photo()

    def ask(_: int) -> int:
        with httpx.Client(base_url=server.url, timeout=PATIENCE, trust_env=False) as http:
            return http.post("/v1/identify", files={"photo": photo}).status_code

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask, n) for n in range(6)]
        while server.http.get("/metrics").text.count("obverse_ask_waiting 4.0") == 0:
            if all(one.done() for one in asked):
                break
        code = server.end(signal.SIGTERM)
        assert [one.result() for one in asked] == [200] * 6
    assert code in (0, -signal.SIGTERM)
    assert '"event": "stopped"' in server.log()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/healthz", trust_env=False)
