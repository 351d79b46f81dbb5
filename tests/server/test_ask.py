"""Questions over HTTP: what the catalogue itself would answer, in words and pictures."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np
import pytest

from obverse.catalogue.catalogue import Catalogue
from obverse.pipeline import Pipeline
from obverse.recipes import RECIPES
from obverse.server.ask import preferred
from obverse.server.site import has_sides
from tests.server.conftest import Coins, Served, ask, decode

pytestmark = pytest.mark.xdist_group("server")


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


def test_base64_however_it_is_written(server: Served, coins: Coins) -> None:
    _, photo = coins.photo(1)
    found = ask(server, "/v1/find", photo).json()
    assert found["regions"]
    plain, safe = base64.b64encode(photo).decode(), base64.urlsafe_b64encode(photo).decode()
    assert plain != safe
    for text in (
        f"data:image/jpeg;base64,{plain}",
        base64.encodebytes(photo).decode(),
        plain.replace("/", "/\r\n "),
        safe,
        safe.rstrip("="),
    ):
        assert server.http.post("/v1/find", json={"photos": [text]}).json() == found
    for text in (plain + "!", "data:image/jpeg,%ff%d8", "A", "ü", "==", "AA=A"):
        told = server.http.post("/v1/find", json={"photos": [text]}).json()
        assert (told["code"], told["where"]) == ("UsageError", "photos")
        assert "base64" in told["hint"]


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
    assert 0 < told["threshold"] < 1
    assert [set(side) for side in told["pictures"]["sides"]] == [{"aligned", "heat"}] * 2


def test_of_two_photos_the_damaged_one_is_named(server: Served, coins: Coins) -> None:
    _, good = coins.photo()
    for photos, where in (((good, b"text"), "photo 2 of 2"), ((b"text", good), "photo 1 of 2")):
        refused = ask(server, "/v1/identify", *photos)
        assert refused.status_code == 415
        assert (refused.json()["code"], refused.json()["where"]) == ("NotAPhoto", where)


def test_sides_that_disagree_are_shown_beside_what_each_is_like(
    server: Served, coins: Coins
) -> None:
    """The obverse of one coin and the reverse of another."""
    (one, _), (other, _) = coins.photo(0), coins.photo(1)
    photos = [coins.pictures[one][0].read_bytes(), coins.pictures[other][1].read_bytes()]
    told = ask(server, "/v1/identify", *photos).json()
    assert (told["pairing"]["disagree"], told["known"]) == (True, False)
    assert [side["best"]["item"]["id"] for side in told["sides"]] == [one, other]
    for side, shown in zip(told["sides"], told["pictures"]["sides"], strict=True):
        # A picture of the catalogue itself: it stands upright, and is shown larger.
        view = server.http.get(f"/v1/views/{side['best']['view']['id']}/picture").content
        beside = decode(server.http.get(shown["aligned"]["view"]).content)
        small = cv2.resize(beside, decode(view).shape[1::-1], interpolation=cv2.INTER_AREA)
        assert cv2.absdiff(small, decode(view)).mean() < 4


def test_a_tray(server: Served, coins: Coins) -> None:
    known = [coins.photo(n) for n in (0, 1)]
    squares = [cv2.resize(decode(photo), (700, 700)) for _, photo in known]
    _, jpeg = cv2.imencode(".jpg", np.hstack(squares))
    told = ask(server, "/v1/identify", jpeg.tobytes(), all="true", draw="true").json()
    found = {one["best"]["item"]["id"] for one in told["objects"] if one["known"]}
    assert {item for item, _ in known} <= found
    assert server.http.get(told["pictures"]["sheet"]).status_code == 200


@pytest.mark.parametrize("max_wrong", [0, 0.0001, 0.02, 0.7, 1])
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
    assert ask(server, "/v1/match", photo).json()["matched"]
    assert not ask(server, "/v1/match", never).json()["matched"], "as identify has it"
    assert ask(server, "/v1/match", never, threshold=0).json()["matched"]
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
        assert refused.status_code == 501
        assert "retry-after" not in refused.headers
        assert f"--{verb}" in refused.json()["hint"]


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


def test_a_field_that_is_none_is_told_so(server: Served, coins: Coins) -> None:
    _, photo = coins.photo()
    for foto in (photo, 300_000 * b"\xff"):
        told = server.http.post("/v1/identify", files={"foto": ("x.jpg", foto)}).json()
        assert (told["status"], told["detail"], told["where"]) == (422, "no such field", "foto")
        assert "'photo'" in told["hint"]
    told = ask(server, "/v1/identify", photo, colour="red").json()
    assert (told["status"], told["detail"], told["where"]) == (422, "no such field", "colour")
    body = {"photo": base64.b64encode(photo).decode()}
    told = server.http.post("/v1/identify", json=body).json()
    assert (told["status"], told["detail"], told["where"]) == (422, "no such field", "photo")
    assert "'photos'" in told["hint"]
    told = server.http.post("/v1/items:bulk", files={"file": ("x.zip", b"PK\xff\xfe")}).json()
    assert (told["status"], told["detail"], told["where"]) == (422, "no such field", "file")
    assert "'zip'" in told["hint"]
