"""Every verb over HTTP, against a served catalogue of minted coins."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import socket
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from obverse.catalogue.catalogue import Catalogue
from obverse.errors import CatalogueDamaged
from obverse.pipeline import Pipeline
from obverse.recipes import RECIPES
from obverse.server.app import create_app
from obverse.server.ask import preferred
from obverse.server.settings import Settings
from obverse.server.site import has_sides
from obverse.server.watch import Lines
from tests.server.conftest import Coins, Served

pytestmark = pytest.mark.xdist_group("server")


def ask(server: Served, path: str, *photos: bytes, **fields: Any) -> httpx.Response:
    files = [("photo", ("../../etc/passwd", data)) for data in photos]
    return server.http.post(path, files=files, data=fields)


def decode(data: bytes) -> np.ndarray[Any, Any]:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels


def test_identify_says_what_the_catalogue_says(server: Served, coins: Coins) -> None:
    item, photo = coins.photo()
    told = ask(server, "/v1/identify", photo, top=3).json()
    with Catalogue(coins.catalogue) as catalogue:
        answer = catalogue.identify(photo, top=3).to_dict()
    assert told["best"]["item"]["id"] == item
    assert told["known"] is True
    for key in ("photo", "region", "known", "quality"):
        assert told[key] == answer[key]
    assert [c["score"] for c in told["candidates"]] == [c["score"] for c in answer["candidates"]]


def test_no_folder_of_the_server_is_told(server: Served, coins: Coins) -> None:
    item, photo = coins.photo()
    folder = str(coins.catalogue.parent)
    assert folder not in ask(server, "/v1/identify", photo, all="true").text
    assert folder not in ask(server, "/v1/identify", photo, photo).text
    assert folder not in server.http.get(f"/v1/items/{item}").text


def test_base64_in_json_is_the_same_as_a_form(server: Served, coins: Coins) -> None:
    _, photo = coins.photo(1)
    as_form = ask(server, "/v1/identify", photo, top=2).json()
    body = {"photos": [base64.b64encode(photo).decode()], "top": 2}
    as_json = server.http.post("/v1/identify", json=body).json()
    for told in (as_form, as_json):
        for key in ("answer_id", "pictures", "times_ms"):
            told.pop(key)
    assert as_form == as_json


def test_pictures_lie_in_one_frame(server: Served, coins: Coins) -> None:
    """The photo set upright correlates with the catalogue's picture, and not with it turned."""
    _, photo = coins.photo()
    told = ask(server, "/v1/identify", photo, draw="true").json()["pictures"]
    pictures = {}
    for name in ("query", "view"):
        pictures[name] = decode(server.http.get(told["aligned"][name]).content)
        assert pictures[name].shape == (512, 512, 3)
    heat = decode(server.http.get(told["heat"]).content)
    assert heat.shape == (256, 256, 4)
    assert heat[..., 3].max() > 128
    assert heat[0, 0, 3] == 0
    # Edges, as photo and scan are lit from different sides.
    grey = {k: cv2.cvtColor(p, cv2.COLOR_BGR2GRAY)[64:448, 64:448] for k, p in pictures.items()}
    edges = {k: cv2.GaussianBlur(cv2.Canny(g, 40, 120), (0, 0), 4) for k, g in grey.items()}

    def alike(a: Any, b: Any) -> float:
        return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])

    turned = max(alike(np.rot90(edges["query"], k), edges["view"]) for k in (1, 2, 3))
    assert alike(edges["query"], edges["view"]) > turned + 0.05
    assert server.http.get(told["sheet"]).headers["content-type"] == "image/jpeg"
    assert server.http.get(told["photo"]).status_code == 200
    assert server.http.get("/v1/pictures/guess").status_code == 404


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("de-DE, zh-TW;q=0.5, en;q=0.1", "zh"),
        ("de", "en"),
        ("zh;q=0, en;q=nonsense, ;;;", "en"),
        ("," * 10_000, "en"),
    ],
)
def test_the_language_a_browser_wants(accepted: str, language: str) -> None:
    assert preferred(accepted) == language


def test_answers_speak_chinese(server: Served, coins: Coins) -> None:
    """The same reasons and the same advice, in the other language."""
    item, photo = coins.photo()
    dim = cv2.GaussianBlur(decode(photo) // 4, (0, 0), 12)
    blurred = cv2.imencode(".jpg", dim)[1].tobytes()
    english = ask(server, "/v1/identify", blurred).json()
    chinese = ask(server, "/v1/identify", blurred, lang="zh").json()
    assert (english["language"], chinese["language"]) == ("en", "zh")
    assert len(english["explanation"]) == len(chinese["explanation"]) > 1
    assert [q["name"] for q in english["quality"]] == [q["name"] for q in chinese["quality"]] != []
    for told, is_other in ((english, False), (chinese, True)):
        words = [*told["explanation"], *(issue["advice"] for issue in told["quality"])]
        assert all(is_chinese(text) == is_other for text in words)
    headers = {"accept-language": "zh-CN,en;q=0.5"}
    sides = [("photo", path.read_bytes()) for path in coins.pictures[item]]
    told = server.http.post("/v1/identify", files=sides, headers=headers).json()
    assert told["language"] == "zh"
    for one in (told, *told["sides"]):
        assert all(map(is_chinese, one["explanation"]))
    tray = ask(server, "/v1/identify", photo, all="true", lang="zh").json()
    assert all(is_chinese(text) for one in tray["objects"] for text in one["explanation"])
    assert ask(server, "/v1/identify", photo, lang="tlh").status_code == 422


def test_two_sides(server: Served, coins: Coins) -> None:
    item, _ = coins.photo()
    sides = [path.read_bytes() for path in coins.pictures[item]]
    told = ask(server, "/v1/identify", *sides, draw="true").json()
    assert told["best"]["item"]["id"] == item
    assert len(told["sides"]) == 2
    assert told["pairing"]["disagree"] is False
    assert [set(side) for side in told["pictures"]["sides"]] == [{"aligned", "heat"}] * 2


def test_a_tray(server: Served, coins: Coins) -> None:
    known = [coins.photo(n) for n in (0, 1)]
    squares = [cv2.resize(decode(photo), (700, 700)) for _, photo in known]
    _, jpeg = cv2.imencode(".jpg", np.hstack(squares))
    told = ask(server, "/v1/identify", jpeg.tobytes(), all="true", draw="true").json()
    found = {one["best"]["item"]["id"] for one in told["objects"] if one["known"]}
    assert {item for item, _ in known} <= found
    assert server.http.get(told["pictures"]["sheet"]).status_code == 200


@pytest.mark.parametrize("max_wrong", [0.001, 0.02, 0.5])
def test_max_wrong_is_passed_on(server: Served, coins: Coins, max_wrong: float) -> None:
    for item in (coins.photo()[0], coins.left_out):
        photo = coins.photos[item].read_bytes()
        told = ask(server, "/v1/identify", photo, max_wrong=max_wrong, all="true").json()
        with Catalogue(coins.catalogue, create=False) as catalogue:
            tray = catalogue.identify_all(photo, max_wrong=max_wrong)
            alone = catalogue.identify(photo, max_wrong=max_wrong)
        assert [one["known"] for one in told["objects"]] == [a.known for a in tray.answers]
        told = ask(server, "/v1/identify", photo, max_wrong=max_wrong).json()
        assert told["known"] == alone.known


def test_match_at_a_threshold(server: Served, coins: Coins) -> None:
    item, photo = coins.photo()
    told = ask(server, "/v1/match", photo, threshold=0.5).json()
    assert (told["matched"], told["item"]) == (True, item)
    assert told["candidates"][0]["probability"] == told["probability"]
    never = coins.photos[coins.left_out].read_bytes()
    told = ask(server, "/v1/match", never, threshold=1).json()
    assert (told["matched"], told["item"]) == (False, None)


def test_stages(server: Served, coins: Coins) -> None:
    _, photo = coins.photo()
    height, width = decode(photo).shape[:2]
    found = ask(server, "/v1/find", photo).json()
    assert (found["width"], found["height"]) == (width, height)
    assert found["regions"][0]["ellipse"]["a"] > 50
    cut = ask(server, "/v1/cutout", photo)
    assert cut.headers["content-type"] == "image/png"
    assert decode(cut.content)[0, 0, 3] == 0
    vector = ask(server, "/v1/embed", photo).json()
    assert len(vector["vector"]) == vector["dim"]
    assert np.linalg.norm(vector["vector"]) == pytest.approx(1, abs=1e-4)


def test_words_need_a_model(server: Served, coins: Coins) -> None:
    _, photo = coins.photo()
    for verb, fields in (
        ("classify", {"labels": "coin"}),
        ("detect", {"prompt": "coin"}),
        ("segment", {"prompt": "coin"}),
    ):
        refused = ask(server, f"/v1/{verb}", photo, **fields)
        assert refused.status_code == 503
        assert f"--{verb}" in refused.json()["hint"]


def test_an_item_registered_is_found_by_the_next_question(server: Served, coins: Coins) -> None:
    new = coins.left_out
    photo = coins.photos[new].read_bytes()
    assert ask(server, "/v1/identify", photo).json()["known"] is False
    pictures = [path.read_bytes() for path in coins.pictures[new]]
    added = ask(
        server,
        "/v1/items",
        *pictures,
        title="A new / coin",
        attributes=json.dumps({"country": "Newland", "year_from": 1901}),
        side=["obverse", "reverse"],
    )
    assert added.status_code == 201
    told = added.json()
    assert told["item"]["id"] == "a-new-coin"
    assert {view["side"] for view in told["views"]} == {"obverse", "reverse"}
    answer = ask(server, "/v1/identify", photo).json()
    assert (answer["known"], answer["best"]["item"]["id"]) == (True, "a-new-coin")
    listed = server.http.get("/v1/items", params={"q": "newland"}).json()
    assert [item["id"] for item in listed["items"]] == ["a-new-coin"]
    # The same photos again: nothing twice. The same title again: another id.
    again = ask(server, "/v1/items", *pictures, item="a-new-coin").json()
    assert (again["views"], again["skipped"]) == ([], 2)
    second = ask(server, "/v1/items", pictures[0], title="A new coin").json()
    assert second["item"]["id"] == "a-new-coin-2"
    for id in ("a-new-coin", "a-new-coin-2"):
        assert server.http.delete(f"/v1/items/{id}").status_code == 200
    assert ask(server, "/v1/identify", photo).json()["known"] is False


def test_items_of_one_title_at_once_are_items_of_their_own(server: Served, coins: Coins) -> None:
    photos = [path.read_bytes() for path in coins.pictures[coins.left_out]]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda data: ask(server, "/v1/items", data, title="Twin"), photos))
    assert [answer.status_code for answer in answers] == [201, 201]
    ids = [answer.json()["item"]["id"] for answer in answers]
    assert sorted(ids) == ["twin", "twin-2"]
    assert [len(answer.json()["views"]) for answer in answers] == [1, 1]
    for id in ids:
        assert server.http.delete(f"/v1/items/{id}").status_code == 200


def test_a_bad_photo_among_good_ones(server: Served, coins: Coins) -> None:
    picture = coins.pictures[coins.left_out][0].read_bytes()
    told = ask(server, "/v1/items", b"no picture", picture, item="mixed")
    assert told.status_code == 201
    assert [(p["code"], p["photo"]) for p in told.json()["failed"]] == [("NotAPhoto", 0)]
    server.http.delete("/v1/items/mixed")
    for photos in ([b"no picture"], [b"no picture", b"nor this"]):
        assert ask(server, "/v1/items", *photos, item="bad").status_code in (415, 422)
    assert server.http.get("/v1/items/bad").status_code == 404


def test_edit_rename_and_delete_with_undo(server: Served, coins: Coins) -> None:
    item, photo = coins.photo()
    before = server.http.get(f"/v1/items/{item}").json()
    edited = server.http.patch(
        f"/v1/items/{item}",
        json={"title": "Ü / %2F", "attributes": {"country": None, "rare": True}},
    ).json()
    assert edited["title"] == "Ü / %2F"
    assert edited["attributes"] == {"rare": True}
    path = "/v1/items/odd%2F%252F%3F%20%C3%BC%3Amerge"
    renamed = server.http.patch(f"/v1/items/{item}", json={"id": "odd/%2F? ü:merge"})
    assert renamed.json()["id"] == "odd/%2F? ü:merge"
    assert server.http.get(path).json() == renamed.json()
    assert server.http.get(f"{path}/thumbnail").headers["content-type"] == "image/jpeg"
    assert ask(server, "/v1/identify", photo).json()["best"]["item"]["id"] == "odd/%2F? ü:merge"
    taken = coins.photo(1)[0]
    clash = server.http.patch(path, json={"title": "half", "id": taken})
    assert (clash.status_code, clash.json()["code"]) == (409, "AlreadyInCatalogue")
    deep = json.loads("[" * 300 + "]" * 300)
    for wrong in ({"attributes": {"x": deep}}, {"attributes": {"": 1}}, {"id": ".."}):
        assert server.http.patch(path, json={"title": "half", **wrong}).status_code == 422
    assert server.http.get(path).json() == renamed.json()
    token = server.http.delete(path).json()
    assert server.http.get(path).status_code == 404
    assert ask(server, "/v1/identify", photo).json()["best"]["item"]["id"] != "odd/%2F? ü:merge"
    assert server.http.post("/v1/undo", json=token).json() == {"items": ["odd/%2F? ü:merge"]}
    assert ask(server, "/v1/identify", photo).json()["best"]["item"]["id"] == "odd/%2F? ü:merge"
    assert server.http.post("/v1/undo", json=token).status_code == 404
    old = {k: before[k] for k in ("title", "attributes")}
    server.http.patch(
        path, json={"id": item, **old, "attributes": {**old["attributes"], "rare": None}}
    )
    after = server.http.get(f"/v1/items/{item}").json()
    assert after == before


def test_merge_and_undo(server: Served, coins: Coins) -> None:
    (first, photo), (second, other) = coins.photo(0), coins.photo(1)
    before = [server.http.get(f"/v1/items/{id}").json() for id in (first, second)]
    merged = server.http.post(f"/v1/items/{first}:merge", json={"from": [second]}).json()
    assert len(merged["item"]["views"]) == len(before[0]["views"]) + len(before[1]["views"])
    assert ask(server, "/v1/identify", other).json()["best"]["item"]["id"] == first
    assert server.http.get(f"/v1/items/{second}").status_code == 404
    back = server.http.post("/v1/undo", json={"undo": merged["undo"]}).json()
    assert sorted(back["items"]) == sorted([first, second])
    assert [server.http.get(f"/v1/items/{id}").json() for id in (first, second)] == before
    assert ask(server, "/v1/identify", photo).json()["best"]["item"]["id"] == first
    for wrong in ([], [first], ["nope"]):
        told = server.http.post(f"/v1/items/{first}:merge", json={"from": wrong})
        assert told.status_code in (404, 422)


def test_views_come_and_go(server: Served, coins: Coins) -> None:
    item, photo = coins.photo(2)
    added = ask(server, f"/v1/items/{item}/views", photo, side="other").json()
    (view,) = added["views"]
    assert view["side"] == "other"
    picture = server.http.get(view["thumbnail"])
    assert decode(picture.content).shape == (256, 256, 3)
    tag = {"if-none-match": picture.headers["etag"]}
    assert server.http.get(view["thumbnail"], headers=tag).status_code == 304
    token = server.http.delete(f"/v1/views/{view['id']}").json()
    assert server.http.get(view["thumbnail"]).status_code == 404
    server.http.post("/v1/undo", json=token)
    assert server.http.get(view["thumbnail"]).status_code == 200
    server.http.delete(f"/v1/views/{view['id']}")
    assert ask(server, "/v1/items/nope/views", photo).status_code == 404


def test_listing(server: Served, coins: Coins) -> None:
    told = server.http.get("/v1/items", params={"sort": "id"}).json()
    ids = [item["id"] for item in told["items"]]
    assert told["total"] == len(ids) == 4
    assert ids == sorted(ids)
    backwards = server.http.get("/v1/items", params={"sort": "-id", "offset": 1, "limit": 2}).json()
    assert [item["id"] for item in backwards["items"]] == ids[::-1][1:3]
    country = told["items"][0]["attributes"]["country"]
    found = server.http.get("/v1/items", params={"country": country}).json()
    assert {item["attributes"]["country"] for item in found["items"]} == {country}
    assert server.http.get("/v1/items", params={"country": "none"}).json()["total"] == 0
    assert [country, found["total"]] in server.http.get("/v1/attributes").json()["country"]
    picture = server.http.get(told["items"][0]["thumbnail"])
    assert picture.headers["content-type"] == "image/jpeg"
    assert "immutable" in picture.headers["cache-control"]
    for wrong in ({"limit": 501}, {"offset": -1}, {"limit": "x"}, {"sort": "zzz"}):
        assert server.http.get("/v1/items", params=wrong).status_code == 422
    assert "title, id, added, country" in server.http.get("/v1/items?sort=zzz").json()["hint"]


def test_a_field_that_is_none_is_told_so(server: Served, coins: Coins) -> None:
    _, photo = coins.photo()
    for foto in (photo, 300_000 * b"\xff"):
        told = server.http.post("/v1/identify", files={"foto": ("x.jpg", foto)}).json()
        assert (told["status"], told["detail"], told["where"]) == (422, "no such field", "foto")
        assert "'photo'" in told["hint"]
    told = ask(server, "/v1/identify", photo, colour="red").json()
    assert (told["status"], told["detail"], told["where"]) == (422, "no such field", "colour")


def test_a_thumbnails_address_changes_with_the_picture(server: Served, coins: Coins) -> None:
    """So a browser may keep it for ever: its version is another once the picture is."""
    item, _ = coins.photo()

    def address() -> str:
        listed = server.http.get("/v1/items", params={"q": item}).json()["items"]
        return str(next(one for one in listed if one["id"] == item)["thumbnail"])

    first = address()
    assert "?v=" in first
    assert "immutable" in server.http.get(first).headers["cache-control"]
    plain = server.http.get(first.partition("?")[0])
    assert plain.headers["cache-control"] == "private, max-age=60"
    before = server.http.get(first).content
    assert plain.content == before
    assert address() == first
    assert server.http.post("/v1/items:level", json={"item": item, "turn": 90}).status_code == 200
    turned = address()
    assert turned != first
    after = server.http.get(turned).content
    far = np.abs(np.rot90(decode(before)).astype(int) - decode(after))[64:192, 64:192].mean()
    assert far < 6 < np.abs(decode(before).astype(int) - decode(after))[64:192, 64:192].mean()
    server.http.post("/v1/items:level", json={"item": item, "turn": 0})
    assert address() == first
    (view, *_) = server.http.get(f"/v1/items/{item}").json()["views"]
    assert server.http.post("/v1/items:level", json={"turn": 1}).status_code == 422
    assert server.http.post("/v1/items:level", json={"view": view["id"]}).status_code == 422
    assert server.http.post("/v1/items:level", json={"item": "nope"}).status_code == 404


def test_several_go_at_once_or_none(server: Served, coins: Coins) -> None:
    (first, _), (second, _) = coins.photo(0), coins.photo(1)
    before = [server.http.get(f"/v1/items/{id}").json() for id in (first, second)]
    views = [view["id"] for view in before[1]["views"]]
    ids = {"ids": [first, views[0]]}
    refused = server.http.post("/v1/items:remove", json={"ids": [first, "nope"]})
    assert refused.status_code == 404
    assert server.http.get(f"/v1/items/{first}").json() == before[0]
    told = server.http.post("/v1/items:remove", json=ids).json()
    assert told["views"] == 1 + len(before[0]["views"])
    listed = server.http.get("/v1/items").json()
    assert first not in [one["id"] for one in listed["items"]]
    assert server.http.get("/v1/session").json()["views"] == 8 - told["views"]
    server.http.post("/v1/undo", json={"undo": told["undo"]})
    assert [server.http.get(f"/v1/items/{id}").json() for id in (first, second)] == before


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


@pytest.mark.parametrize(("recipe", "expected"), [("coin", True), ("disc", False), ("flat", False)])
def test_which_things_have_two_sides(recipe: str, expected: bool) -> None:
    assert has_sides(Pipeline(RECIPES[recipe])) is expected


def test_both_sides_in_one_photo(server: Served, coins: Coins) -> None:
    item, _ = coins.photo()
    assert server.http.get("/v1/session").json()["features"]["sides"] is True
    sides = [cv2.resize(decode(path.read_bytes()), (320, 320)) for path in coins.pictures[item]]
    padded = [cv2.copyMakeBorder(s, 40, 40, 40, 40, cv2.BORDER_REPLICATE) for s in sides]
    both = cv2.imencode(".png", np.hstack(padded))[1].tobytes()
    told = ask(server, "/v1/identify", both, sides="true").json()
    assert told["best"]["item"]["id"] == item
    assert len(told["sides"]) == 2
    for wrong in ({"all": "true"}, {"year": "true"}):
        assert ask(server, "/v1/identify", both, sides="true", **wrong).status_code == 422


def zip_of(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def events_of(answer: httpx.Response) -> list[tuple[str, Any]]:
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
    blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    return [(a.removeprefix("event: "), json.loads(b.removeprefix("data: "))) for a, b in blocks]


def test_one_zip_at_a_time(server: Served) -> None:
    head = b"POST /v1/items:bulk HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
    head += b"Content-Type: multipart/form-data; boundary=mark\r\n\r\n--mark"
    empty = {"zip": ("z", zip_of({}))}
    with closing(socket.create_connection(("127.0.0.1", server.port), 10)) as line:
        line.sendall(head)
        time.sleep(0.5)
        assert server.http.post("/v1/items:bulk", files=empty).json()["code"] == "Busy"
    time.sleep(0.5)
    assert server.http.post("/v1/items:bulk", files=empty).json()["code"] == "UsageError"


def test_bulk_by_folders_and_by_table(server: Served, coins: Coins) -> None:
    obverse, reverse = (path.read_bytes() for path in coins.pictures[coins.left_out])
    packed = zip_of({
        "all/new one/new_obverse.jpg": obverse,
        "all/new one/new_reverse.jpg": reverse,
        "all/bad/x.jpg": b"no picture",
        "all/__MACOSX/new one/._x.jpg": b"",
        "../../outside.txt": b"",
    })  # fmt: skip
    events = events_of(server.http.post("/v1/items:bulk", files={"zip": ("z", packed)}))
    assert events[-1] == ("done", {"added": 2, "skipped": 0, "failed": 1})
    assert [told["where"] for name, told in events if name == "failure"] == ["all/bad/x.jpg"]
    assert ("progress", {"done": 3, "total": 3, "text": "2 added"}) in events
    views = server.http.get("/v1/items/new%20one").json()["views"]
    assert {view["side"] for view in views} == {"obverse", "reverse"}
    table = "photo,item,side,title,country\na/1.jpg,from table,reverse,T,Z\nmissing.jpg,x,,,\n"
    packed = zip_of({"catalogue.csv": table.encode(), "a\\1.jpg": reverse})
    events = events_of(server.http.post("/v1/items:bulk", files={"zip": ("z", packed)}))
    assert events[-1] == ("done", {"added": 1, "skipped": 0, "failed": 1})
    item = server.http.get("/v1/items/from%20table").json()
    assert (item["title"], item["attributes"]) == ("T", {"country": "Z"})
    for id in ("new%20one", "from%20table"):
        server.http.delete(f"/v1/items/{id}")
    for wrong in (b"no zip", packed[:-30], zip_of({"readme.txt": b"x"})):
        refused = server.http.post("/v1/items:bulk", files={"zip": ("z", wrong)})
        assert refused.status_code in (415, 422), refused.text


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
    for _ in range(200):
        told = server.http.get(f"/v1/jobs/{job.json()['job']}").json()
        if told["state"] != "running":
            break
        time.sleep(0.05)
    assert told["state"] == "done", server.log()
    groups = [{view["item"] for view in g["views"]} for g in told["result"]["groups"]]
    assert groups == [{item, "the-same-again"}]
    latest = server.http.get("/v1/duplicates", params={"limit": 1}).json()
    assert latest["groups"] == told["result"]["groups"]
    server.http.delete("/v1/items/the-same-again")
    assert server.http.get("/v1/jobs/nope").status_code == 404


def test_the_server_itself(server: Served) -> None:
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
    assert server.http.get("/nope").json()["code"] == "HTTPError"
    assert server.http.put("/v1/items").status_code == 405


def test_logs_are_json_and_hold_no_pictures(server: Served, coins: Coins) -> None:
    _, photo = coins.photo()
    answer = ask(server, "/v1/identify", photo)
    lines = [json.loads(line) for line in server.log().splitlines()]
    (line,) = [one for one in lines if one.get("id") == answer.headers["x-request-id"]]
    assert (line["path"], line["status"], line["method"]) == ("/v1/identify", 200, "POST")
    assert line["bytes"] > len(photo)
    assert max(len(json.dumps(one)) for one in lines if one["event"] == "request") < 600
