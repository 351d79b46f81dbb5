"""The collection over HTTP: items and views come, change, go and come back, singly and by zip."""

from __future__ import annotations

import io
import json
import socket
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import numpy as np
import pytest

from tests.server.conftest import Coins, Served, ask, decode, until

pytestmark = pytest.mark.xdist_group("server")


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
    for photos, code, where in (
        ([b"no picture"], "NotAPhoto", "photo"),
        ([b"no picture", picture[:500]], "NotAPhoto", "photo 1 of 2"),
        ([picture[:500], b"no picture"], "PhotoDamaged", "photo 1 of 2"),
    ):
        refused = ask(server, "/v1/items", *photos, item="bad").json()
        assert (refused["code"], refused["where"]) == (code, where)
    assert server.http.get("/v1/items/bad").status_code == 404
    for id in ("  ", "."):
        assert ask(server, "/v1/items", picture, item=id).status_code == 422


def test_a_picture_that_another_item_has_too_is_noted(server: Served, coins: Coins) -> None:
    item, _ = coins.photo()
    picture = coins.pictures[item][0].read_bytes()
    (note,) = ask(server, "/v1/items", picture, item="twin").json()["notes"]
    assert item in note
    assert "twin" in note
    packed = zip_of({"third/obverse.png": picture})
    *_, (name, told) = events_of(server.http.post("/v1/items:bulk", files={"zip": ("z", packed)}))
    assert (name, len(told["notes"])) == ("done", 1)
    for id in ("twin", "third"):
        assert server.http.delete(f"/v1/items/{id}").status_code == 200


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


def test_a_views_side_is_told(server: Served, coins: Coins) -> None:
    item, photo = coins.photo()
    before = server.http.get(f"/v1/items/{item}").json()
    (front, back) = sorted(before["views"], key=lambda view: view["side"])
    for side in ("edge", "", "reverse"):
        told = server.http.patch(f"/v1/views/{front['id']}", json={"side": side})
        assert told.json() == {**front, "side": side}
    # Of two reverses, the item is shown by the one that was added first.
    assert ask(server, "/v1/identify", photo).json()["best"]["item"]["id"] == item
    server.http.patch(f"/v1/views/{back['id']}", json={"side": "obverse"})
    (listed,) = server.http.get("/v1/items", params={"q": item}).json()["items"]
    assert back["id"][:8] in listed["thumbnail"], "the list shows the obverse"
    for wrong in ({"side": "top"}, {}, {"side": "edge", "item": "x"}):
        assert server.http.patch(f"/v1/views/{front['id']}", json=wrong).status_code == 422
    assert server.http.patch("/v1/views/nope", json={"side": "edge"}).status_code == 404
    for view in (front, back):
        server.http.patch(f"/v1/views/{view['id']}", json={"side": view["side"]})
    assert server.http.get(f"/v1/items/{item}").json() == before


def test_a_picture_that_comes_again_with_another_side_is_told(server: Served, coins: Coins) -> None:
    picture = coins.pictures[coins.left_out][0].read_bytes()
    for sides, counts in (
        (["obverse"], (1, 0, 0)),
        (["edge"], (0, 0, 1)),
        (["edge"], (0, 1, 0)),
        (["edge", "reverse"], (0, 1, 1)),
    ):
        told = ask(server, "/v1/items", *[picture] * len(sides), item="s1", side=sides).json()
        assert (len(told["views"]), told["skipped"], told["sides"]) == counts
    (view,) = server.http.get("/v1/items/s1").json()["views"]
    assert view["side"] == "reverse"
    packed = zip_of({"s1/x_obverse.png": picture})
    *_, (_, told) = events_of(server.http.post("/v1/items:bulk", files={"zip": ("z", packed)}))
    assert (told["added"], told["skipped"], told["sides"]) == (0, 0, 1)
    server.http.delete("/v1/items/s1")


def test_ids_and_titles_are_one_line(server: Served, coins: Coins) -> None:
    picture = coins.pictures[coins.left_out][0].read_bytes()
    for said in ({"item": "a\nb"}, {"item": "a", "title": "a\x1b[2Jb"}):
        told = ask(server, "/v1/items", picture, **said)
        assert (told.status_code, told.json()["code"]) == (422, "UsageError")
        assert "control character" in told.json()["detail"]
    table = b'photo,item\n1.png,"a\nb"\n1.png,' + 201 * b"x" + b"\n1.png,good\n"
    packed = zip_of({"catalogue.csv": table, "1.png": picture})
    events = events_of(server.http.post("/v1/items:bulk", files={"zip": ("z", packed)}))
    assert (events[-1][1]["added"], events[-1][1]["failed"]) == (1, 2)
    assert len([name for name, _ in events if name == "failure"]) == 2
    assert server.http.get("/v1/items", params={"q": "good"}).json()["total"] == 1
    server.http.delete("/v1/items/good")


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
    told = server.http.get("/v1/items?contry=Malaysia").json()
    assert (told["status"], told["where"]) == (422, "contry")
    assert told["hint"].startswith("did you mean country?")


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

    def code() -> str:
        return str(server.http.post("/v1/items:bulk", files=empty).json()["code"])

    empty = {"zip": ("z", zip_of({}))}

    def is_second() -> bool:
        """Whichever of two the server sees first is taken."""
        with closing(socket.create_connection(("127.0.0.1", server.port))) as line:
            line.sendall(head)
            return code() == "Busy"

    until(is_second)
    until(lambda: code() == "UsageError")


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
    assert events[-1] == (
        "done",
        {"added": 2, "skipped": 0, "moved": 0, "sides": 0, "failed": 1, "notes": []},
    )
    assert [told["where"] for name, told in events if name == "failure"] == ["all/bad/x.jpg"]
    assert ("progress", {"done": 3, "total": 3, "text": "2 added"}) in events
    views = server.http.get("/v1/items/new%20one").json()["views"]
    assert {view["side"] for view in views} == {"obverse", "reverse"}
    table = "photo,item,side,title,country\na/1.jpg,from table,reverse,T,Z\nmissing.jpg,x,,,\n"
    packed = zip_of({"catalogue.csv": table.encode(), "a\\1.jpg": reverse})
    events = events_of(server.http.post("/v1/items:bulk", files={"zip": ("z", packed)}))
    (note,) = events[-1][1].pop("notes")
    assert "from table and new one" in note
    assert events[-1] == ("done", {"added": 1, "skipped": 0, "moved": 0, "sides": 0, "failed": 1})
    item = server.http.get("/v1/items/from%20table").json()
    assert (item["title"], item["attributes"]) == ("T", {"country": "Z"})
    for id in ("new%20one", "from%20table"):
        server.http.delete(f"/v1/items/{id}")
    for wrong in (b"no zip", packed[:-30], zip_of({"readme.txt": b"x"})):
        refused = server.http.post("/v1/items:bulk", files={"zip": ("z", wrong)})
        told = refused.json()
        assert (told["status"], told["code"], told["where"]) == (422, "UsageError", "zip")
