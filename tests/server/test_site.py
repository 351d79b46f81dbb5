"""The server itself over HTTP: what it says of itself, its log, its jobs, what it is taught."""

from __future__ import annotations

import asyncio
import io
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from obverse.errors import CatalogueDamaged
from obverse.server.app import create_app
from obverse.server.settings import Settings
from obverse.server.watch import Lines
from tests.server.conftest import Coins, Serve, Served, ask, until

pytestmark = pytest.mark.xdist_group("server")


@pytest.mark.parametrize(
    "error", [RuntimeError("/a/path"), CatalogueDamaged("broken", where="/a/path")]
)
def test_a_failure_of_ours_is_found_in_the_log(
    coins: Coins,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    """Its number is in the answer, in the head and in the log, whatever failed and where."""
    app = create_app(Settings(str(coins.catalogue)))
    lines = Lines()

    async def ask(path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            return await http.get(path)

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    try:
        monkeypatch.setattr(app.state.server.catalogue, "item", fail)
        with caplog.at_level("INFO", "obverse.server"):
            answer = asyncio.run(ask("/v1/items/x"))
    finally:
        app.state.server.close()
    assert answer.status_code == 500
    number = answer.headers["x-request-id"]
    assert answer.json()["detail"].endswith(f"the log has it as {number}")
    assert "/a/path" not in answer.text
    told = [json.loads(lines.format(record)) for record in caplog.records]
    (failed,) = [one for one in told if one["event"] == "failed"]
    (noted,) = [one for one in told if one["event"] == "request"]
    assert failed["id"] == noted["id"] == number
    assert "/a/path" in failed["trace"]
    assert noted["status"] == 500


def test_corrections_are_kept(server: Served, coins: Coins) -> None:
    item, photo = coins.photo(1)
    said = {"known": True, "best": {"item": {"id": "other"}}}
    told = ask(server, "/v1/corrections", photo, item=item, answer=json.dumps(said))
    assert told.status_code == 201
    assert ask(server, "/v1/corrections", photo, item="nope").status_code == 404
    nothing = ask(server, "/v1/corrections", photo).json()
    listed = server.http.get("/v1/corrections").json()
    assert [line["id"] for line in listed["corrections"][:2]] == [nothing["id"], told.json()["id"]]
    assert listed["corrections"][1]["said"] == said
    views = len(server.http.get(f"/v1/items/{item}").json()["views"])
    ask(server, "/v1/corrections", photo, item=item, add="true", side="obverse")
    now = server.http.get(f"/v1/items/{item}").json()["views"]
    assert len(now) == views + 1
    server.http.delete(f"/v1/views/{now[-1]['id']}")


def test_duplicates(server: Served, coins: Coins) -> None:
    item, photo = coins.photo(3)
    ask(server, "/v1/items", photo, item="the-same-again")
    job = server.http.post("/v1/duplicates")
    assert job.status_code == 202

    def told() -> dict[str, Any]:
        return dict(server.http.get(f"/v1/jobs/{job.json()['job']}").json())

    until(lambda: told()["state"] != "running")
    assert told()["state"] == "done", server.log()
    groups = [{view["item"] for view in g["views"]} for g in told()["result"]["groups"]]
    assert groups == [{item, "the-same-again"}]
    latest = server.http.get("/v1/duplicates", params={"limit": 1}).json()
    assert latest["groups"] == told()["result"]["groups"]
    server.http.delete("/v1/items/the-same-again")
    assert server.http.get("/v1/jobs/nope").status_code == 404


def test_the_server_itself(server: Served, coins: Coins) -> None:
    assert ask(server, "/v1/identify", coins.photo()[1]).status_code == 200
    told = server.http.get("/v1/session").json()
    assert (told["items"], told["views"], told["writes"], told["reads"]) == (4, 8, "open", "open")
    assert server.http.get("/healthz").json() == {"status": "alive"}
    answer = server.http.get("/metrics")
    assert 'obverse_requests_total{method="POST",route="/v1/identify",status="200"}' in answer.text
    assert "obverse_items 4.0" in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers
    assert "server" not in answer.headers
    assert server.http.get("/v1/report").status_code == 404
    for method, path, status in (("GET", "/nope", 404), ("PUT", "/v1/items", 405)):
        told = server.http.request(method, path).json()
        assert (told["status"], told["code"], told["hint"]) == (status, "ServerError", "see /docs")
        assert f"{method} {path}" in told["detail"]


def test_a_parameter_that_is_none_is_told_so(server: Served, coins: Coins) -> None:
    item, photo = coins.photo()
    for path in ("/v1/identify", "/v1/find", "/v1/items"):
        told = ask(server, f"{path}?top=3", photo).json()
        assert (told["status"], told["where"]) == (422, "top")
        assert "body" in told["hint"]
    for path in ("session", "attributes", f"items/{item}", "duplicates", "corrections", "nope"):
        told = server.http.get(f"/v1/{path}?colour=red").json()
        assert told["status"] == (404 if path == "nope" else 422), told
    assert server.http.delete(f"/v1/items/{item}?force=1").status_code == 422
    assert server.http.get("/v1/duplicates?limit=3").status_code == 200
    for path in ("/healthz?t=1", "/readyz?from=probe", "/metrics?name[]=up"):
        assert server.http.get(path).status_code == 200
    for path in ("/?from=mail", "/static/app.js?v=2", f"/v1/items/{item}/thumbnail?v=2"):
        assert server.http.get(path).status_code == 200


@pytest.mark.parametrize(
    ("fields", "where", "said"),
    [
        ({"top": "many"}, "top", "no whole number"),
        ({"top": "0"}, "top", "1 or more"),
        ({"max_wrong": "nan"}, "max_wrong", "must be"),
        ({"draw": "perhaps"}, "draw", "true nor false"),
        ({"lang": "xx"}, "lang", "'en' or 'zh'"),
    ],
)
def test_a_wrong_field_is_told_in_plain_words(
    server: Served, coins: Coins, fields: dict[str, str], where: str, said: str
) -> None:
    told = ask(server, "/v1/identify", coins.photo()[1], **fields).json()
    assert (told["status"], told["code"], told["where"]) == (422, "UsageError", where)
    assert said in told["detail"]
    assert not re.search("input|valid|instance", told["detail"], re.I)


def test_a_wrong_body_is_told_in_plain_words(server: Served, coins: Coins) -> None:
    item, photo = coins.photo()
    for body, where, said in (
        (5, "body", "no object"),
        ({"title": 5}, "title", "no text"),
        ({"title": 201 * "x"}, "title", "more than 200 letters"),
        ({"id": ""}, "id", "is empty"),
        ({"attributes": [1]}, "attributes", "no object"),
    ):
        told = server.http.patch(f"/v1/items/{item}", json=body).json()
        assert (told["status"], told["where"]) == (422, where)
        assert said in told["detail"]
    told = ask(server, "/v1/items", photo, item="x", attributes="[1]").json()
    assert (told["status"], told["where"]) == (422, "attributes")
    told = server.http.get("/v1/items?limit=many").json()
    assert (told["where"], told["detail"]) == ("limit", "is no whole number")
    stream = io.BytesIO()
    Image.new("1", (8400, 8400)).save(stream, "PNG")
    told = ask(server, "/v1/identify", stream.getvalue()).json()
    assert (told["status"], told["where"], told["hint"]) == (413, "photo", "send a smaller picture")


def test_every_body_says_what_it_is(server: Served) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        headers = {"content-type": kind}
        for path in ("/v1/identify", "/v1/items", "/v1/undo", "/v1/items:remove", "/v1/session"):
            told = server.http.post(path, content=b"{}", headers=headers).json()
            assert (told["status"], told["code"]) == (415, "WrongMedia")


def test_head_is_get_without_the_body(server: Served, coins: Coins) -> None:
    item, _ = coins.photo()
    for path in ("/", "/static/app.js", "/v1/items", f"/v1/items/{item}", "/healthz", "/v1/nope"):
        got, asked = server.http.get(path), server.http.head(path)
        assert (asked.status_code, asked.content) == (got.status_code, b"")
        for name in ("content-type", "content-length", "etag"):
            assert asked.headers.get(name) == got.headers.get(name)
    refused = server.http.head("/v1/identify")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert server.http.put("/v1/items").headers["allow"] == "GET, HEAD, POST"
    line = 'obverse_requests_total{method="HEAD",route="/v1/items",status="200"}'
    assert line in server.http.get("/metrics").text


def test_a_damaged_report_is_none(serve: Serve, tmp_path: Path) -> None:
    served = serve(report=str(tmp_path))
    for data, status in ((b'{"top1": 1.0}', 200), (b"{bad", 404), (b"\xff\xfe", 404)):
        (tmp_path / "report.json").write_bytes(data)
        assert served.http.get("/v1/report").status_code == status
    assert "InternalError" not in served.log()
    served.end()


def test_logs_are_json_and_hold_no_pictures(server: Served, coins: Coins) -> None:
    _, photo = coins.photo()
    answer = ask(server, "/v1/identify", photo)
    id = answer.headers["x-request-id"]
    until(lambda: id in server.log())  # it is written once the answer is gone
    said = server.log().splitlines()
    # A decoder of pictures may say a line of its own, of a damaged photo; nothing else may.
    assert all(line[0] == "{" or line.startswith(("JPEG", "TIFF", "ZIP")) for line in said), said
    lines = [json.loads(line) for line in said if line[0] == "{"]
    (line,) = [one for one in lines if one.get("id") == id]
    assert (line["path"], line["status"], line["method"]) == ("/v1/identify", 200, "POST")
    assert line["bytes"] > len(photo)
    assert max(len(json.dumps(one)) for one in lines if one["event"] == "request") < 600
