"""``obverse.Client`` where the server is full, or the catalogue changes while it is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import obverse
from obverse.client import wire
from obverse.errors import Busy, NotInCatalogue, TooManyRequests

GONE = 404, json.dumps({"code": "NotInCatalogue", "status": 404}).encode()


class Server:
    """A table of answers. Each request is refused a few times first, without naming an error, as by
    a proxy."""

    def __init__(self) -> None:
        self.refusals, self.status = 0, 503
        self.answers: dict[tuple[str, str], tuple[int, bytes]] = {}
        self.asked: list[tuple[str, str]] = []
        self.waits: list[float] = []
        self._refused: dict[tuple[str, str], int] = {}

    def tell(self, method: str, path: str, told: Any) -> None:
        self.answers[method, path] = 200, told if isinstance(told, bytes) else _json(told)

    def exchange(self, method: str, path: str, *_: Any) -> tuple[int, str, bytes]:
        asked = method, path.partition("?")[0]
        self.asked.append(asked)
        if self._refused.get(asked, 0) < self.refusals:
            self._refused[asked] = self._refused.get(asked, 0) + 1
            return self.status, "3", b"Service Unavailable"
        status, data = self.answers.get(asked, GONE)
        return status, "", data


def _json(told: Any) -> bytes:
    return json.dumps(told).encode()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Of the items ``a`` and ``b`` with a view each, ``av`` and ``bv``."""
    made = Server()
    items: list[dict[str, Any]] = [{"id": id, "title": "", "attributes": {}} for id in ("a", "b")]
    made.tell("GET", "/v1/items", {"total": 2, "items": items})
    for item in items:
        view = {**dict.fromkeys(("side", "sha256", "source", "added"), ""), "upright": 0.0}
        view |= {"id": f"{item['id']}v", "item": item["id"]}
        made.tell("GET", f"/v1/items/{item['id']}", {**item, "views": [view]})
        made.tell("GET", f"/v1/views/{view['id']}/picture", b"picture")
    made.tell("POST", "/v1/items:level", {"turned": 1, "unsure": []})
    made.tell("POST", "/v1/duplicates", {"job": "1"})
    made.tell("GET", "/v1/jobs/1", {"state": "done", "result": {"groups": []}})
    made.tell("POST", "/v1/items:remove", {"views": 1, "undo": "token"})
    made.tell("POST", "/v1/items/a:merge", {"undo": "token"})
    made.tell("POST", "/v1/undo", {"items": ["a"]})
    made.tell("PATCH", "/v1/items/a", {**items[0], "id": "c"})
    monkeypatch.setattr(wire.Wire, "_exchange", lambda _, *asked: made.exchange(*asked))
    monkeypatch.setattr("obverse.client.wire.time.sleep", made.waits.append)
    return made


@pytest.fixture
def client(server: Server) -> obverse.Client:
    return obverse.Client("http://127.0.0.1:1")


@pytest.mark.parametrize("status", [429, 503])
def test_what_may_be_repeated_is_repeated(
    server: Server, client: obverse.Client, status: int, tmp_path: Path
) -> None:
    server.refusals, server.status = wire.TRIES - 1, status
    assert [view.id for view in client.views()] == ["av", "bv"]
    assert set(server.waits) == {3.0}
    assert client.level().turned == 2
    assert client.duplicates() == []
    assert client.edit("a", title="T").id == "c"
    rows = client.export(tmp_path / "out").read_text().splitlines()
    assert [row.partition(",")[0] for row in rows[1:]] == ["pictures/av.jpg", "pictures/bv.jpg"]
    server.refusals = wire.TRIES
    with pytest.raises(TooManyRequests if status == 429 else Busy):
        client.identify(b"photo")


@pytest.mark.parametrize(
    "change",
    [
        lambda client: client.remove("a"),
        lambda client: client.withdraw("a"),
        lambda client: client.merge("a", "b"),
        lambda client: client.undo("token"),
        lambda client: client.rename("a", "c"),
        lambda client: client.level("a", turn=90.0),
    ],
)
def test_a_change_that_may_be_under_way_is_not_made_twice(
    server: Server, client: obverse.Client, change: Callable[[obverse.Client], Any]
) -> None:
    server.refusals = 1
    with pytest.raises(Busy):
        change(client)
    server.refusals, server.status = 3, 429  # refused before it was looked at
    change(client)


def test_what_is_deleted_meanwhile_is_passed_over(
    server: Server, client: obverse.Client, tmp_path: Path
) -> None:
    del server.answers["GET", "/v1/views/av/picture"]
    table = client.export(tmp_path / "view")
    assert [path.name for path in (table.parent / "pictures").iterdir()] == ["bv.jpg"]
    del server.answers["GET", "/v1/items/a"]
    assert [view.id for view in client.views()] == ["bv"]
    del server.answers["POST", "/v1/items:level"]
    assert client.level().turned == 0
    with pytest.raises(NotInCatalogue):
        client.level("a")


def test_an_export_that_breaks_off_leaves_nothing(
    server: Server, client: obverse.Client, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    server.answers["GET", "/v1/views/bv/picture"] = 503, b""
    for folder in (tmp_path / "new" / "deep", tmp_path / "mine"):
        with pytest.raises(Busy):
            client.export(folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]
    server.tell("GET", "/v1/views/bv/picture", b"picture")
    table = client.export(tmp_path / "mine")
    assert len(list((table.parent / "pictures").iterdir())) == 2
    assert sorted(path.name for path in table.parent.iterdir()) == ["catalogue.csv", "pictures"]
